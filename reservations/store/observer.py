"""Whoever wants to know what the store does: it counts, and the store need not know how."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Observer(Protocol):
    """Is told within the request, so it has to be quick, and may not raise."""

    def transaction_ended(self, seconds: float, attempts: int, conflicts: int) -> None:
        """A transaction has come to its end, whatever it was.

        Args:
            seconds: that it took, pauses between attempts included.
            attempts: that it took; what comes after the first are retries.
            conflicts: attempts whose commit found something watched changed by others.
        """

    def seats_changed(self, seats: Mapping[str, int]) -> None:
        """Seats were changed: how many of them, by what was done, as `domain.tally` counts."""


class Unobserved:
    """An observer that minds nothing."""

    def transaction_ended(self, seconds: float, attempts: int, conflicts: int) -> None:
        """Forget it."""

    def seats_changed(self, seats: Mapping[str, int]) -> None:
        """Forget it."""

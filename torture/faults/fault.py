"""What a fault is, and all of them by name."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from torture.stack import Stack

Tidy = Callable[[], None]
Strike = Callable[[Stack, random.Random], Tidy | None]
"""Strikes, and may return what is left to be done when all should be well already."""


@dataclass(frozen=True)
class Fault:
    """One way of going wrong.

    Attributes:
        name: for people and for windows.
        parts: what it breaks; two faults at once do not break the same part.
        strike: does it, and undoes it.
        store: the kind of store that it is for.
        why_not: returns why it cannot be done on this machine, or None.
        in_flight_only: whether only those requests may fail that are under way when it
            strikes.
        off_clock: whether holds may end early or late from then on.
    """

    name: str
    parts: frozenset[str]
    strike: Strike
    store: str
    why_not: Callable[[], str | None] = lambda: None
    in_flight_only: bool = False
    off_clock: bool = False


FAULTS: dict[str, Fault] = {}


def fault(
    *parts: str,
    store: str = "any",
    why_not: Callable[[], str | None] = lambda: None,
    in_flight_only: bool = False,
    off_clock: bool = False,
) -> Callable[[Strike], Strike]:
    """Let a function be a fault; see `Fault` for what the arguments say."""

    def register(strike: Strike) -> Strike:
        name = strike.__name__.replace("_", "-")
        FAULTS[name] = Fault(
            name, frozenset(parts), strike, store, why_not, in_flight_only, off_clock
        )
        return strike

    return register

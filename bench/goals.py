"""What the figures should be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure, and what it should be.

    Attributes:
        what: is measured.
        value: that was seen.
        bound: that it should keep to.
        at_most: whether the bound is the largest good value, else the smallest.
    """

    what: str
    value: float
    bound: float
    at_most: bool = False

    @property
    def is_reached(self) -> bool:
        """Whether the figure keeps to the bound."""
        return self.value <= self.bound if self.at_most else self.value >= self.bound

"""What patrons were told: all that a sale is judged by."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Held:
    """The patron was told that it holds these seats, until `expires_at`."""

    patron: str
    seats: tuple[str, ...]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class LetGo:
    """The patron was told that it holds nothing any more."""

    patron: str


@dataclass(frozen=True, slots=True)
class Reserved:
    """The patron was told that it has these seats for good."""

    patron: str
    seats: tuple[str, ...]
    reservation_id: str


@dataclass(frozen=True, slots=True)
class Unsure:
    """The patron asked for these seats for good, and was never told whether it has them."""

    patron: str
    seats: tuple[str, ...]


@dataclass(slots=True)
class Story:
    """What all patrons were told, each one's part in the order in which it was told.

    Attributes:
        unsure: reservations whose outcome stayed unknown.
        unsure_holds: how many seats were asked for in holds whose outcome did.
    """

    told: list[Held | LetGo | Reserved] = field(default_factory=list)
    unsure: list[Unsure] = field(default_factory=list)
    unsure_holds: int = 0

    @property
    def reserved(self) -> list[Reserved]:
        """All reservations that were acknowledged."""
        return [each for each in self.told if isinstance(each, Reserved)]

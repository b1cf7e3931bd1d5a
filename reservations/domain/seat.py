"""One seat at one instant, and what one patron has of an event."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class SeatStatus(StrEnum):
    """Whether a seat can be had."""

    FREE = "free"
    HELD = "held"
    RESERVED = "reserved"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Seat:
    """The part of a seat that changes.

    Attributes:
        patron: who holds or has reserved it; None when free or blocked.
        expires_at: when the hold ends by itself; None unless held.
        first_held_at: when the patron's hold began, refreshes aside; None unless held.
        reservation_id: the reservation it belongs to; None unless reserved.
        reason: why it is blocked, if the admin said so.
    """

    id: str
    status: SeatStatus = SeatStatus.FREE
    patron: str | None = None
    expires_at: datetime | None = None
    first_held_at: datetime | None = None
    reservation_id: str | None = None
    reason: str | None = None

    def is_held_by(self, patron: str) -> bool:
        """Whether `patron` holds this seat."""
        return self.status is SeatStatus.HELD and self.patron == patron


@dataclass(frozen=True, slots=True)
class Holdings:
    """What one patron has of one event, as of its last change.

    Attributes:
        held: ids of seats that the patron held then. Some of these holds may have run
            out since: only the seats themselves tell.
        reserved: how many seats the patron has reserved.
        last_expiry: when the last of the holds ends; None when there is none.
        recovered_at: when the patron's hold allowance will be whole again; None when it
            is (see `reservations.domain.allowance`).
    """

    held: tuple[str, ...] = ()
    reserved: int = 0
    last_expiry: datetime | None = None
    recovered_at: datetime | None = None

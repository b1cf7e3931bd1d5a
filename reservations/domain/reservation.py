"""A reservation: seats that a patron has for good, until they are cancelled."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from reservations.domain.seat import Seat, SeatStatus

ID_PATTERN = re.compile(r"[0-9a-f]{22}")
"""What a reservation's id looks like. Ids sort in the order of their instants."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Draft:
    """What is said of a reservation to be made.

    Attributes:
        salt: ten hexadecimal digits that nobody can guess, the end of its id.
        reference: the shop's own name for it.
        data: whatever else the shop keeps with it, as JSON has objects.
    """

    salt: str
    reference: str | None = None
    data: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Reservation:
    """Seats of one event that one patron has reserved together.

    Attributes:
        seats: their ids, in the order asked for.
    """

    id: str
    patron: str
    seats: tuple[str, ...]
    reserved_at: datetime
    reference: str | None = None
    data: Mapping[str, Any] | None = None

    @classmethod
    def make(cls, draft: Draft, patron: str, seats: tuple[str, ...], now: datetime) -> Reservation:
        """Make a reservation out of its draft."""
        milliseconds = (now - _EPOCH) // _MILLISECOND
        return cls(
            id=f"{milliseconds:012x}{draft.salt}",
            patron=patron,
            seats=seats,
            reserved_at=now,
            reference=draft.reference,
            data=draft.data,
        )

    @property
    def reserved_seats(self) -> tuple[Seat, ...]:
        """The seats as they are while they belong to it."""
        return tuple(
            Seat(seat_id, SeatStatus.RESERVED, self.patron, reservation_id=self.id)
            for seat_id in self.seats
        )

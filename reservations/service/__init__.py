"""What the service does, one method a use case: plain values in, plain values out.

Knows neither HTTP nor how the store keeps things.
"""

from __future__ import annotations

from datetime import timedelta

from reservations.service.events import (
    CountedEvent,
    EventPage,
    EventWithSeats,
    NewEvent,
)
from reservations.service.figures import EventFigures, Figures
from reservations.service.placing import ChangedSeats, PlacedSeat
from reservations.service.reservations import PlacedReservation, ReservationPage, Reservations
from reservations.service.seats import Changes, Holds, Seats
from reservations.store import Store

__all__ = [
    "ChangedSeats",
    "Changes",
    "CountedEvent",
    "EventFigures",
    "EventPage",
    "EventWithSeats",
    "Holds",
    "NewEvent",
    "PlacedReservation",
    "PlacedSeat",
    "ReservationPage",
    "ReservationService",
]


class ReservationService(Figures, Seats, Reservations):
    """Events, and the seats that patrons hold and reserve."""

    def __init__(self, store: Store, hold_time: timedelta, seat_user_limit: int) -> None:
        """Sell on these terms wherever an event does not name its own."""
        Figures.__init__(self, store, hold_time, seat_user_limit)
        Seats.__init__(self, store)

    def revoke_token(self, jti: str) -> None:
        """Make a token worthless for the rest of its life.

        Raises:
            StoreUnavailable, OutcomeUnknown
        """
        self._store.revocations.revoke(jti)

    def is_token_revoked(self, jti: str) -> bool:
        """Whether a token was revoked, as of at most a second ago.

        Raises:
            StoreUnavailable
        """
        return self._store.revocations.is_revoked(jti)

    def check_ready(self) -> None:
        """Check that the store takes writes and keeps them.

        Raises:
            StoreUnavailable, StoreNotReady
        """
        self._store.check_ready()

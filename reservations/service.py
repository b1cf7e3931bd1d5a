"""What the service does, one method a use case: plain values in, plain values out.

Knows neither HTTP nor how the store keeps things.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from reservations.domain.changes import hold, release, reserve
from reservations.domain.errors import SeatNotFound
from reservations.domain.event import HOLD_MAX_FACTOR, Event, Terms
from reservations.domain.plan import Place, SeatPlan
from reservations.domain.seat import Seat, SeatStatus
from reservations.store import SeatList, Store
from reservations.store.seats import Rule


@dataclass(frozen=True, slots=True)
class NewEvent:
    """What an admin says of an event to be made; None means the service's default."""

    name: str
    plan: SeatPlan
    description: str | None = None
    date: datetime | None = None
    location: str | None = None
    hold_time: timedelta | None = None
    hold_max: timedelta | None = None
    seat_user_limit: int | None = None
    seat_total_limit: int | None = None
    on_sale_from: datetime | None = None
    on_sale_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class EventWithSeats:
    """An event with its seats as they were made."""

    event: Event
    plan: SeatPlan


@dataclass(frozen=True, slots=True)
class CountedEvent:
    """An event with the number of its seats by status."""

    event: Event
    plan: SeatPlan
    counts: Mapping[SeatStatus, int]


@dataclass(frozen=True, slots=True)
class EventPage:
    """Some of the events, newest first.

    Attributes:
        next: where the next page begins; None when this is the last.
    """

    items: list[EventWithSeats]
    next: int | None


@dataclass(frozen=True, slots=True)
class PlacedSeat:
    """A seat with the part of it that never changes."""

    place: Place
    seat: Seat


class ReservationService:
    """Events, and the seats that patrons hold and reserve."""

    def __init__(self, store: Store, hold_time: timedelta, seat_user_limit: int) -> None:
        """Sell on these terms wherever an event does not name its own."""
        self._store = store
        self._hold_time = hold_time
        self._seat_user_limit = seat_user_limit

    def create_event(self, new: NewEvent) -> EventWithSeats:
        """Make an event with all its seats free.

        Raises:
            StoreUnavailable, OutcomeUnknown
        """
        event_id = secrets.token_hex(8)

        def make(now: datetime) -> Event:
            return Event(
                id=event_id,
                name=new.name,
                description=new.description,
                date=new.date,
                location=new.location,
                created_at=now,
                terms=self._terms(new),
            )

        return EventWithSeats(self._store.events.create(event_id, new.plan, make), new.plan)

    def event(self, event_id: str) -> EventWithSeats:
        """Return one event.

        Raises:
            EventNotFound, StoreUnavailable
        """
        return EventWithSeats(self._store.events.get(event_id), self._store.events.plan(event_id))

    def events(self, limit: int, before: int | None = None) -> EventPage:
        """Return a page of at most `limit` events that begins after the one numbered `before`.

        Raises:
            StoreUnavailable
        """
        found = self._store.events.newest(limit + 1, before)
        items = [
            EventWithSeats(event, plan)
            for _, event, plan in found[:limit]
            if event is not None and plan is not None
        ]
        return EventPage(items, next=found[limit - 1][0] if len(found) > limit else None)

    def event_with_counts(self, event_id: str) -> CountedEvent:
        """Return one event and how many of its seats have each status.

        Raises:
            EventNotFound, Busy, StoreUnavailable
        """
        found = self.event(event_id)
        return CountedEvent(found.event, found.plan, self.seats(event_id).counts)

    def seats(self, event_id: str) -> SeatList:
        """Return all seats of the event, no older than this call.

        Raises:
            EventNotFound, Busy, StoreUnavailable
        """
        return self._store.views.seats(event_id)

    def seat(self, event_id: str, seat_id: str) -> PlacedSeat:
        """Return one seat.

        Raises:
            EventNotFound, SeatNotFound, StoreUnavailable
        """
        place = self._place(event_id, seat_id)
        return PlacedSeat(place, self._store.seats.get(event_id, seat_id))

    def hold_seats(self, event_id: str, seat_ids: Sequence[str], patron: str) -> list[PlacedSeat]:
        """Hold seats for a patron, or refresh its holds: all of them, or nothing.

        Raises:
            EventNotFound, SeatNotFound, NotOnSale, SeatHeld, SeatReserved, SeatBlocked,
            HoldLimitReached, Busy, StoreUnavailable, OutcomeUnknown
        """
        return self._change(event_id, seat_ids, patron, hold)

    def reserve_seats(
        self, event_id: str, seat_ids: Sequence[str], patron: str
    ) -> list[PlacedSeat]:
        """Make a patron's holds one reservation: all of them, or nothing.

        Raises:
            EventNotFound, SeatNotFound, NotOnSale, SeatNotHeld, SeatReserved, SeatBlocked,
            Busy, StoreUnavailable, OutcomeUnknown
        """
        reservation_id = secrets.token_hex(8)
        return self._change(
            event_id, seat_ids, patron, partial(reserve, reservation_id=reservation_id)
        )

    def release_seats(
        self, event_id: str, seat_ids: Sequence[str], patron: str
    ) -> list[PlacedSeat]:
        """Let go of a patron's holds: all of them, or nothing.

        Raises:
            EventNotFound, SeatNotFound, SeatNotHeld, SeatReserved, SeatBlocked, Busy,
            StoreUnavailable, OutcomeUnknown
        """
        return self._change(event_id, seat_ids, patron, release)

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

    def _change(
        self, event_id: str, seat_ids: Sequence[str], patron: str, rule: Rule
    ) -> list[PlacedSeat]:
        places = [self._place(event_id, seat_id) for seat_id in seat_ids]
        change = self._store.seats.change(event_id, seat_ids, patron, rule)
        return [PlacedSeat(place, seat) for place, seat in zip(places, change.seats, strict=True)]

    def _place(self, event_id: str, seat_id: str) -> Place:
        plan = self._store.events.plan(event_id)
        index = plan.find(seat_id)
        if index is None:
            raise SeatNotFound(seat_id)
        return plan.place(index)

    def _terms(self, new: NewEvent) -> Terms:
        hold_time = new.hold_time or min(self._hold_time, new.hold_max or self._hold_time)
        return Terms(
            hold_time=hold_time,
            hold_max=new.hold_max or HOLD_MAX_FACTOR * hold_time,
            seat_user_limit=new.seat_user_limit or self._seat_user_limit,
            seat_total_limit=new.seat_total_limit,
            on_sale_from=new.on_sale_from,
            on_sale_until=new.on_sale_until,
        )

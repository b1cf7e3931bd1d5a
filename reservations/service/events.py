"""Events: made, changed, counted, checked and deleted."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from reservations.domain.event import HOLD_MAX_FACTOR, Event, Terms
from reservations.domain.plan import SeatPlan
from reservations.domain.seat import SeatStatus
from reservations.store import Counts, Once, Store


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
    """An event with the numbers of its seats by category and status."""

    event: Event
    plan: SeatPlan
    by_category: Counts

    @property
    def counts(self) -> Mapping[SeatStatus, int]:
        """How many seats have each status, in the order of `SeatStatus`."""
        total: Counter[SeatStatus] = Counter(dict.fromkeys(SeatStatus, 0))
        for counts in self.by_category.values():
            total.update(counts)
        return total

    @property
    def counts_by_category(self) -> list[dict[str, str | int | None]]:
        """The same for each `category`; None is that of seats which have none."""
        return [
            {"category": category} | {str(status): number for status, number in counts.items()}
            for category, counts in self.by_category.items()
        ]


@dataclass(frozen=True, slots=True)
class EventPage:
    """Some of the events, newest first.

    Attributes:
        next: where the next page begins; None when this is the last.
    """

    items: list[EventWithSeats]
    next: int | None


class Events:
    """What can be done with events."""

    def __init__(self, store: Store, hold_time: timedelta, seat_user_limit: int) -> None:
        """Sell on these terms wherever an event does not name its own."""
        self._store = store
        self._hold_time = hold_time
        self._seat_user_limit = seat_user_limit

    def create_event(self, new: NewEvent, once: Once | None = None) -> EventWithSeats:
        """Make an event with all its seats free.

        Raises:
            AnsweredBefore, IdempotencyKeyReused, StoreUnavailable, OutcomeUnknown
        """

        def make(event_id: str, now: datetime) -> Event:
            return Event(
                id=event_id,
                name=new.name,
                description=new.description,
                date=new.date,
                location=new.location,
                created_at=now,
                terms=self._terms(new),
            )

        return self._store.events.create(
            secrets.token_hex(8), new.plan, make, lambda made: EventWithSeats(made, new.plan), once
        )

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
        return CountedEvent(found.event, found.plan, self._store.views.counts(event_id))

    def change_event(self, event_id: str, members: Mapping[str, Any]) -> EventWithSeats:
        """Change an event, or the terms on which its seats are sold from now on.

        Args:
            event_id: the event.
            members: of `Event` or `Terms`, with their new values.

        Raises:
            EventNotFound, InvalidTerms, Busy, StoreUnavailable, OutcomeUnknown
        """
        plan = self._store.events.plan(event_id)
        return EventWithSeats(self._store.events.change(event_id, members), plan)

    def delete_event(self, event_id: str, *, force: bool = False) -> None:
        """Delete an event, by force even if seats are reserved.

        Raises:
            EventNotFound, EventHasReservations, Busy, StoreUnavailable, OutcomeUnknown
        """
        self._store.deletion.delete(event_id, force=force)

    def verify_event(self, event_id: str) -> list[str]:
        """Return all that is written of an event and does not agree, as sentences.

        Raises:
            EventNotFound, StoreUnavailable
        """
        return self._store.audit.disagreements(event_id)

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

"""Figures of the events on sale, for those who watch over a sale."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice, takewhile

from reservations.domain.errors import NotOnSale, ReservationError
from reservations.domain.seat import SeatStatus
from reservations.service.events import CountedEvent, Events, EventWithSeats

MOST_EVENTS = 100
MOST_SEATS = 250_000
"""Of all events together. A worker's views have room for as many seats, all sold, twice."""

EVENTS_A_PAGE = 100
MOST_PAGES = 5


@dataclass(frozen=True, slots=True)
class EventFigures:
    """What can be counted of one event.

    Attributes:
        seats: how many have each status.
        log_entries: how many changes its log has.
    """

    event_id: str
    name: str
    seats: Mapping[SeatStatus, int]
    log_entries: int


class Figures(Events):
    """What can be counted of events."""

    def figures(self, seconds: float) -> list[EventFigures]:
        """Return figures of the newest events on sale.

        They are bounded, so that who asks for them does not keep patrons waiting: of at
        most 100 events, found among the 500 newest, that have 250,000 seats together; and
        only of as many of these as can be read in time. An event that cannot be read is
        left out.

        Args:
            seconds: after which no other event is begun.

        Raises:
            StoreUnavailable: they cannot even be listed.
        """
        ends_at = time.monotonic() + seconds
        chosen = list(self._newest_on_sale(datetime.now(UTC)))
        lengths = self._store.changes.lengths([each.event.id for each in chosen])
        in_time = takewhile(lambda _: time.monotonic() < ends_at, zip(chosen, lengths, strict=True))
        found = (self._figures_of(each, length) for each, length in in_time)
        return [each for each in found if each is not None]

    def _newest_on_sale(self, now: datetime) -> Iterator[EventWithSeats]:
        on_sale = (each for each in self._newest() if _is_on_sale(each, now))
        seats = 0
        for each in islice(on_sale, MOST_EVENTS):
            seats += len(each.plan)
            if seats > MOST_SEATS:
                return
            yield each

    def _newest(self) -> Iterator[EventWithSeats]:
        before = None
        for _ in range(MOST_PAGES):
            page = self.events(EVENTS_A_PAGE, before)
            yield from page.items
            before = page.next
            if before is None:
                return

    def _figures_of(self, found: EventWithSeats, log_entries: int) -> EventFigures | None:
        event, plan = found.event, found.plan
        try:
            # Nobody acts on them, so replicas need not have them.
            counts = self._store.views.unconfirmed_counts(event.id)
        except ReservationError:
            # Deleted meanwhile, or on the one primary of a cluster that is silent.
            return None
        counted = CountedEvent(event, plan, counts)
        return EventFigures(event.id, event.name, counted.counts, log_entries)


def _is_on_sale(found: EventWithSeats, now: datetime) -> bool:
    try:
        found.event.check_on_sale(now)
    except NotOnSale:
        return False
    return True

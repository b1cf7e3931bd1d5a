"""What a worker knows of the seats of the events that it serves.

A view is a fold of an event's change log. To be current it asks the store for what
came after the last entry that it knows, and applies that: one round trip, whatever
the number of seats. It asks from that entry on, inclusive, so that a log which was
trimmed meanwhile shows itself by the entry's absence; then the view is read afresh.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Generic, TypeVar

from cachetools import LRUCache

from reservations.domain.errors import Busy, EventNotFound
from reservations.domain.plan import SeatPlan
from reservations.store import keys
from reservations.store.connections import Command, Connections, Reply
from reservations.store.instants import from_time
from reservations.store.records import decode_entry, decode_seat
from reservations.store.view import Counts, SeatList, SeatsView

VIEWS_MAX_BYTES = 256 * 2**20
"""The least recently used views go when all together take more than this."""

SEATS_A_READ = 5_000

MIN_ENTRIES_A_READ = 1_000
SEATS_AN_ENTRY = 4
"""To apply one entry costs as much as to read so many seats afresh, about."""

MAX_READS_AFRESH = 3

T = TypeVar("T")

Read = Callable[..., list[Reply]]
"""Sends the commands that are its arguments, and returns their replies."""


class SeatViews:
    """The views of one worker, bounded in bytes."""

    def __init__(self, connections: Connections, plan_of: Callable[[str], SeatPlan]) -> None:
        self._connections = connections
        self._plan_of = plan_of
        self._views: LRUCache[str, SeatsView] = LRUCache(
            VIEWS_MAX_BYTES, getsizeof=lambda view: view.size_bytes
        )
        self._lock = Lock()
        self._reading_afresh = Lock()

    def seats(self, event_id: str) -> SeatList:
        """Return an event's seats, no older than this call.

        Raises:
            EventNotFound, StoreUnavailable
            Busy: the log is trimmed faster than the seats can be read.
        """
        return self._shown(event_id, SeatsView.seats)

    def counts(self, event_id: str) -> Counts:
        """Return the numbers of an event's seats; raises what `seats` does."""
        return self._shown(event_id, SeatsView.counts)

    def unconfirmed_counts(self, event_id: str) -> Counts:
        """Return the same, though no replica may have it; raises what `seats` does."""
        return self._seen(event_id, self._connections.read, SeatsView.counts)

    def next_expiry(self, event_id: str) -> datetime | None:
        """Return when an event's next hold ends by itself; raises what `seats` does."""
        return self._seen(event_id, self._connections.read, SeatsView.next_expiry)

    def question(self, event_id: str) -> Sequence[Command]:
        """Return what `free` will ask first, so that it can be asked together with more.

        Empty while nothing is known of the event's seats.
        """
        with self._lock:
            view = self._views.get(event_id)
        return () if view is None else _question(event_id, view, view.cursor)

    def free(self, event_id: str, read: Read) -> bytes:
        """Return one byte for each of an event's seats in reading order, 1 when it is free.

        Args:
            event_id: the event.
            read: sends commands, for whoever has a connection already.

        Raises:
            what `seats` does.
        """
        return self._seen(event_id, read, SeatsView.free)

    def _shown(self, event_id: str, take: Callable[[SeatsView], T]) -> T:
        """Take from a view what is to be shown: only what has been confirmed."""
        found, read_at = self._seen(
            event_id, self._connections.read, lambda view: (take(view), view.read_at)
        )
        self._connections.confirm(keys.log(event_id), read_at)
        return found

    def _seen(self, event_id: str, read: Read, take: Callable[[SeatsView], T]) -> T:
        found = self._current(event_id, read, take)
        if found is None:
            # One thread reads; those who come meanwhile find what it has read.
            with self._reading_afresh:
                found = self._current(event_id, read, take)
                found = found or self._read_and_follow(event_id, read, take)
        return found.value

    def _read_and_follow(
        self, event_id: str, read: Read, take: Callable[[SeatsView], T]
    ) -> _Taken[T]:
        plan = self._plan_of(event_id)
        for _ in range(MAX_READS_AFRESH):
            view = self._read_afresh(event_id, plan, read)
            found = self._follow(event_id, view, read, take)
            if found is not None:
                return found
        raise Busy(MAX_READS_AFRESH)

    def _current(
        self, event_id: str, read: Read, take: Callable[[SeatsView], T]
    ) -> _Taken[T] | None:
        with self._lock:
            view = self._views.get(event_id)
        return None if view is None else self._follow(event_id, view, read, take)

    def _follow(
        self, event_id: str, view: SeatsView, read: Read, take: Callable[[SeatsView], T]
    ) -> _Taken[T] | None:
        """Bring the view up to date; None if it is too far behind, or the log was trimmed."""
        # Others may bring the view forward at any moment.
        cursor = view.cursor
        time_reply, raw_entries = read(*_question(event_id, view, cursor))
        is_gapless = bool(raw_entries) and raw_entries[0][0].decode() == cursor
        if not is_gapless or len(raw_entries) == _most_entries(view):
            return None
        entries = [decode_entry(*raw) for raw in raw_entries[1:]]
        with self._lock:
            if entries and entries[-1].id != view.cursor:
                view.read_at = time.monotonic()
            view.apply(entries)
            view.let_holds_run_out(from_time(time_reply))
            self._views[event_id] = view
            return _Taken(take(view))

    def _read_afresh(self, event_id: str, plan: SeatPlan, read: Read) -> SeatsView:
        # The newest entry first: applying again what the seats read after it already
        # show does no harm, since an entry says what seats are, not how they change.
        (newest,) = read(("XREVRANGE", keys.log(event_id), "+", "-", "COUNT", 1))
        if not newest:
            raise EventNotFound(event_id)
        view = SeatsView(plan, newest[0][0].decode(), time.monotonic())
        ids = list(plan.ids())
        for start in range(0, len(ids), SEATS_A_READ):
            some = ids[start : start + SEATS_A_READ]
            (records,) = read(("MGET", *(keys.seat(event_id, seat_id) for seat_id in some)))
            for seat_id, record in zip(some, records, strict=True):
                if record is not None:
                    view.put(decode_seat(seat_id, record))
        return view


@dataclass(frozen=True, slots=True)
class _Taken(Generic[T]):
    """What was taken from a view, which may be None."""

    value: T


def _question(event_id: str, view: SeatsView, cursor: str) -> Sequence[Command]:
    """Return what tells a view that was at a cursor how to become current."""
    log = ("XRANGE", keys.log(event_id), cursor, "+", "COUNT", _most_entries(view))
    return ("TIME",), log


def _most_entries(view: SeatsView) -> int:
    """Return how many log entries are too many to be applied."""
    return MIN_ENTRIES_A_READ + len(view.plan) // SEATS_AN_ENTRY

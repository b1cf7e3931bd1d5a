"""What a worker knows of the seats of the events that it serves.

A view is a fold of an event's change log. To be current it asks the store for what
came after the last entry that it knows, and applies that: one round trip, whatever
the number of seats. It asks from that entry on, inclusive, so that a log which was
trimmed meanwhile shows itself by the entry's absence; then the view is read afresh.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2s
from heapq import heapify, heappop, heappush
from threading import Lock
from types import MappingProxyType

from cachetools import LRUCache

from reservations.domain.errors import Busy, EventNotFound
from reservations.domain.plan import SeatPlan
from reservations.domain.seat import Seat, SeatStatus
from reservations.store import keys
from reservations.store.connections import Connections
from reservations.store.instants import from_time
from reservations.store.records import LogEntry, decode_entry, decode_seat

BYTES_A_TAKEN_SEAT = 600
"""What a seat that is held or reserved takes of a view's memory, at most; a free one takes one."""

VIEWS_MAX_BYTES = 256 * 2**20
"""The least recently used views go when all together take more than this."""

SEATS_A_READ = 5_000

MIN_ENTRIES_A_READ = 1_000
SEATS_AN_ENTRY = 4
"""To apply one entry costs as much as to read so many seats afresh, about."""

MAX_READS_AFRESH = 3


@dataclass(frozen=True, slots=True)
class SeatList:
    """All seats of an event at one instant.

    Attributes:
        cursor: the log entry up to which changes are in it.
        free: one byte for each seat in reading order, 1 when it is free.
        free_digest: stands for `free`, the same through every worker.
        taken: the seats that are not free, by their index in the plan.
        counts: number of seats by status, in the order of `SeatStatus`.
    """

    plan: SeatPlan
    cursor: str
    free: bytes
    free_digest: str
    taken: Mapping[int, Seat]
    counts: Mapping[SeatStatus, int]


class SeatsView:
    """The seats of one event, as of a place in its change log."""

    def __init__(self, plan: SeatPlan, cursor: str) -> None:
        """Begin with all seats free, at log entry `cursor`."""
        self.plan = plan
        self.cursor = cursor
        self._free = bytearray(b"\x01" * len(plan))
        self._taken: dict[int, Seat] = {}
        self._counts: Counter[SeatStatus] = Counter({SeatStatus.FREE: len(plan)})
        self._expiries: list[tuple[datetime, int]] = []
        """A heap; holds that ended otherwise are in it until their time has come."""
        self._seats: SeatList | None = None

    @property
    def size_bytes(self) -> int:
        """How much memory it takes, about."""
        return len(self.plan) + BYTES_A_TAKEN_SEAT * (len(self._taken) + len(self._expiries))

    def put(self, seat: Seat) -> None:
        """Set one seat to what it is now."""
        index = self.plan.find(seat.id)
        assert index is not None  # noqa: S101 - only seats of the plan are ever written
        self._seats = None
        before = self._taken.pop(index, None)
        self._counts[SeatStatus.FREE if before is None else before.status] -= 1
        self._counts[seat.status] += 1
        self._free[index] = seat.status is SeatStatus.FREE
        if seat.status is not SeatStatus.FREE:
            self._taken[index] = seat
        if seat.expires_at is not None:
            self._expect_end(seat.expires_at, index)

    def apply(self, entries: list[LogEntry]) -> None:
        """Apply what is new among log entries, which are in the order of commit."""
        known = _order(self.cursor)
        for entry in entries:
            if _order(entry.id) > known:
                for seat in entry.seats:
                    self.put(seat)
                self.cursor = entry.id
                self._seats = None

    def let_holds_run_out(self, now: datetime) -> None:
        """Free the seats whose holds have ended by now."""
        while self._expiries and self._expiries[0][0] <= now:
            expires_at, index = heappop(self._expiries)
            seat = self._taken.get(index)
            if seat is not None and seat.expires_at == expires_at:
                self.put(Seat(seat.id))

    def _expect_end(self, expires_at: datetime, index: int) -> None:
        if len(self._expiries) > 2 * len(self._taken) + MIN_ENTRIES_A_READ:
            # Most are of holds that were refreshed or released long before their end.
            held = self._taken.items()
            self._expiries = [(s.expires_at, i) for i, s in held if s.expires_at is not None]
            heapify(self._expiries)
        heappush(self._expiries, (expires_at, index))

    def seats(self) -> SeatList:
        """Return the seats as they are now known."""
        if self._seats is None:
            self._seats = SeatList(
                plan=self.plan,
                cursor=self.cursor,
                free=bytes(self._free),
                free_digest=blake2s(self._free, digest_size=9).hexdigest(),
                taken=MappingProxyType(dict(self._taken)),
                counts={status: self._counts[status] for status in SeatStatus},
            )
        return self._seats


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
        seats = self._current(event_id)
        if seats is None:
            # One thread reads; those who come meanwhile find what it has read.
            with self._reading_afresh:
                seats = self._current(event_id) or self._read_and_follow(event_id)
        return seats

    def _read_and_follow(self, event_id: str) -> SeatList:
        plan = self._plan_of(event_id)
        for _ in range(MAX_READS_AFRESH):
            view = self._read_afresh(event_id, plan)
            seats = self._follow(event_id, view)
            if seats is not None:
                return seats
        raise Busy(MAX_READS_AFRESH)

    def _current(self, event_id: str) -> SeatList | None:
        with self._lock:
            view = self._views.get(event_id)
        return None if view is None else self._follow(event_id, view)

    def _follow(self, event_id: str, view: SeatsView) -> SeatList | None:
        """Bring the view up to date; None if it is too far behind, or the log was trimmed."""
        cursor = view.cursor
        count = MIN_ENTRIES_A_READ + len(view.plan) // SEATS_AN_ENTRY
        time_reply, raw_entries = self._connections.read(
            ("TIME",), ("XRANGE", keys.log(event_id), cursor, "+", "COUNT", count)
        )
        entries = [decode_entry(*raw) for raw in raw_entries]
        if not entries or entries[0].id != cursor or len(entries) == count:
            return None
        with self._lock:
            view.apply(entries)
            view.let_holds_run_out(from_time(time_reply))
            self._views[event_id] = view
            return view.seats()

    def _read_afresh(self, event_id: str, plan: SeatPlan) -> SeatsView:
        # The newest entry first: applying again what the seats read after it already
        # show does no harm, since an entry says what seats are, not how they change.
        (newest,) = self._connections.read(("XREVRANGE", keys.log(event_id), "+", "-", "COUNT", 1))
        if not newest:
            raise EventNotFound(event_id)
        view = SeatsView(plan, newest[0][0].decode())
        ids = [place.id for place in plan.places()]
        for start in range(0, len(ids), SEATS_A_READ):
            some = ids[start : start + SEATS_A_READ]
            (records,) = self._connections.read(
                ("MGET", *(keys.seat(event_id, seat_id) for seat_id in some))
            )
            for seat_id, record in zip(some, records, strict=True):
                if record is not None:
                    view.put(decode_seat(seat_id, record))
        return view


def _order(entry_id: str) -> tuple[int, int]:
    milliseconds, _, ordinal = entry_id.partition("-")
    return int(milliseconds), int(ordinal)

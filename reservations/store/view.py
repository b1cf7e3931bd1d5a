"""The seats of one event, folded from its change log.

Pure: what is read, and when, is decided in `views.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2s
from heapq import heapify, heappop, heappush
from types import MappingProxyType

from reservations.domain.plan import SeatPlan
from reservations.domain.seat import Seat, SeatStatus
from reservations.store.records import LogEntry

BYTES_A_TAKEN_SEAT = 600
"""What a seat that is held or reserved takes of a view's memory, at most; a free one takes one."""

STALE_EXPIRIES = 1_000
"""Ends of holds that ended otherwise, which a view keeps before it clears them away."""


@dataclass(frozen=True, slots=True)
class SeatList:
    """All seats of an event at one instant.

    Attributes:
        cursor: the log entry up to which changes are in it.
        free: one byte for each seat in reading order, 1 when it is free.
        free_digest: stands for `free`, the same through every worker.
        taken: the seats that are not free, by their index in the plan.
    """

    plan: SeatPlan
    cursor: str
    free: bytes
    free_digest: str
    taken: Mapping[int, Seat]


Counts = Mapping[str | None, Mapping[SeatStatus, int]]
"""How many seats of each category have each status, statuses in the order of `SeatStatus`.

Seats without a category are counted under None."""


class SeatsView:
    """The seats of one event, as of a place in its change log.

    Attributes:
        cursor: that place.
        read_at: when what is newest was read, by the monotonic clock.
    """

    def __init__(self, plan: SeatPlan, cursor: str, read_at: float = 0.0) -> None:
        """Begin with all seats free, at log entry `cursor`."""
        self.plan = plan
        self.cursor = cursor
        self.read_at = read_at
        self._free = bytearray(b"\x01" * len(plan))
        self._taken: dict[int, Seat] = {}
        self._counts: dict[str | None, Counter[SeatStatus]] = {
            category: Counter({SeatStatus.FREE: seats})
            for category, seats in plan.categories.items()
        }
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
        counts = self._counts[self.plan.category_of(index)]
        counts[SeatStatus.FREE if before is None else before.status] -= 1
        counts[seat.status] += 1
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
                for seat in entry.step.seats if entry.step is not None else ():
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
        if len(self._expiries) > 2 * len(self._taken) + STALE_EXPIRIES:
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
            )
        return self._seats

    def free(self) -> bytes:
        """Return one byte for each seat in reading order, 1 when it is free."""
        return bytes(self._free)

    def counts(self) -> Counts:
        """Return how many seats there are, by category and status."""
        return {
            category: {status: counts[status] for status in SeatStatus}
            for category, counts in self._counts.items()
        }

    def next_expiry(self) -> datetime | None:
        """Return when the next hold ends by itself; None when there is none."""
        while self._expiries:
            expires_at, index = self._expiries[0]
            seat = self._taken.get(index)
            if seat is not None and seat.expires_at == expires_at:
                return expires_at
            heappop(self._expiries)
        return None


def _order(entry_id: str) -> tuple[int, int]:
    milliseconds, _, ordinal = entry_id.partition("-")
    return int(milliseconds), int(ordinal)

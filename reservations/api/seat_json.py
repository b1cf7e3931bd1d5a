"""Seats as JSON: one for an answer of its own, or a whole list as bytes.

Neither goes through marshmallow, which would look at each member once more. A free seat
looks the same to everybody, so its bytes are made once for all lists (see `free_seats.py`).
"""

from __future__ import annotations

import json
import operator
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2s
from itertools import compress
from threading import Lock
from typing import Any, TypeVar

from cachetools import LRUCache

from reservations.api.free_seats import FreeSeats
from reservations.api.timestamps import format_timestamp
from reservations.domain.caller import Caller
from reservations.domain.plan import NumberedPlan, Place, SeatPlan, Section, row_name
from reservations.domain.seat import Seat, SeatStatus
from reservations.store import SeatList

K = TypeVar("K")
V = TypeVar("V")

EVERY_STATUS = "all"
BYTES_OVERHEAD = 60

# Made once: json.dumps would make an encoder for each seat.
_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

PLANS_MAX_BYTES = EVENTS_MAX_BYTES = 128 * 2**20
"""The bytes of seats that were listed least recently go when all together take more than this:
those of single seats, and those of lists."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which seats of an event are asked for."""

    statuses: frozenset[SeatStatus]
    category: str | None = None
    section: str | None = None

    @classmethod
    def of_query(
        cls, status: Sequence[str], category: str | None, section: str | None
    ) -> Selection:
        """Make a selection from the query of a request."""
        statuses = SeatStatus if EVERY_STATUS in status else map(SeatStatus, status)
        return cls(frozenset(statuses), category, section)

    @property
    def same_for_all(self) -> bool:
        """Whether every caller gets the same list: of a free seat there is nothing to hide."""
        return self.statuses == {SeatStatus.FREE}

    @property
    def is_all_that_is_free(self) -> bool:
        """Whether all free seats are asked for, and no others, as nearly everybody does."""
        return self.same_for_all and self.category is None and self.section is None

    def chosen(self, seats: SeatList) -> bytes | bytearray:
        """Return one byte for each seat in reading order, 1 where it is asked for."""
        if self.same_for_all:
            chosen: bytes | bytearray = seats.free
        else:
            free_too = SeatStatus.FREE in self.statuses
            chosen = bytearray(seats.free if free_too else len(seats.free))
            for index, seat in seats.taken.items():
                chosen[index] = seat.status in self.statuses
        if self.category is None and self.section is None:
            return chosen
        matching = seats.plan.matching(self.category, self.section)
        return bytes(map(operator.and_, chosen, matching))


def seat_members(place: Place, seat: Seat, caller: Caller) -> dict[str, Any]:
    """Return a seat as `caller` may see it."""
    members: dict[str, Any] = {"id": place.id, "name": place.name}
    if place.section is not None:
        members |= {"section": place.section, "row": place.row, "number": place.number}
    if place.category is not None:
        members["category"] = place.category
    members["status"] = seat.status
    if caller.is_admin:
        of_admins = {"patron": seat.patron, "reason": seat.reason}
        members |= {name: value for name, value in of_admins.items() if value is not None}
    mine = seat.patron == caller.id
    if mine:
        members["mine"] = True
    if seat.expires_at is not None and (mine or caller.is_admin):
        members["expires_at"] = format_timestamp(seat.expires_at)
    if seat.reservation_id is not None and (mine or caller.is_admin):
        members["reservation_id"] = seat.reservation_id
    return members


def entity_tag(seats: SeatList, selection: Selection, caller: Caller) -> str:
    """Return a tag that changes whenever the list does, as `caller` sees it."""
    if selection.same_for_all:
        return seats.free_digest
    # Holds run out without an entry in the log, so its cursor alone would not do.
    whose = blake2s(f"{caller.role} {caller.id}".encode(), digest_size=6).hexdigest()
    return f"{seats.cursor}.{seats.free_digest}.{whose}"


class SeatLists:
    """Renders lists of seats, and remembers the bytes of free seats."""

    def __init__(self) -> None:
        self._plans: LRUCache[SeatPlan, Sequence[bytes]] = LRUCache(PLANS_MAX_BYTES, _size_of)
        self._events: LRUCache[str, FreeSeats] = LRUCache(
            EVENTS_MAX_BYTES, lambda free: _size_of(free.seats)
        )
        self._lock = Lock()

    def render(self, event_id: str, seats: SeatList, selection: Selection, caller: Caller) -> bytes:
        """Return a JSON array of the selected seats, in reading order."""
        free_seats = self._free_seats(event_id, seats.plan)
        if selection.is_all_that_is_free:
            return free_seats.listed(seats.free)
        fragments = list(free_seats.seats)
        chosen = selection.chosen(seats)
        if not selection.same_for_all:
            for index, seat in seats.taken.items():
                if chosen[index]:
                    fragments[index] = dump_seat(seats.plan.place(index), seat, caller)
        return b"[" + b",".join(compress(fragments, chosen)) + b"]\n"

    def render_gzipped(self, event_id: str, seats: SeatList) -> bytes:
        """Return a JSON array of all free seats, in reading order, compressed by gzip."""
        return self._free_seats(event_id, seats.plan).gzipped(seats.free)

    def _free_seats(self, event_id: str, plan: SeatPlan) -> FreeSeats:
        with self._lock:
            free_seats = self._events.get(event_id)
            if free_seats is None:
                free_seats = FreeSeats(self._written(plan))
                _keep(self._events, event_id, free_seats)
        return free_seats

    def _written(self, plan: SeatPlan) -> Sequence[bytes]:
        # All events of one house have the same. One thread writes them, and those who come
        # meanwhile wait for it: in several at once it would take all of these as many times
        # as long.
        written = self._plans.get(plan)
        if written is None:
            written = write_free(plan)
            _keep(self._plans, plan, written)
        return written


def _keep(cache: LRUCache[K, V], key: K, value: V) -> None:
    # What alone is larger than all may be is made anew each time.
    with suppress(ValueError):
        cache[key] = value


def _size_of(seats: Sequence[bytes]) -> int:
    return sum(map(len, seats)) + BYTES_OVERHEAD * len(seats)


def dump_seat(place: Place, seat: Seat, caller: Caller) -> bytes:
    """Return a seat as `caller` may see it, in JSON."""
    return _ENCODE(seat_members(place, seat, caller)).encode()


def write_free(plan: SeatPlan) -> list[bytes]:
    """Return each seat in JSON as it looks to everybody while it is free, in reading order.

    To the byte as `dump_seat` writes it, but 100,000 seats in a tenth of the time: whoever is
    the first to list an event waits for it.
    """
    if isinstance(plan, NumberedPlan):
        numbers = range(1, plan.count + 1)
        return [f'{{"id":"{n}","name":"Seat #{n}","status":"free"}}'.encode() for n in numbers]
    return [
        seat
        for section, slug in zip(plan.sections, plan.slugs, strict=True)
        for row in map(row_name, range(section.rows))
        for seat in _write_row(section, slug, row)
    ]


def _write_row(section: Section, slug: str, row: str) -> list[bytes]:
    name = _ENCODE(section.name)[1:-1]
    category = "" if section.category is None else f'"category":{_ENCODE(section.category)},'
    return [
        f'{{"id":"{slug}-{row}-{n}","name":"{name} {row}-{n}","section":"{name}","row":"{row}",'
        f'"number":{n},{category}"status":"free"}}'.encode()
        for n in range(1, section.seats_per_row + 1)
    ]

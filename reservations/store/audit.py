"""Reading all that is written of one event, to see whether it agrees."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from reservations.domain.changes import Step
from reservations.domain.errors import EventNotFound
from reservations.domain.plan import SeatPlan
from reservations.domain.reservation import Reservation
from reservations.domain.seat import Seat
from reservations.domain.verification import Books, disagreements
from reservations.store import index, keys
from reservations.store.connections import Connections
from reservations.store.instants import from_time
from reservations.store.records import (
    decode_entry,
    decode_holdings,
    decode_plan,
    decode_reservation,
    decode_seat,
)

AT_ONCE = 1_000
"""Keys or entries read in one command, so that others need not wait long."""


class Audit:
    """Looks at the books of events while these are being sold."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def disagreements(self, event_id: str) -> list[str]:
        """Return all disagreements of what is written of an event.

        The books are read page by page while others write in them, the log first, so pages
        may disagree because something changed in between. Then the log says so when all is
        read again: of what was found at first, only that is reported which is found again
        with nothing having changed meanwhile.

        Raises:
            EventNotFound, StoreUnavailable
        """
        first = set(disagreements(self._books(event_id)))
        return sorted(first.intersection(disagreements(self._books(event_id))))

    def _books(self, event_id: str) -> Books:
        exists, plan_record = self._connections.read(
            ("EXISTS", keys.event(event_id)), ("GET", keys.plan(event_id))
        )
        if not exists:
            raise EventNotFound(event_id)
        plan = decode_plan(plan_record)
        log, log_is_whole = self._log(event_id)
        seats = {seat.id: seat for seat in self._seats(event_id, plan)}
        listed = self._listed(event_id)
        ids = {member.rpartition(" ")[2] for member in listed}
        ids |= {seat.reservation_id for seat in seats.values() if seat.reservation_id is not None}
        reservations = {each.id: each for each in self._reservations(event_id, ids)}
        patrons = {step.patron for _, step in log if step.patron is not None}
        patrons |= {seat.patron for seat in seats.values() if seat.patron is not None}
        patrons |= {each.patron for each in reservations.values()}
        names = [keys.patron(event_id, patron) for patron in patrons]
        holdings = dict(zip(patrons, map(decode_holdings, self._values(names)), strict=True))
        # By the clock of the server that ends this event's holds.
        time_reply, _ = self._connections.read(("TIME",), ("EXISTS", keys.event(event_id)))
        return Books(
            now=from_time(time_reply),
            plan=plan,
            log=log,
            log_is_whole=log_is_whole,
            seats=seats,
            reservations=reservations,
            listed=frozenset(listed),
            to_be_listed=frozenset(
                member for each in reservations.values() for member in index.members(each)
            ),
            holdings=holdings,
        )

    def _log(self, event_id: str) -> tuple[list[tuple[str, Step]], bool]:
        """Return the log's steps, and whether it has the entry that began it."""
        steps: list[tuple[str, Step]] = []
        is_whole = False
        start = "-"
        while True:
            (entries,) = self._connections.read(
                ("XRANGE", keys.log(event_id), start, "+", "COUNT", AT_ONCE)
            )
            for entry in (decode_entry(*each) for each in entries):
                if entry.step is None:
                    is_whole = True
                else:
                    steps.append((entry.id, entry.step))
                start = f"({entry.id}"
            if len(entries) < AT_ONCE:
                return steps, is_whole

    def _seats(self, event_id: str, plan: SeatPlan) -> Iterator[Seat]:
        ids = list(plan.ids())
        values = self._values([keys.seat(event_id, seat_id) for seat_id in ids])
        for seat_id, record in zip(ids, values, strict=True):
            if record is not None:
                yield decode_seat(seat_id, record)

    def _listed(self, event_id: str) -> set[str]:
        listed: set[str] = set()
        start = "-"
        while True:
            (members,) = self._connections.read(
                ("ZRANGE", keys.index(event_id), start, "+", "BYLEX", "LIMIT", 0, AT_ONCE)
            )
            listed |= {member.decode() for member in members}
            if len(members) < AT_ONCE:
                return listed
            start = f"({members[-1].decode()}"

    def _reservations(self, event_id: str, ids: set[str]) -> Iterator[Reservation]:
        names = [keys.reservation(event_id, each) for each in ids]
        for found in map(decode_reservation, self._values(names)):
            if found is not None:
                yield found

    def _values(self, names: list[str]) -> Iterator[bytes | None]:
        left = iter(names)
        while some := list(islice(left, AT_ONCE)):
            (records,) = self._connections.read(("MGET", *some))
            yield from records

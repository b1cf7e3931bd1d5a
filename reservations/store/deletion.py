"""Deleting an event, and all that there is of it."""

from __future__ import annotations

from itertools import islice

from reservations.domain.errors import (
    EventHasReservations,
    EventNotFound,
    OutcomeUnknown,
    StoreUnavailable,
)
from reservations.store import index, keys
from reservations.store.connections import Connections
from reservations.store.records import decode_plan, decode_reservation
from reservations.store.transaction import Attempt, Commit, Transactions

KEYS_A_WRITE = 1_000


class Deletion:
    """Deletes events.

    First the event, in a transaction: from then on there is no such event, and whatever
    would change seats of it finds that out. Then its other keys, and its place in the
    index of events last; so a deletion that was cut off can be ended by repeating it.
    """

    def __init__(self, connections: Connections, transactions: Transactions) -> None:
        self._connections = connections
        self._transactions = transactions

    def delete(self, event_id: str, *, force: bool) -> None:
        """Delete an event.

        Args:
            event_id: the event.
            force: also if seats of it are reserved.

        Raises:
            EventNotFound, EventHasReservations, Busy, StoreUnavailable: nothing was changed.
            OutcomeUnknown: it may be deleted, and some of its keys may be left.
        """
        key = keys.event(event_id)

        def decide(attempt: Attempt) -> Commit[None]:
            event, reservations = attempt.replies
            if event is None:
                raise EventNotFound(event_id)
            if reservations and not force:
                raise EventHasReservations(reservations)
            gone = ("DEL", key, keys.log(event_id))
            return Commit([gone], None, proof=("EXISTS", key), proves=lambda reply: reply == 0)

        reads = [("GET", key), index.count(event_id)]
        try:
            self._transactions.run([key, keys.index(event_id)], reads, decide)
        except EventNotFound:
            (ordinal,) = self._connections.read(("ZSCORE", keys.EVENTS, event_id))
            if ordinal is None:
                raise
        try:
            self._sweep(event_id)
        except StoreUnavailable as error:
            raise OutcomeUnknown from error

    def _sweep(self, event_id: str) -> None:
        (plan,) = self._connections.read(("GET", keys.plan(event_id)))
        self._sweep_reservations(event_id)
        if plan is not None:
            names = (keys.seat(event_id, seat_id) for seat_id in decode_plan(plan).ids())
            while some := list(islice(names, KEYS_A_WRITE)):
                self._connections.read(("UNLINK", *some))
        self._connections.read(("UNLINK", keys.index(event_id), keys.plan(event_id)))
        self._connections.read(("ZREM", keys.EVENTS, event_id))

    def _sweep_reservations(self, event_id: str) -> None:
        while True:
            (members,) = self._connections.read(index.newest(event_id, index.ALL, KEYS_A_WRITE))
            if not members:
                return
            names = [keys.reservation(event_id, index.id_of(member)) for member in members]
            records = self._connections.read(*(("GET", name) for name in names))
            found = [each for each in map(decode_reservation, records) if each is not None]
            patrons = {keys.patron(event_id, each.patron) for each in found}
            self._connections.read(
                ("UNLINK", *names, *patrons), ("ZREM", keys.index(event_id), *members)
            )

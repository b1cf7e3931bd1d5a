"""Events and their plans: made, changed, and read often."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from threading import Lock
from typing import Any, TypeVar

from cachetools import LRUCache

from reservations.domain.errors import EventNotFound
from reservations.domain.event import Event
from reservations.domain.plan import SeatPlan
from reservations.store import keys
from reservations.store.connections import Command, Connections
from reservations.store.idempotency import Claims, Once
from reservations.store.records import decode_event, decode_plan, encode_event, encode_plan
from reservations.store.transaction import Attempt, Commit, Transactions

PLANS_MAX_BYTES = 64 * 2**20
"""The least recently used plans go when all together take more than this."""

BYTES_A_ROW = 200
BYTES_A_SEAT = 3
"""What a plan takes of a worker's memory, with what it has computed of itself, about."""

T = TypeVar("T")


class EventStore:
    """The events in the store."""

    def __init__(
        self, connections: Connections, transactions: Transactions, claims: Claims
    ) -> None:
        self._connections = connections
        self._transactions = transactions
        self._claims = claims
        self._plans: LRUCache[str, SeatPlan] = LRUCache(PLANS_MAX_BYTES, getsizeof=_size_of)
        self._plans_lock = Lock()

    def create(
        self,
        event_id: str,
        plan: SeatPlan,
        make: Callable[[str, datetime], Event],
        result: Callable[[Event], T],
        once: Once | None = None,
    ) -> T:
        """Write a new event with all its seats free.

        Args:
            event_id: an id that no event ever had.
            plan: its seats.
            make: gives the event, when told its id and the instant of its creation.
            result: makes what is returned, and answered, of the event.
            once: names the request, if its caller did.

        Raises:
            AnsweredBefore, IdempotencyKeyReused: see `Once`.
            StoreUnavailable: there is no such event.
            OutcomeUnknown: there may be one.
        """
        if once is not None:
            event_id = self._claims.claim_new(once, event_id)
        key = keys.event(event_id)
        answered = [] if once is None else [keys.once(event_id, once.key)]

        def decide(attempt: Attempt) -> Commit[T]:
            if once is not None:
                once.check(attempt.replies[0])
            event = make(event_id, attempt.now)
            made = result(event)
            commands: list[Command] = [
                ("SET", key, encode_event(event)),
                ("SET", keys.plan(event_id), encode_plan(plan)),
                # The log begins here, so that it is never empty: its last entry is
                # where whoever follows the event goes on from.
                ("XADD", keys.log(event_id), "*", "kind", "created"),
            ]
            if once is not None:
                return once.remembering(event_id, commands, made)
            return Commit(commands, made, proof=("EXISTS", key), proves=lambda reply: reply == 1)

        self._enter_in_index(event_id)
        reads = [("GET", each) for each in answered]
        return self._transactions.run([key, *answered], reads, decide)

    def change(self, event_id: str, members: Mapping[str, Any]) -> Event:
        """Change members of an event, or of its terms.

        Raises:
            EventNotFound, InvalidTerms, Busy, StoreUnavailable, OutcomeUnknown
        """
        key = keys.event(event_id)

        def decide(attempt: Attempt) -> Commit[Event]:
            (record,) = attempt.replies
            if record is None:
                raise EventNotFound(event_id)
            event = decode_event(record).changed(members)
            encoded = encode_event(event)
            return Commit(
                [("SET", key, encoded)],
                event,
                proof=("GET", key),
                proves=lambda reply: reply == encoded.encode(),
            )

        return self._transactions.run([key], [("GET", key)], decide)

    def get(self, event_id: str) -> Event:
        """Read one event.

        Raises:
            EventNotFound, StoreUnavailable
        """
        (record,) = self._connections.read(("GET", keys.event(event_id)))
        if record is None:
            raise EventNotFound(event_id)
        return decode_event(record)

    def plan(self, event_id: str) -> SeatPlan:
        """Return an event's seats as they were made.

        Raises:
            EventNotFound, StoreUnavailable
        """
        with self._plans_lock:
            plan = self._plans.get(event_id)
        if plan is None:
            (record,) = self._connections.read(("GET", keys.plan(event_id)))
            if record is None:
                raise EventNotFound(event_id)
            plan = decode_plan(record)
            with self._plans_lock:
                self._plans[event_id] = plan
        return plan

    def newest(
        self, limit: int, before: int | None = None
    ) -> list[tuple[int, Event, SeatPlan] | tuple[int, None, None]]:
        """Return up to `limit` events with their ordinals and plans, the newest first.

        One whose creation has not come to its end has neither event nor plan.

        Args:
            limit: how many at most.
            before: an ordinal; only events created before that one.

        Raises:
            StoreUnavailable
        """
        start = "+inf" if before is None else f"({before}"
        (entries,) = self._connections.read(
            ("ZRANGE", keys.EVENTS, start, "-inf", "BYSCORE", "REV")
            + ("LIMIT", 0, limit, "WITHSCORES")
        )
        ids, ordinals = map(bytes.decode, entries[::2]), map(int, entries[1::2])
        names = [name for each in ids for name in (keys.event(each), keys.plan(each))]
        records = self._connections.read(*(("GET", name) for name in names))
        return [
            (ordinal, None, None)
            if event is None
            else (ordinal, decode_event(event), decode_plan(plan))
            for ordinal, event, plan in zip(ordinals, records[::2], records[1::2], strict=True)
        ]

    def _enter_in_index(self, event_id: str) -> None:
        # The index lies in another slot, so it cannot be part of the transaction. It
        # comes first: an entry without its event is passed over, but nobody would
        # find an event without its entry.
        (ordinal,) = self._connections.confirmed(("INCR", keys.EVENT_COUNT))
        self._connections.confirmed(("ZADD", keys.EVENTS, "NX", ordinal, event_id))


def _size_of(plan: SeatPlan) -> int:
    rows = sum(section.rows for section in plan.sections)
    return BYTES_A_ROW * (1 + rows + len(plan.sections)) + BYTES_A_SEAT * len(plan)

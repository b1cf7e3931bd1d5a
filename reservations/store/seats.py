"""Seats: the one way to change them, and how they are read."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from reservations.domain.changes import Again, Change, Look, Rule, Situation
from reservations.domain.errors import EventNotFound, Refusal
from reservations.domain.reservation import Reservation
from reservations.domain.seat import Holdings, Seat, SeatStatus
from reservations.domain.tally import tally
from reservations.store import index, keys
from reservations.store.connections import Command, Connections, Reply
from reservations.store.idempotency import Claims, Once
from reservations.store.instants import to_ms
from reservations.store.records import (
    bears_mark,
    decode_event,
    decode_holdings,
    decode_reservation,
    decode_seat,
    encode_holdings,
    encode_reservation,
    encode_seat,
    encode_step,
)
from reservations.store.transaction import Attempt, Commit, Transactions
from reservations.store.views import SeatViews

T = TypeVar("T")


class SeatStore:
    """The seats of all events in the store."""

    def __init__(
        self,
        connections: Connections,
        transactions: Transactions,
        views: SeatViews,
        claims: Claims,
        log_length: int,
    ) -> None:
        """Keep about `log_length` entries in each event's change log."""
        self._connections = connections
        self._transactions = transactions
        self._views = views
        self._claims = claims
        self._log_length = log_length

    def get(self, event_id: str, seat_ids: Sequence[str]) -> list[Seat]:
        """Read seats of an event that has them, in the order asked.

        Raises:
            EventNotFound, StoreUnavailable
        """
        exists, *records = self._connections.confirmed(
            ("EXISTS", keys.event(event_id)),
            *(("GET", keys.seat(event_id, seat_id)) for seat_id in seat_ids),
        )
        if not exists:
            raise EventNotFound(event_id)
        return list(map(decode_seat, seat_ids, records))

    def holdings(self, event_id: str, patron: str) -> Holdings:
        """Read what a patron has of an event.

        Raises:
            StoreUnavailable
        """
        (record,) = self._connections.confirmed(("GET", keys.patron(event_id, patron)))
        return decode_holdings(record)

    def change(
        self,
        event_id: str,
        rule: Rule,
        *,
        result: Callable[[Change], T],
        seats: Sequence[str] = (),
        patron: str | None = None,
        reservation: str | None = None,
        free: bool = False,
        once: Once | None = None,
    ) -> T:
        """Let a rule change seats: all of them, or nothing.

        Whatever the rule looks at is watched: it has not changed when the change happens.

        Args:
            event_id: the event.
            rule: decides on what is stored; may be run several times.
            result: makes what is returned, and answered, of the change.
            seats: ids of seats that the rule will look at, each once; the event has them.
            patron: whose holdings it will look at.
            reservation: id of the reservation that it is about.
            free: whether it will look at which seats of the event are free.
            once: names the request, if its caller did.

        Raises:
            EventNotFound
            AnsweredBefore, IdempotencyKeyReused: see `Once`.
            ReservationError: whatever the rule refuses with, and all that
                `Transactions.run` raises.
        """
        first = [keys.event(event_id)]
        if once is not None:
            self._claims.claim(once, event_id)
            first.append(keys.once(event_id, once.key))
        if reservation is not None:
            first.append(keys.reservation(event_id, reservation))
        looked_at = _Looked(event_id, seats, patron)
        watch = [*first, *looked_at.keys]
        question = self._views.question(event_id) if free else ()
        decided: list[tuple[Change, datetime]] = []

        def decide(attempt: Attempt) -> Commit[T | Refusal] | None:
            found, *foretold = attempt.replies
            records = iter(found)
            foreseen = _Foreseen(question, foretold, attempt)
            event_record = next(records)
            if event_record is None:
                raise EventNotFound(event_id)
            if once is not None:
                once.check(next(records))
            situation = Situation(
                decode_event(event_record),
                attempt.now,
                attempt.number,
                reservation=decode_reservation(next(records)) if reservation else None,
            )
            situation = looked_at.shown(situation, records)
            try:
                change = self._apply(rule, situation, attempt, foreseen)
            except Refusal as refusal:
                if once is None:
                    raise
                return once.remembering(event_id, [], refusal)
            if isinstance(change, Again):
                return None
            decided.append((change, attempt.now))
            return self._commit(event_id, attempt.now, change, once, result(change))

        outcome: T | Refusal = self._transactions.run(watch, [("MGET", *watch), *question], decide)
        if isinstance(outcome, Refusal):
            raise outcome
        self._transactions.observer.seats_changed(tally(*decided[-1]))
        return outcome

    def _apply(
        self, rule: Rule, situation: Situation, attempt: Attempt, foreseen: _Foreseen
    ) -> Change | Again:
        event_id = situation.event.id
        answer = rule(situation)
        while isinstance(answer, Look):
            if answer.free:
                free = self._views.free(event_id, foreseen.read)
                situation = situation.having_seen({}, {}, free)
            more = _Looked(event_id, answer.seats, answer.patron)
            if more.keys:
                (records,) = attempt.watch(more.keys, [("MGET", *more.keys)])
                situation = more.shown(situation, records)
            rule = answer.then or rule
            answer = rule(situation)
        return answer

    def _commit(
        self, event_id: str, began: datetime, change: Change, once: Once | None, result: T
    ) -> Commit[T | Refusal]:
        mark = secrets.token_hex(8)
        log = keys.log(event_id)
        commands: list[Command] = [
            _write_seat(keys.seat(event_id, seat.id), seat)
            for step in change.steps
            for seat in step.seats
        ]
        for patron, holdings in change.holdings.items():
            commands.append(_write_holdings(keys.patron(event_id, patron), holdings))
        if change.reservation is not None:
            commands += _write_reservation(event_id, change.reservation)
        if change.cancelled is not None:
            commands += _delete_reservation(event_id, change.cancelled)
        commands += [
            ("XADD", log, "MAXLEN", "~", self._log_length, "*", *encode_step(step, mark))
            for step in change.steps
        ]
        if once is not None:
            return once.remembering(event_id, commands, result)
        return Commit(
            commands,
            result,
            # Entries are numbered by the clock and never backwards, so ours, if it is
            # there, is not older than the transaction.
            proof=("XRANGE", log, to_ms(began), "+"),
            proves=lambda entries: (
                not change.steps or any(bears_mark(found, mark) for found in entries)
            ),
        )


class _Looked:
    """Seats, and a patron's holdings, that are looked at in one read."""

    def __init__(self, event_id: str, seats: Sequence[str], patron: str | None) -> None:
        self._seats = seats
        self._patron = patron
        self.keys = [keys.seat(event_id, seat_id) for seat_id in seats]
        if patron is not None:
            self.keys.insert(0, keys.patron(event_id, patron))

    def shown(self, situation: Situation, records: Iterable[bytes | None]) -> Situation:
        """Return the situation with what was read for the keys."""
        found = iter(records)
        holdings = {}
        if self._patron is not None:
            holdings[self._patron] = decode_holdings(next(found))
        seats = {
            seat_id: decode_seat(seat_id, record)
            for seat_id, record in zip(self._seats, found, strict=True)
        }
        return situation.having_seen(seats, holdings)


class _Foreseen:
    """Answers a question with what has been read already, and asks any other."""

    def __init__(self, question: Sequence[Command], replies: list[Reply], attempt: Attempt) -> None:
        self._question = tuple(question)
        self._replies = replies
        self._attempt = attempt

    def read(self, *commands: Command) -> list[Reply]:
        """Return the replies to commands."""
        return self._replies if commands == self._question else self._attempt.read(*commands)


def _write_seat(key: str, seat: Seat) -> Command:
    if seat.status is SeatStatus.FREE:
        return ("DEL", key)
    if seat.expires_at is None:
        return ("SET", key, encode_seat(seat))
    return ("SET", key, encode_seat(seat), "PXAT", _last_ms(seat.expires_at))


def _write_holdings(key: str, holdings: Holdings) -> Command:
    if holdings.reserved:
        return ("SET", key, encode_holdings(holdings))
    last_hold = holdings.last_expiry if holdings.held else None
    ends = [end for end in (last_hold, holdings.recovered_at) if end is not None]
    if ends:
        return ("SET", key, encode_holdings(holdings), "PXAT", _last_ms(max(ends)))
    return ("DEL", key)


def _write_reservation(event_id: str, reservation: Reservation) -> list[Command]:
    key = keys.reservation(event_id, reservation.id)
    members = [word for member in index.members(reservation) for word in (0, member)]
    return [
        ("SET", key, encode_reservation(reservation)),
        ("ZADD", keys.index(event_id), *members),
    ]


def _delete_reservation(event_id: str, reservation: Reservation) -> list[Command]:
    return [
        ("DEL", keys.reservation(event_id, reservation.id)),
        ("ZREM", keys.index(event_id), *index.members(reservation)),
    ]


def _last_ms(expires_at: datetime) -> int:
    """Return the last millisecond of a hold: Redis keeps a key through its PXAT."""
    return to_ms(expires_at) - 1

"""Seats: the one way to change them, and how one of them is read."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime

from reservations.domain.changes import Change, Look, Situation
from reservations.domain.errors import EventNotFound
from reservations.domain.seat import Holdings, Seat, SeatStatus
from reservations.store import keys
from reservations.store.connections import Command, Connections, Reply
from reservations.store.instants import to_ms
from reservations.store.records import (
    bears_mark,
    decode_event,
    decode_holdings,
    decode_seat,
    encode_change,
    encode_holdings,
    encode_seat,
)
from reservations.store.transaction import Commit, ReadMore, Transactions

Rule = Callable[[Situation], Change | Look]


class SeatStore:
    """The seats of all events in the store."""

    def __init__(
        self, connections: Connections, transactions: Transactions, log_length: int
    ) -> None:
        """Keep about `log_length` entries in each event's change log."""
        self._connections = connections
        self._transactions = transactions
        self._log_length = log_length

    def get(self, event_id: str, seat_id: str) -> Seat:
        """Read one seat of an event that has it.

        Raises:
            EventNotFound, StoreUnavailable
        """
        exists, record = self._connections.read(
            ("EXISTS", keys.event(event_id)), ("GET", keys.seat(event_id, seat_id))
        )
        if not exists:
            raise EventNotFound(event_id)
        return decode_seat(seat_id, record)

    def change(self, event_id: str, seat_ids: Sequence[str], patron: str, rule: Rule) -> Change:
        """Let a rule change seats for a patron: all of them, or nothing.

        Args:
            event_id: the event.
            seat_ids: seats that the event has, each once.
            patron: for whom.
            rule: decides on what is stored; may be run several times.

        Raises:
            EventNotFound
            ReservationError: whatever the rule refuses with, and all that
                `Transactions.run` raises.
        """
        event_key, patron_key = keys.event(event_id), keys.patron(event_id, patron)
        seat_keys = [keys.seat(event_id, seat_id) for seat_id in seat_ids]
        read = [event_key, patron_key, *seat_keys]

        def decide(now: datetime, replies: list[Reply], read_more: ReadMore) -> Commit[Change]:
            event_record, holdings_record, *seat_records = replies
            if event_record is None:
                raise EventNotFound(event_id)
            situation = Situation(
                decode_event(event_record),
                now,
                patron,
                tuple(map(decode_seat, seat_ids, seat_records)),
                decode_holdings(holdings_record),
            )
            change = _apply(rule, situation, lambda ids: self._look_at(event_id, ids, read_more))
            return self._commit(event_id, now, change)

        return self._transactions.run(read, [("GET", key) for key in read], decide)

    def _look_at(
        self, event_id: str, seat_ids: Sequence[str], read_more: ReadMore
    ) -> tuple[Seat, ...]:
        records = read_more([("GET", keys.seat(event_id, seat_id)) for seat_id in seat_ids])
        return tuple(map(decode_seat, seat_ids, records))

    def _commit(self, event_id: str, began: datetime, change: Change) -> Commit[Change]:
        mark = secrets.token_hex(8)
        log = keys.log(event_id)
        entry = encode_change(change, mark)
        commands: list[Command] = [
            *(_write_seat(keys.seat(event_id, seat.id), seat) for seat in change.seats),
            _write_holdings(keys.patron(event_id, change.patron), change.holdings),
            ("XADD", log, "MAXLEN", "~", self._log_length, "*", *entry),
        ]
        return Commit(
            commands,
            change,
            # Entries are numbered by the clock and never backwards, so ours, if it is
            # there, is not older than the transaction.
            proof=("XRANGE", log, to_ms(began), "+"),
            proves=lambda entries: any(bears_mark(found, mark) for found in entries),
        )


def _apply(
    rule: Rule, situation: Situation, look_at: Callable[[Sequence[str]], tuple[Seat, ...]]
) -> Change:
    answer = rule(situation)
    while isinstance(answer, Look):
        situation = situation.having_seen(look_at(answer.seat_ids))
        answer = rule(situation)
    return answer


def _write_seat(key: str, seat: Seat) -> Command:
    if seat.status is SeatStatus.FREE:
        return ("DEL", key)
    if seat.expires_at is None:
        return ("SET", key, encode_seat(seat))
    return ("SET", key, encode_seat(seat), "PXAT", _last_ms(seat.expires_at))


def _write_holdings(key: str, holdings: Holdings) -> Command:
    if holdings.reserved:
        return ("SET", key, encode_holdings(holdings))
    if holdings.held and holdings.last_expiry is not None:
        expiry = _last_ms(holdings.last_expiry)
        return ("SET", key, encode_holdings(holdings), "PXAT", expiry)
    return ("DEL", key)


def _last_ms(expires_at: datetime) -> int:
    """Return the last millisecond of a hold: Redis keeps a key through its PXAT."""
    return to_ms(expires_at) - 1

"""The service without one of its protections, to see that simulated sales miss it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from reservations.domain.errors import OutcomeUnknown, StoreUnavailable
from reservations.domain.seat import Seat
from reservations.store import connections, seats, transaction, views
from reservations.store.connections import LINK_FAILURES, Command, Link, Reply
from reservations.store.instants import from_ms
from reservations.store.records import decode_seat
from tests.simulation import schedule
from tests.simulation.world import World

Mutant = Callable[[pytest.MonkeyPatch], None]

CLOCK_ERROR = timedelta(seconds=1)


def nothing_is_watched(patch: pytest.MonkeyPatch) -> None:
    _watch(patch, lambda _key: False)


def what_a_patron_has_is_not_watched(patch: pytest.MonkeyPatch) -> None:
    _watch(patch, lambda key: "}:p:" not in key)


def seats_are_not_watched(patch: pytest.MonkeyPatch) -> None:
    _watch(patch, lambda key: "}:s:" not in key)


def what_is_lost_is_sent_again(patch: pytest.MonkeyPatch) -> None:
    """As redis-py does by default."""

    class Retrying(Link):
        def exchange(self, commands: Sequence[Command]) -> list[Reply]:
            try:
                return super().exchange(commands)
            except LINK_FAILURES:
                self._connection.disconnect()  # type: ignore[no-untyped-call]
                self._connection.connect()  # type: ignore[no-untyped-call]
                return super().exchange(commands)

    patch.setattr(connections, "Link", Retrying)


def what_is_unknown_is_tried_again(patch: pytest.MonkeyPatch) -> None:
    attempt: Callable[..., Any] = transaction.Transactions._attempt

    def try_again(*args: Any) -> Any:
        try:
            return attempt(*args)
        except OutcomeUnknown:
            return None

    patch.setattr(transaction.Transactions, "_attempt", try_again)


def what_is_unknown_is_called_undone(patch: pytest.MonkeyPatch) -> None:
    class Undone(StoreUnavailable):
        def __init__(self) -> None:
            super().__init__("no reply")

    patch.setattr(transaction, "OutcomeUnknown", Undone)


def holds_end_by_the_workers_clock(patch: pytest.MonkeyPatch) -> None:
    worlds: list[World] = []

    class Remembered(World):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            worlds.append(self)

    def judged(seat_id: str, record: bytes | None) -> Seat:
        seat = decode_seat(seat_id, record)
        now = from_ms(worlds[-1].server.keyspace.now_ms) + CLOCK_ERROR
        is_over = seat.expires_at is not None and seat.expires_at <= now
        return Seat(seat_id) if is_over else seat

    patch.setattr(schedule, "World", Remembered)
    for module in (seats, views):
        patch.setattr(module, "decode_seat", judged)


MUTANTS: list[Mutant] = [
    nothing_is_watched,
    what_a_patron_has_is_not_watched,
    seats_are_not_watched,
    what_is_lost_is_sent_again,
    what_is_unknown_is_tried_again,
    what_is_unknown_is_called_undone,
    holds_end_by_the_workers_clock,
]


def _watch(patch: pytest.MonkeyPatch, is_watched: Callable[[str], bool]) -> None:
    class Unprotected(Link):
        def exchange(self, commands: Sequence[Command]) -> list[Reply]:
            return super().exchange([_less_watched(command) for command in commands])

    def _less_watched(command: Command) -> Command:
        if command[0] != "WATCH":
            return command
        return ("WATCH", "nobody-writes-this", *filter(is_watched, map(str, command[1:])))

    patch.setattr(connections, "Link", Unprotected)

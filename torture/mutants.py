"""The service with one of its protections taken out, to see that a run notices.

Each function makes an application for gunicorn.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Flask
from redis.exceptions import ConnectionError as LinkError
from redis.exceptions import TimeoutError as LinkTimeout

from reservations.app import create_app
from reservations.config import Settings
from reservations.domain.seat import Seat, SeatStatus
from reservations.store import connections, seats, view, views
from reservations.store.connections import Command, Link, Reply
from reservations.store.instants import from_ms
from reservations.store.records import decode_seat

WINDOW_SECONDS = 0.5
RETRIES = 10
DAY_MS = 86_400_000


@dataclass(frozen=True)
class Mutant:
    """A service without one of its protections.

    Attributes:
        application: what gunicorn serves.
        faults: without which nobody would notice.
    """

    application: str
    faults: tuple[str, ...] = ("none",)


def with_default_retries() -> Flask:
    """Send everything again when its reply is lost, as redis-py does unless told otherwise."""

    class Retrying(Link):
        def exchange(self, commands: Sequence[Command]) -> list[Reply]:
            for _ in range(RETRIES):
                try:
                    self._connection.connect()  # type: ignore[no-untyped-call]
                    return super().exchange(commands)
                except (LinkError, LinkTimeout, OSError):
                    self._connection.disconnect()  # type: ignore[no-untyped-call]
                    time.sleep(0.01)
            return super().exchange(commands)

    connections.Link = Retrying  # type: ignore[misc]
    return create_app(Settings.from_env())


def with_workers_clock() -> Flask:
    """Keep holds for long, and let the worker's clock judge whether they have ended."""
    write = seats._write_seat

    def write_for_long(key: str, seat: Seat) -> Command:
        command = list(write(key, seat))
        if "PXAT" in command:
            command[-1] = int(command[-1]) + DAY_MS
        return tuple(command)

    def decode_and_judge(seat_id: str, record: bytes | None) -> Seat:
        seat = decode_seat(seat_id, record)
        ended = seat.expires_at is not None and seat.expires_at <= from_ms(_now_ms())
        return Seat(seat_id) if ended and seat.status is SeatStatus.HELD else seat

    seats._write_seat = write_for_long
    for module in (seats, views):
        module.decode_seat = decode_and_judge  # type: ignore[attr-defined]
    return create_app(Settings.from_env())


def with_time_window() -> Flask:
    """Show lists that were right a moment ago, without asking whether they still are."""
    asked: dict[str, tuple[float, Any]] = {}
    current: Callable[..., Any] = views.SeatViews.seats

    def recent(self: views.SeatViews, event_id: str) -> view.SeatList:
        when, found = asked.get(event_id, (0.0, None))
        if time.monotonic() - when > WINDOW_SECONDS:
            found = current(self, event_id)
            asked[event_id] = (time.monotonic(), found)
        return found  # type: ignore[no-any-return]

    views.SeatViews.seats = recent  # type: ignore[method-assign]
    return create_app(Settings.from_env())


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


MUTANTS = {
    "without-watch": Mutant("tests.concurrency.mutants:without_watch()"),
    "without-patron-watched": Mutant("tests.concurrency.mutants:without_patron_watched()"),
    "with-default-retries": Mutant("torture.mutants:with_default_retries()", ("lose-commits",)),
    "with-workers-clock": Mutant("torture.mutants:with_workers_clock()", ("jump-service-clock",)),
    "with-time-window": Mutant("torture.mutants:with_time_window()"),
}

"""What a sale needs of the machine that plays it."""

from __future__ import annotations

import asyncio
import resource
import time

import pytest

from reservations.rehearsal.lag import Lag
from reservations.rehearsal.sale import make_room

NO_LIMIT = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("soft", "hard", "raised_to"),
    [
        (256, 1024, 500),
        (256, NO_LIMIT, 500),
        (256, 300, 300),
        (500, 1024, None),
        (NO_LIMIT, NO_LIMIT, None),
    ],
)
def test_files_are_allowed_as_far_as_they_may_be(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, raised_to: int | None
) -> None:
    given = []
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _which, limits: given.append(limits))
    make_room(500)
    assert given == ([] if raised_to is None else [(raised_to, hard)])


def test_a_loop_that_was_kept_from_its_work_was_late() -> None:
    async def keep_busy() -> Lag:
        lag = Lag()
        watching = asyncio.create_task(lag.watch())
        await asyncio.sleep(0)
        time.sleep(0.2)
        await asyncio.sleep(0.01)
        watching.cancel()
        return lag

    lag = asyncio.run(keep_busy())
    assert lag.worst >= 0.1
    assert lag.p95 == lag.worst


def test_a_loop_that_was_never_watched_was_not_late() -> None:
    assert (Lag().worst, Lag().p95) == (0, 0)

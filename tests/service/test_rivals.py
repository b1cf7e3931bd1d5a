"""Those who are after the same seats in one process."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

import pytest

from reservations.service import rivals
from reservations.service.rivals import Rivals

MOMENT_SECONDS = 0.05
"""Time enough to do what must not be done; whoever is slower passes for well behaved."""

SOON_SECONDS = 10

SEATS = [str(number) for number in range(1, 21)]


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have everybody wait for as long as it takes."""
    monkeypatch.setattr(rivals, "PATIENCE_SECONDS", SOON_SECONDS)


class Taker:
    """Somebody who takes seats for as long as the test wants."""

    def __init__(self, pool: ThreadPoolExecutor, taking: Rivals, seat_ids: Sequence[str]) -> None:
        self.is_taking = threading.Event()
        self._is_over = threading.Event()
        self.done: Future[None] = pool.submit(self._take, taking, seat_ids)

    def _take(self, taking: Rivals, seat_ids: Sequence[str]) -> None:
        with taking.awaited("event", seat_ids):
            self.is_taking.set()
            assert self._is_over.wait(SOON_SECONDS)

    def end(self) -> None:
        """Have it come to an end."""
        self._is_over.set()
        self.done.result(SOON_SECONDS)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Threads enough for everybody."""
    with ThreadPoolExecutor(24) as threads:
        yield threads


def test_who_wants_a_seat_that_is_being_taken_waits_until_that_is_over(
    pool: ThreadPoolExecutor,
) -> None:
    taking = Rivals()
    first = Taker(pool, taking, ["1", "2"])
    assert first.is_taking.wait(SOON_SECONDS)
    second = Taker(pool, taking, ["2", "3"])
    assert not second.is_taking.wait(MOMENT_SECONDS)
    first.end()
    assert second.is_taking.wait(SOON_SECONDS)
    second.end()


def test_other_seats_and_other_events_are_not_waited_for(pool: ThreadPoolExecutor) -> None:
    taking = Rivals()
    first = Taker(pool, taking, ["1"])
    assert first.is_taking.wait(SOON_SECONDS)
    second = Taker(pool, taking, ["2"])
    assert second.is_taking.wait(SOON_SECONDS)
    with taking.awaited("another event", ["1", "2"]):
        first.end()
    second.end()


def test_all_who_have_waited_go_on_at_once(pool: ThreadPoolExecutor) -> None:
    taking = Rivals()
    first = Taker(pool, taking, ["1"])
    assert first.is_taking.wait(SOON_SECONDS)
    others = [Taker(pool, taking, ["1"]) for _ in range(8)]
    time.sleep(MOMENT_SECONDS)
    first.end()
    assert all(other.is_taking.wait(SOON_SECONDS) for other in others)
    for other in others:
        other.end()


def test_nobody_is_waited_for_in_vain(
    pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rivals, "PATIENCE_SECONDS", MOMENT_SECONDS)
    taking = Rivals()
    stuck = [Taker(pool, taking, [seat_id]) for seat_id in SEATS]
    assert all(each.is_taking.wait(SOON_SECONDS) for each in stuck)
    began = time.monotonic()
    with taking.awaited("event", SEATS):
        # Once, not once for each of those ahead.
        assert MOMENT_SECONDS <= time.monotonic() - began < len(SEATS) / 2 * MOMENT_SECONDS
    for each in stuck:
        each.end()


def test_who_fails_is_not_waited_for(pool: ThreadPoolExecutor) -> None:
    taking = Rivals()
    with pytest.raises(LookupError), taking.awaited("event", ["1"]):
        raise LookupError
    later = Taker(pool, taking, ["1"])
    assert later.is_taking.wait(SOON_SECONDS)
    later.end()


def test_many_who_come_and_go_all_come_to_an_end(pool: ThreadPoolExecutor) -> None:
    taking = Rivals()
    taken: list[int] = []

    def take(number: int) -> None:
        with taking.awaited("event", [str(number % 3), str(number % 5)]):
            taken.append(number)

    done = [pool.submit(take, number) for number in range(2000)]
    assert not wait(done, SOON_SECONDS).not_done
    assert sorted(taken) == list(range(2000))

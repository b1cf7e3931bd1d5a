"""Whoever comes first has the seat, and nobody else; and each test fails unprotected."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from pathlib import Path

import pytest

from tests.concurrency.crowd import Member, gather
from tests.concurrency.deeds import Attempt, hold_one_by_one
from tests.live import LiveService, live_service

SEATS = [str(number) for number in range(1, 7)]
CLIENTS = 48
PROCESSES = 4
ROUNDS_TO_BREAK = 25
ROUNDS_TO_COUNT = 5
FEW_IN_VAIN = 5


def all_want_the_same_seats(service: LiveService) -> list[Attempt]:
    event_id = service.create_event(seats=10, seat_user_limit=len(SEATS))
    tokens = service.tokens_of([f"patron-{number}" for number in range(CLIENTS)])
    return rush(service, [Member(token, [event_id, SEATS]) for token in tokens])


def one_patron_wants_thirty_at_once(service: LiveService) -> list[Attempt]:
    event_id = service.create_event(seats=40, seat_user_limit=6)
    token = service.token_of("greedy")
    wanted = [[str(number)] for number in range(1, 31)]
    return rush(service, [Member(token, [event_id, seat_ids]) for seat_ids in wanted])


def rush(service: LiveService, members: list[Member]) -> list[Attempt]:
    attempts = gather(service.port, hold_one_by_one, members, PROCESSES)
    return list(chain.from_iterable(attempts))


def winners(attempts: list[Attempt]) -> Counter[str]:
    return Counter(attempt.wanted for attempt in attempts if attempt.status == 200)


def test_forty_eight_clients_want_the_same_six_seats(tmp_path: Path, store_url: str) -> None:
    with live_service(tmp_path, REDIS_URL=store_url) as service:
        attempts = all_want_the_same_seats(service)
    assert len(attempts) == CLIENTS * len(SEATS)
    assert winners(attempts) == dict.fromkeys(SEATS, 1)
    losers = {(attempt.status, attempt.code) for attempt in attempts if attempt.status != 200}
    assert losers == {(409, "seat_held")}


def attempts_in_vain(folder: Path, store_url: str, application: str) -> int:
    """Return how often somebody of one worker was beaten to a seat only at the end."""
    counted = folder / "attempts"
    settings = {"REDIS_URL": store_url, "WEB_CONCURRENCY": 1, "ATTEMPTS": counted}
    made = 0
    with live_service(folder, f"tests.concurrency.counting:{application}()", **settings) as live:
        for _ in range(ROUNDS_TO_COUNT):
            made += len(all_want_the_same_seats(live))
    # Another of each round was the event's creation.
    return counted.stat().st_size - made - ROUNDS_TO_COUNT


def test_nobody_of_one_worker_tries_for_what_another_is_taking(
    tmp_path: Path, store_url: str
) -> None:
    in_vain = attempts_in_vain(tmp_path, store_url, "counting_attempts")
    # A store that keeps somebody for long is not waited for.
    assert in_vain <= FEW_IN_VAIN


def test_all_try_at_once_where_nobody_waits_for_rivals(tmp_path: Path, store_url: str) -> None:
    in_vain = attempts_in_vain(tmp_path, store_url, "counting_attempts_without_rivals")
    assert in_vain > 3 * FEW_IN_VAIN


def test_one_patron_sends_thirty_holds_at_once(tmp_path: Path, store_url: str) -> None:
    with live_service(tmp_path, REDIS_URL=store_url) as service:
        attempts = one_patron_wants_thirty_at_once(service)
    outcomes = Counter((attempt.status, attempt.code) for attempt in attempts)
    assert outcomes == {(200, None): 6, (403, "hold_limit_reached"): 24}


def test_without_watch_a_seat_is_given_twice(tmp_path: Path, store_url: str) -> None:
    application = "tests.concurrency.mutants:without_watch()"
    with live_service(tmp_path, application, REDIS_URL=store_url) as service:
        for _ in range(ROUNDS_TO_BREAK):
            if max(winners(all_want_the_same_seats(service)).values()) > 1:
                return
    pytest.fail("nobody was given a seat that another has")


def test_without_the_patron_watched_the_limit_is_broken(tmp_path: Path, store_url: str) -> None:
    application = "tests.concurrency.mutants:without_patron_watched()"
    with live_service(tmp_path, application, REDIS_URL=store_url) as service:
        for _ in range(ROUNDS_TO_BREAK):
            if len(winners(one_patron_wants_thirty_at_once(service))) > 6:
                return
    pytest.fail("the patron did not get more than the limit")

"""A patron's program asks as a good client does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from reservations.rehearsal import wire
from reservations.rehearsal.measures import Kind, Measures
from reservations.rehearsal.wire import ATTEMPTS, Answer, Closed, Wire
from tests.live import free_port
from tests.rehearsal.scripted import HANG_UP, Asked, Say, free, holding, problem, with_script

BUSY = problem(503, "busy")
UNKNOWN = problem(503, "outcome_unknown")
LOST = Say(HANG_UP)
TOO_MANY = problem(429, "too_many_requests", **{"Retry-After": "0"})


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "FIRST_PAUSE_SECONDS", 0.001)


def hold(script: Sequence[Say], **options: float) -> tuple[Answer, list[Asked], Measures]:
    async def use(asks: Wire) -> Answer:
        return await asks.ask(Kind.HOLD, "POST", "/holds", {"seats": ["1"]})

    return with_script(script, use, **options)


@pytest.mark.parametrize(
    "failures", [[LOST], [BUSY], [UNKNOWN], [Say(502)], [TOO_MANY], [LOST, BUSY, TOO_MANY]]
)
def test_a_request_that_failed_is_sent_again_the_same(failures: list[Say]) -> None:
    answer, asked, measures = hold([*failures, holding("1")])
    assert (answer.status, answer.seats, answer.unsure) == (200, ("1",), False)
    assert set(map(repr, asked)) == {repr(asked[0])}
    assert asked[0].key == "e-1"
    assert measures.retries == len(failures)


@pytest.mark.parametrize(
    ("failure", "unsure"), [(LOST, True), (BUSY, False), (UNKNOWN, True), (Say(504), True)]
)
def test_it_is_not_sent_for_ever(failure: Say, unsure: bool) -> None:
    answer, asked, measures = hold([failure] * ATTEMPTS)
    assert (answer.failed, answer.unsure) == (True, unsure)
    assert (len(asked), measures.retries) == (ATTEMPTS, ATTEMPTS - 1)
    assert measures.failures.total() == ATTEMPTS


def test_once_in_doubt_it_stays_in_doubt_until_there_is_an_answer() -> None:
    answer, _, _ = hold([LOST, *[BUSY] * (ATTEMPTS - 1)])
    assert answer.unsure
    answer, _, _ = hold([LOST, problem(409, "seat_held")])
    assert (answer.code, answer.unsure) == ("seat_held", False)


def test_who_is_told_to_wait_for_long_goes_away() -> None:
    answer, asked, measures = hold([problem(429, "too_many_requests", **{"Retry-After": "600"})])
    assert (answer.status, len(asked)) == (429, 1)
    assert measures.refusals == {"too_many_requests": 1}


def test_refusals_failures_and_latencies_are_counted_apart() -> None:
    replayed = Say(200, holding("1").body, {"Idempotency-Replayed": "true"})
    _, _, measures = hold([LOST, UNKNOWN, TOO_MANY, replayed])
    assert measures.failures == {"connection lost": 1, "503 outcome_unknown": 1}
    assert measures.refusals == {"too_many_requests": 1}
    assert measures.replayed == 1
    assert measures.latencies()["hold"].requests == 3, "of those that were answered"


def test_each_request_has_a_key_of_its_own_but_lists_have_none() -> None:
    async def use(asks: Wire) -> None:
        for _ in range(2):
            await asks.ask(Kind.LOOK, "GET", "/seats", tag='W/"1"')
            await asks.ask(Kind.HOLD, "POST", "/holds", {"seats": ["1"]})

    script = [free("1"), holding("1"), Say(304), problem(409, "seat_held")]
    _, asked, measures = with_script(script, use)
    assert [each.key for each in asked] == [None, "e-1", None, "e-2"]
    assert [each.tag for each in asked] == ['W/"1"', None, 'W/"1"', None]
    found = measures.latencies()
    assert {name: each.requests for name, each in found.items()} == {
        "look": 1,
        "look, unchanged": 1,
        "hold": 2,
        "all": 4,
    }


def test_a_body_that_is_not_the_service_s_has_no_code() -> None:
    answer, _, measures = hold([Say(403, ["<html>"])])
    assert (answer.code, answer.members) == ("", {})
    assert measures.refusals == {"403": 1}


def test_once_the_sale_is_closed_nothing_is_begun() -> None:
    with pytest.raises(Closed):
        hold([], closes_in=-1)


def test_where_nobody_listens_nothing_was_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def use(asks: Wire) -> Answer:
        asks.lines = replace(asks.lines, event_url=f"http://127.0.0.1:{free_port()}")
        return await asks.ask(Kind.HOLD, "POST", "/holds", {"seats": ["1"]})

    monkeypatch.setattr(wire, "ATTEMPTS", 2)
    answer, _, measures = with_script([], use)
    assert (answer.status, answer.unsure) == (0, False)
    assert measures.failures == {"no connection": 2}

"""What an organiser is told of a rehearsal."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from reservations.domain.event import Terms
from reservations.domain.seat import SeatStatus
from reservations.rehearsal.lag import Lag
from reservations.rehearsal.measures import Kind, Measures
from reservations.rehearsal.patron import Ending
from reservations.rehearsal.proof import Books, Check
from reservations.rehearsal.report import Bill, as_text, disagreements, report
from reservations.rehearsal.sale import Played
from reservations.rehearsal.story import Story

MINUTE = timedelta(minutes=1)
BILL = Bill("e", "Opening night", "c", False, "http://127.0.0.1:9000", 60, 7)
WELL = Check("All is well", "10 seats", ())
WRONG = Check("No seat is sold twice", "2 reservations", ("Seat 1 was.", "Seat 2 was."))


class Late(Lag):
    """A loop that was late by so many seconds, as often."""

    def __init__(self, *seconds: float) -> None:
        super().__init__()
        self._late.extend(seconds)


def played(measures: Measures, lag: Lag | None = None) -> Played:
    endings = Counter({Ending.BOUGHT: 1200, Ending.WITHOUT: 800})
    return Played(Story(), measures, endings, lag or Late(), 61.25)


def books(free: int, held: int, reserved: int) -> Books:
    counts = dict(zip(SeatStatus, (free, held, reserved, 0), strict=True))
    return Books(free + held + reserved, Terms(MINUTE, MINUTE, 4), [], counts, [])


@pytest.fixture
def measures() -> Measures:
    """Of a sale of 1,500 seats within two and a half seconds."""
    found = Measures(held=1600)
    for took in (0.1, 0.2, 1.5):
        found.answered(Kind.RESERVE, took)
    for seats, at in [(1000, 0.5), (500, 2.5)]:
        found.reserve(seats, at)
    found.refusals.update({"seat_held": 3, "not_on_sale": 1})
    return found


def test_the_text_has_all_figures(measures: Measures) -> None:
    told = report(BILL, played(measures), books(0, 0, 1500), [WELL])
    lines = [" ".join(line.split()) for line in as_text(told).splitlines()]
    for line in (
        "Rehearsal of Opening night at http://127.0.0.1:9000",
        "2,000 patrons in 61.2 s, planned 60 s, thinking 13.3 times as fast as people do; seed 7",
        "1,200 bought seats",
        "800 found no seats that they wanted",
        "1,500 reserved; sold out after 2.5 s",
        "600.0 reserved a second, until the last was",
        "1,000 reserved in the busiest second",
        "milliseconds requests p50 p95 p99 max",
        "reserve 3 200.0 1,500.0 1,500.0 1,500.0",
        "refused 4",
        "seat_held 3 another patron was faster",
        "not_on_sale 1",
        "failed 0",
        "a second 0.0",
        "nothing was sold twice",
        "ok All is well",
    ):
        assert line in lines, line
    assert "The copy" not in as_text(told)


def test_the_figures_stand_below_each_other(measures: Measures) -> None:
    text = as_text(report(BILL, played(measures), books(0, 0, 1500), [WELL]))
    table = [
        line for line in text.splitlines() if line.startswith(("milli", "  reserve ", "  all "))
    ]
    assert len(table) == 3
    assert len({len(line) for line in table}) == 1


def test_it_is_json_too(measures: Measures) -> None:
    told: dict[str, Any] = report(BILL, played(measures), books(0, 0, 1500), [WELL])
    assert json.loads(json.dumps(told)) == told
    assert told["ok"] is True
    assert told["patrons"]["came"] == 2000
    assert told["milliseconds"]["all"]["requests"] == 3


def test_what_was_not_sold_out_does_not_say_so(measures: Measures) -> None:
    told = report(BILL, played(measures), books(2, 1, 1500), [WELL])
    assert told["seconds"]["sold_out_after"] is None
    assert "sold out" not in as_text(told)


def test_a_sale_in_which_nothing_happened_can_be_told() -> None:
    told = report(BILL, played(Measures()), books(10, 0, 0), [WELL])
    assert "requests" in as_text(told)
    assert told["seats"]["reserved_in_busiest_second"] == 0


def test_what_is_wrong_cannot_be_missed(measures: Measures) -> None:
    told = report(BILL, played(measures), books(0, 0, 1500), [WELL, WRONG])
    assert told["ok"] is False
    text = as_text(told)
    assert "SOMETHING IS WRONG" in text and "nothing was sold twice" not in text
    assert "found: 2, the first: Seat 1 was." in text
    assert disagreements([WELL, WRONG]) == ["Seat 1 was.", "Seat 2 was."]


@pytest.mark.parametrize(
    ("lag", "words"),
    [
        (Late(*[0.001] * 99, 0.03), []),
        (Late(*[0.001] * 99, 0.4), ["faltered for 400 ms"]),
        (Late(*[0.03] * 99, 1.4), ["too slow to play so many patrons"]),
    ],
)
def test_a_machine_that_could_not_keep_up_says_so(
    measures: Measures, lag: Lag, words: list[str]
) -> None:
    notes = report(BILL, played(measures, lag), books(0, 0, 1500), [WELL])["notes"]
    assert len(notes) == len(words)
    assert all(part in note for part, note in zip(words, notes, strict=True))


def test_limits_of_nginx_have_a_hint(measures: Measures) -> None:
    measures.refusals["too_many_requests"] += 5
    text = as_text(report(BILL, played(measures), books(0, 0, 1500), [WELL]))
    assert "deploy/nginx/trusted.conf" in text


def test_waiting_for_the_client_s_own_connections_is_told(measures: Measures) -> None:
    for _ in range(1234):
        measures.waited(0.25)
    text = as_text(report(BILL, played(measures), books(0, 0, 1500), [WELL]))
    assert "1,234 requests waited for one of the 400 connections" in text
    assert "at worst for 250 ms" in text


@pytest.mark.parametrize(("seconds", "words"), [(76.0, []), (126.0, ["2.1 times as long"])])
def test_a_service_that_could_not_keep_up_is_told(
    measures: Measures, seconds: float, words: list[str]
) -> None:
    slow = replace(played(measures), seconds=seconds)
    notes = report(BILL, slow, books(0, 0, 1500), [WELL])["notes"]
    assert len(notes) == len(words)
    assert all(part in note for part, note in zip(words, notes, strict=True))

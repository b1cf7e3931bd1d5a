"""`flask events report` and `verify`: what they print, and what they exit with."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import redis
from click.testing import Result
from flask.testing import FlaskCliRunner

from reservations.domain.caller import Caller, Role
from reservations.domain.plan import Section, SectionedPlan
from reservations.service import NewEvent, ReservationService
from reservations.store import keys

DONE, REFUSED = 0, 1
HALL = SectionedPlan((Section("Stalls", 2, 5, "A"), Section("Balcony", 1, 4)))


@pytest.fixture
def run(runner: FlaskCliRunner) -> Callable[..., Result]:
    """Run `flask events` with arguments."""

    def invoke(*args: str) -> Result:
        return runner.invoke(args=["events", *args])

    return invoke


@pytest.fixture
def event_id(service: ReservationService) -> str:
    """An event where alice has reserved two seats, bob holds one, and one is blocked."""
    found = service.create_event(NewEvent("Opening night", HALL)).event.id
    service.hold_seats(found, ["stalls-A-1", "stalls-A-2"], "alice")
    service.reserve_seats(found, None, "alice", reference="A-1042", data={"name": "Alice"})
    service.hold_seats(found, ["balcony-A-1"], "bob")
    service.block_seats(found, ["stalls-B-5"], "Camera")
    return found


class TestReport:
    def test_it_has_the_numbers_of_seats_by_category_and_status(
        self, run: Callable[..., Result], event_id: str
    ) -> None:
        done = run("report", event_id)
        assert (done.exit_code, done.stderr) == (DONE, "")
        table = [line.split() for line in done.stdout.splitlines()]
        assert ["category", "free", "held", "reserved", "blocked", "total"] in table
        assert ["A", "7", "0", "2", "1", "10"] in table
        assert ["-", "3", "1", "0", "0", "4"] in table
        assert ["all", "10", "1", "2", "1", "14"] in table

    def test_it_has_a_line_for_each_reservation(
        self, run: Callable[..., Result], service: ReservationService, event_id: str
    ) -> None:
        service.reserve_seats(event_id, None, "bob")
        *_, number, last, first = run("report", event_id).stdout.splitlines()
        assert number == "2 reservations"
        assert "bob  balcony-A-1" in last
        assert first.endswith("alice  stalls-A-1 stalls-A-2  A-1042")

    def test_as_json_it_is_the_event_and_then_each_reservation(
        self, run: Callable[..., Result], event_id: str
    ) -> None:
        event, reservation = map(json.loads, run("report", event_id, "--json").stdout.splitlines())
        assert event["counts"] == {"free": 10, "held": 1, "reserved": 2, "blocked": 1, "total": 14}
        assert [each["category"] for each in event["counts_by_category"]] == ["A", None]
        assert reservation["seats"] == ["stalls-A-1", "stalls-A-2"]
        assert (reservation["patron"], reservation["data"]) == ("alice", {"name": "Alice"})

    def test_an_event_that_is_not_there_is_refused(self, run: Callable[..., Result]) -> None:
        for command in ("report", "verify"):
            done = run(command, "0123456789abcdef")
            assert (done.exit_code, done.stdout) == (REFUSED, "")
            assert "There is no event" in done.stderr


class TestVerify:
    def test_books_that_agree_are_nothing_to_speak_of(
        self, run: Callable[..., Result], service: ReservationService, event_id: str
    ) -> None:
        (made,) = service.every_reservation(event_id)
        admin = Caller("box-office", Role.ADMIN)
        service.move_reservation(event_id, made.id, admin, "stalls-A-1", "stalls-B-1")
        done = run("verify", event_id)
        assert (done.exit_code, done.output) == (DONE, "")
        assert json.loads(run("verify", event_id, "--json").stdout) == {"disagreements": []}

    def test_each_disagreement_is_printed(
        self, run: Callable[..., Result], raw: redis.Redis[Any], event_id: str
    ) -> None:
        raw.delete(keys.seat(event_id, "stalls-A-1"), keys.patron(event_id, "bob"))
        done = run("verify", event_id)
        assert done.exit_code == REFUSED
        assert "Seat stalls-A-1 is free; the log says reserved by alice" in done.stdout
        assert "Patron bob is not known to hold seat balcony-A-1" in done.stdout
        printed = done.stdout.splitlines()
        assert done.stderr == f"Error: Disagreements: {len(printed)}.\n"
        as_json = run("verify", event_id, "--json")
        assert as_json.exit_code == REFUSED
        assert json.loads(as_json.stdout) == {"disagreements": printed}

"""What a patron does at a sale, and what it takes from what it is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from reservations.rehearsal import wire
from reservations.rehearsal.crowd import Temper
from reservations.rehearsal.measures import Measures
from reservations.rehearsal.patron import Ending, Patron
from reservations.rehearsal.story import Held, LetGo, Reserved, Story, Unsure
from reservations.rehearsal.wire import ATTEMPTS, Wire
from tests.rehearsal.chance import seeded
from tests.rehearsal.scripted import (
    HANG_UP,
    Asked,
    Say,
    free,
    holding,
    problem,
    sold,
    with_script,
)

UNTIL = datetime(2027, 1, 1, 20, 1, tzinfo=UTC)
PICKS = Temper(party=1, picks=True)
TAKES_BEST = Temper(party=2)
HELD, SOLD_OUT = problem(409, "seat_held"), free()
SAME = Say(304)
LOST = [Say(HANG_UP)] * ATTEMPTS


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "FIRST_PAUSE_SECONDS", 0.001)


def visit(
    temper: Temper, script: Sequence[Say], **options: float
) -> tuple[Ending, Story, list[Asked], Measures]:
    story = Story()

    async def use(asks: Wire) -> Ending:
        patron = Patron("alice", temper, asks, story, seeded(), limit=4, pace=0)
        return await patron.visit()

    ending, asked, measures = with_script(script, use, **options)
    return ending, story, asked, measures


def best(count: int, together: str, **where: str) -> dict[str, Any]:
    return {"best_available": {"count": count, **where, "together": together}}


class TestBuying:
    def test_seats_that_were_seen(self) -> None:
        script = [free("7"), holding("7"), sold("r", "7")]
        ending, story, asked, measures = visit(PICKS, script)
        assert ending is Ending.BOUGHT
        assert story.told == [Held("alice", ("7",), UNTIL), Reserved("alice", ("7",), "r")]
        assert [(each.method, each.path, each.body) for each in asked] == [
            ("GET", "/seats", None),
            ("POST", "/holds", {"seats": ["7"]}),
            ("POST", "/reservations", {"seats": ["7"]}),
        ]
        assert (measures.held, measures.reserved) == (1, 1)

    def test_the_best_seats_and_others_if_they_are_not_side_by_side(self) -> None:
        script = [
            free("1", "9"),
            problem(409, "not_enough_together"),
            holding("1", "9"),
            sold("r", "1", "9"),
        ]
        ending, _, asked, _ = visit(TAKES_BEST, script)
        assert ending is Ending.BOUGHT
        wishes = [best(2, "required"), best(2, "preferred")]
        assert [each.body for each in asked[1:]] == [*wishes, {}]

    def test_in_one_section(self) -> None:
        temper = Temper(party=1, section="Été 1")
        script = [free("a-A-1"), holding("a-A-1"), sold("r", "a-A-1")]
        _, _, asked, _ = visit(temper, script)
        assert asked[0].path == "/seats?section=%C3%89t%C3%A9%201"
        assert asked[1].body == best(1, "preferred", section="Été 1")

    def test_after_a_hesitation_in_which_the_hold_is_refreshed(self) -> None:
        script = [free("7"), holding("7"), holding("7"), sold("r", "7")]
        temper = Temper(party=1, picks=True, refreshes=True)
        ending, story, asked, measures = visit(temper, script)
        assert ending is Ending.BOUGHT
        assert asked[2].body == {"seats": ["7"]}
        assert len(story.told) == 3
        assert measures.held == 1, "a refresh holds nothing more"


class TestLosing:
    def test_who_loses_the_race_tries_for_others_and_looks_again(self) -> None:
        script = [free("7"), HELD, HELD, HELD, SAME, holding("7"), sold("r", "7")]
        ending, _, asked, _ = visit(PICKS, script)
        assert ending is Ending.BOUGHT
        assert (asked[0].tag, asked[4].tag) == (None, 'W/"1"')

    def test_who_finds_nothing_comes_back_but_not_for_ever(self) -> None:
        ending, story, asked, _ = visit(PICKS, [SOLD_OUT, SAME, SAME])
        assert (ending, story.told) == (Ending.WITHOUT, [])
        assert {each.method for each in asked} == {"GET"}

    def test_whose_hold_has_run_out_begins_again(self) -> None:
        script = [free("7"), holding("7"), problem(409, "seat_not_held")]
        script += [free("8"), holding("8"), sold("r", "8")]
        ending, story, asked, _ = visit(PICKS, script)
        assert ending is Ending.BOUGHT
        assert asked[-1].body == {"seats": ["8"]}
        assert story.reserved == [Reserved("alice", ("8",), "r")]


class TestGivingUp:
    def test_by_release(self) -> None:
        temper = Temper(party=1, picks=True, lets_go=True)
        ending, story, asked, _ = visit(temper, [free("7"), holding("7"), Say(204)])
        assert ending is Ending.LET_GO
        assert story.told[-1] == LetGo("alice")
        assert (asked[-1].method, asked[-1].path) == ("DELETE", "/holds")

    def test_without_a_word(self) -> None:
        temper = Temper(party=1, picks=True, leaves=True)
        ending, story, _, _ = visit(temper, [free("7"), holding("7")])
        assert ending is Ending.LEFT
        assert story.told == [Held("alice", ("7",), UNTIL)]


def test_who_wants_too_much_asks_for_one_more_than_the_limit() -> None:
    temper = Temper(party=1, picks=True, wants_too_much=True)
    script = [free("7"), holding("7"), problem(403, "hold_limit_reached"), sold("r", "7")]
    ending, _, asked, measures = visit(temper, script)
    assert ending is Ending.BOUGHT
    assert asked[2].body == best(4, "preferred")
    assert measures.refusals == {"hold_limit_reached": 1}


class TestUnknownOutcomes:
    def test_of_a_reservation(self) -> None:
        ending, story, _, _ = visit(PICKS, [free("7"), holding("7"), *LOST])
        assert ending is Ending.UNSURE
        assert story.unsure == [Unsure("alice", ("7",))]

    def test_of_a_hold(self) -> None:
        ending, story, _, _ = visit(TAKES_BEST, [free("7", "8"), *LOST])
        assert ending is Ending.UNSURE
        assert (story.told, story.unsure_holds) == ([], 2)


def test_when_the_sale_is_closed_all_are_sent_home() -> None:
    assert visit(PICKS, [], closes_in=-1)[0] is Ending.SENT_HOME

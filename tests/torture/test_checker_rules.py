"""Each rule: the smallest histories that break it, and their like that do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.torture.shop import MS, instant
from tests.torture.story import TERMS, Story
from torture.checker import FinalState, Terms, Window, check

SEATS = "seats are linearizable"


def held(retry: int) -> dict[str, Any]:
    conflict = {"seat_id": "1", "code": "seat_held", "retry_at": instant(retry)}
    return {"conflicts": [conflict], "retry_at": instant(retry)}


def sold(story: Story) -> Story:
    """Seats 1 and 2 are p's in the end, in reservation r."""
    return story.hold((0, 10), "12").reserve((20, 30), "12", "r").ends_with("r", "12")


def logged(story: Story) -> Story:
    """The same with its log."""
    story.writes(5, "held", "12", "held", expires_at=instant(1005))
    return sold(story).writes(25, "reserved", "12", "reserved", reservation_id="r")


def unanswered(story: Story, **more: Any) -> Story:
    story.windows = [Window("trouble", 0, 10**12)]
    return story.tell("hold", (0, 10), None, seats="1", **more)


def shown(free: str, when: tuple[int, int] = (40, 50)) -> Callable[[Story], Story]:
    return lambda story: sold(story).list(when, free)


SOUND: dict[str, Callable[[Story], Story]] = {
    "nothing": lambda s: s,
    "a sale": sold,
    "a sale and its log": logged,
    "a sale and a list": shown("34"),
    "a list while the sale goes on": shown("1234", (0, 15)),
    "held by another until the end that it is told": lambda s: s.hold((0, 10), "1").refused(
        (20, 30), "seat_held", held(1005), seats="1", patron="q"
    ),
    "another's as soon as it has ended": lambda s: s.hold((0, 10), "1").hold(
        (1001, 1010), "1", patron="q"
    ),
    "two and no more": lambda s: s.hold((0, 10), "12").refused(
        (20, 30), "hold_limit_reached", {"limit": 2, "held": 2}, seats="3"
    ),
    "two, and then two others": lambda s: (
        s.hold((0, 10), "12").tell("release", (20, 30), 204).hold((40, 50), "34")
    ),
    "nobody knows, and it was": lambda s: unanswered(s).list((40, 50), "234"),
    "nobody knows, and it was not": lambda s: unanswered(s).list((40, 50), "1234"),
    "nobody knew, until it was repeated": lambda s: unanswered(s, key="k").hold(
        (100, 110), "1", 1005, key="k"
    ),
    "nobody was told of the reservation": lambda s: unanswered(
        s.tell("reserve", (20, 30), 502, seats="1")
    ).ends_with("r", "1"),
    "nobody knows whether it was cancelled": lambda s: (
        unanswered(s)
        .hold((15, 18), "2")
        .reserve((20, 30), "2", "r")
        .cancel((40, 50), "r", status=502)
    ),
    "cancelled and sold again": lambda s: (
        s.hold((0, 10), "12")
        .reserve((20, 30), "12", "r")
        .cancel((40, 50), "r")
        .hold((60, 70), "1", patron="q")
        .reserve((80, 90), "1", "t", patron="q")
        .ends_with("t", "1", "q")
    ),
    "moved": lambda s: (
        s.hold((0, 10), "1")
        .reserve((20, 30), "1", "r")
        .tell("move", (40, 50), seats="13", reservation="r", **{"from": "1", "to": "3"})
        .ends_with("r", "3")
    ),
    "blocked and unblocked": lambda s: (
        s.tell("block", (0, 10), seats="1", patron="admin")
        .list((20, 30), "234")
        .tell("unblock", (40, 50), seats="1", patron="admin")
        .list((60, 70), "1234")
    ),
    "busy": lambda s: unanswered(s).tell("hold", (20, 30), 503, seats="2", code="busy"),
    "a group as a whole, before": lambda s: s.hold((0, 30), "12").list((10, 20), "1234"),
    "a group as a whole, after": lambda s: s.hold((0, 30), "12").list((10, 20), "34"),
}


def gone_after_restart(story: Story) -> Story:
    logged(story).later = []
    return story


def without_entry(index: int) -> Callable[[Story], Story]:
    def tell(story: Story) -> Story:
        assert logged(story).log
        del story.log[index]
        return story

    return tell


def with_order(*order: int) -> Callable[[Story], Story]:
    def tell(story: Story) -> Story:
        log = logged(story).log or []
        story.log = [log[index] for index in order]
        return story

    return tell


BROKEN: dict[str, tuple[str, Callable[[Story], Story]]] = {
    "two patrons hold one seat": (
        SEATS,
        lambda s: s.hold((0, 10), "1").hold((20, 30), "1", patron="q"),
    ),
    "a refusal by a hold that ended": (
        SEATS,
        lambda s: s.hold((0, 10), "1").refused(
            (1011, 1020), "seat_held", held(1005), seats="1", patron="q"
        ),
    ),
    "a wrong retry_at": (
        SEATS,
        lambda s: s.hold((0, 10), "1").refused(
            (20, 30), "seat_held", held(1006), seats="1", patron="q"
        ),
    ),
    "not listed among the conflicts, though held": (
        SEATS,
        lambda s: s.hold((0, 10), "12").refused(
            (20, 30), "seat_held", held(1005), seats="12", patron="q"
        ),
    ),
    "a refusal that changed something": (
        SEATS,
        lambda s: s.tell(
            "hold",
            (0, 10),
            409,
            {"conflicts": [{"seat_id": "1", "code": "seat_blocked"}]},
            code="seat_blocked",
            seats="1",
        ),
    ),
    "busy, though it was done": (
        SEATS,
        lambda s: (
            unanswered(s).tell("hold", (20, 30), 503, seats="2", code="busy").list((40, 50), "134")
        ),
    ),
    "one seat in two reservations": (
        "one owner a seat",
        lambda s: (
            sold(s)
            .hold((40, 50), "1", patron="q")
            .reserve((60, 70), "1", "t", patron="q")
            .ends_with("t", "1", "q")
        ),
    ),
    "lost": ("reservations are kept", lambda s: s.hold((0, 10), "1").reserve((20, 30), "1", "r")),
    "lost a seat": (
        "reservations are kept",
        lambda s: s.hold((0, 10), "12").reserve((20, 30), "12", "r").ends_with("r", "1"),
    ),
    "somebody else's": (
        "reservations are kept",
        lambda s: s.hold((0, 10), "1").reserve((20, 30), "1", "r").ends_with("r", "1", "q"),
    ),
    "back after it was cancelled": (
        "reservations are kept",
        lambda s: sold(s).cancel((40, 50), "r"),
    ),
    "from nowhere": ("reservations are kept", lambda s: s.ends_with("r", "1")),
    "lost by kill -9": ("reservations survive", gone_after_restart),
    "not found, though there": (
        "reservations are found",
        lambda s: sold(s).cancel((40, 50), "r", status=404, code="reservation_not_found"),
    ),
    "cancelled twice": (
        "reservations are found",
        lambda s: (
            s.hold((0, 10), "1")
            .reserve((20, 30), "1", "r")
            .cancel((40, 50), "r")
            .cancel((60, 70), "r")
        ),
    ),
    "one key, two reservations": (
        "one answer a key",
        lambda s: (
            s.hold((0, 10), "12")
            .reserve((20, 30), "1", "r", key="k")
            .reserve((40, 50), "2", "t", key="k")
        ),
    ),
    "one id, two reservations": (
        "one answer a key",
        lambda s: sold(s).hold((40, 50), "3").reserve((60, 70), "3", "r"),
    ),
    "too many holds": ("limit of holds", lambda s: s.hold((0, 10), "12").hold((20, 30), "3")),
    "refused for holds that are not": (
        "refusals at the limit",
        lambda s: s.hold((0, 10), "1").refused(
            (20, 30), "hold_limit_reached", {"limit": 2, "held": 2}, seats="3"
        ),
    ),
    "refused for holds that have ended": (
        "refusals at the limit",
        lambda s: s.hold((0, 10), "12").refused(
            (1020, 1030), "hold_limit_reached", {"limit": 2, "held": 2}, seats="3"
        ),
    ),
    "a hold that lasts too long": ("ends of holds", lambda s: s.hold((0, 10), "1", 1016)),
    "best seats for too short a time": (
        "ends of holds",
        lambda s: s.hold((0, 10), "1", 994, operation="best", count=1),
    ),
    "a stale list": ("lists are current", shown("134")),
    "a stale list of a hold": (
        "lists are current",
        lambda s: s.hold((0, 10), "1").list((20, 30), "1234"),
    ),
    "a part of a group": (
        "groups are whole",
        lambda s: s.hold((0, 30), "12").list((10, 20), "134"),
    ),
    "a part of a cancellation": (
        "groups are whole",
        lambda s: (
            s.hold((0, 10), "12")
            .reserve((20, 30), "12", "r")
            .cancel((40, 70), "r")
            .list((50, 60), "134")
        ),
    ),
    "an entry missing": ("log has all changes once", without_entry(0)),
    "the last entry missing": ("log folds to the seats", without_entry(1)),
    "an entry twice": ("log has all changes once", with_order(0, 0, 1)),
    "entries the other way round": ("log is in order", with_order(1, 0)),
    "an entry that nothing explains": (
        "log has all changes once",
        lambda s: logged(s).writes(60, "held", "3", "held", expires_at=instant(1060)),
    ),
    "a 500": ("no status 500", lambda s: s.tell("hold", (0, 10), 500, seats="1")),
    "a failure out of the blue": (
        "failures in trouble only",
        lambda s: s.tell("hold", (0, 10), 503, seats="1", code="busy"),
    ),
    "no answer out of the blue": (
        "answers outside trouble",
        lambda s: s.tell("hold", (0, 10), None, seats="1"),
    ),
    "an answer that takes too long": (
        "answers in time",
        lambda s: s.tell("hold", (0, 3001), 429, seats="1"),
    ),
}


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_history_breaks_no_rule(name: str) -> None:
    assert SOUND[name](Story()).broken() == set()


@pytest.mark.parametrize("name", BROKEN)
def test_the_smallest_history_that_breaks_a_rule_is_named_for_it(name: str) -> None:
    rule, story = BROKEN[name]
    report = story(Story()).check()
    assert rule in report.broken
    assert not report.ok
    assert report.verdicts[rule].violations[0].summary


def test_a_violation_shows_the_operations_around_it() -> None:
    report = Story().hold((0, 10), "1").hold((20, 30), "1", patron="q").check()
    (violation,) = report.verdicts[SEATS].violations
    assert violation.event == "e1"
    assert [line.split(" -> ")[0] for line in violation.lines] == [
        "0.0000..0.0100 process 0 p hold 1 ends 1.0050",
        "seat 1 was held by p until 1.0100",
        "0.0200..0.0300 process 1 q hold 1 ends 1.0250",
    ]


def test_what_cannot_be_decided_is_not_good() -> None:
    report = sold(Story()).check(terms=Terms(budget=1))
    assert not report.broken
    assert not report.ok
    assert report.undecided == ["event e1 seat 1", "event e1 seat 2"]


def test_failures_are_for_times_of_trouble_and_two_seconds_more() -> None:
    story = Story().tell("hold", (3000, 3010), 503, seats="1", code="busy")
    story.windows = [Window("kill", 0, 1000 * MS)]
    assert story.broken() == set()
    story.windows = [Window("kill", 0, 999 * MS)]
    assert story.broken() == {"failures in trouble only"}


def test_holds_may_end_late_and_early_while_the_clock_is_off() -> None:
    story = Story().hold((0, 10), "12")
    story.refused((1500, 1510), "seat_held", held(1005), seats="1", patron="q")
    story.hold((500, 510), "2", patron="q")
    assert SEATS in story.broken()
    story.off_clock = [(400 * MS, 600 * MS)]
    assert story.broken() == set()


def test_without_a_clock_that_is_off_the_next_holds_are_held_to_their_ends() -> None:
    story = Story().hold((30_000, 30_010), "1")
    story.refused((31_500, 31_510), "seat_held", held(31_005), seats="1", patron="q")
    story.off_clock = [(400 * MS, 600 * MS)]
    assert story.broken() == {SEATS}


def test_events_are_checked_one_by_one_and_side_by_side() -> None:
    one = Story().hold((0, 10), "1").hold((20, 30), "1", patron="q")
    records = [record | {"event": event} for event in ("e1", "e2") for record in one.records]
    final = FinalState(10**12, 10**12 + 1, {}, {})
    terms = {"e1": TERMS, "e2": TERMS}
    alone = check(records, final, None, [], terms)
    side_by_side = check(records, final, None, [], terms, processes=2)
    assert alone.verdicts[SEATS].found == 2
    assert str(side_by_side) == str(alone)
    assert alone.counts["hold", 200, None] == 4
    with pytest.raises(ValueError, match="unknown events: e2"):
        check(records, final, None, [], {"e1": TERMS})

"""Long histories: those of a shop without bugs are sound, those of one with bugs are not."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.torture.shop import BUGS, MS
from tests.torture.sold_out import BEGINS, EVENT, Crowd, History
from torture.checker import FinalState

HOUR_MS = 3_600_000
JUMP = (BEGINS + 300 * MS, BEGINS + 700 * MS)
SEEDS = range(8)
WANTS = 1000


@pytest.mark.parametrize("first", range(0, 300, 50))
def test_no_history_of_a_shop_without_bugs_is_a_false_alarm(first: int) -> None:
    for seed in range(first, first + 50):
        report = Crowd(seed, 250).run().check()
        assert report.ok, f"seed {seed}\n{report}"


def test_no_false_alarm_without_a_log_or_with_many_answers_lost() -> None:
    for seed in range(50):
        report = Crowd(seed, 250).run(log=False).check()
        assert report.ok, f"seed {seed} without a log\n{report}"
        report = Crowd(seed, 250, lost=0.3).run().check()
        assert report.ok, f"seed {seed} with many answers lost\n{report}"


@pytest.mark.parametrize("off_ms", [HOUR_MS, -HOUR_MS])
def test_no_false_alarm_when_the_clock_jumps(off_ms: int) -> None:
    alarms = 0
    for seed in range(50):
        history = Crowd(seed, 250, jump=(*JUMP, off_ms)).run()
        report = history.check(off_clock=[JUMP])
        assert report.ok, f"seed {seed}\n{report}"
        alarms += not history.check().ok
    # It would be one if nobody had told of the jump.
    assert alarms > 40


@pytest.mark.parametrize("bug", BUGS)
def test_each_bug_is_caught_with_every_seed_that_shows_it(bug: str) -> None:
    shown = 0
    for seed in SEEDS:
        crowd = Crowd(seed, WANTS, [bug])
        report = crowd.run().check()
        shown += crowd.shop.bites > 0
        assert report.broken or not crowd.shop.bites, f"seed {seed}"
        assert not report.undecided
    assert shown > len(SEEDS) / 2


def lose_a_reservation(final: FinalState, chance: random.Random) -> FinalState:
    found = list(final.reservations[EVENT])
    lost = found.pop(chance.randrange(len(found)))
    ids = {seat["id"] for seat in lost["seats"]}
    seats = [
        {"id": seat["id"], "status": "free"} if seat["id"] in ids else seat
        for seat in final.seats[EVENT]
    ]
    return replace(final, reservations={EVENT: found}, seats={EVENT: seats})


def _with_log(final: FinalState, log: Sequence[Any]) -> FinalState:
    return replace(final, changes={EVENT: log})


def lose_an_entry(final: FinalState, chance: random.Random) -> FinalState:
    log = list(final.changes[EVENT])
    del log[chance.choice([i for i, entry in enumerate(log) if entry["kind"] == "reserved"])]
    return _with_log(final, log)


def write_an_entry_twice(final: FinalState, chance: random.Random) -> FinalState:
    log = list(final.changes[EVENT])
    again = chance.choice([i for i, entry in enumerate(log) if entry["kind"] == "reserved"])
    return _with_log(final, [*log[:again], log[again], *log[again:]])


def swap_entries(final: FinalState, chance: random.Random) -> FinalState:
    log = list(final.changes[EVENT])
    sure = [i for i, entry in enumerate(log) if entry["kind"] in {"reserved", "cancelled"}]
    one, other = sure[len(sure) // 4], sure[3 * len(sure) // 4]
    log[one], log[other] = log[other], log[one]
    return _with_log(final, log)


Change = Callable[[FinalState, random.Random], FinalState]
CHANGES: list[tuple[Change, set[str]]] = [
    (lose_a_reservation, {"reservations are kept", "log folds to the seats"}),
    (lose_an_entry, {"log has all changes once"}),
    (write_an_entry_twice, {"log has all changes once"}),
    (swap_entries, {"log is in order"}),
]


@pytest.mark.parametrize(("change", "rules"), CHANGES, ids=[of.__name__ for of, _ in CHANGES])
def test_what_is_lost_or_changed_afterwards_is_caught_with_every_seed(
    change: Change, rules: set[str]
) -> None:
    for seed in SEEDS:
        history = Crowd(seed, WANTS, lost=0.0).run()
        assert history.final is not None
        changed = change(history.final, random.Random(seed))  # noqa: S311
        broken = set(replace_final(history, changed).check().broken)
        assert rules <= broken, f"seed {seed}: {broken}"


def test_what_is_gone_after_the_restart_is_caught_with_every_seed() -> None:
    for seed in SEEDS:
        history = Crowd(seed, WANTS).run()
        assert history.after is not None
        assert history.check().ok
        history.after = lose_a_reservation(history.after, random.Random(seed))  # noqa: S311
        history.after = lose_an_entry(history.after, random.Random(seed))  # noqa: S311
        broken = set(history.check().broken)
        assert {"reservations survive", "log survives", "seats are linearizable"} <= broken


def replace_final(history: History, final: FinalState) -> History:
    return replace(history, final=final, after=None)

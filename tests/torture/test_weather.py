"""When faults are struck: each by itself, then some together, as the seed has it."""

from __future__ import annotations

from itertools import islice
from typing import Any, cast

from torture.faults import FAULTS
from torture.weather import Weather, faults_for

STANDALONE = [fault for fault in FAULTS.values() if fault.store in {"any", "standalone"}]


def order(seed: int) -> list[list[str]]:
    weather = Weather(cast("Any", None), STANDALONE, seed, print)
    together = islice(weather._order(), 4 * len(STANDALONE))
    return [[fault.name for fault in faults] for faults in together]


def test_each_fault_comes_by_itself_before_any_come_together() -> None:
    first = order(seed=1)[: len(STANDALONE)]
    assert sorted(first) == sorted([fault.name] for fault in STANDALONE)


def test_later_some_come_together_that_break_different_parts() -> None:
    mixtures = order(seed=1)[len(STANDALONE) : 2 * len(STANDALONE)]
    assert any(len(names) > 1 for names in mixtures)
    for names in mixtures:
        parts = [part for name in names for part in FAULTS[name].parts]
        assert len(parts) == len(set(parts))


def test_the_seed_decides() -> None:
    assert order(seed=1) == order(seed=1)
    assert order(seed=1) != order(seed=2)


def test_only_the_faults_that_were_asked_for_are_struck() -> None:
    faults, _ = faults_for("standalone", ["kill-store", "no-such-fault"])
    assert [fault.name for fault in faults] == ["kill-store"]
    assert faults_for("standalone", ["none"]) == ([], {})

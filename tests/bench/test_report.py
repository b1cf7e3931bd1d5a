"""Tables, JSON and pictures."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bench import report
from bench.cases import Case, always
from bench.goals import Goal
from bench.measuring import Measured, Sample
from bench.pictures import Panel, bars, panels
from bench.servers import Used

SAMPLE = Sample(100, 1, 2, 300, 400, 50, 60, 0.0)


class Nowhere:
    """A server that nobody asks."""

    url = ""

    def used(self) -> Used:
        raise AssertionError


CASES = [
    Case("bare", Nowhere(), always([])),
    Case("hold", Nowhere(), always([]), against="bare"),
]
SEEN = Measured({"bare": [replace(SAMPLE, rate=200)], "hold": [SAMPLE]})


def test_a_case_is_a_line_with_its_ratio() -> None:
    lines = list(report.table(CASES, SEEN))
    assert lines[1].split() == ["bare", "200", "1.0", "2.0", "400", "50", "60", "300"]
    assert lines[2].split() == [
        "hold",
        "100",
        "1.0",
        "2.0",
        "400",
        "50",
        "60",
        "300",
        "0.50",
        "bare",
    ]


@pytest.mark.parametrize(
    ("goal", "is_reached"),
    [
        (Goal("rate", 0.7, 0.65), True),
        (Goal("rate", 0.64, 0.65), False),
        (Goal("cost", 1.1, 1.15, at_most=True), True),
        (Goal("cost", 1.2, 1.15, at_most=True), False),
        (Goal("stale", 0, 0, at_most=True), True),
    ],
)
def test_a_goal_that_is_missed_says_so(goal: Goal, is_reached: bool) -> None:
    (line,) = report.goals([goal])
    assert goal.is_reached is is_reached
    assert line.endswith("NOT REACHED") is not is_reached


def test_json_has_all_that_the_table_has(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    report.write_json(file, CASES, SEEN, [Goal("rate", 0.5, 0.65)], peer="http://peer.test")
    written = json.loads(file.read_text())
    assert written["peer"] == "http://peer.test"
    assert written["machine"]["cores"] > 0
    assert written["cases"]["hold"]["rate"] == 100
    assert written["cases"]["hold"]["ratio"] == 0.5
    assert written["goals"] == [
        {"what": "rate", "value": 0.5, "bound": 0.65, "at_most": False, "reached": False}
    ]


def test_pictures_name_what_they_show(tmp_path: Path) -> None:
    bars(tmp_path / "bars.svg", "Requests", {"hold": 100, "list": 200}, "requests/s")
    panel = Panel("seats", {"hold": {100: 5, 1000: 5}, "list": {100: 1, 1000: 9}}, "us of CPU")
    panels(tmp_path / "panels.svg", [panel] * 4)
    drawn = (tmp_path / "bars.svg").read_text()
    assert "<svg" in drawn and "hold" in drawn and "requests/s" in drawn
    assert "us of CPU" in (tmp_path / "panels.svg").read_text()

"""Medians and ratios, and what is no measurement."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from flask import Flask

from bench.cases import Case, always
from bench.load import NEEDS_WRK, WRK, Request
from bench.measuring import Measured, NotMeasured, Sample, measure
from bench.servers import Used
from tests.serving import serving

SAMPLE = Sample(100, 1, 2, 300, 400, 50, 60, 0.0)


def rate(sample: Sample) -> float:
    return sample.rate


def measured(**rates: list[float]) -> Measured:
    return Measured(
        {name: [replace(SAMPLE, rate=each) for each in its] for name, its in rates.items()}
    )


def test_of_rounds_the_median_counts() -> None:
    seen = measured(hold=[100, 1, 120])
    assert seen.median("hold", rate) == 100
    assert seen.typical("hold") == SAMPLE


def test_a_ratio_is_of_the_same_round() -> None:
    # The machine was half as fast in the second round, and what is compared with it, too.
    seen = measured(hold=[100, 50, 90], bare=[200, 100, 300])
    assert seen.ratio("hold", "bare", rate) == 0.5


def test_all_processes_count() -> None:
    assert SAMPLE.cpu_us == 400 + 50 + 60


@dataclass(frozen=True)
class Served:
    """A server that has used a millisecond of each kind for every time that it was looked at."""

    url: str
    looks: list[int]

    def used(self) -> Used:
        self.looks.append(1)
        spent = len(self.looks) / 1e3
        return Used(spent, spent, spent, commits=4 * len(self.looks), changes=3 * len(self.looks))


@pytest.fixture
def served() -> Iterator[Served]:
    if WRK is None:
        pytest.skip(NEEDS_WRK)
    app = Flask(__name__)
    app.add_url_rule("/", "root", lambda: "well")
    with serving(app) as url:
        yield Served(url, [])


def test_what_is_measured_is_what_was_asked_for(served: Served) -> None:
    case = Case("well", served, always([Request("GET", "/")]), clients=2)
    sample = measure([case], rounds=1, seconds=1).typical("well")
    assert sample.rate > 0
    assert 0 < sample.p50_ms <= sample.p99_ms
    assert sample.bytes > len("well")
    assert sample.workers_us == sample.redis_us == sample.nginx_us > 0
    assert sample.aborted == 0.25


def test_refusals_are_no_measurement(served: Served) -> None:
    case = Case("lost", served, always([Request("GET", "/nowhere")]), clients=2)
    with pytest.raises(NotMeasured, match="lost"):
        measure([case], rounds=1, seconds=1)
    measure([replace(case, refusals=True)], rounds=1, seconds=1)


def test_a_server_that_is_not_there_is_no_measurement(served: Served) -> None:
    gone = replace(served, url="http://127.0.0.1:1")
    with pytest.raises(NotMeasured):
        measure([Case("gone", gone, always([Request("GET", "/")]))], rounds=1, seconds=1)

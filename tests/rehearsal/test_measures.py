"""How requests and seats are counted."""

from __future__ import annotations

import pytest

from reservations.rehearsal.measures import Kind, Latency, Measures, percentile


@pytest.mark.parametrize(
    ("numbers", "percent", "found"),
    [
        ([7], 50, 7),
        ([7], 99, 7),
        ([1, 2], 50, 1),
        ([1, 2], 51, 2),
        ([1, 2, 3], 50, 2),
        (range(1, 101), 50, 50),
        (range(1, 101), 95, 95),
        (range(1, 101), 99, 99),
        (range(1, 101), 100, 100),
        (range(1, 201), 99, 198),
    ],
)
def test_percentiles_are_by_nearest_rank(numbers: list[float], percent: int, found: float) -> None:
    assert percentile(numbers, percent) == found


def test_latencies_are_in_milliseconds() -> None:
    assert Latency.of([0.3, 0.1, 0.2]) == Latency(3, p50=200, p95=300, p99=300, max=300)


def test_kinds_that_were_not_asked_for_have_no_latency() -> None:
    measures = Measures()
    assert measures.latencies() == {}
    measures.answered(Kind.HOLD, 0.1)
    measures.answered(Kind.HOLD, 0.2)
    measures.answered(Kind.LOOK, 0.4)
    found = measures.latencies()
    assert list(found) == ["look", "hold", "all"]
    assert (found["look"].requests, found["hold"].p50, found["all"].max) == (1, 100, 400)


def test_seats_are_counted_by_the_second() -> None:
    measures = Measures()
    for seats, at in [(2, 0.1), (1, 3.9), (4, 3.0), (1, 2.0)]:
        measures.reserve(seats, at)
    assert (measures.reserved, measures.last_reserved_at) == (8, 3.9)
    assert measures.reserved_within == {0: 2, 2: 1, 3: 5}

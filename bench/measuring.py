"""Runs cases in turn, several times over, and takes medians.

What a machine does in a second differs from minute to minute, so cases that are compared are
measured one after the other in each round, and a ratio is the median of those of the rounds.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass
from statistics import median
from typing import Protocol, TypeVar

from bench import load
from bench.cases import Case
from bench.servers import Used

WARM_UP_SECONDS = 1
MICRO = 1e6


@dataclass(frozen=True, slots=True)
class Sample:
    """What one round of a case has shown.

    Attributes:
        rate: answers a second.
        p50_ms: milliseconds that half of the answers took at most.
        bytes: of an answer with its headers.
        workers_us: microseconds of CPU of all workers for one request.
        redis_us: the same of Redis.
        nginx_us: the same of nginx.
        aborted: the share of transactions that were aborted because others were faster.
    """

    rate: float
    p50_ms: float
    p99_ms: float
    bytes: float
    workers_us: float
    redis_us: float
    nginx_us: float
    aborted: float

    @property
    def cpu_us(self) -> float:
        """Microseconds of CPU of all of them."""
        return self.workers_us + self.redis_us + self.nginx_us


class NotMeasured(Exception):
    """A case did not do what it is about; the message says what happened."""


class Measured:
    """The samples of all rounds, by case."""

    def __init__(self, samples: dict[str, list[Sample]]) -> None:
        self._samples = samples

    def median(self, case: str, figure: Callable[[Sample], float]) -> float:
        """Return the median of a figure."""
        return median(map(figure, self._samples[case]))

    def ratio(self, case: str, against: str, figure: Callable[[Sample], float]) -> float:
        """Return the median of a figure's ratios to that of another case in the same round."""
        pairs = zip(self._samples[case], self._samples[against], strict=True)
        return median(figure(mine) / figure(its) for mine, its in pairs)

    def typical(self, case: str) -> Sample:
        """Return the median of each figure."""
        return Sample(*map(median, zip(*map(astuple, self._samples[case]), strict=True)))


def measure(cases: Sequence[Case], rounds: int, seconds: float) -> Measured:
    """Run all cases so many times, one after the other, after a short one that warms up.

    Raises:
        NotMeasured
    """
    for case in progress("warming up", cases):
        _sample(case, WARM_UP_SECONDS)
    samples: dict[str, list[Sample]] = {case.name: [] for case in cases}
    for number in range(rounds):
        # There and back again, so that none is always the one after another.
        for case in progress(f"round {number + 1} of {rounds}", cases[:: -1 if number % 2 else 1]):
            samples[case.name].append(_sample(case, seconds))
    return Measured(samples)


class Named(Protocol):
    """What has a name."""

    @property
    def name(self) -> str:
        """What it is called."""


N = TypeVar("N", bound=Named)


def progress(what: str, cases: Iterable[N]) -> Iterable[N]:
    """Yield cases, and tell on standard error which is being measured."""
    for case in cases:
        print(f"\r{what}: {case.name:60}", end="", file=sys.stderr, flush=True)
        yield case
    print("\r" + " " * 90 + "\r", end="", file=sys.stderr, flush=True)


def _sample(case: Case, seconds: float) -> Sample:
    requests = case.requests()
    with case.beside():
        before = case.server.used()
        try:
            seen = load.send(case.server.url, requests, case.clients, seconds)
        except load.NotSent as error:
            raise NotMeasured(f"{case.name}: {error}") from error
        after = case.server.used()
    if seen.broken or (seen.refused and not case.refusals) or not seen.requests:
        raise NotMeasured(
            f"{case.name}: of {seen.requests} requests {seen.refused} were refused, "
            f"and {seen.broken} connections broke"
        )
    each = seen.requests / MICRO
    commits = after.commits - before.commits

    def spent(of: Callable[[Used], float]) -> float:
        return (of(after) - of(before)) / each

    return Sample(
        seen.rate,
        seen.p50_ms,
        seen.p99_ms,
        seen.bytes / seen.requests,
        spent(lambda used: used.workers),
        spent(lambda used: used.redis),
        spent(lambda used: used.nginx),
        1 - (after.changes - before.changes) / commits if commits else 0.0,
    )

"""What a run says: what it does as it goes, and what it found."""

from __future__ import annotations

import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torture import history
from torture.checker import Report
from torture.weather import Struck

SECOND = 1_000_000_000
MS = 1_000_000


class Telling:
    """Speaks to whoever watches."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def begin(self, minutes: float, kind: str, seed: int, mutant: str | None) -> None:
        """Say that a run begins."""
        self._began = time.monotonic()
        what = "the service" if mutant is None else f"the service {mutant}"
        print(f"\n{minutes:g} min on {what}, store {kind}, seed {seed}")

    def strike(self, names: str) -> None:
        """Say what goes wrong now."""
        self.say(f"  {names}")

    def say(self, words: str) -> None:
        """Say something, with the seconds since the run began."""
        print(f"{time.monotonic() - self._began:7.1f} {words}", flush=True)

    def end(self, sound: bool) -> None:
        """Say how it ended."""
        print("\nNothing is wrong." if sound else "\nBROKEN")
        sys.stdout.flush()


@dataclass(frozen=True)
class Tried:
    """What was tried: the faults that were struck, and the files of histories."""

    struck: Sequence[Struck]
    paths: Sequence[Path]

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield everything that was written down."""
        return history.read(self.paths)


def tell_verdict(
    telling: Telling, tried: Tried, report: Report, kind: str, seed: int
) -> dict[str, Any]:
    """Print what was found, and return it as JSON has it."""
    attempts = list(map(_Attempt.of, tried.records()))
    astray = sorted(_beyond_the_worker(tried.struck, attempts))
    result = {
        "store": kind,
        "seed": seed,
        "ok": report.ok and not astray,
        "requests": len(attempts),
        "answers": _counted(attempts),
        "milliseconds": _milliseconds(attempts),
        "faults": _by_fault(tried.struck, attempts),
        "verdicts": {
            name: {"checked": verdict.checked, "violations": verdict.found}
            for name, verdict in report.verdicts.items()
        },
        "undecided": len(report.undecided),
        "astray": len(astray),
    }
    _print(telling, result, report, astray)
    return result


def _print(telling: Telling, result: dict[str, Any], report: Report, astray: list[str]) -> None:
    telling.say(f"{result['requests']} requests; milliseconds: {result['milliseconds']}")
    print("  " + ", ".join(f"{count} x {name}" for name, count in result["answers"].items()))
    print(f"  {'fault':24}{'times':>6}{'failed meanwhile':>18}{'well again after s':>20}")
    for name, each in result["faults"].items():
        print(f"  {name:24}{each['times']:6}{each['failed']:18}{each['recovery_s']:20.2f}")
    for name, verdict in report.verdicts.items():
        print(f"  {name:44}{verdict.checked:10} checked{verdict.found:6} violations")
        for violation in verdict.violations[:3]:
            print(f"      {violation}")
    print(f"  {'undecided':44}{len(report.undecided):10}")
    for line in astray[:5]:
        print(f"      failed though it began after its worker was killed: {line}")
    sys.stdout.flush()


@dataclass(frozen=True, slots=True)
class _Attempt:
    invoked: int
    returned: int
    status: int | None
    code: str | None
    operation: str

    @classmethod
    def of(cls, record: dict[str, Any]) -> _Attempt:
        names = ("invoked", "returned", "status", "code", "operation")
        return cls(*(record[name] for name in names))

    @property
    def failed(self) -> bool:
        return self.status is None or self.status >= 500


def _counted(attempts: Sequence[_Attempt]) -> dict[str, int]:
    names = (f"{each.status or 'none'} {each.code or ''}".strip() for each in attempts)
    return dict(Counter(names).most_common())


def _milliseconds(attempts: Sequence[_Attempt]) -> dict[str, float]:
    took = [(each.returned - each.invoked) / MS for each in attempts] or [0.0, 0.0]
    hundredths = statistics.quantiles(took, n=100)
    named = {"p50": hundredths[49], "p95": hundredths[94], "p99": hundredths[98], "max": max(took)}
    return {name: round(value, 1) for name, value in named.items()}


def _by_fault(
    struck: Sequence[Struck], attempts: Sequence[_Attempt]
) -> dict[str, dict[str, float]]:
    """Return how often each fault was struck, what failed, and how long it took to mend.

    How long is told of those that struck by themselves.
    """
    found: dict[str, dict[str, float]] = {}
    failures = [each for each in attempts if each.failed]
    starts = sorted(each.start for each in struck)
    for each in struck:
        until = next((start for start in starts if start > each.end), each.end + 3 * SECOND)
        meanwhile = [f for f in failures if each.start <= f.returned < until]
        latest = max((f.invoked for f in meanwhile), default=each.end)
        of_name = found.setdefault(each.fault.name, {"times": 0, "failed": 0, "recovery_s": 0.0})
        of_name["times"] += 1
        of_name["failed"] += len(meanwhile)
        if not _is_alone(each, struck):
            continue
        recovery = max(0.0, (latest - each.end) / SECOND)
        of_name["recovery_s"] = max(of_name["recovery_s"], round(recovery, 3))
    return dict(sorted(found.items()))


def _is_alone(each: Struck, struck: Sequence[Struck]) -> bool:
    return all(
        other is each or other.end + 2 * SECOND < each.start or other.start > each.end
        for other in struck
    )


def _beyond_the_worker(struck: Sequence[Struck], attempts: Sequence[_Attempt]) -> Iterator[str]:
    """Yield what failed by the death of a worker that it cannot have been sent to."""
    for each in struck:
        if each.fault.in_flight_only and _is_alone(each, struck):
            later = min((o.start for o in struck if o.start > each.end), default=each.end + SECOND)
            for attempt in attempts:
                if attempt.failed and each.end < attempt.invoked < min(later, each.end + SECOND):
                    after = (attempt.invoked - each.end) / SECOND
                    yield f"{attempt.operation} {attempt.status} {attempt.code}, {after:.3f} s"

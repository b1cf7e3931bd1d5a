"""Measure what requests cost the service's workers, and print a table.

All cases run in turn, several times over; of each the median counts. Seconds differ from
machine to machine, and on a shared one from minute to minute, so read the ratios.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from bench import cpu
from bench.bookings import Case, cases
from tests.live import Client, LiveService, live_service

ROUNDS = 7
PATRONS = 60
RESULTS = Path("bench/results.json")


def main() -> None:
    """Run all cases."""
    with tempfile.TemporaryDirectory(prefix="reservations-") as folder:
        with live_service(Path(folder), WEB_CONCURRENCY=2) as service:
            results = measure(service, list(cases(service)))
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    print(f"\n{'case':28}{'CPU us':>10}{'wall us':>10}{'ratio':>8}")
    for name, result in results.items():
        columns = f"{result['cpu_us']:10.0f}{result['wall_us']:10.0f}{result['ratio']:8.2f}"
        print(f"{name:28}{columns}")
    print("\nCPU of the workers a request; ratio of it to the first case of the same event.")


def measure(service: LiveService, all_cases: list[Case]) -> dict[str, dict[str, float]]:
    """Return medians for each case: CPU and wall time in microseconds a request."""
    patrons = [service.client(f"patron-{number}") for number in range(PATRONS)]
    samples: dict[str, list[tuple[float, float]]] = {case.name: [] for case in all_cases}
    for number in range(ROUNDS + 1):
        print(f"\rround {number} of {ROUNDS}", end="", file=sys.stderr, flush=True)
        for case in all_cases:
            sample = run(service, case, patrons)
            if number:  # The first warms up.
                samples[case.name].append(sample)
    print(file=sys.stderr)
    results: dict[str, dict[str, float]] = {}
    first: dict[str, float] = {}
    for case in all_cases:
        cpu_us, wall_us = (
            statistics.median(each) for each in zip(*samples[case.name], strict=True)
        )
        base = first.setdefault(case.event.id, cpu_us)
        results[case.name] = {"cpu_us": cpu_us, "wall_us": wall_us, "ratio": cpu_us / base}
    return results


def run(service: LiveService, case: Case, patrons: list[Client]) -> tuple[float, float]:
    """Return the microseconds of CPU and wall time that a request takes."""
    used, began = cpu.of_workers(service.process.pid), time.perf_counter()
    for number, patron in enumerate(patrons):
        case.send(patron, number)
    ended, used_then = time.perf_counter(), cpu.of_workers(service.process.pid)
    for patron in patrons:
        case.clean(patron)
    return (used_then - used) / len(patrons) * 1e6, (ended - began) / len(patrons) * 1e6


if __name__ == "__main__":
    main()

"""What it costs to hold seats: one, several, and the best available.

One request at a time, each of which is undone again, so that all find the event half sold.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench import cpu
from bench.measuring import progress
from tests.live import Client, LiveService, live_service

SIZES = (1_000, 20_000)
"""Of the events, in seats."""

SEATS_A_ROW = 50
SEATS_A_REQUEST = 100
SEED = 20_270_101
PATRONS = 60


@dataclass(frozen=True)
class HalfSold:
    """An event half of whose seats are reserved, at random.

    Attributes:
        free: ids of the others, in reading order.
    """

    id: str
    size: int
    free: Sequence[str]

    @property
    def holds(self) -> str:
        """The path of its holds."""
        return f"/v1/events/{self.id}/holds"


@dataclass(frozen=True)
class Case:
    """One kind of request for seats of an event.

    Attributes:
        name: what it does.
        seats: how many it holds.
        best: whether it leaves the choice to the service.
    """

    name: str
    event: HalfSold
    seats: int
    best: bool

    def send(self, client: Client, number: int) -> None:
        """Send the request for the patron of a number."""
        answer = client.request("POST", self.event.holds, self._body(number))
        assert answer.status == 200, answer

    def clean(self, client: Client) -> None:
        """Let go of what the request has held."""
        answer = client.request("DELETE", self.event.holds)
        assert answer.status == 204, answer

    def _body(self, number: int) -> dict[str, Any]:
        if self.best:
            return {"best_available": {"count": self.seats}}
        start = number * self.seats
        return {"seats": self.event.free[start : start + self.seats]}


def cases(service: LiveService) -> Iterator[Case]:
    """Make the events, and yield the cases; of each event the one to compare with first."""
    for size in SIZES:
        event = _half_sold(service, size)
        for seats, best in ((1, False), (1, True), (2, False), (2, True), (4, False), (4, True)):
            what = f"best {seats}" if best else f"{seats} named"
            yield Case(f"hold {what} of {size:,}", event, seats, best)


def _half_sold(service: LiveService, size: int) -> HalfSold:
    section = {"name": "Arena", "rows": size // SEATS_A_ROW, "seats_per_row": SEATS_A_ROW}
    event_id = service.create_event(sections=[section], hold_time=3600, seat_user_limit=100)
    admin = service.client("box-office", "admin")
    path = f"/v1/events/{event_id}"
    ids = [seat["id"] for seat in admin.request("GET", f"{path}/seats").body]
    sold = random.Random(SEED).sample(ids, size // 2)  # noqa: S311
    for start in range(0, len(sold), SEATS_A_REQUEST):
        wanted = {"seats": sold[start : start + SEATS_A_REQUEST], "patron": "sold"}
        assert admin.request("POST", f"{path}/holds", wanted).status == 200
        assert admin.request("POST", f"{path}/reservations", wanted).status == 201
    admin.close()
    taken = set(sold)
    return HalfSold(event_id, size, [seat_id for seat_id in ids if seat_id not in taken])


def run(rounds: int, _seconds: float) -> None:
    """Measure, and print a table."""
    with tempfile.TemporaryDirectory(prefix="reservations-") as folder:
        with live_service(Path(folder), WEB_CONCURRENCY=2) as service:
            _print(_measure(service, list(cases(service)), rounds))


def _measure(service: LiveService, all_cases: list[Case], rounds: int) -> dict[str, list[float]]:
    """Return for each case its microseconds of CPU and wall time a request, and the ratio."""
    patrons = [service.client(f"patron-{number}") for number in range(PATRONS)]
    samples: dict[str, list[tuple[float, float]]] = {case.name: [] for case in all_cases}
    for number in range(rounds + 1):
        for case in progress(f"round {number} of {rounds}", all_cases):
            sample = _sample(service, case, patrons)
            if number:  # The first warms up.
                samples[case.name].append(sample)
    results: dict[str, list[float]] = {}
    first: dict[str, float] = {}
    for case in all_cases:
        cpu_us, wall_us = map(median, zip(*samples[case.name], strict=True))
        results[case.name] = [cpu_us, wall_us, cpu_us / first.setdefault(case.event.id, cpu_us)]
    return results


def _sample(service: LiveService, case: Case, patrons: list[Client]) -> tuple[float, float]:
    """Return the microseconds of CPU and wall time that a request takes."""
    used, began = cpu.of_workers(service.process.pid), time.perf_counter()
    for number, patron in enumerate(patrons):
        case.send(patron, number)
    ended, used_then = time.perf_counter(), cpu.of_workers(service.process.pid)
    for patron in patrons:
        case.clean(patron)
    return (used_then - used) / len(patrons) * 1e6, (ended - began) / len(patrons) * 1e6


def _print(results: dict[str, list[float]]) -> None:
    print(f"{'case':28}{'CPU us':>10}{'wall us':>10}{'ratio':>8}")
    for name, (cpu_us, wall_us, ratio) in results.items():
        print(f"{name:28}{cpu_us:10.0f}{wall_us:10.0f}{ratio:8.2f}")
    print("\nCPU of the workers a request; ratio of it to the first case of the same event.")

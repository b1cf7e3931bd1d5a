"""What things cost as an event grows, as events become more, and so on.

Each table has one line for each size, in microseconds of the workers' CPU a request unless it
says otherwise.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial

from bench import report, sale
from bench.cases import Case, always
from bench.load import Request
from bench.measuring import Sample, measure
from bench.pictures import Panel, panels
from bench.report import RESULTS
from bench.servers import Server, running_service
from tests.live import Client

SIZES = (100, 1_000, 10_000, 100_000)
EVENTS = (1, 10, 100, 1_000)
PATRONS = (25, 100, sale.PATRONS)
HOLDS_A_SECOND = (0, 10, 100, 300)
WORKERS = (1, 2, 3, 4)
LISTED_SEATS = 1_000
CLIENTS = 32
SENT = 400
"""Requests after which the same one comes again, about: more than there are clients."""
BOUGHT_SEATS = 4_000
"""Held, then reserved, to see what they take of Redis' memory."""

Lines = Mapping[str, Mapping[float, Case]]
"""For each thing that is done, its cases by size."""


def run(rounds: int, seconds: float) -> None:
    """Measure, and write it down.

    Raises:
        NotMeasured
    """
    drawn = []
    with ExitStack() as stack:
        service = stack.enter_context(running_service())
        drawn.append(Panel("seats of the event", *_cpu(_by_size(service), rounds, seconds)))
        drawn.append(Panel("events on sale", *_cpu(_by_events(service), rounds, seconds)))
        drawn.append(Panel("patrons", *_cpu(_by_patrons(service), rounds, seconds)))
        drawn.append(
            Panel("holds/s on the listed event", *_cpu(_by_holds(service), rounds, seconds))
        )
        drawn.append(Panel("seats of a new event", {"create": _creations(service)}, "ms"))
    drawn.append(Panel("workers", *_rates(rounds, seconds)))
    with running_service() as service:
        memory = _memory(service)
    for panel in drawn:
        print("\n" + "\n".join(_table(panel)))
    print("\n" + "\n".join(f"{name:36} {value:10,.0f}" for name, value in memory.items()))
    grown = [asdict(panel) for panel in drawn]
    results = {"machine": report.machine(), "memory_bytes": memory, "growth": grown}
    (RESULTS / "growth.json").write_text(json.dumps(results, indent=2) + "\n")
    panels(RESULTS / "growth.svg", drawn)
    print(f"\nWritten: {RESULTS}/growth.json and {RESULTS}/growth.svg")


def _by_size(service: Server) -> Lines:
    asked = partial(Case, server=service, clients=CLIENTS)
    lines: dict[str, dict[float, Case]] = {}
    for size in SIZES:
        event = sale.create(service, seats=size, hold_time=3600, hold_max=36_000)
        calm = sale.create(service, seats=size)
        wish: dict[str, object] = {"name": "Matinee", "seats": size}
        found: dict[str, Callable[[], Sequence[Request]]] = {
            "hold": partial(sale.refreshes, event, size),
            "list": partial(sale.lists, event, Accept_Encoding="gzip"),
            "list, unchanged": partial(sale.lists, calm, If_None_Match=sale.tag(service, calm)),
            "create": always([Request("POST", "/v1/events", sale.admin(), wish)]),
        }
        for what, requests in found.items():
            case = asked(f"{what}, {size:,} seats", requests=requests)
            lines.setdefault(what, {})[size] = case
    return lines


def _by_events(service: Server) -> Lines:
    events = [
        sale.create(service, seats=LISTED_SEATS, hold_time=3600, hold_max=36_000)
        for _ in range(EVENTS[-1])
    ]
    asked = partial(Case, server=service, clients=CLIENTS)
    holds: dict[float, Case] = {}
    lists: dict[float, Case] = {}
    for number in EVENTS:
        some = events[:number]
        share = max(1, SENT // number)
        held = [
            each
            for event in some
            for each in sale.refreshes(event, LISTED_SEATS, patrons=100)[:share]
        ]
        listed = [each for event in some for each in sale.lists(event)[:share]]
        holds[number] = asked(f"hold, {number:,} events", requests=always(held))
        lists[number] = asked(f"list, {number:,} events", requests=always(listed))
    return {"hold": holds, "list": lists}


def _by_patrons(service: Server) -> Lines:
    cases: dict[float, Case] = {}
    for number in PATRONS:
        event = sale.create(service, seats=sale.SEATS, hold_time=3600, hold_max=36_000)
        holds = partial(sale.refreshes, event, sale.SEATS, number)
        cases[number] = Case(f"hold, {number:,} patrons", service, holds, clients=CLIENTS)
    return {"hold": cases}


def _by_holds(service: Server) -> Lines:
    event = sale.create(service, seats=LISTED_SEATS, hold_time=1)
    return {
        "list": {
            rate: Case(
                f"list, {rate} holds/s",
                service,
                partial(sale.lists, event),
                clients=CLIENTS,
                beside=partial(sale.holding, service, event, LISTED_SEATS, rate),
            )
            for rate in HOLDS_A_SECOND
        }
    }


def _cpu(lines: Lines, rounds: int, seconds: float) -> tuple[dict[str, dict[float, float]], str]:
    """Return the CPU of the workers for each case, and its unit."""
    return _figures(lines, rounds, seconds, lambda sample: sample.workers_us), "us of CPU"


def _rates(rounds: int, seconds: float) -> tuple[dict[str, dict[float, float]], str]:
    """Return how much is done with so many workers, and its unit."""
    with ExitStack() as stack:
        holds: dict[float, Case] = {}
        lists: dict[float, Case] = {}
        for workers in WORKERS:
            service = stack.enter_context(running_service(WEB_CONCURRENCY=workers))
            event = sale.create(service, seats=LISTED_SEATS)
            holds[workers] = Case(f"hold, {workers} workers", service, partial(sale.holds, service))
            lists[workers] = Case(f"list, {workers} workers", service, partial(sale.lists, event))
        lines = {"hold": holds, "list": lists}
        return _figures(lines, rounds, seconds, lambda sample: sample.rate), "requests/s"


def _figures(
    lines: Lines, rounds: int, seconds: float, figure: Callable[[Sample], float]
) -> dict[str, dict[float, float]]:
    cases = [case for line in lines.values() for case in line.values()]
    seen = measure(cases, rounds, seconds)
    return {
        what: {size: seen.median(case.name, figure) for size, case in line.items()}
        for what, line in lines.items()
    }


def _creations(service: Server) -> dict[float, float]:
    """Return the milliseconds until a new event of a size is there, for one who asks alone."""
    taken: dict[float, float] = {}
    for size in SIZES:
        began = time.perf_counter()
        for _ in range(20):
            sale.create(service, seats=size)
        taken[size] = (time.perf_counter() - began) / 20 * 1e3
    return taken


def _memory(service: Server) -> dict[str, float]:
    """Return what seats take of Redis' memory, and events of a worker's, in bytes."""
    found: dict[str, float] = {"worker that has served nothing": service.workers_bytes()}
    # Each worker's connections take memory, too.
    sale.holds(service)
    before = service.stored_bytes()
    event = sale.create(service, seats=BOUGHT_SEATS, hold_time=3600)
    made = service.stored_bytes()
    found["free seat, Redis"] = (made - before) / BOUGHT_SEATS
    client = Client(service.port)
    patrons = BOUGHT_SEATS // sale.SEATS_EACH
    for number in range(patrons):
        client.token = sale.patron(number)
        first = sale.SEATS_EACH * number + 1
        seats = [str(seat) for seat in range(first, first + sale.SEATS_EACH)]
        assert client.hold(event, seats).status == 200
    held = service.stored_bytes()
    found["held seat, Redis"] = (held - made) / BOUGHT_SEATS
    for number in range(patrons):
        client.token = sale.patron(number)
        assert client.reserve(event).status == 201
    found["reserved seat, Redis"] = (service.stored_bytes() - made) / BOUGHT_SEATS
    client.close()
    for line in _look(service):
        found.update(line)
    return found


def _look(service: Server) -> Iterator[dict[str, float]]:
    for size in SIZES:
        event = sale.create(service, seats=size)
        client = Client(service.port, sale.patron(0))
        for _ in range(40):
            assert client.request("GET", f"/v1/events/{event}/seats").status == 200
            client.close()
        yield {f"worker after lists of {size:,} more": service.workers_bytes()}


def _table(panel: Panel) -> Iterator[str]:
    yield f"{panel.title + ' (' + panel.unit + ')':40}" + "".join(
        f"{name:>18}" for name in panel.lines
    )
    for size in next(iter(panel.lines.values())):
        yield f"{size:>40,.0f}" + "".join(f"{line[size]:18,.1f}" for line in panel.lines.values())

"""What a request costs by itself: in one process, with no server around the application.

One request at a time, asked of the application as gunicorn asks it. Against the main suite
this leaves out sockets, threads, and all who share the processor and its caches.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from flask import Flask
from werkzeug.test import EnvironBuilder, run_wsgi_app

from bench import main_suite, sale
from bench.cases import always
from bench.load import Request
from bench.measuring import MICRO, NotMeasured, progress
from bench.servers import SECRET, running_redis
from reservations.app import create_app
from reservations.config import Settings


@dataclass(frozen=True)
class Case:
    """One kind of request.

    Attributes:
        requests: makes one round's.
    """

    name: str
    app: Flask
    requests: Callable[[], Sequence[Request]]


def run(rounds: int, _seconds: float) -> None:
    """Measure, and print it: in a round each request is sent once.

    Raises:
        NotMeasured
    """
    with running_redis(durable=True) as url, _unheard():
        os.environ.update(MODE="production", JWT_SECRET=SECRET, REDIS_URL=url)
        cases = list(_cases())
        # As a worker does before it serves.
        gc.collect()
        gc.freeze()
        _round(cases)
        seen = [_round(cases) for _ in range(rounds)]
    print(f"{'case':40} {'us of CPU':>10}")
    for number, case in enumerate(cases):
        print(f"{case.name:40} {median(each[number] for each in seen):10.0f}")


@contextlib.contextmanager
def _unheard() -> Iterator[None]:
    """Write the lines of the log, and keep none of them."""
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        yield


def _cases() -> Iterator[Case]:
    ours = create_app(Settings.from_env())
    # It reads the environment as it is imported, so not before.
    ceilings = importlib.import_module("bench.ceilings").app
    for name, path in (
        (main_suite.BARE, "/bare"),
        (main_suite.GUARDED, "/guarded"),
        (main_suite.TRANSACTION, "/transaction"),
    ):
        yield Case(name, ceilings, always(sale.of_each_patron(path)))
    seats = main_suite.SEATS
    yield Case(f"list of {seats:,}", ours, always(sale.lists(_create(ours, seats))))
    yield Case(main_suite.HOLD, ours, lambda: _first_holds(ours))


def _first_holds(app: Flask) -> Sequence[Request]:
    """Return holds of a new event, one for each patron."""
    return sale.change(_create(app, sale.SEATS), "hold")[: sale.PATRONS]


def _round(cases: Sequence[Case]) -> list[float]:
    """Return the microseconds of CPU a request, of each case."""
    return [_microseconds(case) for case in progress("one process", cases)]


def _microseconds(case: Case) -> float:
    asked = [_environ(request) for request in case.requests()]
    began = time.process_time()
    statuses = [run_wsgi_app(case.app, environ)[1] for environ in asked]
    took = time.process_time() - began
    if set(statuses) != {"200 OK"}:
        raise NotMeasured(f"{case.name}: {set(statuses)}")
    return took / len(asked) * MICRO


def _environ(request: Request) -> dict[str, Any]:
    headers = {"Host": "localhost", "Authorization": request.token, **request.headers}
    has_body = request.body is not None
    return EnvironBuilder(
        request.path,
        method=request.method,
        headers=list(headers.items()),
        data=json.dumps(request.body) if has_body else None,
        content_type="application/json" if has_body else None,
    ).get_environ()


def _create(app: Flask, seats: int) -> str:
    wish = Request("POST", "/v1/events", sale.admin(), {"name": "Opening night", "seats": seats})
    answer, status, _ = run_wsgi_app(app, _environ(wish), buffered=True)
    assert status == "201 CREATED", status
    return str(json.loads(b"".join(answer))["id"])

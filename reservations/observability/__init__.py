"""What can be seen of the service from outside: request ids, logs, and metrics."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Flask, current_app

from reservations.observability import exposition, logs
from reservations.observability.collector import ServiceCollector
from reservations.observability.metrics import OTHER_METHOD, UNMATCHED, Metrics
from reservations.observability.observed import PROBLEM_CODE, Observed
from reservations.observability.request_ids import REQUEST_ID, current_request_id, new_request_id
from reservations.observability.request_log import RequestLine, RequestLog
from reservations.service import ReservationService

__all__ = [
    "CONTENT_TYPE",
    "PROBLEM_CODE",
    "REQUEST_ID",
    "Metrics",
    "count_unread",
    "current_request_id",
    "exposed",
    "init_app",
    "new_request_id",
]

CONTENT_TYPE = exposition.CONTENT_TYPE

_EXTENSION = "reservations.observability"


def init_app(
    app: Flask,
    service: ReservationService,
    *,
    development: bool,
    log_level: str,
    problem_codes: Iterable[str],
) -> Metrics:
    """Give each request an id, its own if it is sane; log and count requests.

    Args:
        app: the application.
        service: tells of the events on sale.
        development: whether somebody looks on, who wants to read the logs.
        log_level: least severe level that is logged.
        problem_codes: those of problems that are foreseen.

    Returns:
        What counts, also for the store.
    """
    logs.set_up(app.logger, log_level, development=development)
    observed = Observed(
        app.wsgi_app,
        Metrics(problem_codes),
        RequestLog(log_level, development=development),
        ServiceCollector(service),
    )
    app.wsgi_app = observed  # type: ignore[method-assign]
    app.extensions[_EXTENSION] = observed
    return observed.metrics


def exposed() -> bytes:
    """Return all metrics, as Prometheus reads them."""
    observed = _observed(current_app)
    return exposition.exposition(observed.metrics, observed.collector)


def count_unread(app: object, request_id: str, status: int, code: str) -> None:
    """Log and count a request that could not be read, so that the application never saw it."""
    if isinstance(app, Flask) and _EXTENSION in app.extensions:
        line = RequestLine(request_id, OTHER_METHOD, UNMATCHED, None, status, code, None, None, 0.0)
        _observed(app).note(line)


def _observed(app: Flask) -> Observed:
    observed: Observed = app.extensions[_EXTENSION]
    return observed

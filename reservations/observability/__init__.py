"""What can be seen of the service from outside: request ids, logs, and metrics."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from time import perf_counter

from flask import Flask, Response, current_app, g, request

from reservations.observability import exposition, logs
from reservations.observability.collector import ServiceCollector
from reservations.observability.discretion import without_tokens
from reservations.observability.metrics import METHODS, OTHER_METHOD, UNMATCHED, Metrics
from reservations.observability.request_ids import REQUEST_ID, new_request_id, take_request_id
from reservations.observability.request_log import (
    MAX_EVENT_LENGTH,
    MAX_PATH_LENGTH,
    MAX_REASON_LENGTH,
    RequestLine,
    RequestLog,
    told,
)
from reservations.service import ReservationService

__all__ = [
    "CONTENT_TYPE",
    "REQUEST_ID",
    "Metrics",
    "count_unread",
    "exposed",
    "init_app",
    "new_request_id",
]

CONTENT_TYPE = exposition.CONTENT_TYPE
PROBES = frozenset({"/health", "/ready", "/metrics"})
"""Rules of what machines ask for all day."""

_EXTENSION = "reservations.observability"


@dataclass(frozen=True, slots=True)
class _Observed:
    metrics: Metrics
    request_log: RequestLog
    collector: ServiceCollector


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
    observed = _Observed(
        Metrics(problem_codes),
        RequestLog(log_level, development=development),
        ServiceCollector(service),
    )
    app.extensions[_EXTENSION] = observed
    app.before_request(_begin)
    app.after_request(partial(_end, observed))
    return observed.metrics


def exposed() -> bytes:
    """Return all metrics, as Prometheus reads them."""
    observed = _observed(current_app)
    return exposition.exposition(observed.metrics, observed.collector)


def count_unread(app: object, request_id: str, status: int, code: str) -> None:
    """Log and count a request that could not be read, so that the application never saw it."""
    if isinstance(app, Flask) and _EXTENSION in app.extensions:
        line = RequestLine(request_id, OTHER_METHOD, UNMATCHED, None, status, code, None, None, 0.0)
        _note(_observed(app), line)


def _begin() -> None:
    g.began = perf_counter()
    take_request_id()


def _end(observed: _Observed, response: Response) -> Response:
    # Each look through a proxy takes longer than all that is done here with what it shows.
    asked = request._get_current_object()  # type: ignore[attr-defined]
    known = vars(g._get_current_object())
    _complete_headers(response, known["request_id"])
    rule, caller = asked.url_rule, known.get("caller")
    line = RequestLine(
        request_id=without_tokens(known["request_id"]),
        method=asked.method if asked.method in METHODS else OTHER_METHOD,
        route=rule.rule if rule is not None else UNMATCHED,
        path=told(asked.path, MAX_PATH_LENGTH),
        status=response.status_code,
        code=getattr(response, "problem_code", None),
        patron=caller.id if caller is not None else None,
        event=told((asked.view_args or {}).get("event_id"), MAX_EVENT_LENGTH),
        seconds=perf_counter() - known["began"],
        reason=told(known.get("reason"), MAX_REASON_LENGTH),
    )
    _note(observed, line)
    return response


def _complete_headers(response: Response, request_id: str) -> None:
    response.headers.add(REQUEST_ID, request_id)
    response.headers.add("X-Content-Type-Options", "nosniff")
    if "ETag" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    if response.status_code == HTTPStatus.NO_CONTENT:
        del response.headers["Content-Type"]


def _note(observed: _Observed, line: RequestLine) -> None:
    observed.metrics.request_ended(line.method, line.route, line.status, line.code, line.seconds)
    observed.request_log.write(line, is_probe=line.route in PROBES)


def _observed(app: Flask) -> _Observed:
    observed: _Observed = app.extensions[_EXTENSION]
    return observed

"""The application as seen from outside: each request has an id, a line in the log, a count.

Around Flask rather than in its hooks: what WSGI hands over is a plain dict and a plain list,
where each look through Flask's `request` and `Response.headers` takes as long as all that is
done here with what they show.
"""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from time import perf_counter
from typing import TYPE_CHECKING, Any

from flask import Request, g

from reservations.observability.collector import ServiceCollector
from reservations.observability.discretion import without_tokens
from reservations.observability.metrics import METHODS, OTHER_METHOD, UNMATCHED, Metrics
from reservations.observability.request_ids import REQUEST_ID, take_request_id
from reservations.observability.request_log import (
    MAX_EVENT_LENGTH,
    MAX_PATH_LENGTH,
    MAX_REASON_LENGTH,
    RequestLine,
    RequestLog,
    told,
)

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PROBLEM_CODE = "reservations.problem_code"
"""Where an answer that is a problem says in the WSGI environment which one."""
PROBES = frozenset({"/health", "/ready", "/metrics"})
"""Rules of what machines ask for all day."""


class Observed:
    """A Flask application that is looked at."""

    def __init__(
        self,
        app: WSGIApplication,
        metrics: Metrics,
        request_log: RequestLog,
        collector: ServiceCollector,
    ) -> None:
        self._app = app
        self.metrics = metrics
        self.request_log = request_log
        self.collector = collector

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, as WSGI has it."""
        began = perf_counter()
        request_id = take_request_id(environ)

        def answered(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            number = int(status[:3])
            _complete(headers, number, request_id)
            self.note(_line(environ, request_id, number, perf_counter() - began))
            return start_response(status, headers, *exc_info)

        return self._app(environ, answered)

    def note(self, line: RequestLine) -> None:
        """Log and count what became of a request."""
        self.metrics.request_ended(line.method, line.route, line.status, line.code, line.seconds)
        self.request_log.write(line, is_probe=line.route in PROBES)


def _complete(headers: list[tuple[str, str]], status: int, request_id: str) -> None:
    """Add to an answer what all have."""
    if status == HTTPStatus.NO_CONTENT:
        headers[:] = [header for header in headers if header[0] != "Content-Type"]
    if all(name != "Cache-Control" for name, _ in headers):
        headers.append(("Cache-Control", "no-store"))
    headers.append(("X-Content-Type-Options", "nosniff"))
    headers.append((REQUEST_ID, request_id))


def _line(environ: WSGIEnvironment, request_id: str, status: int, seconds: float) -> RequestLine:
    # Flask answers within its context, so what it knows of the request is still there.
    asked: Request = environ["werkzeug.request"]
    known = vars(g._get_current_object())
    rule, caller = asked.url_rule, known.get("caller")
    return RequestLine(
        request_id=without_tokens(request_id),
        method=asked.method if asked.method in METHODS else OTHER_METHOD,
        route=rule.rule if rule is not None else UNMATCHED,
        path=told(asked.path, MAX_PATH_LENGTH),
        status=status,
        code=environ.get(PROBLEM_CODE),
        patron=caller.id if caller is not None else None,
        event=told((asked.view_args or {}).get("event_id"), MAX_EVENT_LENGTH),
        seconds=seconds,
        reason=told(known.get("reason"), MAX_REASON_LENGTH),
    )

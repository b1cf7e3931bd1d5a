"""One shape for every answer that is not a success: problem details (RFC 9457).

`PROBLEMS` lists every code that a client can meet. It makes the answers and, in
`openapi/`, their documentation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, g, json
from werkzeug.exceptions import HTTPException

from reservations.api.timestamps import format_timestamp
from reservations.domain.errors import (
    Conflict,
    ReservationError,
    StoreUnavailable,
    TooManyRequests,
)
from reservations.observability import PROBLEM_CODE, current_request_id

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

CONTENT_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:reservations:problem:"
MAX_ERRORS = 50
"""Paths that one answer names: who sends thousands of wrong members learns of these."""
MAX_ERRORS_IN_DETAIL = 5
RETRY_SOON = {"Retry-After": "1"}


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """What all problems of one code have in common.

    Attributes:
        status: of the answer.
        title: says what is wrong, the same each time.
        headers: that the answer carries.
        members: examples of the further members that it has.
    """

    status: int
    title: str
    headers: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, Any] = field(default_factory=dict)


RETRY_AT = "2027-01-01T20:01:00.000Z"


def _conflict(code: str, **members: str) -> dict[str, str]:
    return {"seat_id": "stalls-C-12", "code": code, **members}


PROBLEMS: dict[str, ProblemKind] = {
    "malformed": ProblemKind(400, "The body is not an acceptable JSON object."),
    "unauthorized": ProblemKind(
        401, "A valid token is needed.", headers={"WWW-Authenticate": "Bearer"}
    ),
    "forbidden": ProblemKind(403, "The caller's role may not do this."),
    "hold_limit_reached": ProblemKind(
        403, "The patron has as many seats as allowed.", members={"limit": 4, "held": 4}
    ),
    "not_on_sale": ProblemKind(403, "The event's seats are not on sale now."),
    "not_found": ProblemKind(404, "There is nothing at this address."),
    "event_not_found": ProblemKind(404, "There is no such event."),
    "seat_not_found": ProblemKind(404, "The event has no such seat."),
    "reservation_not_found": ProblemKind(404, "The caller has no such reservation."),
    "method_not_allowed": ProblemKind(
        405, "The address does not take this method.", headers={"Allow": "GET, HEAD, OPTIONS"}
    ),
    "seat_held": ProblemKind(
        409,
        "Another patron holds the seat.",
        members={"retry_at": RETRY_AT, "conflicts": [_conflict("seat_held", retry_at=RETRY_AT)]},
    ),
    "seat_reserved": ProblemKind(
        409,
        "The seat is already reserved.",
        members={"reserved_by_me": False, "conflicts": [_conflict("seat_reserved")]},
    ),
    "seat_blocked": ProblemKind(
        409, "The seat was taken off sale.", members={"conflicts": [_conflict("seat_blocked")]}
    ),
    "seat_not_held": ProblemKind(
        409,
        "The caller does not hold the seat.",
        members={"conflicts": [_conflict("seat_not_held")]},
    ),
    "seat_not_reserved": ProblemKind(
        409,
        "The reservation does not have the seat.",
        members={"conflicts": [_conflict("seat_not_reserved")]},
    ),
    "not_enough_seats": ProblemKind(409, "Too few such seats are free.", members={"free": 1}),
    "not_enough_together": ProblemKind(
        409, "So many such seats are nowhere free side by side.", members={"free": 120}
    ),
    "event_has_reservations": ProblemKind(
        409, "Seats of the event are reserved.", members={"reservations": 2}
    ),
    "idempotency_key_reused": ProblemKind(
        409, "The idempotency key came with another request before."
    ),
    "cursor_expired": ProblemKind(410, "The cursor is too old; list the seats afresh."),
    "version_gone": ProblemKind(410, "This version of the API is gone; use /v1."),
    "payload_too_large": ProblemKind(413, "The body is too large."),
    "unsupported_media_type": ProblemKind(415, "The body must be application/json in UTF-8."),
    "invalid": ProblemKind(
        422,
        "The request has members that are not acceptable.",
        members={"errors": {"name": ["Length must be between 3 and 200."]}},
    ),
    "too_many_requests": ProblemKind(429, "Too many requests.", headers=RETRY_SOON),
    "internal_error": ProblemKind(500, "Something went wrong here."),
    "busy": ProblemKind(503, "Others were faster every time; try again.", headers=RETRY_SOON),
    "store_unavailable": ProblemKind(503, "The store cannot be reached.", headers=RETRY_SOON),
    "outcome_unknown": ProblemKind(503, "The change may or may not have happened."),
    "not_ready": ProblemKind(
        503,
        "The store does not keep what it is told.",
        members={"reasons": ["its append-only file is off"]},
    ),
}

CODES_OF_HTTP_ERRORS = {
    400: "malformed",
    404: "not_found",
    405: "method_not_allowed",
    413: "payload_too_large",
    415: "unsupported_media_type",
    422: "invalid",
    429: "too_many_requests",
    500: "internal_error",
}


class Problem(Response):
    """The answer for a problem.

    Attributes:
        problem_code: of the problem; logged and counted.
    """

    def __init__(self, code: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.problem_code = code

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer with it."""
        environ[PROBLEM_CODE] = self.problem_code
        return super().__call__(environ, start_response)


class Unauthorized(ReservationError):
    """There is no token, or not a good one."""

    code = "unauthorized"


class Forbidden(ReservationError):
    """The caller's role may not do this."""

    code = "forbidden"


class VersionGone(ReservationError):
    """The address is one of a version that is no longer served."""

    code = "version_gone"


def problem(code: str, detail: str, members: Mapping[str, Any] | None = None) -> Response:
    """Make the answer for a problem of a known code."""
    return _answer(code, PROBLEMS[code], detail, members or {})


def handle_refusal(error: ReservationError) -> Response:
    """Answer a refusal of the domain, with its public attributes as further members."""
    if isinstance(error, StoreUnavailable):
        # For the log of requests.
        g.reason = error.reason
    members = {n: _plain(value) for n, value in vars(error).items() if not n.startswith("_")}
    response = problem(error.code, str(error), members)
    if isinstance(error, TooManyRequests):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def handle_http_error(error: HTTPException) -> Response:
    """Answer an error of routing, parsing or validation."""
    status = error.code or 500
    code = CODES_OF_HTTP_ERRORS.get(status) or code_of(error.name)
    kind = PROBLEMS.get(code, ProblemKind(status, error.name))
    messages = getattr(error, "data", {}).get("messages")
    members = {} if messages is None else {"errors": _by_path(messages)}
    response = _answer(code, kind, _detail(kind, error, members), members)
    # Such as Allow; the type and length are those of a page that is not sent.
    own = {n: v for n, v in error.get_headers() if n not in {"Content-Type", "Content-Length"}}
    response.headers.update(own)
    return response


def init_app(app: Flask) -> None:
    """Have an application answer all its errors as problems."""
    app.register_error_handler(ReservationError, handle_refusal)
    app.register_error_handler(HTTPException, handle_http_error)


def _plain(value: Any) -> Any:
    """Return an attribute of an error as JSON has it."""
    if isinstance(value, datetime):
        return format_timestamp(value)
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, Conflict):
        members = {"seat_id": value.seat_id, "code": value.code}
        at = value.retry_at
        return members if at is None else members | {"retry_at": format_timestamp(at)}
    return value


def _answer(code: str, kind: ProblemKind, detail: str, members: Mapping[str, Any]) -> Response:
    body = {**problem_members(code, kind, detail, current_request_id()), **members}
    text = json.dumps(body) + "\n"
    return Problem(code, text, kind.status, kind.headers, content_type=CONTENT_TYPE)


def problem_members(
    code: str, kind: ProblemKind, detail: str, request_id: str | None
) -> dict[str, Any]:
    """Return the members that every problem has."""
    return {
        "type": TYPE_PREFIX + code,
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        "code": code,
        "request_id": request_id,
    }


def _detail(kind: ProblemKind, error: HTTPException, members: Mapping[str, Any]) -> str:
    if kind.status >= 500:
        # An unforeseen error's words are for the log, not for whoever caused it.
        return kind.title
    if "errors" in members:
        first = islice(members["errors"].items(), MAX_ERRORS_IN_DETAIL)
        return " ".join(f"{path}: {' '.join(said)}" for path, said in first)
    return str(error.description or kind.title)


def code_of(name: str) -> str:
    """Return a code for an HTTP error that has none of its own: its name, as a word."""
    return re.sub(r"[^a-z]+", "_", name.lower())


def _by_path(messages: Mapping[str, Any]) -> dict[str, list[str]]:
    """Flatten webargs' messages: location, then nested fields, then lists of messages."""
    found: dict[str, list[str]] = {}

    def collect(path: tuple[str, ...], value: Any) -> None:
        if len(found) == MAX_ERRORS:
            return
        if isinstance(value, Mapping):
            for name, inner in value.items():
                collect((*path, str(name)), inner)
        else:
            texts = value if isinstance(value, list) else [value]
            found.setdefault(".".join(path), []).extend(map(str, texts))

    for in_location in messages.values():
        collect((), in_location)
    return found

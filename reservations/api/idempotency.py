"""Requests with an `Idempotency-Key`: whoever sends one again gets the same answer again.

A view that is `idempotent` hands `once()` to the service, which has the store write the
answer down with the change; so the answer is rendered before the change is committed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import wraps
from hashlib import blake2s
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, g, request
from marshmallow import fields
from marshmallow.validate import Regexp

from reservations.api.auth import caller
from reservations.api.bodies import sent_object
from reservations.api.limits import count_keyed_request
from reservations.api.openapi.decorators import Blueprint, View
from reservations.api.problems import Problem, handle_refusal
from reservations.api.schemas.base import Query
from reservations.domain.errors import IdempotencyKeyReused, Refusal
from reservations.store import AnsweredBefore, Once

HEADER = "Idempotency-Key"
KEY_PATTERN = re.compile(r"[A-Za-z0-9._:-]{1,128}")
REPLAYED = {"Idempotency-Replayed": "true"}
HEADERS_REMEMBERED = ("Content-Type", "Location")


PARAMETER = {
    "name": HEADER,
    "in": "header",
    "description": "A name for this request, by which it can be sent again safely.",
    "schema": {"type": "string", "pattern": f"^{KEY_PATTERN.pattern}$"},
}


class OnceHeaders(Query):
    """What a request can be named by."""

    idempotency_key = fields.String(
        data_key=HEADER,
        validate=Regexp(KEY_PATTERN.pattern + r"\Z", error="1-128 characters of A-Za-z0-9._:-."),
    )


ONCE_HEADERS = OnceHeaders()


def idempotent(blueprint: Blueprint) -> Callable[[View], View]:
    """Let the caller of a view of a blueprint name its request."""

    def decorate(view: View) -> View:
        @wraps(view)
        def named(*args: Any, **kwargs: Any) -> Any:
            g.idempotency_key = None
            if HEADER in request.headers:
                g.idempotency_key = _checked_key(blueprint)
                count_keyed_request()
            return view(*args, **kwargs)

        document = blueprint.refuses(IdempotencyKeyReused)
        in_header = blueprint.doc(parameters=[PARAMETER])
        decorated: View = in_header(document(blueprint.problems("invalid")(named)))
        return decorated

    return decorate


def once() -> Once | None:
    """Return what the current request is named by, in an idempotent view."""
    if g.idempotency_key is None:
        return None
    who = caller()
    return Once(f"{who.role}|{who.id}|{g.idempotency_key}", _fingerprint(), _answer)


def init_app(app: Flask) -> None:
    """Have an application answer what it has answered before."""
    app.register_error_handler(AnsweredBefore, _answer_again)


def _checked_key(blueprint: Blueprint) -> str:
    headers = blueprint.ARGUMENTS_PARSER.read(ONCE_HEADERS, "headers")
    return str(headers["idempotency_key"])


def _fingerprint() -> str:
    """Return what stands for all that is asked: which operation, of what, and how."""
    operation = (request.endpoint or "").rpartition(".")[2]
    query = sorted(request.args.items(multi=True))
    asked = [operation, request.view_args, query, sent_object()]
    return blake2s(json.dumps(asked, sort_keys=True).encode(), digest_size=16).hexdigest()


def _answer(outcome: Any) -> str:
    response = handle_refusal(outcome) if isinstance(outcome, Refusal) else g.render(outcome)
    headers = {n: response.headers[n] for n in HEADERS_REMEMBERED if n in response.headers}
    body = "" if response.status_code == HTTPStatus.NO_CONTENT else response.get_data(as_text=True)
    return json.dumps([response.status_code, headers, body])


def _answer_again(before: AnsweredBefore) -> Response:
    status, headers, body = json.loads(before.answer)
    replayed = {**headers, **REPLAYED}
    if status >= HTTPStatus.BAD_REQUEST:
        return Problem(json.loads(body)["code"], body, status, replayed)
    return Response(body, status, replayed)

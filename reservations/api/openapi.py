"""The OpenAPI document: generated from the views, with every problem of each.

flask-smorest would document errors as plain JSON of its own shape. Here a view, by
the decorators that it has, names the codes of the problems that it can answer, and
the document shows each as what it is, with an example.
"""

from __future__ import annotations

import http
from collections.abc import Callable, Mapping
from typing import Any

import flask_smorest
from apispec import BasePlugin
from marshmallow import Schema, fields

from reservations.api.bodies import BodyParser
from reservations.api.problems import CONTENT_TYPE, PROBLEMS, TYPE_PREFIX
from reservations.domain.errors import ReservationError

View = Callable[..., Any]

PROBLEM_CODES = "x-problem-codes"
SECURITY_SCHEME = "bearer"
OF_ALL = ("method_not_allowed", "too_many_requests")
OF_BODIES = ("malformed", "payload_too_large", "unsupported_media_type", "invalid")

DESCRIPTION = """\
Numbered seats for busy events. An **admin** creates events; a **patron** lists free
seats, holds some for a short time, refreshes or releases the hold, and reserves them.

- JSON in UTF-8. Times are RFC 3339 in UTC with milliseconds, durations whole seconds.
- `Authorization: Bearer <token>`: a JSON Web Token with `sub`, `role` (`admin` or
  `patron`), `exp`, `iat`, `jti`, `iss`, `aud` and, if you like, `name`.
- Every answer carries `X-Request-ID`: yours, if you sent a sane one.
- Every error is a problem (RFC 9457) whose `code` a program can go by.
- Unknown members of a body are refused. A refused request changes nothing.
- Lists that can grow are paged by `limit` and `after`; `next` is the `after` of the
  next page.
"""


class ProblemSchema(Schema):
    """An error (RFC 9457). Some codes have further members."""

    type = fields.String(required=True, metadata={"description": "`urn:reservations:problem:` and the code."})
    title = fields.String(required=True, metadata={"description": "What is wrong, the same for each code."})
    status = fields.Integer(required=True, metadata={"description": "The HTTP status."})
    detail = fields.String(required=True, metadata={"description": "What is wrong this time, for a person."})
    code = fields.String(required=True, metadata={"description": "What is wrong, for a program."})
    request_id = fields.String(required=True, metadata={"description": "As in `X-Request-ID`."})
    errors = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        metadata={"description": "With `invalid`: path of each member, and what is wrong with it."},
    )


class Api(flask_smorest.Api):
    """flask-smorest's Api without its own error shape; `problems.py` answers instead."""

    DEFAULT_ERROR_RESPONSE_NAME = None
    ERROR_SCHEMA = ProblemSchema

    def _register_error_handlers(self) -> None:
        """Leave errors to `problems.init_app`."""


class Blueprint(flask_smorest.Blueprint):
    """flask-smorest's Blueprint whose views name the problems that they can answer."""

    ARGUMENTS_PARSER = BodyParser()

    def arguments(self, schema: Any, *, location: str = "json", **kwargs: Any) -> Any:
        """Validate a part of the request, as flask-smorest does, and document how it fails."""
        inject = super().arguments(schema, location=location, **kwargs)
        document = problems(*(OF_BODIES if location == "json" else ("invalid",)))
        return lambda view: document(inject(view))

    @staticmethod
    def refuses(*errors: type[ReservationError]) -> Callable[[View], View]:
        """Document the errors that a view lets through."""
        return problems(*(error.code for error in errors))


def problems(*codes: str) -> Callable[[View], View]:
    """Document problems that a view can answer, by their codes."""
    document: Callable[[View], View] = flask_smorest.Blueprint.doc(
        **{PROBLEM_CODES: dict.fromkeys(codes, True)}
    )
    return document


def secured(view: View) -> View:
    """Document that a view wants a token."""
    documented: View = flask_smorest.Blueprint.doc(security=[{SECURITY_SCHEME: []}])(view)
    return documented


class ContractPlugin(BasePlugin):
    """Completes each operation with its id and its problems."""

    def operation_helper(
        self,
        path: str | None = None,
        operations: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Called by apispec for each path of the document."""
        for ordinal, operation in enumerate((operations or {}).values()):
            name = kwargs["rule"].endpoint.rpartition(".")[2]
            operation["operationId"] = f"{name}_{ordinal + 1}" if ordinal else name
            codes = {**operation.pop(PROBLEM_CODES, {}), **dict.fromkeys(OF_ALL, True)}
            responses = operation["responses"]
            # What flask-smorest's own decorators say of errors is not how they look.
            for status in [status for status in responses if int(status) >= 400]:
                del responses[status]
            responses.update(_document(codes))


def _document(codes: Mapping[str, bool]) -> dict[str, Any]:
    by_status: dict[int, list[str]] = {}
    for code in PROBLEMS:
        if code in codes:
            by_status.setdefault(PROBLEMS[code].status, []).append(code)
    return {str(status): _response(status, by_status[status]) for status in sorted(by_status)}


def _response(status: int, codes: list[str]) -> dict[str, Any]:
    headers = {name for code in codes for name in PROBLEMS[code].headers}
    described = "\n".join(f"- `{code}`: {PROBLEMS[code].title}" for code in codes)
    return {
        "description": f"{http.HTTPStatus(status).phrase}\n\n{described}",
        "headers": {name: {"schema": {"type": "string"}} for name in sorted(headers)},
        "content": {
            CONTENT_TYPE: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {code: {"value": _example(code)} for code in codes},
            }
        },
    }


def _example(code: str) -> dict[str, Any]:
    kind = PROBLEMS[code]
    return {
        "type": TYPE_PREFIX + code,
        "title": kind.title,
        "status": kind.status,
        "detail": kind.title,
        "code": code,
        "request_id": "5b0c6f0e4a5f4c2f9d5f8c1f0a7e3b21",
        **kind.members,
    }

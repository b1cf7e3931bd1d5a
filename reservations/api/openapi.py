"""The OpenAPI document: generated from the views, with every problem of each.

flask-smorest would document errors as plain JSON of its own shape. Here a view, by
the decorators that it has, names the codes of the problems that it can answer, and
the document shows each as what it is, with an example.
"""

from __future__ import annotations

import http
from collections.abc import Callable, Iterator, Mapping
from inspect import cleandoc
from typing import Any

import flask_smorest
from apispec import BasePlugin
from flask import Response
from marshmallow import EXCLUDE, Schema, fields
from marshmallow.validate import And, Length, Regexp

from reservations.api.bodies import BodyParser
from reservations.api.problems import CONTENT_TYPE, PROBLEMS, TYPE_PREFIX
from reservations.api.swagger import page
from reservations.domain.caller import ID_PATTERN
from reservations.domain.errors import ReservationError

View = Callable[..., Any]

PROBLEM_CODES = "x-problem-codes"
MORE_PARAMETERS = "x-more-parameters"
SECURITY_SCHEME = "bearer"
REQUEST_ID = "X-Request-ID"
OF_ALL = ("method_not_allowed", "too_many_requests")
OF_BODIES = ("malformed", "payload_too_large", "unsupported_media_type", "invalid")

TAGS = {"tokens": "Issued for a shop's patrons, and revoked."}
"""Descriptions of tags that are not those of one blueprint."""

PARAMETERS: dict[str, dict[str, Any]] = {
    "event_id": {"description": "`id` of the event.", "example": "3f9a1c5be2d40786"},
    "seat_id": {"description": "`id` of the seat.", "example": "stalls-C-12"},
    "jti": {
        "description": "The token's claim `jti`.",
        "example": "6c1f0a7e-3d52-4d1b-9b0e-5a1f6f0c2d44",
        "schema": {"type": "string", "pattern": f"^{ID_PATTERN.pattern}$"},
    },
    "If-None-Match": {"example": 'W/"5d1c8a90e3b7f246"'},
}
"""What is said of parameters wherever they occur. The path's are described only here."""

HEADERS: dict[str, str] = {
    "Allow": "The methods that the address takes.",
    "Retry-After": "Seconds to wait before the request is repeated.",
    "WWW-Authenticate": "How to authenticate (RFC 6750).",
}
"""What problems' headers say."""

DESCRIPTION = """\
Numbered seats for busy events. An **admin** creates events; a **patron** lists free
seats, holds some for a short time, refreshes or releases the hold, and reserves them.

- JSON in UTF-8. Times are RFC 3339 in UTC with milliseconds, durations whole seconds.
- `Authorization: Bearer <token>`: a JSON Web Token with `sub`, `role` (`admin` or
  `patron`), `exp`, `iat`, `jti`, `iss`, `aud` and, if you like, `name`. Here, press
  **Authorize** and paste the token.
- Every answer carries `X-Request-ID`: yours, if you sent a sane one.
- Every error is a problem (RFC 9457) whose `code` a program can go by.
- Unknown members of a body are refused. A refused request changes nothing.
- Lists that can grow are paged by `limit` and `after`; `next` is the `after` of the
  next page.
"""


class ProblemSchema(Schema):
    """An error (RFC 9457). Some codes have further members."""

    class Meta:
        """Marshmallow's options."""

        unknown = EXCLUDE

    type = fields.String(
        required=True, metadata={"description": "`urn:reservations:problem:` and the code."}
    )
    title = fields.String(
        required=True, metadata={"description": "What is wrong, the same for each code."}
    )
    status = fields.Integer(required=True, metadata={"description": "The HTTP status."})
    detail = fields.String(
        required=True, metadata={"description": "What is wrong this time, for a person."}
    )
    code = fields.String(required=True, metadata={"description": "What is wrong, for a program."})
    request_id = fields.String(required=True, metadata={"description": f"As in `{REQUEST_ID}`."})
    errors = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        metadata={"description": "With `invalid`: path of each member, and what is wrong with it."},
    )
    retry_at = fields.DateTime(
        metadata={"description": "With `seat_held`: when that hold runs out, unless refreshed."}
    )
    reserved_by_me = fields.Boolean(
        metadata={"description": "With `seat_reserved`: whether it is the caller's own."}
    )
    limit = fields.Integer(
        metadata={"description": "With `hold_limit_reached`: seats that a patron may have."}
    )
    held = fields.Integer(
        metadata={"description": "With `hold_limit_reached`: seats that count towards it now."}
    )
    reasons = fields.List(
        fields.String(), metadata={"description": "With `not_ready`: all that is amiss."}
    )


class Api(flask_smorest.Api):
    """flask-smorest's Api without its own error shape, and with a page that needs no network."""

    DEFAULT_ERROR_RESPONSE_NAME = None

    def register_blueprint(self, blueprint: Blueprint, **kwargs: Any) -> None:
        """Serve and document a blueprint, and list the tags that its views really have."""
        super().register_blueprint(blueprint, **kwargs)
        tags = {tag["name"]: tag for tag in self.spec._tags}
        del tags[blueprint.name]
        for tag in blueprint.tags_of_views():
            tags.setdefault(tag, {"name": tag, "description": TAGS.get(tag, blueprint.description)})
        self.spec._tags = list(tags.values())

    def _init_spec(self, **kwargs: Any) -> None:
        super()._init_spec(**kwargs)
        self.ma_plugin.converter.add_attribute_function(_as_validated)
        self.spec.options["servers"] = [{"url": "/", "description": "This server."}]
        self.spec.components.schema("Problem", schema=ProblemSchema)
        self.spec.components.header(
            REQUEST_ID,
            {
                "description": "The request's own id if it sent a sane one, else a new one.",
                "schema": {"type": "string"},
                "example": _example("invalid")["request_id"],
            },
        )

    def _register_error_handlers(self) -> None:
        """Leave errors to `problems.init_app`."""

    def _register_responses(self) -> None:
        """Leave errors to `ContractPlugin`."""

    def _register_etag_headers(self) -> None:
        """Leave them to the views that have them."""

    def _register_pagination_header(self) -> None:
        """Leave pages to `pages.py`."""

    def _openapi_swagger_ui(self) -> Response:
        return page()


class Blueprint(flask_smorest.Blueprint):
    """flask-smorest's Blueprint whose views name the problems that they can answer."""

    ARGUMENTS_PARSER = BodyParser()

    def arguments(self, schema: Any, *, location: str = "json", **kwargs: Any) -> Any:
        """Validate a part of the request, as flask-smorest does, and document how it fails."""
        inject = super().arguments(schema, location=location, **kwargs)
        document = problems(*(OF_BODIES if location == "json" else ("invalid",)))
        return lambda view: document(inject(view))

    @staticmethod
    def doc(**kwargs: Any) -> Callable[[View], View]:
        """Document a view by hand; its `parameters` join those of its arguments."""
        # flask-smorest would put them in the place of those.
        named = {parameter["name"]: parameter for parameter in kwargs.pop("parameters", [])}
        document: Callable[[View], View] = flask_smorest.Blueprint.doc(
            **{MORE_PARAMETERS: named}, **kwargs
        )
        return document

    @staticmethod
    def refuses(*errors: type[ReservationError]) -> Callable[[View], View]:
        """Document the errors that a view lets through."""
        return problems(*(error.code for error in errors))

    def tags_of_views(self) -> Iterator[str]:
        """Yield the tags of all views, the blueprint's name where a view has none of its own."""
        for view in self._docs.values():
            for method, documented in view.items():
                if method != "parameters":
                    yield from documented["tags"] or [self.name]


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
    """Completes each operation with its id, its parameters, its problems and their headers."""

    def schema_helper(
        self, name: str, definition: dict[str, Any], **kwargs: Any
    ) -> dict[str, Any] | None:
        """Called by apispec for each schema of the document; describes it."""
        schema = kwargs.get("schema")
        described = schema if isinstance(schema, type) else type(schema)
        return {"description": cleandoc(described.__doc__ or "")}

    def path_helper(
        self,
        path: str | None = None,
        operations: dict[str, Any] | None = None,
        parameters: list[dict[str, Any]] | None = None,
        **kwargs: Any,
    ) -> str | None:
        """Called by apispec for each path of the document, before its operations."""
        for parameter in parameters or []:
            parameter.update(PARAMETERS.get(parameter["name"], {}))
        return None

    def operation_helper(
        self,
        path: str | None = None,
        operations: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Called by apispec for the operations of each path of the document."""
        for ordinal, (method, operation) in enumerate((operations or {}).items()):
            operation["operationId"] = kwargs["rule"].endpoint.rpartition(".")[2]
            if ordinal:
                operation["operationId"] += f"_by_{method}"
                operation["summary"] += f" by {method.upper()}"
            codes = {**operation.pop(PROBLEM_CODES, {}), **dict.fromkeys(OF_ALL, True)}
            if parameters := _parameters(operation):
                operation["parameters"] = parameters
            # What flask-smorest's own decorators say of errors is not how they look.
            done = {str(s): r for s, r in operation["responses"].items() if int(s) < 400}
            operation["responses"] = dict(sorted({**done, **_document(codes)}.items()))
            for response in operation["responses"].values():
                headers = response.setdefault("headers", {})
                headers[REQUEST_ID] = {"$ref": f"#/components/headers/{REQUEST_ID}"}


def _as_validated(_converter: Any, field: fields.Field[Any], ret: dict[str, Any]) -> dict[str, Any]:
    """Document what apispec overlooks of a field, or writes as only Python understands.

    That is what validators within `And` ask for, regular expressions (OpenAPI has those of
    ECMA 262), the type of an enumeration; and a member that only answers have needs no
    `readOnly` in a schema that only answers have.
    """
    ret.pop("readOnly", None)
    described: dict[str, Any] = {}
    if isinstance(field, fields.Enum):
        described["type"] = "string"
    for validator in _flat(field.validators):
        if isinstance(validator, Length) and isinstance(field, fields.String):
            bounds = {"minLength": validator.min, "maxLength": validator.max}
            described |= {name: bound for name, bound in bounds.items() if bound is not None}
        elif isinstance(validator, Regexp):
            # Python's begins at the first character by itself; its \Z is the letter Z elsewhere.
            pattern = str(validator.regex.pattern).removesuffix(r"\Z")
            described["pattern"] = f"^{pattern}$"
    return described


def _flat(validators: Any) -> Iterator[Any]:
    for validator in validators:
        if isinstance(validator, And):
            yield from _flat(validator.validators)
        else:
            yield validator


def _parameters(operation: dict[str, Any]) -> list[dict[str, Any]]:
    """Take an operation's parameters, those of the path excepted, and complete them."""
    listed = [each for each in operation.pop("parameters", []) if each["in"] != "path"]
    listed += operation.pop(MORE_PARAMETERS, {}).values()
    return [_parameter(each) for each in listed]


def _parameter(given: dict[str, Any]) -> dict[str, Any]:
    parameter = {**given, **PARAMETERS.get(given["name"], {})}
    # In a query there is no null: a parameter is there, or is not.
    absent = {"nullable": True, "default": None}
    schema = {n: v for n, v in given["schema"].items() if n not in absent or v != absent[n]}
    parameter["schema"] = schema
    example = parameter.pop("example", schema.pop("example", None))
    # Swagger UI fills in the first example, and one that nobody chose must change nothing.
    if "default" in schema:
        return {**parameter, "example": schema["default"]}
    absent_first = {
        "absent": {"summary": "Not given", "value": ""},
        "typical": {"summary": "For example", "value": example},
    }
    return {**parameter, "examples": absent_first}


def _document(codes: Mapping[str, bool]) -> dict[str, Any]:
    by_status: dict[int, list[str]] = {}
    for code in PROBLEMS:
        if code in codes:
            by_status.setdefault(PROBLEMS[code].status, []).append(code)
    return {str(status): _response(status, by_status[status]) for status in sorted(by_status)}


def _response(status: int, codes: list[str]) -> dict[str, Any]:
    examples = {n: value for code in codes for n, value in PROBLEMS[code].headers.items()}
    described = "\n".join(f"- `{code}`: {PROBLEMS[code].title}" for code in codes)
    return {
        "description": f"{http.HTTPStatus(status).phrase}\n\n{described}",
        "headers": {
            name: {
                "description": HEADERS[name],
                "schema": {"type": "string"},
                "example": examples[name],
            }
            for name in sorted(examples)
        },
        "content": {
            CONTENT_TYPE: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {
                    code: {"summary": PROBLEMS[code].title, "value": _example(code)}
                    for code in codes
                },
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

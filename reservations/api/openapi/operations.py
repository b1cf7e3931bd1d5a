"""What flask-smorest leaves out of an operation, or gets wrong: ids, parameters, problems."""

from __future__ import annotations

import http
from collections.abc import Iterator, Mapping
from inspect import cleandoc
from typing import Any

from apispec import BasePlugin
from marshmallow import fields
from marshmallow.validate import And, Length, Regexp

from reservations.api.openapi.decorators import MORE_PARAMETERS, PROBLEM_CODES
from reservations.api.problems import CONTENT_TYPE, PROBLEMS, problem_members
from reservations.observability import REQUEST_ID
from reservations.tokens import JTI_PATTERN

EXAMPLE_REQUEST_ID = "5b0c6f0e4a5f4c2f9d5f8c1f0a7e3b21"
OF_ALL = ("method_not_allowed", "too_many_requests")

PARAMETERS: dict[str, dict[str, Any]] = {
    "event_id": {"description": "`id` of the event.", "example": "3f9a1c5be2d40786"},
    "seat_id": {"description": "`id` of the seat.", "example": "stalls-C-12"},
    "reservation_id": {
        "description": "`id` of the reservation.",
        "example": "019a7c3e5b009d2e6b1f40",
    },
    "Idempotency-Key": {"example": "order-A-1042-hold"},
    "jti": {
        "description": "The token's claim `jti`.",
        "example": "6c1f0a7e-3d52-4d1b-9b0e-5a1f6f0c2d44",
        "schema": {"type": "string", "pattern": f"^{JTI_PATTERN.pattern}$"},
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

REPLAYED = {
    "description": "`true` where the request was done before, and this is its answer again.",
    "schema": {"type": "string"},
    "example": "true",
}


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
            named = [each["name"] for each in operation.get("parameters", [])]
            for status, response in operation["responses"].items():
                headers = response.setdefault("headers", {})
                if "Idempotency-Key" in named and int(status) < 400:
                    headers["Idempotency-Replayed"] = REPLAYED
                headers[REQUEST_ID] = {"$ref": f"#/components/headers/{REQUEST_ID}"}


def as_validated(_converter: Any, field: fields.Field[Any], ret: dict[str, Any]) -> dict[str, Any]:
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
                    code: {"summary": PROBLEMS[code].title, "value": example(code)}
                    for code in codes
                },
            }
        },
    }


def example(code: str) -> dict[str, Any]:
    """Return a problem of this code as a client gets it."""
    kind = PROBLEMS[code]
    return problem_members(code, kind, kind.title, EXAMPLE_REQUEST_ID) | dict(kind.members)

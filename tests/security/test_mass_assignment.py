"""Members that an operation does not declare cannot be set, whatever other answers have them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from reservations import tokens
from reservations.domain.caller import Role
from tests.actors import Actor

Document = dict[str, Any]


@pytest.fixture(scope="module")
def admin(app: Flask) -> Actor:
    """Whoever may do everything."""
    with app.app_context():
        token = tokens.issue("box-office", Role.ADMIN, None, timedelta(hours=1))
    return Actor(app.test_client(), token)


@pytest.fixture(scope="module")
def document(app: Flask) -> Document:
    """The OpenAPI document."""
    served: Document = app.test_client().get("/openapi.json").json
    return served


def schema_of(document: Document, schema: Document) -> Document:
    """Return a schema, wherever it is kept."""
    name = schema.get("$ref", "").rpartition("/")[2]
    return document["components"]["schemas"][name] if name else schema


def operations(document: Document) -> Iterator[tuple[str, str, Document, Document]]:
    """Yield method, path, schema and an example of each operation that has a body."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if isinstance(operation, dict) and "requestBody" in operation:
                content = operation["requestBody"]["content"]["application/json"]
                example = content.get("example")
                if example is None:
                    example = next(iter(content["examples"].values()))["value"]
                yield method, path, schema_of(document, content["schema"]), example


def test_no_member_can_be_set_that_is_not_declared(
    admin: Actor, document: Document, event: dict[str, Any]
) -> None:
    known = {
        member
        for schema in document["components"]["schemas"].values()
        for member in schema.get("properties", {})
    }
    before = admin.get(f"/v1/events/{event['id']}").json
    tried = 0
    for method, path, schema, example in operations(document):
        address = path.replace("{event_id}", event["id"]).replace("{seat_id}", "1")
        address = re.sub(r"\{\w+\}", "01a2078e054bc5e9731ffc", address)
        for member in sorted(known - schema["properties"].keys()):
            answer = admin.request(method.upper(), address, json={**example, member: "x"})
            said = f"{method} {path} {member}: {answer.text}"
            assert (answer.status_code, answer.json["code"]) == (422, "invalid"), said
            assert any(each.split(".")[0] == member for each in answer.json["errors"]), said
            tried += 1
    assert tried > 100
    assert admin.get(f"/v1/events/{event['id']}").json == before

"""What many send alike is read once, and nobody can tell but by the time that it takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from marshmallow import Schema, ValidationError, fields, post_load
from werkzeug.exceptions import BadRequest, HTTPException, UnsupportedMediaType

from reservations.api.arguments import MAX_REMEMBERED_BYTES, REMEMBERED, ArgumentsParser
from tests.actors import Actor

Ask = Callable[..., Any]


class Counting(Schema):
    """Takes any number but 13, and counts what it has read."""

    number = fields.Integer(required=True)

    def __init__(self) -> None:
        super().__init__()
        self.read = 0

    @post_load
    def _count(self, given: dict[str, Any], **_: Any) -> dict[str, Any]:
        if given["number"] == 13:
            raise ValidationError("Not this one.")
        self.read += 1
        return given


@pytest.fixture
def schema() -> Counting:
    """A schema."""
    return Counting()


@pytest.fixture
def ask(schema: Counting) -> Ask:
    """Ask for what a body or a query says to the schema."""
    app, parser = Flask("arguments"), ArgumentsParser()
    of_body, of_query = (parser.remembering(schema, location) for location in ("json", "query"))

    def read(body: str | None = None, query: str = "", kind: str = "application/json") -> Any:
        with app.test_request_context(f"/?{query}", data=body, content_type=kind):
            return of_query() if body is None else of_body()

    return read


def test_the_same_bytes_are_read_once(ask: Ask, schema: Counting) -> None:
    assert [ask('{"number": 1}') for _ in range(3)] == [{"number": 1}] * 3
    assert [ask(query="number=1") for _ in range(3)] == [{"number": 1}] * 3
    assert schema.read == 2


def test_other_bytes_are_read_anew(ask: Ask, schema: Counting) -> None:
    assert ask('{"number": 1}') == ask('{"number":1}') == {"number": 1}
    assert ask('{"number": 2}') == ask(query="number=2") == {"number": 2}
    assert schema.read == 4


def test_what_is_wrong_is_wrong_each_time(ask: Ask, schema: Counting) -> None:
    for _ in range(2):
        with pytest.raises(HTTPException, match="422"):
            ask('{"number": 13}')
        with pytest.raises(BadRequest):
            ask('{"number": 1, "number": 1}')
    assert schema.read == 0


def test_what_was_read_counts_only_for_json(ask: Ask) -> None:
    assert ask('{"number": 1}') == {"number": 1}
    with pytest.raises(UnsupportedMediaType):
        ask('{"number": 1}', kind="text/plain")
    assert ask('{"number": 1}', kind="application/JSON; charset=UTF-8") == {"number": 1}


def test_only_so_much_is_remembered(ask: Ask, schema: Counting) -> None:
    long = '{"number": 1' + " " * MAX_REMEMBERED_BYTES + "}"
    assert [ask(long) for _ in range(3)] == [{"number": 1}] * 3
    assert schema.read == 3
    for number in range(100, 100 + REMEMBERED):
        ask(query=f"number={number}")
    assert ask(query="number=100") == {"number": 100}
    assert schema.read == 3 + REMEMBERED
    ask(query="number=99")
    ask(query="number=101")
    assert schema.read == 3 + REMEMBERED + 2


def test_who_sends_the_same_gets_an_answer_of_its_own(
    alice: Actor, bob: Actor, admin: Actor, event: dict[str, Any]
) -> None:
    assert [alice.hold(event, "1").status_code, bob.hold(event, "1").status_code] == [200, 409]
    assert [bob.hold(event, "2").status_code, alice.hold(event, "2").status_code] == [200, 409]
    assert [admin.seats(event, status="held") for _ in range(2)] == [
        [admin.seat(event, "1"), admin.seat(event, "2")]
    ] * 2
    for who, seat in ((alice, "1"), (bob, "2")):
        assert [each["id"] for each in who.seats(event, status="held") if each.get("mine")] == [
            seat
        ]


def test_a_body_that_was_read_before_still_tells_requests_with_a_key_apart(
    alice: Actor, event: dict[str, Any]
) -> None:
    def change(action: str) -> int:
        path, key = f"/v1/events/{event['id']}/seats/1", {"Idempotency-Key": "k"}
        answer = alice.request("PATCH", path, json={"action": action}, headers=key)
        return answer.status_code

    assert alice.hold(event, "2").status_code == 200
    assert alice.release(event, "2").status_code == 200
    assert [change("hold"), change("hold"), change("release")] == [200, 200, 409]

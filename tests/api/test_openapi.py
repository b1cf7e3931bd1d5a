"""The OpenAPI document: complete, valid, and true of what the service does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft4Validator, FormatChecker
from openapi_spec_validator import validate
from werkzeug.test import TestResponse

from reservations.api.problems import CONTENT_TYPE, PROBLEMS
from reservations.app import create_app
from reservations.config import Settings
from reservations.domain.changes import ChangeKind
from reservations.store import Store
from tests.actors import Actor

Document = dict[str, Any]

UNDOCUMENTED = {"/", "/swagger", "/swagger/start.js", "/swagger/assets/{name}", "/openapi.json"}
UNDOCUMENTED |= {"/metrics", "/v0", "/v0/", "/v0/{_path}"}
PUBLIC = {("/health", "get"), ("/ready", "get"), ("/jwt", "post")}
ADMINS_ONLY = {("/v1/events", "post"), ("/v1/events", "put")}
ADMINS_ONLY |= {("/v1/events/{event_id}", method) for method in ("patch", "delete")}
ADMINS_ONLY |= {("/v1/events/{event_id}/blocks", method) for method in ("put", "delete")}
ADMINS_ONLY |= {("/v1/tokens", "post"), ("/v1/tokens/{jti}", "delete")}
NAMING_A_PATRON = {("/v1/events/{event_id}/seats/{seat_id}", "patch")}
NAMING_A_PATRON |= {("/v1/events/{event_id}/holds", m) for m in ("get", "post", "delete")}
NAMING_A_PATRON |= {("/v1/events/{event_id}/reservations", m) for m in ("get", "post")}
"""Where a patron may name itself only."""
WITHOUT_KEY = {("/v1/events/{event_id}", "patch"), ("/v1/events/{event_id}", "delete")}
WITHOUT_KEY |= {("/v1/tokens", "post"), ("/v1/tokens/{jti}", "delete"), ("/jwt", "post")}
"""What changes something and takes no Idempotency-Key."""
UNBLOCKING = ("/v1/events/{event_id}/blocks", "delete")
UNVERSIONED = re.compile(r"/(events|tokens)(/.*)?")
ELSEWHERE = {"internal_error", "not_found", "version_gone"}
"""Problems that are no one operation's."""

FORMATS = FormatChecker()

UNPROVOKED = {405, 429, 503}
"""Statuses that no caller brings about here: see the test of methods, and those of faults."""

HEADERS = {201: {"Location"}, 304: {"ETag"}, 401: {"WWW-Authenticate"}}
HEADERS |= {405: {"Allow"}, 429: {"Retry-After"}}
NO_LOCATION = {"issue_token"}


@FORMATS.checks("date-time")
def is_timestamp(value: object) -> bool:
    """Whether a text is as the contract has instants; what is no text has another type."""
    pattern = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    return not isinstance(value, str) or re.fullmatch(pattern, value) is not None


@pytest.fixture
def document(client: FlaskClient) -> Document:
    """The document of a development instance."""
    answer = client.get("/openapi.json")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    served: Document = answer.json
    return served


def operations(document: Document) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield path, method, operation


def routes(app: Flask) -> set[tuple[str, str]]:
    """Return the path and method of each route that should be documented."""
    found = set()
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule)
        if path not in UNDOCUMENTED and not UNVERSIONED.fullmatch(path):
            methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
            found |= {(path, method.lower()) for method in methods}
    return found


def json_schema(schema: Any, document: Document, *, strict: bool = True) -> Any:
    """Turn a schema of OpenAPI 3.0 into JSON Schema: references inlined, null spelled out.

    Args:
        schema: of the document.
        document: where its references lead.
        strict: whether objects may have declared members only, even where a later version
            may add some.
    """
    if isinstance(schema, list):
        return [json_schema(each, document, strict=strict) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        *_, kind, name = schema["$ref"].split("/")
        return json_schema(document["components"][kind][name], document, strict=strict)
    made = {name: json_schema(value, document, strict=strict) for name, value in schema.items()}
    if strict and made.get("type") == "object":
        made.setdefault("additionalProperties", False)
    if made.pop("nullable", False):
        made["type"] = [made["type"], "null"]
    return made


def check(instance: Any, schema: dict[str, Any], document: Document) -> None:
    """Check a value against a schema of the document."""
    Draft4Validator(json_schema(schema, document), format_checker=FORMATS).validate(instance)


def examples(described: dict[str, Any]) -> list[Any]:
    """Return the examples of a media type or a parameter, save the one that stands for none."""
    several = described.get("examples", {})
    found = [example["value"] for name, example in several.items() if name != "absent"]
    return [*found, *([described["example"]] if "example" in described else [])]


def test_the_document_is_valid(document: Document) -> None:
    validate(document)
    assert document["openapi"] == "3.0.3"


def test_the_document_says_what_it_is(document: Document) -> None:
    assert document["info"].keys() >= {"title", "version", "description", "license"}
    assert document["servers"][0]["url"] == "/"
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


def test_the_document_lists_the_routes_and_nothing_else(app: Flask, document: Document) -> None:
    assert {(path, method) for path, method, _ in operations(document)} == routes(app)


def test_every_route_without_prefix_is_an_alias_of_a_documented_one(
    app: Flask, document: Document
) -> None:
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule)
        if UNVERSIONED.fullmatch(path):
            assert f"/v1{path}" in document["paths"]


def test_a_production_instance_neither_documents_nor_serves_tokens_to_try_things_out(
    settings: Settings, store: Store, document: Document
) -> None:
    app = create_app(replace(settings, development=False), store)
    client = app.test_client()
    elsewhere = client.get("/openapi.json").json
    assert set(document["paths"]) - set(elsewhere["paths"]) == {"/jwt"}
    refused = client.post("/jwt", json={"id": "mallory", "name": "Mallory", "role": "admin"})
    assert (refused.status_code, refused.json["code"]) == (404, "not_found")
    assert "try-out" not in str(elsewhere["tags"])


def test_operations_have_unique_names_of_their_views(app: Flask, document: Document) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)+", name) for name in names), names
    by_place = {(path, method): o["operationId"] for path, method, o in operations(document)}
    assert by_place["/v1/events", "post"] == "create_event"
    assert by_place["/v1/events", "put"] == "create_event_by_put"


def test_operations_have_summaries_of_their_own(document: Document) -> None:
    summaries = [operation["summary"] for _, _, operation in operations(document)]
    assert len(summaries) == len(set(summaries))
    assert all(summary and not summary.endswith(".") for summary in summaries)


def test_every_tag_is_described_and_used(document: Document) -> None:
    used = {tag for _, _, operation in operations(document) for tag in operation["tags"]}
    assert {tag["name"] for tag in document["tags"]} == used
    assert len(document["tags"]) == len(used)
    assert all(tag["description"] for tag in document["tags"])


def test_every_parameter_is_described_with_an_example(document: Document) -> None:
    for path, method, operation in operations(document):
        of_path = document["paths"][path].get("parameters", [])
        assert {each["name"] for each in of_path} == set(re.findall(r"{(\w+)}", path))
        listed = [*of_path, *operation.get("parameters", [])]
        assert len({(each["in"], each["name"]) for each in listed}) == len(listed)
        for parameter in listed:
            where = (path, method, parameter["name"])
            assert parameter["description"], where
            assert examples(parameter), where
            for example in examples(parameter):
                check(example, parameter["schema"], document)


def test_the_query_and_headers_of_a_list_are_documented_together(document: Document) -> None:
    parameters = document["paths"]["/v1/events/{event_id}/seats"]["get"]["parameters"]
    names = {parameter["name"] for parameter in parameters}
    assert names == {"status", "category", "section", "If-None-Match"}


def test_whatever_changes_something_can_be_sent_again_safely(document: Document) -> None:
    for path, method, operation in operations(document):
        names = [each["name"] for each in operation.get("parameters", [])]
        changes = method != "get" and (path, method) not in WITHOUT_KEY
        assert ("Idempotency-Key" in names) == changes, (path, method)
        conflicts = operation["responses"].get("409", {}).get("content", {})
        codes = conflicts.get(CONTENT_TYPE, {}).get("examples", {})
        assert ("idempotency_key_reused" in codes) == changes, (path, method)


def test_every_body_has_an_example_that_its_schema_accepts(document: Document) -> None:
    for path, method, operation in operations(document):
        body = operation.get("requestBody")
        takes_body = method in {"post", "put", "patch"} or (path, method) == UNBLOCKING
        assert (body is not None) == takes_body, (path, method)
        if body is not None:
            assert body["required"]
            media = body["content"]["application/json"]
            assert examples(media), (path, method)
            for example in examples(media):
                check(example, media["schema"], document)


def test_every_answer_has_an_example_that_its_schema_accepts(document: Document) -> None:
    for path, method, operation in operations(document):
        for status, answer in operation["responses"].items():
            where = (path, method, status)
            assert answer["description"], where
            assert ("content" not in answer) == (status in {"204", "304"}), where
            for media_type, media in answer.get("content", {}).items():
                assert (media_type == CONTENT_TYPE) == (int(status) >= 400), where
                assert examples(media), where
                for example in examples(media):
                    check(example, media["schema"], document)


def test_every_answer_names_its_headers(document: Document) -> None:
    for path, method, operation in operations(document):
        for status, answer in operation["responses"].items():
            headers = answer["headers"]
            wanted = HEADERS.get(int(status), set()) | {"X-Request-ID"}
            if operation["operationId"] in NO_LOCATION:
                wanted -= {"Location"}
            assert wanted <= headers.keys(), (path, method, status)
            for name, header in headers.items():
                found = header
                if "$ref" in header:
                    found = document["components"]["headers"][header["$ref"].rpartition("/")[2]]
                assert found["description"] and found["schema"], (path, method, status, name)


def test_every_schema_and_each_of_its_members_is_described(document: Document) -> None:
    for name, schema in document["components"]["schemas"].items():
        assert schema["description"], name
        for member, described in schema["properties"].items():
            if "$ref" not in described:
                assert described.get("description"), (name, member)
            assert "type" in described or "$ref" in described or "allOf" in described


def test_no_component_is_left_over(document: Document) -> None:
    referred = set(re.findall(r"'#/components/(\w+)/([\w-]+)'", str(document)))
    for kind in document["components"].keys() - {"securitySchemes"}:
        for name in document["components"][kind]:
            assert (kind, name) in referred


def test_patterns_are_of_the_kind_that_every_language_reads(document: Document) -> None:
    patterns = re.findall(r"'pattern': '([^']*)'", str(document))
    assert patterns
    for pattern in patterns:
        assert pattern.startswith("^") and pattern.endswith("$"), pattern
        assert r"\Z" not in pattern and r"\A" not in pattern


class TestProblems:
    def test_all_are_of_one_shape(self, document: Document) -> None:
        for _, _, operation in operations(document):
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    media = answer["content"][CONTENT_TYPE]
                    assert media["schema"] == {"$ref": "#/components/schemas/Problem"}
                    for code, example in media["examples"].items():
                        assert example["value"]["code"] == code
                        assert example["value"]["status"] == int(status) == PROBLEMS[code].status
                        assert f"`{code}`" in answer["description"]

    def test_each_operation_has_those_that_it_must(self, document: Document) -> None:
        for path, method, operation in operations(document):
            statuses, where = set(operation["responses"]), (path, method)
            assert {"405", "429"} <= statuses, where
            secured = where not in PUBLIC
            assert operation.get("security", []) == ([{"bearer": []}] if secured else []), where
            assert ("401" in statuses) == secured, where
            if secured:
                assert "503" in statuses, where
            forbidden = operation["responses"].get("403", {}).get("content", {})
            codes = forbidden.get(CONTENT_TYPE, {}).get("examples", {})
            assert ("forbidden" in codes) == (where in ADMINS_ONLY | NAMING_A_PATRON), where
            assert ({"400", "413", "415", "422"} <= statuses) == ("requestBody" in operation), where
            if any(each["in"] == "query" for each in operation.get("parameters", [])):
                assert "422" in statuses, where
            assert ("404" in statuses) == ("event_id" in path), where

    def test_each_code_appears_somewhere(self, document: Document) -> None:
        documented = {
            code
            for _, _, operation in operations(document)
            for answer in operation["responses"].values()
            for code in answer.get("content", {}).get(CONTENT_TYPE, {}).get("examples", {})
        }
        assert documented == PROBLEMS.keys() - ELSEWHERE

    def test_every_further_member_is_declared(self, document: Document) -> None:
        declared = document["components"]["schemas"]["Problem"]["properties"]
        for kind in PROBLEMS.values():
            assert kind.members.keys() <= declared.keys()


class Witness:
    """Sends requests, and checks each answer against what the document says of it."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.seen: set[tuple[str, str, int]] = set()

    def check(self, answer: TestResponse, path: str) -> TestResponse:
        method = answer.request.method.lower()
        operation = self.document["paths"][path][method]
        documented = operation["responses"][str(answer.status_code)]
        if "content" in documented:
            schema = documented["content"][answer.mimetype]["schema"]
            check(answer.json if answer.is_json else answer.text, schema, self.document)
            if answer.mimetype == CONTENT_TYPE:
                assert answer.json["code"] in documented["content"][CONTENT_TYPE]["examples"]
        else:
            assert answer.data == b""
        for name in documented["headers"].keys() - {"Link", "Idempotency-Replayed"}:
            assert name in answer.headers, (path, method, answer.status_code, name)
        self.seen.add((path, method, answer.status_code))
        return answer


@pytest.fixture
def ask(client: FlaskClient, document: Document, witness: Witness) -> Callable[..., TestResponse]:
    """Send a request to an address of the document, before a witness."""

    def send(who: Actor | None, method: str, template: str, **kwargs: Any) -> TestResponse:
        path = template.format(**kwargs.pop("at", {}))
        query = kwargs.pop("query", None)
        if who is None:
            answer = client.open(path, method=method, query_string=query, **kwargs)
        else:
            answer = who.request(method, path, query_string=query, **kwargs)
        return witness.check(answer, template)

    return send


@pytest.fixture
def witness(document: Document) -> Witness:
    """Whoever checks the answers."""
    return Witness(document)


def test_answers_are_as_documented(
    witness: Witness, ask: Callable[..., TestResponse], admin: Actor, alice: Actor, bob: Actor
) -> None:
    ask_in_vain(witness.document, ask, admin, alice)
    use_events_and_seats(ask, admin, alice, bob)
    use_several_seats(ask, admin, alice, bob)
    use_tokens(ask, admin, alice)
    documented = {
        (path, method, int(status))
        for path, method, operation in operations(witness.document)
        for status in operation["responses"]
    }
    assert {each for each in documented - witness.seen if each[2] not in UNPROVOKED} == set()


def ask_in_vain(
    document: Document, ask: Callable[..., TestResponse], admin: Actor, alice: Actor
) -> None:
    """Ask for each operation in all ways in which nearly all refuse."""
    at = {"event_id": "0", "seat_id": "1", "reservation_id": "0" * 22, "jti": "6c1f0a7e"}
    for path, method, operation in operations(document):
        if (path, method) in PUBLIC - {("/jwt", "post")}:
            continue
        if (path, method) not in PUBLIC:
            ask(None, method, path, at=at)
        if (path, method) in ADMINS_ONLY:
            ask(alice, method, path, at=at, json={})
        parameters = [(each["in"], each["name"]) for each in operation.get("parameters", [])]
        if query := {name: "\0" for place, name in parameters if place == "query"}:
            ask(admin, method, path, at=at, query=query)
        body = operation.get("requestBody")
        if body is not None:
            media = "application/json"
            ask(admin, method, path, at=at, data="{", content_type=media)
            ask(admin, method, path, at=at, data="x=1", content_type="text/plain")
            ask(admin, method, path, at=at, data=b" " * 5_000_000, content_type=media)
            ask(admin, method, path, at=at, json={"unknown": 1})
            body = examples(body["content"][media])[0]
        if ("header", "Idempotency-Key") in parameters:
            ask(admin, method, path, at=at, json=body, headers={"Idempotency-Key": "a b"})
        if "event_id" in path:
            ask(admin, method, path, at=at, json=body)


def use_events_and_seats(
    ask: Callable[..., TestResponse], admin: Actor, alice: Actor, bob: Actor
) -> None:
    """Create events, and hold and reserve seats one by one."""
    sections = [{"name": "Stalls", "category": "A", "rows": 2, "seats_per_row": 5}]
    new = {"name": "Opening night", "date": "2027-01-01T20:00:00Z", "seat_user_limit": 1}
    event = ask(admin, "POST", "/v1/events", json={**new, "sections": sections}).json
    once = {"Idempotency-Key": "a"}
    for method in ("PUT", "POST"):
        for seats in (10, 12):
            body = {"name": "Matinée", "seats": seats}
            ask(admin, method, "/v1/events", json=body, headers=once)
    assert "Link" in ask(alice, "GET", "/v1/events", query={"limit": 1}).headers

    at = {"event_id": event["id"], "seat_id": "stalls-A-1"}
    seats, seat = "/v1/events/{event_id}/seats", "/v1/events/{event_id}/seats/{seat_id}"
    ask(bob, "GET", "/v1/events/{event_id}", at=at)
    tag = ask(bob, "GET", seats, at=at).headers["ETag"]
    ask(bob, "GET", seats, at=at, headers={"If-None-Match": tag})
    ask(alice, "PATCH", seat, at=at, json={"action": "hold"})
    ask(alice, "PATCH", seat, at={**at, "seat_id": "stalls-A-2"}, json={"action": "hold"})
    for action in ("hold", "reserve", "release"):
        ask(bob, "PATCH", seat, at=at, json={"action": action})
    ask(admin, "GET", seats, at=at, query={"status": "all"})
    ask(alice, "PATCH", seat, at=at, json={"action": "reserve"})
    for who in (admin, alice, bob):
        ask(who, "GET", seat, at=at)
        ask(who, "GET", seats, at=at, query={"status": "all"})
        ask(who, "PATCH", seat, at=at, json={"action": "hold"})
    ask(alice, "PATCH", seat, at=at, json={"action": "hold", "patron": "bob"})
    ask(alice, "GET", seat, at={**at, "seat_id": "stalls-Z-1"})

    one = "/v1/events/{event_id}"
    changed = {"status": "closed", "seat_total_limit": 1, "on_sale_until": "2999-01-01T00:00:00Z"}
    ask(admin, "PATCH", one, at=at, json=changed)
    ask(admin, "PATCH", one, at=at, json={"hold_max": 1})
    ask(bob, "PATCH", seat, at={**at, "seat_id": "stalls-A-2"}, json={"action": "hold"})
    ask(admin, "DELETE", one, at=at)
    ask(admin, "DELETE", one, at=at, query={"force": "true"})


def use_several_seats(
    ask: Callable[..., TestResponse], admin: Actor, alice: Actor, bob: Actor
) -> None:
    """Hold, reserve, move, cancel, block and follow seats."""
    event = admin.create_event(
        sections=[{"name": "Stalls", "category": "A", "rows": 3, "seats_per_row": 5}]
    )
    at, path = {"event_id": event["id"]}, "/v1/events/{event_id}"
    cursor = ask(alice, "GET", f"{path}/changes", at=at).json["cursor"]
    ask(alice, "GET", f"{path}/changes", at=at, query={"after": "l0.0"})

    blocks = {"seats": ["stalls-B-1"], "reason": "Camera"}
    ask(admin, "PUT", f"{path}/blocks", at=at, json=blocks)
    ask(admin, "PUT", f"{path}/blocks", at=at, json={"seats": ["stalls-B-2"]})
    for who in (admin, alice):
        ask(who, "GET", f"{path}/seats", at=at, query={"status": "blocked"})

    wanted = {"seats": ["stalls-A-1", "stalls-A-2", "stalls-A-3"]}
    ask(alice, "POST", f"{path}/holds", at=at, json=wanted)
    for who in (bob, admin):
        for seats in (["stalls-A-1"], ["stalls-B-1", "stalls-A-2"], ["stalls-Z-1"]):
            ask(who, "POST", f"{path}/holds", at=at, json={"seats": seats})
        ask(who, "GET", f"{path}/holds", at=at, query={"patron": "alice"})
        ask(who, "POST", f"{path}/holds", at=at, json={**wanted, "patron": "alice"})
    ask(admin, "PUT", f"{path}/blocks", at=at, json=wanted)
    for wish in ({"count": 2}, {"count": 5, "together": "required"}, {"count": 50}):
        ask(bob, "POST", f"{path}/holds", at=at, json={"best_available": wish})
        ask(admin, "POST", f"{path}/holds", at=at, json={"best_available": wish, "patron": "bob"})
    ask(alice, "GET", f"{path}/holds", at=at)
    ask(alice, "DELETE", f"{path}/holds", at=at, query={"seats": "stalls-A-3"})
    ask(alice, "DELETE", f"{path}/holds", at=at, query={"seats": "stalls-A-3"})
    ask(bob, "DELETE", f"{path}/holds", at=at, query={"patron": "alice"})
    ask(bob, "DELETE", f"{path}/holds", at=at)

    new = {"reference": "A-1042", "data": {"name": "Alice"}}
    made = ask(alice, "POST", f"{path}/reservations", at=at, json=new).json
    ask(alice, "POST", f"{path}/reservations", at=at, json=new)
    ask(bob, "POST", f"{path}/reservations", at=at, json={"patron": "alice"})
    ask(bob, "GET", f"{path}/reservations", at=at, query={"patron": "alice"})
    for who in (admin, alice):
        ask(who, "GET", f"{path}/reservations", at=at)
        ask(who, "GET", f"{path}/reservations", at=at, headers={"Accept": "text/csv"})
    at["reservation_id"], reservation = made["id"], f"{path}/reservations/{{reservation_id}}"
    for who in (admin, alice, bob):
        ask(who, "GET", reservation, at=at)
    move = {"from": "stalls-A-1", "to": "stalls-C-1"}
    ask(alice, "POST", f"{reservation}/move", at=at, json=move)
    ask(alice, "POST", f"{reservation}/move", at=at, json=move)
    ask(admin, "PATCH", path, at=at, json={"status": "closed"})
    ask(alice, "POST", f"{reservation}/move", at=at, json=move)
    ask(alice, "POST", f"{path}/reservations", at=at, json={})
    ask(alice, "POST", f"{path}/holds", at=at, json=wanted)
    once = {"Idempotency-Key": "b"}
    ask(alice, "DELETE", reservation, at=at, headers=once)
    ask(alice, "DELETE", reservation, at=at)
    ask(alice, "DELETE", f"{path}/holds", at=at, headers=once)
    another = {**at, "reservation_id": "0" * 22}
    ask(alice, "DELETE", reservation, at=another, headers=once)

    ask(admin, "DELETE", f"{path}/blocks", at=at, json=blocks, headers=once)
    ask(admin, "DELETE", f"{path}/blocks", at=at, json=wanted, headers=once)
    for who in (admin, alice):
        listed = ask(who, "GET", f"{path}/changes", at=at, query={"after": cursor}).json
        assert {change["kind"] for change in listed["changes"]} == set(ChangeKind)
    ask(admin, "DELETE", path, at=at)


def use_tokens(ask: Callable[..., TestResponse], admin: Actor, alice: Actor) -> None:
    """Ask for all that is no event's."""
    ask(alice, "GET", "/user")
    ask(None, "GET", "/health")
    ask(None, "GET", "/ready")
    ask(None, "POST", "/jwt", json={"id": "carol", "name": "Carol"})
    ask(None, "POST", "/jwt", json={"id": "carol smith", "name": ""})
    ask(admin, "POST", "/v1/tokens", json={"subject": "carol", "role": "patron"})
    ask(admin, "DELETE", "/v1/tokens/{jti}", at={"jti": "6c1f0a7e"})
    ask(admin, "DELETE", "/v1/tokens/{jti}", at={"jti": "6c1f 0a7e"})


def test_a_method_that_an_address_does_not_take_is_refused_as_documented(
    client: FlaskClient, document: Document
) -> None:
    schema = {"$ref": "#/components/schemas/Problem"}
    for path, item in document["paths"].items():
        methods = {method.upper() for method in item if method != "parameters"}
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - methods:
            answer = client.open(re.sub(r"{\w+}", "x", path), method=method)
            assert (answer.status_code, answer.json["code"]) == (405, "method_not_allowed"), path
            assert set(answer.headers["Allow"].split(", ")) - {"HEAD", "OPTIONS"} == methods
            check(answer.json, schema, document)

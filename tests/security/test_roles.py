"""Who may do what: every route times no token, a patron, another patron and an admin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from reservations.app import create_app
from reservations.config import Settings
from reservations.domain.caller import Role
from reservations.store import Store
from tests.actors import Actor
from tests.security.problems import assert_problem
from tests.security.routes import ROUTES, UNVERSIONED, VERSIONED, Route

OF_ITSELF = {"HEAD", "OPTIONS"}
"""Methods that Flask adds to each rule."""

CALLERS = ["no token", "patron", "other patron", "admin"]
REFUSALS = {401: "unauthorized", 403: "forbidden", 404: "reservation_not_found"}
REFUSALS |= {410: "version_gone"}

Ask = Callable[..., TestResponse]


@pytest.fixture
def ask(client: FlaskClient, admin: Actor, alice: Actor, bob: Actor) -> Ask:
    """Ask for a route of a new event, whose seats 1 and 2 the patron holds and has reserved."""
    actors = {"patron": alice, "other patron": bob, "admin": admin}
    event = admin.create_event(seats=10)
    reservation = alice.has_reserved(event, "2")
    alice.has_held(event, "1")

    def send(route: Route, who: str, method: str | None = None) -> TestResponse:
        request: dict[str, Any] = {"json": route.body, "buffered": True}
        path = route.path(event["id"], reservation["id"])
        if who == "no token":
            return client.open(path, method=method or route.method, **request)
        return actors[who].request(method or route.method, path, **request)

    return send


def expected(route: Route, who: str) -> int:
    """Return the status that the table names."""
    status: int = getattr(route, who.replace(" ", "_"))
    return status


def test_every_route_is_in_the_table(app: Flask) -> None:
    served = {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - OF_ITSELF
    }
    listed = [(route.method, route.rule) for route in ROUTES]
    assert len(listed) == len(set(listed))
    assert served - set(listed) == set(), "add these to tests/security/routes.py"
    assert set(listed) - served == set(), "these are no longer served"


@pytest.mark.parametrize("route", ROUTES, ids=str)
@pytest.mark.parametrize("who", CALLERS)
def test_a_route_answers_each_caller_as_the_table_says(ask: Ask, route: Route, who: str) -> None:
    response = ask(route, who)
    status = expected(route, who)
    if status >= 400:
        assert_problem(response, status, {**REFUSALS, 409: route.conflict}[status])
    assert response.status_code == status, response.text
    assert status != 401 or response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("route", [route for route in ROUTES if route.method == "GET"], ids=str)
@pytest.mark.parametrize("who", CALLERS)
def test_head_asks_for_the_same_right_as_get(ask: Ask, route: Route, who: str) -> None:
    response = ask(route, who, method="HEAD")
    assert response.status_code == expected(route, who)
    assert response.data == b""


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_options_needs_no_token_and_tells_nothing_else(ask: Ask, route: Route) -> None:
    response = ask(route, "no token", method="OPTIONS")
    assert (response.status_code, response.data) == (200, b"")
    assert route.method in response.headers["Allow"]


@pytest.mark.parametrize("route", [route for route in ROUTES if route.no_token == 401], ids=str)
def test_who_has_no_token_does_not_learn_what_exists_or_what_is_wrong(
    client: FlaskClient, route: Route
) -> None:
    for event_id in ("none", "{e:x}"):
        for body in (b"", b"[", b"{}", b"x" * 70_000):
            response = client.open(
                route.path(event_id),
                method=route.method,
                data=body if route.body is not None else None,
                content_type="application/json",
            )
            assert_problem(response, 401, "unauthorized")


@pytest.mark.parametrize("route", [route for route in ROUTES if route.patron == 403], ids=str)
def test_who_may_not_do_it_does_not_learn_what_is_wrong(alice: Actor, route: Route) -> None:
    for body in (b"", b"[", b"{}", b"x" * 70_000):
        response = alice.request(
            route.method,
            route.path("none"),
            data=body if route.body is not None else None,
            content_type="application/json",
        )
        assert_problem(response, 403, "forbidden")


NAMING = [
    ("PATCH", "/seats/1", {"action": "hold"}),
    ("PATCH", "/seats/1", {"action": "reserve"}),
    ("PATCH", "/seats/1", {"action": "release"}),
    ("POST", "/holds", {"seats": ["3"]}),
    ("POST", "/holds", {"best_available": {"count": 1}}),
    ("GET", "/holds", None),
    ("DELETE", "/holds", None),
    ("DELETE", "/holds?seats=1", None),
    ("POST", "/reservations", {"seats": ["1"]}),
    ("POST", "/reservations", {}),
    ("GET", "/reservations", None),
]
"""What an admin may do for a patron whom it names, in the body if there is one."""


@pytest.mark.parametrize(("method", "path", "body"), NAMING)
@pytest.mark.parametrize("prefix", ["/v1", ""])
def test_only_an_admin_acts_for_somebody_else(
    admin: Actor,
    alice: Actor,
    bob: Actor,
    prefix: str,
    method: str,
    path: str,
    body: dict[str, Any] | None,
) -> None:
    event = admin.create_event(seats=10)
    alice.has_reserved(event, "2")
    alice.has_held(event, "1")

    def ask(who: Actor, patron: str) -> TestResponse:
        address = f"{prefix}/events/{event['id']}{path}"
        if body is not None:
            return who.request(method, address, json={**body, "patron": patron})
        return who.request(method, f"{address}{'&' if '?' in path else '?'}patron={patron}")

    def everything() -> list[Any]:
        return [admin.seats(event, status="all"), admin.reservations(event).json]

    before = everything()
    for somebody in ("alice", "nobody"):
        assert_problem(ask(bob, somebody), 403, "forbidden")
    assert everything() == before
    assert ask(alice, "alice").status_code < 300, "the own id may be said"


@pytest.mark.parametrize(("method", "path", "body"), NAMING)
def test_an_admin_may_act_for_anybody(
    admin: Actor, alice: Actor, method: str, path: str, body: dict[str, Any] | None
) -> None:
    event = admin.create_event(seats=10)
    alice.has_held(event, "1")
    address = f"/v1/events/{event['id']}{path}"
    if body is None:
        address += f"{'&' if '?' in path else '?'}patron=alice"
    json = None if body is None else {**body, "patron": "alice"}
    assert admin.request(method, address, json=json).status_code in (200, 201, 204)
    assert {seat.get("patron", "alice") for seat in admin.seats(event, status="all")} == {"alice"}


@pytest.mark.parametrize(
    ("method", "below", "body"),
    [("GET", "", None), ("DELETE", "", None), ("POST", "/move", {"from": "2", "to": "3"})],
)
def test_somebody_elses_reservation_looks_like_one_that_does_not_exist(
    admin: Actor, alice: Actor, bob: Actor, method: str, below: str, body: dict[str, Any] | None
) -> None:
    event = admin.create_event(seats=10)
    other_event = admin.create_event(seats=10)
    theirs = alice.has_reserved(event, "2")["id"]
    elsewhere = bob.has_reserved(other_event, "2")["id"]

    def refused(reservation_id: str) -> dict[str, Any]:
        path = f"/v1/events/{event['id']}/reservations/{reservation_id}{below}"
        response = bob.request(method, path, json=body)
        problem = assert_problem(response, 404, "reservation_not_found")
        return {
            **problem,
            "request_id": "",
            "detail": problem["detail"].replace(reservation_id, ""),
        }

    assert refused(theirs) == refused("0" * 22) == refused(elsewhere)
    assert alice.seat(event, "2")["mine"] is True


@pytest.mark.parametrize("role", Role)
def test_an_id_gives_no_rights(actor: Callable[..., Actor], role: Role) -> None:
    namesake = actor("admin", role)
    made = namesake.request("POST", "/v1/events", json={"name": "Opening night", "seats": 10})
    assert made.status_code == (201 if role is Role.ADMIN else 403)


def test_the_document_says_which_routes_want_a_token_and_which_role(client: FlaskClient) -> None:
    paths = client.get("/openapi.json").json["paths"]
    documented = {
        (method.upper(), path.replace("{", "<").replace("}", ">")): operation
        for path, operations in paths.items()
        for method, operation in operations.items()
        if method != "parameters"
    }
    for route in [*VERSIONED, *UNVERSIONED]:
        operation = documented.pop((route.method, route.rule), None)
        if operation is None:
            assert route.no_token in (200, 302, 410), f"{route} is not documented"
            continue
        assert bool(operation.get("security")) == (route.no_token == 401), route
        assert ("401" in operation["responses"]) == (route.no_token == 401), route
        if route.patron == 403:
            assert "403" in operation["responses"], route
    assert documented == {}, "an operation that is not in the table"


def test_none_of_it_depends_on_development(settings: Settings, store: Store, admin: Actor) -> None:
    client = create_app(replace(settings, development=False), store).test_client()
    event = admin.create_event(seats=10)
    for route in ROUTES:
        path = route.path(event["id"])
        response = client.open(path, method=route.method, json=route.body, buffered=True)
        wanted = 404 if route.rule == "/jwt" else route.no_token
        assert response.status_code == wanted, route

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
REFUSALS = {401: "unauthorized", 403: "forbidden", 409: "seat_held", 410: "version_gone"}

Ask = Callable[..., TestResponse]


@pytest.fixture
def ask(client: FlaskClient, admin: Actor, alice: Actor, bob: Actor) -> Ask:
    """Ask for a route of a new event, whose seat 1 the patron holds."""
    actors = {"patron": alice, "other patron": bob, "admin": admin}
    event = admin.create_event(seats=10)
    alice.hold(event, "1")

    def send(route: Route, who: str, method: str | None = None) -> TestResponse:
        request: dict[str, Any] = {"json": route.body, "buffered": True}
        path = route.path(event["id"])
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
    if status in REFUSALS:
        assert_problem(response, status, REFUSALS[status])
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

"""What every answer says of itself, what errors keep to themselves, and which pages may ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from reservations import __version__
from reservations.app import create_app
from reservations.config import Settings
from reservations.service import ReservationService
from reservations.store import Store
from tests.actors import Actor
from tests.security.problems import assert_problem

SHOP = "https://shop.test"
NEEDED = ["Authorization", "Content-Type", "Idempotency-Key", "If-None-Match"]


@pytest.fixture(scope="module")
def app(settings: Settings, store: Store) -> Flask:
    """The application as it runs in production, with two shops for customers."""
    origins = (SHOP, "http://[2001:db8::1]:3000")
    return create_app(replace(settings, development=False, cors_origins=origins), store)


@pytest.fixture(scope="module")
def closed(settings: Settings, store: Store) -> FlaskClient:
    """A client of the application in production, called from no web page."""
    return create_app(replace(settings, development=False), store).test_client()


@pytest.fixture(scope="module")
def developing(settings: Settings, store: Store) -> FlaskClient:
    """A client of the application in development."""
    return create_app(settings, store).test_client()


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the service fail in a way that nobody foresaw."""

    def fail(*_args: Any) -> None:
        raise RuntimeError("hunter2 in /srv/reservations/service.py")

    for method in ("events", "event_with_counts", "check_ready"):
        monkeypatch.setattr(ReservationService, method, fail)


def _answers(
    client: FlaskClient, admin: Actor, alice: Actor, event: dict[str, Any]
) -> Iterator[TestResponse]:
    seats = f"/v1/events/{event['id']}/seats"
    listed = alice.get(seats)
    yield listed
    yield alice.get(seats, headers={"If-None-Match": listed.headers["ETag"]})
    yield alice.get(f"{seats}?status=all")
    yield alice.get(f"{seats}/1")
    yield alice.hold(event, "1")
    yield alice.release(event, "1")
    yield alice.release(event, "1")
    yield alice.hold(event, "nothing")
    yield alice.change(event, "1", "steal")
    once = {"Idempotency-Key": "a-1"}
    for _ in range(2):
        yield alice.request(
            "POST", f"/v1/events/{event['id']}/holds", json={"seats": ["1", "2"]}, headers=once
        )
    yield alice.hold_best(event, 50)
    yield alice.get(f"/v1/events/{event['id']}/holds")
    yield alice.release_seats(event, "2")
    yield alice.release_seats(event, "2")
    made = alice.reserve_seats(event)
    yield made
    yield alice.reserve_seats(event)
    for who in (alice, admin):
        yield who.reservations(event, limit=1)
        yield who.reservations_as_csv(event)
        yield who.changes(event)
        yield who.changes(event, after="l0.0")
    yield alice.reservation(event, made.json)
    yield alice.move(event, made.json, "1", "2")
    for _ in range(2):
        yield alice.cancel(event, made.json)
    yield admin.block(event, "3", reason="Camera")
    yield admin.unblock(event, "3")
    yield alice.block(event, "3")
    brief = admin.create_event(seats=10)
    yield admin.change_event(brief, status="closed")
    yield alice.hold_seats(brief, "1")
    for _ in range(2):
        yield admin.delete_event(brief)
    yield admin.get("/v1/events")
    yield admin.get(f"/v1/events/{event['id']}")
    yield admin.request("POST", "/v1/events", json={"name": "Opening night", "seats": 10})
    yield admin.request("POST", "/v1/events", data="{", content_type="application/json")
    yield admin.request("POST", "/v1/events", data="{}")
    yield admin.request("POST", "/v1/tokens", json={"subject": "carol", "role": "patron"})
    big = {"data": b" " * 70_000, "content_type": "application/json"}
    yield admin.request("POST", "/v1/tokens", **big)
    yield admin.request("DELETE", "/v1/tokens/abc")
    yield alice.request("DELETE", "/v1/tokens/abc")
    yield alice.get("/user")
    for path in ("/", "/user", "/health", "/ready", "/swagger", "/openapi.json", "/nowhere", "/v0"):
        yield client.get(path)
        yield client.head(path)
        yield client.options(path)
    yield client.delete("/v1/events")
    yield client.get("/swagger/assets/swagger-ui.css", buffered=True)
    yield client.get("/swagger/assets/none")
    yield client.get(
        "/swagger/assets/swagger-ui.css", headers={"Range": "bytes=99999999-"}, buffered=True
    )


def test_every_answer_says_what_it_is(
    client: FlaskClient, admin: Actor, alice: Actor, event: dict[str, Any]
) -> None:
    statuses = set()
    for response in _answers(client, admin, alice, event):
        said = f"{response.request.method} {response.request.path}: {response.status}"
        statuses.add(response.status_code)
        assert len(response.headers.getlist("X-Request-ID")) == 1, said
        assert response.headers.getlist("X-Content-Type-Options") == ["nosniff"], said
        assert response.headers["X-Request-ID"], said
        if "ETag" in response.headers:
            assert response.headers["Cache-Control"] not in ("", "no-store"), said
        else:
            assert response.headers["Cache-Control"] == "no-store", said
        if response.data:
            assert response.headers["Content-Type"], said
        if response.status_code >= 400 and response.data:
            assert_problem(response, response.status_code, response.json["code"])
        if response.status_code in (204, 304):
            assert not response.data, said
        assert "Server" not in response.headers, said
        assert "Set-Cookie" not in response.headers, said
    assert statuses == {200, 201, 204, 302, 304, 400, 401, 403, 404, 405, 409, 410, 413, 415} | {
        416,
        422,
    }


def test_lists_of_seats_are_kept_by_the_one_client_only(
    alice: Actor, event: dict[str, Any]
) -> None:
    listed = alice.get(f"/v1/events/{event['id']}/seats")
    assert listed.headers["Cache-Control"] == "private, no-cache"
    assert listed.headers["Vary"] == "Authorization, Accept-Encoding"


@pytest.mark.usefixtures("broken")
class TestUnforeseen:
    @pytest.mark.parametrize("path", ["/v1/events", "/v1/events/abc", "/events", "/ready"])
    def test_an_error_keeps_its_reasons_to_itself(
        self, admin: Actor, path: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        response = admin.get(path, headers={"X-Request-ID": "mine"})
        problem = assert_problem(response, 500, "internal_error")
        assert problem["request_id"] == "mine"
        for secret in ("hunter2", "RuntimeError", "/srv", "service", "line ", __version__):
            assert secret not in response.text

    def test_a_page_of_the_shop_can_read_it(self, admin: Actor) -> None:
        response = admin.get("/v1/events", headers={"Origin": SHOP})
        assert response.status_code == 500
        assert response.headers["Access-Control-Allow-Origin"] == SHOP


def _allowed(client: FlaskClient, origin: str | None, path: str = "/health") -> list[str]:
    environ = {} if origin is None else {"HTTP_ORIGIN": origin}
    return client.get(path, environ_overrides=environ).headers.getlist(
        "Access-Control-Allow-Origin"
    )


FOREIGN = [
    "null",
    "*",
    "https://evil.example",
    "http://shop.test",
    "https://shop.test.evil.example",
    "https://shop.test:8443",
    "https://shop.test@evil.example",
    "https://evil.example/https://shop.test",
    "https://shopxtest",
    "https://a.shop.test",
    "https://shop.test ",
    "https://shop.test\n",
    "https://shop.test, https://evil.example",
    "http://[2001:db8::2]:3000",
    "http://[2001:db8::1]",
    "file://",
]


class TestCrossOrigin:
    @pytest.mark.parametrize("origin", [SHOP, "http://localhost:3000", "null", "*", FOREIGN[2]])
    @pytest.mark.parametrize("path", ["/health", "/v1/events", "/nowhere"])
    def test_by_default_no_page_may_ask(self, closed: FlaskClient, path: str, origin: str) -> None:
        preflight = {"Origin": origin, "Access-Control-Request-Method": "PATCH"}
        for response in (
            closed.get(path, headers={"Origin": origin}),
            closed.options(path, headers=preflight),
        ):
            assert not [name for name, _ in response.headers if name.startswith("Access-Control")]

    @pytest.mark.parametrize("origin", [SHOP, "http://[2001:db8::1]:3000"])
    @pytest.mark.parametrize("path", ["/health", "/v1/events", "/nowhere"])
    def test_pages_of_the_named_origins_may(
        self, client: FlaskClient, path: str, origin: str
    ) -> None:
        assert _allowed(client, origin, path) == [origin]

    @pytest.mark.parametrize(
        "origin",
        [*FOREIGN, "http://localhost:3000", "http://127.0.0.1"]
        # What an IPv6 address with its brackets would let in as a pattern.
        + ["http://2:3000", "http://d:3000.evil.example", "http://b:3000"],
    )
    def test_pages_of_all_others_may_not(self, client: FlaskClient, origin: str) -> None:
        assert _allowed(client, origin) == []

    def test_who_is_no_page_is_told_of_none(self, client: FlaskClient) -> None:
        assert _allowed(client, None) == []

    @pytest.mark.parametrize("scheme", ["http", "https"])
    @pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
    @pytest.mark.parametrize("port", ["", ":3000", ":65535"])
    def test_in_development_any_page_of_this_machine_may(
        self, developing: FlaskClient, scheme: str, host: str, port: str
    ) -> None:
        origin = f"{scheme}://{host}{port}"
        assert _allowed(developing, origin) == [origin]

    @pytest.mark.parametrize(
        "origin",
        [
            *FOREIGN,
            "http://localhost.evil.com",
            "http://127.0.0.1.evil.com",
            "http://127.0.0.1:3000.evil.com",
            "http://localhost:3000@evil.com",
            "http://evil.com#localhost",
            "http://evil-localhost",
            "http://notlocalhost",
            "http://127.0.0.10",
            "http://127x0x0x1",
            "http://[::1].evil.com",
            "http://[::1]evil.com",
            "http://localhost:",
            "http://localhost:123456",
            "http://localhost/",
            "http://localhost\n",
            "http://0.0.0.0",
            "http://192.168.1.2",
            "chrome-extension://localhost",
            "httpx://localhost",
            SHOP,
        ],
    )
    def test_in_development_no_other_may(self, developing: FlaskClient, origin: str) -> None:
        assert _allowed(developing, origin) == []

    @pytest.mark.parametrize(
        ("path", "method"),
        [
            ("/v1/events", "PUT"),
            ("/v1/events", "POST"),
            ("/v1/events/abc/seats", "GET"),
            ("/v1/events/abc/seats/1", "PATCH"),
            ("/v1/events/abc", "PATCH"),
            ("/v1/events/abc", "DELETE"),
            ("/v1/events/abc/holds", "POST"),
            ("/v1/events/abc/holds", "DELETE"),
            ("/v1/events/abc/reservations/abc", "DELETE"),
            ("/v1/events/abc/reservations/abc/move", "POST"),
            ("/v1/events/abc/blocks", "PUT"),
            ("/v1/events/abc/blocks", "DELETE"),
            ("/v1/events/abc/changes", "GET"),
            ("/v1/tokens/abc", "DELETE"),
        ],
    )
    def test_a_page_asks_before_without_a_token(
        self, client: FlaskClient, path: str, method: str
    ) -> None:
        asked = {
            "Origin": SHOP,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": ", ".join(name.lower() for name in NEEDED),
        }
        preflight = client.options(path, headers=asked)
        assert (preflight.status_code, preflight.data) == (200, b"")
        assert preflight.headers["Access-Control-Allow-Origin"] == SHOP
        assert method in preflight.headers["Access-Control-Allow-Methods"].split(", ")
        allowed = preflight.headers["Access-Control-Allow-Headers"].lower().split(", ")
        assert {name.lower() for name in NEEDED} <= set(allowed)
        assert int(preflight.headers["Access-Control-Max-Age"]) > 0
        assert "Access-Control-Allow-Credentials" not in preflight.headers

    def test_another_page_is_told_nothing_before(self, client: FlaskClient) -> None:
        asked = {"Origin": FOREIGN[2], "Access-Control-Request-Method": "PUT"}
        preflight = client.options("/v1/events", headers=asked)
        assert not [name for name, _ in preflight.headers if name.startswith("Access-Control")]

    def test_a_page_may_send_no_other_headers(self, client: FlaskClient) -> None:
        asked = {
            "Origin": SHOP,
            "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Headers": "authorization, x-evil, cookie",
        }
        preflight = client.options("/v1/events", headers=asked)
        assert preflight.headers["Access-Control-Allow-Headers"].lower() == "authorization"

    def test_a_page_can_read_what_it_needs(
        self, client: FlaskClient, actor: Callable[..., Actor]
    ) -> None:
        for response in (
            client.get("/v1/events", headers={"Origin": SHOP}),
            actor("alice").get("/v1/events", headers={"Origin": SHOP}),
        ):
            exposed = response.headers["Access-Control-Expose-Headers"].split(", ")
            assert {"ETag", "Link", "Location", "Retry-After", "X-Request-ID"} <= set(exposed)
            assert {"Idempotency-Replayed", "WWW-Authenticate", "Allow"} <= set(exposed)
            assert "Content-Disposition" in exposed
            assert "Origin" in response.headers["Vary"]

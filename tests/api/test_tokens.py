"""The life of a token: issued over HTTP or by the command, used, and revoked."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jwt
import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner

from reservations.app import create_app, open_store
from reservations.config import Settings
from reservations.domain.caller import Role
from tests.actors import Actor
from tests.conftest import JWT_SECRET

MONTH = 30 * 86_400


def claims_of(token: str) -> dict[str, Any]:
    """Return a token's claims."""
    read: dict[str, Any] = jwt.decode(token, JWT_SECRET, ["HS256"], audience="reservations")
    return read


def issue(admin: Actor, **members: Any) -> dict[str, Any]:
    """Have an admin issue a token."""
    response = admin.request("POST", "/v1/tokens", json=members)
    assert response.status_code == 201, response.text
    issued: dict[str, Any] = response.json
    return issued


def test_an_admin_issues_a_token_that_speaks_for_a_patron(app: Flask, admin: Actor) -> None:
    issued = issue(admin, subject="carol@shop", role="patron", name="Carol", expires_in=60)
    assert issued.keys() == {"access_token", "token_type", "expires_in"}
    assert (issued["token_type"], issued["expires_in"]) == ("Bearer", 60)
    carol = Actor(app.test_client(), issued["access_token"])
    assert carol.get("/user").json == {"id": "carol@shop", "name": "Carol", "role": "patron"}
    assert carol.get("/v1/events").status_code == 200


def test_a_token_has_all_the_claims_of_the_contract(admin: Actor) -> None:
    claims = claims_of(issue(admin, subject="carol", role="patron")["access_token"])
    assert {"sub", "role", "exp", "iat", "jti", "iss", "aud"} <= claims.keys()
    assert "name" not in claims
    assert (claims["iss"], claims["aud"]) == ("reservations", "reservations")
    assert claims["exp"] - claims["iat"] == 3600, "an hour, unless asked for another time"


def test_an_issued_admin_is_an_admin(app: Flask, admin: Actor) -> None:
    token = issue(admin, subject="night-shift", role="admin")["access_token"]
    assert Actor(app.test_client(), token).create_event(seats=10)


def test_each_token_has_its_own_id(admin: Actor) -> None:
    issued = [issue(admin, subject="carol", role="patron")["access_token"] for _ in range(10)]
    assert len({claims_of(token)["jti"] for token in issued}) == 10


@pytest.mark.parametrize("seconds", [1, 3600, MONTH])
def test_a_token_lives_as_long_as_asked_for(admin: Actor, seconds: int) -> None:
    issued = issue(admin, subject="carol", role="patron", expires_in=seconds)
    claims = claims_of(issued["access_token"])
    assert issued["expires_in"] == claims["exp"] - claims["iat"] == seconds


@pytest.mark.parametrize("seconds", [0, -1, MONTH + 1, 10**12, 10**300, "60", 1.5, True, None])
def test_a_life_out_of_bounds_is_refused(admin: Actor, seconds: Any) -> None:
    body = {"subject": "carol", "role": "patron", "expires_in": seconds}
    refused = admin.request("POST", "/v1/tokens", json=body)
    assert (refused.status_code, refused.json["code"]) == (422, "invalid")
    assert "expires_in" in refused.json["errors"]


def test_a_service_may_allow_only_short_lives(
    settings: Settings, actor: Callable[..., Actor]
) -> None:
    brief = create_app(replace(settings, jwt_max_lifetime_seconds=60))
    admin = actor("box-office", Role.ADMIN)
    boss = Actor(brief.test_client(), admin.token)
    assert boss.get("/user").status_code == 401, "this one lives for an hour"
    with brief.app_context():
        issued = brief.test_cli_runner().invoke(
            args=["tokens", "issue", "boss", "--role", "admin", "--expires-in", "60"]
        )
    boss = Actor(brief.test_client(), issued.stdout.strip())
    assert issue(boss, subject="carol", role="patron")["expires_in"] == 60


def test_a_token_ends_when_it_expires(app: Flask, admin: Actor) -> None:
    token = issue(admin, subject="carol", role="patron", expires_in=1)["access_token"]
    carol = Actor(app.test_client(), token)
    deadline = time.monotonic() + 3
    while carol.get("/user").status_code == 200:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    refused = carol.get("/user")
    assert (refused.status_code, refused.json["detail"]) == (401, "The token has expired.")


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/v1/tokens"), ("DELETE", "/v1/tokens/6c1f0a7e")]
)
def test_only_an_admin_issues_and_revokes(
    client: FlaskClient, alice: Actor, raw: redis.Redis, method: str, path: str
) -> None:
    body = {"subject": "alice", "role": "admin"}
    assert client.open(path, method=method, json=body).status_code == 401
    refused = alice.request(method, path, json=body)
    assert (refused.status_code, refused.json["code"]) == (403, "forbidden")
    assert not raw.exists("revocations")


def test_a_revoked_token_is_worthless_at_once(admin: Actor, alice: Actor, bob: Actor) -> None:
    assert alice.get("/user").status_code == 200
    for _ in range(2):
        path = f"/v1/tokens/{claims_of(alice.token)['jti']}"
        revoked = admin.request("DELETE", path)
        assert (revoked.status_code, revoked.data) == (204, b"")
        for path in ("/user", "/v1/events"):
            refused = alice.get(path)
            assert (refused.status_code, refused.json["code"]) == (401, "unauthorized")
            assert refused.headers["WWW-Authenticate"] == "Bearer"
    assert bob.get("/user").status_code == 200, "others go on"


def test_an_admin_may_revoke_the_own_token(admin: Actor) -> None:
    path = f"/v1/tokens/{claims_of(admin.token)['jti']}"
    assert admin.request("DELETE", path).status_code == 204
    assert admin.request("DELETE", path).status_code == 401


def test_revoking_one_token_leaves_the_patrons_others(app: Flask, admin: Actor) -> None:
    first, second = (issue(admin, subject="carol", role="patron")["access_token"] for _ in range(2))
    admin.request("DELETE", f"/v1/tokens/{claims_of(first)['jti']}")
    assert Actor(app.test_client(), first).get("/user").status_code == 401
    assert Actor(app.test_client(), second).get("/user").status_code == 200


def test_a_token_may_be_revoked_that_was_never_seen(admin: Actor) -> None:
    assert admin.request("DELETE", "/v1/tokens/never-seen").status_code == 204


def test_another_process_learns_of_a_revocation_within_2_seconds(
    settings: Settings, admin: Actor, alice: Actor
) -> None:
    store = open_store(settings)
    elsewhere = Actor(create_app(settings, store).test_client(), alice.token)
    assert elsewhere.get("/user").status_code == 200
    revoked_at = time.monotonic()
    admin.request("DELETE", f"/v1/tokens/{claims_of(alice.token)['jti']}")
    while elsewhere.get("/user").status_code == 200:
        assert time.monotonic() - revoked_at < 2
        time.sleep(0.02)
    store.close()


def test_a_process_that_starts_later_knows_what_was_revoked(
    settings: Settings, admin: Actor, alice: Actor
) -> None:
    admin.request("DELETE", f"/v1/tokens/{claims_of(alice.token)['jti']}")
    store = open_store(settings)
    later = Actor(create_app(settings, store).test_client(), alice.token)
    assert later.get("/user").status_code == 401
    store.close()


class TestCommand:
    def test_it_prints_one_token_for_the_first_admin(
        self, app: Flask, runner: FlaskCliRunner
    ) -> None:
        args = ["tokens", "issue", "boss", "--role", "admin", "--expires-in", "600"]
        result = runner.invoke(args=args)
        assert (result.exit_code, result.stderr) == (0, "")
        claims = claims_of(result.stdout.strip())
        assert (claims["sub"], claims["role"], claims["exp"] - claims["iat"]) == (
            "boss",
            "admin",
            600,
        )
        boss = Actor(app.test_client(), result.stdout.strip())
        assert boss.create_event(seats=10)
        assert issue(boss, subject="carol", role="patron")

    def test_it_prints_json_like_the_api(self, app: Flask, runner: FlaskCliRunner) -> None:
        args = ["tokens", "issue", "carol", "--name", "Carol", "--json"]
        issued = json.loads(runner.invoke(args=args).stdout)
        assert issued.keys() == {"access_token", "token_type", "expires_in"}
        carol = Actor(app.test_client(), issued["access_token"])
        assert carol.get("/user").json == {"id": "carol", "name": "Carol", "role": "patron"}

    @pytest.mark.parametrize(
        "args",
        [
            ["a b"],
            [""],
            ["{e:x}"],
            ["a" * 65],
            ["carol", "--role", "owner"],
            ["carol", "--expires-in", "0"],
            ["carol", "--expires-in", "-1"],
            ["carol", "--expires-in", str(MONTH + 1)],
            ["carol", "--expires-in", "9" * 5000],
            ["carol", "--expires-in", "9" * 30],
            ["carol", "--name", "a" * 201],
        ],
        ids=lambda args: " ".join(args)[:40],
    )
    def test_it_refuses_what_would_make_no_good_token(
        self, runner: FlaskCliRunner, args: list[str]
    ) -> None:
        result = runner.invoke(args=["tokens", "issue", *args])
        assert (result.exit_code, result.stdout) == (2, "")

    def test_it_revokes(self, runner: FlaskCliRunner, alice: Actor) -> None:
        result = runner.invoke(args=["tokens", "revoke", claims_of(alice.token)["jti"]])
        assert (result.exit_code, result.stdout) == (0, "")
        assert alice.get("/user").status_code == 401


class TestTryingOut:
    def test_anybody_may_be_whoever_they_like(self, client: FlaskClient) -> None:
        given = client.post("/jwt", json={"name": "Alice", "id": "alice"})
        assert given.status_code == 200
        who = client.get("/user", headers={"Authorization": given.json["Authorize"]})
        assert who.json == {"id": "alice", "name": "Alice", "role": "patron"}

    def test_even_an_admin(self, client: FlaskClient) -> None:
        given = client.post("/jwt", json={"name": "Boss", "id": "boss", "role": "admin"})
        headers = {"Authorization": given.json["Authorize"]}
        body = {"name": "Opening night", "seats": 10}
        assert client.put("/v1/events", json=body, headers=headers).status_code == 201

    def test_only_in_development(self, settings: Settings) -> None:
        client = create_app(replace(settings, development=False)).test_client()
        refused = client.post("/jwt", json={"name": "Alice", "id": "alice"})
        assert (refused.status_code, refused.json["code"]) == (404, "not_found")
        assert "/jwt" not in client.get("/openapi.json").json["paths"]

    def test_the_document_shows_it_in_development(self, client: FlaskClient) -> None:
        assert "post" in client.get("/openapi.json").json["paths"]["/jwt"]

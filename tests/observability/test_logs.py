"""What is logged: one line a request, and never a token."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from reservations import tokens
from reservations.app import create_app
from reservations.config import Settings
from reservations.domain.caller import Role
from reservations.observability.request_log import MAX_PATH_LENGTH
from reservations.store import Store
from tests.actors import Actor
from tests.live import free_port

TOKEN = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbGljZSIsInJvbGUiOiJwYXRyb24ifQ."
    "q1cSfaPbQ_ml9r3T-6Yq0mLJmVvXK2dTnC3yTzZ0o9s"
)
MEMBERS = ["at", "level", "request_id", "method", "route", "path", "status", "code"]
MEMBERS += ["patron", "event", "seconds"]

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def produced(settings: Settings, store: Store) -> Flask:
    """The application as in production."""
    return create_app(replace(settings, development=False), store)


@pytest.fixture
def buyer(produced: Flask) -> Actor:
    """A patron there."""
    with produced.app_context():
        token = tokens.issue("alice", Role.PATRON, "Alice", timedelta(hours=1))
    return Actor(produced.test_client(), token)


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    """Return what was logged of requests since the last time."""
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_request_has_one_line(buyer: Actor, event: dict[str, Any], lines: Lines) -> None:
    buyer.hold(event, "1")
    lines()
    path = f"/v1/events/{event['id']}/seats/1"
    began = time.time()
    buyer.request("PATCH", f"{path}?x=1", json={"action": "hold"}, headers={"X-Request-ID": "mine"})
    (line,) = lines()
    assert list(line) == MEMBERS
    assert 0 < line.pop("seconds") < 60
    assert line.pop("at")[:4] == time.strftime("%Y", time.gmtime(began))
    assert line == {
        "level": "INFO",
        "request_id": "mine",
        "method": "PATCH",
        "route": "/v1/events/<event_id>/seats/<seat_id>",
        "path": path,
        "status": 200,
        "code": None,
        "patron": "alice",
        "event": event["id"],
    }


def test_a_refusal_is_told_by_its_code(buyer: Actor, event: dict[str, Any], lines: Lines) -> None:
    lines()
    buyer.reserve(event, "1")
    buyer.get("/nowhere")
    buyer.client.get("/v1/events")
    told = [(line["status"], line["code"], line["patron"]) for line in lines()]
    assert told == [
        (409, "seat_not_held", "alice"),
        (404, "not_found", None),
        (401, "unauthorized", None),
    ]


def test_what_machines_ask_all_day_is_not_told(produced: Flask, lines: Lines) -> None:
    client = produced.test_client()
    for path in ("/health", "/ready", "/metrics"):
        assert client.get(path).status_code == 200
    assert lines() == []


def test_a_store_that_is_gone_is_told_with_the_reason(settings: Settings, lines: Lines) -> None:
    url = f"redis://127.0.0.1:{free_port()}"
    gone = create_app(replace(settings, development=False, redis_url=url)).test_client()
    assert gone.get("/ready").status_code == 503
    (line,) = lines()
    assert (line["level"], line["code"]) == ("WARNING", "store_unavailable")
    assert "refused" in line["reason"]


@pytest.mark.parametrize(
    ("level", "written"), [("DEBUG", 2), ("INFO", 1), ("WARNING", 0), ("ERROR", 0)]
)
def test_lines_are_written_from_a_level_on(
    settings: Settings, store: Store, lines: Lines, level: str, written: int
) -> None:
    client = create_app(replace(settings, development=False, log_level=level), store).test_client()
    client.get("/health")
    client.get("/nowhere")
    assert len(lines()) == written


def test_an_unforeseen_error_is_told_as_json_with_the_request(
    settings: Settings,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError(f"no good: Bearer {TOKEN}\n{{}}")

    monkeypatch.setattr("reservations.service.ReservationService.check_ready", fail)
    # Made here, because its log goes to where standard error is then.
    failing = create_app(replace(settings, development=False), store).test_client()
    failing.get("/ready", headers={"X-Request-ID": "mine"})
    said = capsys.readouterr()
    (error,) = map(json.loads, said.err.splitlines())
    assert (error["level"], error["request_id"]) == ("ERROR", "mine")
    assert "Exception on /ready [GET]" in error["message"]
    assert "RuntimeError: no good" in error["exception"]
    (line,) = map(json.loads, said.out.splitlines())
    assert (line["level"], line["code"], line["request_id"]) == ("ERROR", "internal_error", "mine")
    assert "eyJ" not in said.out + said.err


@pytest.mark.parametrize(
    "path",
    [
        f"/v1/events/{TOKEN}",
        f"/v1/events/{TOKEN}/seats/{TOKEN}",
        f"/v1/tokens/{TOKEN}",
        f"/{TOKEN}?token={TOKEN}",
        f"/v1/events?access_token={TOKEN}",
        f"/Bearer%20{TOKEN}",
        f"/{'x' * 180}/{TOKEN}",
        f"/x/{TOKEN[:-30]}",
        f"/x/{TOKEN.partition('.')[0]}",
    ],
)
def test_no_token_is_told_wherever_it_stands(
    produced: Flask, buyer: Actor, capsys: pytest.CaptureFixture[str], path: str
) -> None:
    headers = {"X-Request-ID": TOKEN[:128], "Referer": f"https://shop.test/?t={TOKEN}"}
    buyer.get(path, headers=headers)
    for scheme in ("Bearer", "bearer", "Token", "Basic"):
        sent = {**headers, "Authorization": f"{scheme} {TOKEN}x", "Cookie": f"a={TOKEN}"}
        produced.test_client().get(path, headers=sent)
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 5
    for part in [*TOKEN.split("."), *buyer.token.split(".")]:
        assert part[:20] not in said.out + said.err


@pytest.mark.parametrize("development", [True, False])
def test_nobody_forges_a_line(
    settings: Settings,
    store: Store,
    capsys: pytest.CaptureFixture[str],
    *,
    development: bool,
) -> None:
    client = create_app(replace(settings, development=development), store).test_client()
    hostile = ["%0a%7b%22level%22:1%7d", "%0d%0a", "%e2%80%a8", "%c2%85", "%1b[2J", "%00", "%22"]
    for each in hostile:
        client.get(f"/v1/events/{each}", headers={"X-Request-ID": "a\tb"})
        client.open("/x", method="GET\x0bX")
    said = capsys.readouterr().out
    assert said.isascii()
    assert len(said.splitlines()) == 2 * len(hostile)
    assert all(char.isprintable() or char == "\n" for char in said)


def test_a_line_is_never_longer_than_a_pipe_takes_at_once(
    produced: Flask, capsys: pytest.CaptureFixture[str]
) -> None:
    long = "%f0%9f%8e%ad" * 600
    produced.test_client().get(f"/v1/events/{long}/seats/{long}")
    (line,) = capsys.readouterr().out.splitlines()
    assert len(json.loads(line)["path"]) == MAX_PATH_LENGTH
    assert len(line) < 4096


def test_a_developer_reads_a_line(
    client: FlaskClient, alice: Actor, event: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    alice.reserve(event, "1")
    (line,) = capsys.readouterr().out.splitlines()
    assert f" PATCH /v1/events/{event['id']}/seats/1 409 seat_not_held alice " in line
    assert line.endswith(" ms")


def test_a_log_that_nobody_reads_any_more_fails_no_request(
    produced: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Gone:
        def write(self, _: str) -> None:
            raise BrokenPipeError

    monkeypatch.setattr("sys.stdout", Gone())
    assert produced.test_client().get("/nowhere").status_code == 404

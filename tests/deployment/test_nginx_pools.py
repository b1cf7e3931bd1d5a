"""Which workers answer what, and that a rush of patrons does not keep the box office waiting."""

from __future__ import annotations

import contextlib
import http.client
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from flask import Flask
from werkzeug.exceptions import HTTPException

from tests.deployment.standin import StandIn
from tests.live import wait_for
from tests.nginx import CONFIGURATION, Nginx
from tests.security.routes import ROUTES, Route

OWN_DOOR = """\
    server {{
        listen unix:{folder}/box-office-door.sock;
        set $entrance box_office;
        include service.conf;
    }}
}}
"""
WAITING = 150
"""Patrons under way, fewer than one address may have."""
AT_ONCE_SECONDS = 1
FORBIDDEN = 403
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
SPELLINGS = [
    "/v1/events",
    "/V1/events",
    "/v1/Events",
    "/v1/events/",
    "//v1/events",
    "/v1//events",
    "/v1/events;a=b",
    "/v1/events%3Fa",
    "/v1/events%00",
    "/v1/events%0a",
    "/v1/events%20",
    "/v1/%65vents",
    "/v1%2fevents",
    "/v1/x/../events",
    "/v1/./events",
    "/v1/events/.",
    "/v1/events/..",
    "/v1/events/%2e%2e/tokens",
    "/v1/events/x/../../tokens",
    "/v2/events",
    "/v1/v1/events",
    "/events?x=/v1/tokens",
    "/v1/tokens",
    "/v1/tokens/",
    "/v1/tokens;a",
    "/v1/%74okens",
    "//tokens",
    "/%2ftokens",
    "/tokens%2f",
    "/tokens#x",
    "/v1/tokens/x/y",
    "/v1/tokens/x%2fy",
    "/v1/events/x/blocks",
    "/v1/events/x/blocks/",
    "/v1/events/x/Blocks",
    "/v1/events/x%2fy/blocks",
    "/v1/events//blocks",
    "/v1/events/../blocks",
    "/v1/events/%ff",
    "/v1/events/x;y",
    "/-/events",
    "/-/events/changes",
    "/-/box_office/changes",
    "/-/patrons/changes",
    "/-/tokens",
    "/-/problem",
    "/-/anything",
    "/metrics",
    "//metrics",
    "/%6detrics/",
]


@pytest.fixture
def parted(
    _needs_nginx: None, tmp_path: Path, stand_in: StandIn, box_office: StandIn
) -> Iterator[Nginx]:
    """An nginx before two stand-ins, trusting loopback."""
    with Nginx(
        tmp_path / "nginx", stand_in.path, box_office=box_office.path, trusted=True
    ) as running:
        yield running


def ask(port: int, method: str, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(method, path, headers={"Authorization": "Bearer a.b.c"})
    status = connection.getresponse().status
    connection.close()
    return status


# Figures are asked for directly.
BEHIND_NGINX = [route for route in ROUTES if route.rule != "/metrics"]


def is_for_admins(route: Route) -> bool:
    return route.patron == FORBIDDEN


def test_each_route_and_method_is_answered_by_the_workers_it_belongs_to(
    parted: Nginx, stand_in: StandIn, box_office: StandIn
) -> None:
    for route in BEHIND_NGINX:
        before = len(stand_in.requests), len(box_office.requests)
        assert ask(parted.port, route.method, route.path("e" * 16)) == 200, route
        grown = len(stand_in.requests) - before[0], len(box_office.requests) - before[1]
        belongs = is_for_admins(route) or route.rule == "/jwt"
        assert grown == ((0, 1) if belongs else (1, 0)), route
    assert sum(map(is_for_admins, ROUTES)) >= 16


def rule_of(app: Flask, method: str, path: str) -> str | None:
    """Return the rule that the service takes an address for, if it knows it."""
    decoded = unquote(path.partition("#")[0].partition("?")[0])
    with contextlib.suppress(HTTPException):
        rule, given = app.url_map.bind("h").match(decoded, method, return_rule=True)
        # No event has such an id; to nginx it leads elsewhere.
        return None if {".", ".."} & set(given.values()) else str(rule.rule)
    return None


@pytest.mark.parametrize("path", SPELLINGS)
def test_what_the_service_takes_for_an_admins_route_nginx_does_too(
    parted: Nginx, stand_in: StandIn, box_office: StandIn, app: Flask, path: str
) -> None:
    of_admins = {(route.method, route.rule) for route in ROUTES if is_for_admins(route)}
    for method in METHODS:
        before = len(box_office.requests)
        status = ask(parted.port, method, path)
        assert status in (200, 400, 404), (method, status)
        if (method, rule_of(app, method, path)) in of_admins and status == 200:
            assert len(box_office.requests) == before + 1, method
    for asked in (*stand_in.requests, *box_office.requests):
        # As it was sent, so that the service judges the same.
        assert asked.split(b" ")[1] == path.encode()


def test_no_spelling_has_tokens_issued_at_a_faster_pace(
    _needs_nginx: None, tmp_path: Path, stand_in: StandIn, app: Flask
) -> None:
    issuing = [
        path for path in SPELLINGS if str(rule_of(app, "POST", path)) in ("/tokens", "/v1/tokens")
    ]
    assert len(issuing) > 4
    for number, path in enumerate(issuing):
        with Nginx(tmp_path / f"nginx-{number}", stand_in.path) as nginx:
            assert 429 in {ask(nginx.port, "POST", path) for _ in range(60)}, path


@contextlib.contextmanager
def crowd(port: int, number: int) -> Iterator[None]:
    """Have so many patrons ask, whom nobody answers."""
    with contextlib.ExitStack() as stack:
        for _ in range(number):
            one = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            one.sendall(b"GET /v1/events HTTP/1.1\r\nHost: h\r\n\r\n")
        yield


def test_while_patrons_workers_are_silent_the_box_office_is_answered_at_once(
    parted: Nginx, stand_in: StandIn, box_office: StandIn
) -> None:
    stand_in.answer = [(9, b"")]
    with crowd(parted.port, WAITING):
        wait_for(lambda: stand_in.connections == WAITING)
        for route in filter(is_for_admins, ROUTES):
            began = time.monotonic()
            assert ask(parted.port, route.method, route.path("e" * 16)) == 200, route
            assert time.monotonic() - began < AT_ONCE_SECONDS, route
        # And patrons are told that nobody answers.
        assert ask(parted.port, "GET", "/v1/events") == 504
    assert len(box_office.requests) == sum(map(is_for_admins, ROUTES))


def test_one_network_cannot_have_all_of_the_box_offices_workers(
    _needs_nginx: None, tmp_path: Path, stand_in: StandIn, box_office: StandIn
) -> None:
    box_office.answer = [(9, b"")]
    with (
        Nginx(tmp_path / "nginx", stand_in.path, box_office=box_office.path) as nginx,
        contextlib.ExitStack() as stack,
    ):
        for _ in range(WAITING):
            one = stack.enter_context(socket.create_connection(("127.0.0.1", nginx.port)))
            one.sendall(b"DELETE /v1/events/e HTTP/1.1\r\nHost: h\r\n\r\n")
        wait_for(lambda: ask(nginx.port, "DELETE", "/v1/events/e") == 429)
        assert box_office.connections <= 20
        assert ask(nginx.port, "GET", "/v1/events/e") == 200


def test_at_its_own_door_the_box_office_is_answered_by_its_own_workers_only(
    _needs_nginx: None, tmp_path: Path, stand_in: StandIn, box_office: StandIn
) -> None:
    folder = tmp_path / "nginx"
    configuration = CONFIGURATION.removesuffix("}}\n") + OWN_DOOR
    door = str(box_office.path.with_name("door.sock"))
    configuration = configuration.replace("{folder}/box-office-door.sock", door)
    with Nginx(
        folder, stand_in.path, box_office=box_office.path, trusted=True, configuration=configuration
    ) as nginx:
        for number, route in enumerate(BEHIND_NGINX, start=1):
            connection = http.client.HTTPConnection("localhost")
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.connect(door)
            connection.request(route.method, route.path("e" * 16))
            assert connection.getresponse().status == 200, route
            connection.close()
            assert len(box_office.requests) == number, route
        assert stand_in.requests == []
        assert ask(nginx.port, "GET", "/v1/events") == 200
        assert len(stand_in.requests) == 1

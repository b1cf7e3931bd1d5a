"""Connections that nginx keeps to workers, and what becomes of what is sent on them."""

from __future__ import annotations

import http.client
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from gunicorn.workers import gthread

from tests.deployment.standin import WELL, WELL_AND_KEPT, StandIn
from tests.live import wait_for
from tests.nginx import DEPLOYED, Nginx

READS = ["GET", "HEAD"]
CHANGES = ["POST", "PUT", "PATCH", "DELETE"]
SOON_SECONDS = 10


def ask(nginx: Nginx, method: str, body: bytes = b"", path: str = "/v1/events/e/holds") -> int:
    connection = http.client.HTTPConnection("127.0.0.1", nginx.port, timeout=20)
    connection.request(method, path, body or None)
    status = connection.getresponse().status
    connection.close()
    return status


def keep_one(nginx: Nginx, stand_in: StandIn) -> None:
    """Have every process of nginx keep a connection, as far as one can."""
    stand_in.answer = [(0, WELL_AND_KEPT)]
    for _ in range(30):
        assert ask(nginx, "GET") == 200


@pytest.fixture
def other(short_path: Path) -> Iterator[StandIn]:
    """Another worker's socket."""
    with StandIn(short_path / "other.sock") as listening:
        yield listening


@pytest.fixture
def two(_needs_nginx: None, tmp_path: Path, stand_in: StandIn, other: StandIn) -> Iterator[Nginx]:
    """An nginx that asks two services in turn."""
    with Nginx(tmp_path / "nginx", stand_in.path, other.path, trusted=True) as running:
        yield running


def test_connections_are_kept_and_used_again(nginx: Nginx, stand_in: StandIn) -> None:
    stand_in.answer = [(0, WELL_AND_KEPT)]
    for method in [*READS, *CHANGES] * 10:
        # The answer to HEAD has a body here, which no worker sends.
        if method != "HEAD":
            assert ask(nginx, method, b"{}") == 200
    assert len(stand_in.requests) == 50
    assert stand_in.connections < 25
    assert not [asked for asked in stand_in.requests if b"\r\nConnection:" in asked]


def test_connections_that_nobody_uses_are_closed_before_a_worker_closes_them(
    nginx: Nginx, stand_in: StandIn
) -> None:
    keep_one(nginx, stand_in)
    wait_for(lambda: stand_in.hung_up == stand_in.connections, SOON_SECONDS)


def test_a_worker_that_is_to_leave_waits_for_longer_than_nginx_keeps_its_connections() -> None:
    (milliseconds,) = re.findall(
        r"^keepalive_timeout (\d+)ms;$", (DEPLOYED / "upstream.conf").read_text(), re.MULTILINE
    )
    assert gthread.STOP_KEEPALIVE_LINGER >= 4 * int(milliseconds) / 1000


@pytest.mark.parametrize("size", [9_999, 10_000, 65_536])
def test_what_a_worker_may_not_read_to_the_end_comes_on_a_connection_of_its_own(
    nginx: Nginx, stand_in: StandIn, size: int
) -> None:
    assert ask(nginx, "POST", b"x" * size) == 200
    (asked,) = stand_in.requests
    assert (b"\r\nConnection: close\r\n" in asked) == (size > 9_999)


@pytest.mark.parametrize("method", CHANGES)
def test_a_change_on_a_kept_connection_that_breaks_is_never_sent_again(
    nginx: Nginx, stand_in: StandIn, method: str
) -> None:
    keep_one(nginx, stand_in)
    stand_in.answer = [(0, b"")]
    stand_in.requests.clear()
    assert ask(nginx, method, b"{}") == 502
    assert len(stand_in.requests) == 1


@pytest.mark.parametrize("method", CHANGES)
@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Le"])
def test_a_change_is_never_sent_to_another_service(
    two: Nginx, stand_in: StandIn, other: StandIn, method: str, answer: bytes
) -> None:
    stand_in.answer = other.answer = [(0, answer)]
    assert ask(two, method, b"{}") == 502
    assert len(stand_in.requests) + len(other.requests) == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/events"),
        ("PUT", "/v1/events"),
        ("PATCH", "/v1/events/e"),
        ("DELETE", "/v1/events/e"),
        ("PUT", "/v1/events/e/blocks"),
        ("DELETE", "/v1/events/e/blocks"),
        ("POST", "/v1/tokens"),
        ("DELETE", "/v1/tokens/t"),
    ],
)
def test_nor_is_one_of_the_box_office(
    two: Nginx, stand_in: StandIn, other: StandIn, method: str, path: str
) -> None:
    stand_in.answer = other.answer = [(0, b"")]
    assert ask(two, method, path=path) == 502
    assert len(stand_in.requests) + len(other.requests) == 1


@pytest.mark.parametrize("method", READS)
def test_who_only_reads_is_answered_by_another_service_when_one_breaks(
    two: Nginx, stand_in: StandIn, other: StandIn, method: str
) -> None:
    stand_in.answer = [(0, b"")]
    other.answer = [(0, WELL)]
    assert {ask(two, method) for _ in range(10)} == {200}
    assert stand_in.requests and other.requests


def test_who_only_reads_is_answered_by_another_service_when_one_is_gone(
    two: Nginx, stand_in: StandIn
) -> None:
    stand_in.path.unlink()
    assert {ask(two, "GET") for _ in range(10)} == {200}


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_what_was_not_sent_is_sent_to_another_service(
    two: Nginx, stand_in: StandIn, other: StandIn, method: str
) -> None:
    stand_in.path.unlink()
    assert {ask(two, method, b"{}") for _ in range(10)} == {200}
    assert len(other.requests) == 10


def test_who_only_reads_does_not_wait_twice(two: Nginx, stand_in: StandIn, other: StandIn) -> None:
    stand_in.answer = other.answer = [(4, WELL)]
    began = time.monotonic()
    assert ask(two, "GET") == 504
    assert time.monotonic() - began < 3
    assert len(stand_in.requests) + len(other.requests) == 1


def test_nginx_itself_can_be_reloaded_with_connections_kept(
    nginx: Nginx, stand_in: StandIn
) -> None:
    keep_one(nginx, stand_in)
    os.kill(nginx.pid, signal.SIGHUP)
    assert {ask(nginx, method, b"{}") for method in CHANGES * 20} == {200}

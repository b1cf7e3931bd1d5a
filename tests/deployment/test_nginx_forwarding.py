"""What nginx passes on, and what it answers when the service does not."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.deployment.standin import WELL, StandIn
from tests.live import wait_for
from tests.nginx import Nginx

LONGEST_SECONDS = 3
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
CHANGES = ["POST", "PUT", "PATCH", "DELETE"]


def ask(
    nginx: Nginx, method: str = "GET", path: str = "/", body: str = "", **headers: str
) -> tuple[int, Mapping[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", nginx.port, timeout=20)
    named = {name.replace("__", "-"): value for name, value in headers.items()}
    connection.request(method, path, body or None, named)
    response = connection.getresponse()
    answer = response.read()
    connection.close()
    return response.status, response.headers, answer


@contextlib.contextmanager
def unreachable() -> Iterator[str]:
    """Yield an address where nobody answers those who connect, like one that is nobody's."""
    with contextlib.ExitStack() as stack:
        full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        address = full.getsockname()
        for _ in range(4):
            one = stack.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(address)
        yield f"127.0.0.1:{address[1]}"


def problem_of(answer: tuple[int, Mapping[str, str], bytes]) -> dict[str, Any]:
    status, headers, body = answer
    problem: dict[str, Any] = json.loads(body)
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["Cache-Control"] == "no-store"
    assert (problem["status"], problem["request_id"]) == (status, headers["X-Request-ID"])
    return problem


@pytest.mark.parametrize("method", ["GET", *CHANGES])
@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Le"])
def test_what_was_sent_to_the_service_is_never_sent_again(
    nginx: Nginx, stand_in: StandIn, method: str, answer: bytes
) -> None:
    stand_in.answer = [(0, answer)]
    problem = problem_of(ask(nginx, method, "/v1/events/e/reservations/r"))
    assert (problem["status"], problem["code"]) == (502, "outcome_unknown")
    assert "Idempotency-Key" in problem["detail"]
    assert len(stand_in.requests) == 1


def test_when_the_service_is_gone_clients_are_told_at_once(nginx: Nginx, stand_in: StandIn) -> None:
    stand_in.path.unlink()
    began = time.monotonic()
    problem = problem_of(ask(nginx, "PUT", "/v1/events", "{}"))
    assert (problem["status"], problem["code"]) == (502, "outcome_unknown")
    assert time.monotonic() - began < 1


def test_when_the_service_hangs_clients_are_told_soon(nginx: Nginx, stand_in: StandIn) -> None:
    stand_in.answer = [(LONGEST_SECONDS + 1, WELL)]
    began = time.monotonic()
    problem = problem_of(ask(nginx, "DELETE", "/v1/events/e"))
    assert (problem["status"], problem["code"]) == (504, "outcome_unknown")
    assert time.monotonic() - began < LONGEST_SECONDS
    assert len(stand_in.requests) == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/events/e/seats"),
        ("PATCH", "/v1/events/e/seats/1"),
        ("POST", "/v1/events/e/holds"),
        ("DELETE", "/v1/events/e/reservations/r"),
        ("POST", "/v1/events"),
        ("PUT", "/v1/events"),
        ("PATCH", "/v1/events/e"),
        ("DELETE", "/v1/events/e"),
        ("PUT", "/v1/events/e/blocks"),
        ("POST", "/v1/tokens"),
        ("DELETE", "/v1/tokens/t"),
    ],
)
def test_what_one_server_was_not_sent_another_is(
    _needs_nginx: None, stand_in: StandIn, tmp_path: Path, method: str, path: str
) -> None:
    took = []
    with unreachable() as address, Nginx(tmp_path, address, stand_in.path) as nginx:
        for _ in range(4):
            began = time.monotonic()
            assert ask(nginx, method, path, "{}")[0] == 200
            took.append(time.monotonic() - began)
    assert 0.3 <= max(took) < 1, "nobody was sent to who cannot be reached"
    assert len(stand_in.requests) == 4
    for request in stand_in.requests:
        assert request.startswith(f"{method} {path} HTTP/1.1\r\n".encode())
        assert request.endswith(b"\r\n\r\n{}")


def test_a_long_body_is_sent_whole_to_another_server(
    _needs_nginx: None, stand_in: StandIn, tmp_path: Path
) -> None:
    body = "x" * 3_000_000
    with Nginx(tmp_path / "nginx", tmp_path / "gone", stand_in.path) as nginx:
        for _ in range(2):
            assert ask(nginx, "PUT", "/v1/events", body)[0] == 200
    assert [request.endswith(body.encode()) for request in stand_in.requests] == [True, True]


@pytest.mark.parametrize("method", ["GET", *CHANGES])
def test_others_are_asked_until_a_server_is_there(
    _needs_nginx: None, stand_in: StandIn, tmp_path: Path, method: str
) -> None:
    gone = [tmp_path / str(number) for number in range(3)]
    with Nginx(tmp_path / "nginx", *gone, stand_in.path) as nginx:
        assert ask(nginx, method, "/v1/events/e/seats/1", "{}")[0] == 200


@pytest.mark.parametrize("method", ["GET", *CHANGES])
def test_where_no_server_can_be_reached_clients_are_told_soon(
    _needs_nginx: None, tmp_path: Path, method: str
) -> None:
    with contextlib.ExitStack() as stack:
        addresses = [stack.enter_context(unreachable()) for _ in range(6)]
        nginx = stack.enter_context(Nginx(tmp_path, *addresses))
        began = time.monotonic()
        problem = problem_of(ask(nginx, method, "/v1/events/e", "{}"))
        assert (problem["status"], problem["code"]) == (504, "outcome_unknown")
        assert time.monotonic() - began < LONGEST_SECONDS


@pytest.mark.parametrize("method", ["GET", *CHANGES])
@pytest.mark.parametrize("others", [1, 2, 3])
def test_nobody_waits_longer_where_some_cannot_be_reached_and_one_hangs(
    _needs_nginx: None, stand_in: StandIn, tmp_path: Path, method: str, others: int
) -> None:
    stand_in.answer = [(LONGEST_SECONDS + 1, WELL)]
    with contextlib.ExitStack() as stack:
        addresses = [stack.enter_context(unreachable()) for _ in range(others)]
        nginx = stack.enter_context(Nginx(tmp_path / "nginx", *addresses, stand_in.path))
        began = time.monotonic()
        problem = problem_of(ask(nginx, method, "/v1/events/e", "{}"))
        assert (problem["status"], problem["code"]) == (504, "outcome_unknown")
        assert time.monotonic() - began < LONGEST_SECONDS


@pytest.mark.parametrize("method", CHANGES)
def test_what_was_sent_to_one_server_is_not_sent_to_another(
    _needs_nginx: None, stand_in: StandIn, box_office: StandIn, tmp_path: Path, method: str
) -> None:
    stand_in.answer = box_office.answer = [(0, b"")]
    gone = tmp_path / "gone"
    with Nginx(tmp_path / "nginx", gone, stand_in.path, box_office.path) as nginx:
        for asked in range(1, 4):
            problem = problem_of(ask(nginx, method, "/v1/events/e/seats/1", "{}"))
            assert (problem["status"], problem["code"]) == (502, "outcome_unknown")
            assert len(stand_in.requests) + len(box_office.requests) <= asked


def test_an_answer_that_goes_on_may_take_longer(nginx: Nginx, stand_in: StandIn) -> None:
    parts = [(1.0, b"1\r\nx\r\n")] * LONGEST_SECONDS
    stand_in.answer = [(0, CHUNKED), *parts, (0, b"0\r\n\r\n")]
    began = time.monotonic()
    assert ask(nginx)[2] == b"x" * LONGEST_SECONDS
    assert time.monotonic() - began >= LONGEST_SECONDS


def test_errors_of_the_service_are_passed_on_as_they_are(nginx: Nginx, stand_in: StandIn) -> None:
    for status in (400, 404, 405, 413, 429, 500, 503):
        head = f"HTTP/1.1 {status} X\r\nContent-Length: 2\r\nConnection: close\r\n\r\n"
        stand_in.answer = [(0, head.encode() + b"ok")]
        assert ask(nginx)[::2] == (status, b"ok")


def test_the_service_is_not_asked_before_all_of_a_request_is_there(
    nginx: Nginx, stand_in: StandIn
) -> None:
    with socket.create_connection(("127.0.0.1", nginx.port), timeout=10) as slow:
        slow.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab")
        assert ask(nginx)[0] == 200
        time.sleep(0.2)
        assert len(stand_in.requests) == 1
        slow.sendall(b"cd")
        assert slow.recv(1000).startswith(b"HTTP/1.1 200")
    assert stand_in.requests[-1].endswith(b"\r\n\r\nabcd")


def test_a_slow_reader_does_not_keep_the_service_waiting(nginx: Nginx, stand_in: StandIn) -> None:
    size = 20_000_000
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n".encode()
    stand_in.answer = [(0, head), (0, b"x" * size)]
    with socket.create_connection(("127.0.0.1", nginx.port), timeout=10) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        wait_for(lambda: stand_in.done == 1, 5)
        received = 0
        while some := slow.recv(1_000_000):
            received += len(some)
    assert received > size


def test_what_clients_say_of_where_they_come_from_counts_for_nothing(
    nginx: Nginx, stand_in: StandIn
) -> None:
    ask(
        nginx,
        X__Forwarded__For="203.0.113.7",
        X__Forwarded__Proto="https",
        X__Forwarded__Host="other.test",
        X__Forwarded__Prefix="/other",
        X__Forwarded__Port="1",
        X__Real__IP="203.0.113.7",
        Forwarded="for=203.0.113.7",
        Proxy="http://other.test",
        X_Y="underscores",
        SCRIPT_NAME="/other",
    )
    sent = stand_in.headers()
    told = {line.partition(": ")[0]: line.partition(": ")[2] for line in sent}
    assert told.pop("X-Forwarded-For") == "127.0.0.1"
    assert told.pop("X-Forwarded-Proto") == "http"
    assert told.pop("X-Forwarded-Host") == told.pop("Host") == f"127.0.0.1:{nginx.port}"
    assert len(told.pop("X-Request-ID")) == 32
    assert told == {"Accept-Encoding": "identity"}


def test_paths_are_passed_on_as_they_were_sent(nginx: Nginx, stand_in: StandIn) -> None:
    for path in ("//v1//events", "/v1/events/%2e%2e/x", "/a%2Fb?c=d%20e&f=%zz", "/v1/events/./x"):
        ask(nginx, path=path)
        assert stand_in.requests[-1].startswith(f"GET {path} HTTP/1.1\r\n".encode())


def test_all_methods_that_the_service_has_are_passed_on(nginx: Nginx, stand_in: StandIn) -> None:
    for method in ("GET", "HEAD", "OPTIONS", *CHANGES):
        ask(nginx, method)
        assert stand_in.requests[-1].startswith(method.encode())

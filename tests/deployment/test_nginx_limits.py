"""How much of what nginx lets anybody ask, and that the slow do not keep the others waiting."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from attack.framing import read_replies
from attack.probe import Probe, to_port
from attack.slowness import ALLOWED_SECONDS, faults_of
from tests.deployment.standin import StandIn
from tests.live import LiveService, wait_for
from tests.nginx import Nginx

SIGNATURE = "0123456789012345678901234567890123456789xyz"
OTHER_SIGNATURE = SIGNATURE[::-1]
AT_ONCE = 250
"""Requests sent one after the other without waiting, fewer than nginx takes on a connection."""
UNDER_WAY = 200
"""Requests of one address that may be under way, see service.conf."""
CONNECTIONS = 60
MEASURED_SECONDS = 1.5


def token(signature: str) -> str:
    return f"Authorization: Bearer eyJh.eyJz.{signature}"


def statuses(nginx: Nginx, number: int, line: str, *headers: str) -> Counter[int]:
    """Send a request so many times at once, and count what is answered."""
    given = "".join(f"{header}\r\n" for header in ("Host: h", *headers))
    counted: Counter[int] = Counter()
    while number:
        some = min(number, AT_ONCE)
        number -= some
        requests = [f"{line} HTTP/1.1\r\n{given}\r\n"] * (some - 1)
        requests.append(f"{line} HTTP/1.1\r\n{given}Connection: close\r\n\r\n")
        with socket.create_connection(("127.0.0.1", nginx.port), timeout=20) as connection:
            connection.sendall("".join(requests).encode())
            received = b"".join(iter(lambda: connection.recv(1_000_000), b""))
        counted.update(reply.status for reply in read_replies(received))
    return counted


@pytest.fixture
def trusting(_needs_nginx: None, tmp_path: Path, stand_in: StandIn) -> Iterator[Nginx]:
    """An nginx whose operator has listed loopback."""
    with Nginx(tmp_path / "trusting", stand_in.path, trusted=True) as running:
        yield running


def test_an_address_that_asks_for_too_much_is_told_when_to_come_back(nginx: Nginx) -> None:
    counted = statuses(nginx, 3_000, "GET /x")
    # The burst, and what has become free again meanwhile.
    assert counted[200] >= 1_000
    assert counted[429] > 0
    assert set(counted) == {200, 429}
    connection = http.client.HTTPConnection("127.0.0.1", nginx.port, timeout=10)
    refused = None
    while refused is None or refused.status != 429:
        connection.request("GET", "/x")
        refused = connection.getresponse()
        body = refused.read()
    problem = json.loads(body)
    assert (problem["status"], problem["code"]) == (429, "too_many_requests")
    assert refused.headers["Content-Type"] == "application/problem+json"
    time.sleep(int(refused.headers["Retry-After"]))
    connection.request("GET", "/x")
    assert connection.getresponse().status == 200
    connection.close()


def test_a_token_that_asks_for_too_much_is_no_burden_to_others(nginx: Nginx) -> None:
    counted = statuses(nginx, AT_ONCE, "GET /x", token(SIGNATURE))
    assert 100 <= counted[200] < AT_ONCE and counted[429] > 0
    assert statuses(nginx, 50, "GET /x", token(OTHER_SIGNATURE)) == {200: 50}
    assert statuses(nginx, 50, "GET /x") == {200: 50}


@pytest.mark.parametrize("ending", ["A", "AA", "xyzA"])
def test_a_token_is_the_same_token_however_its_signature_ends(nginx: Nginx, ending: str) -> None:
    assert statuses(nginx, AT_ONCE, "GET /x", token(SIGNATURE))[429] > 0
    again = statuses(nginx, 100, "GET /x", token(SIGNATURE[:40] + ending))
    assert again[429] > 0


@pytest.mark.parametrize("oddity", ["!", "=", " ", "\t", "."])
def test_what_only_looks_much_like_a_token_has_one_bound_for_all(nginx: Nginx, oddity: str) -> None:
    refused = 0
    for number in range(5):
        signature = f"{number}{SIGNATURE[:20]}{oddity}{SIGNATURE[20:]}"
        refused += statuses(nginx, 50, "GET /x", token(signature))[429]
    assert refused > 0


@pytest.mark.parametrize("path", ["/v1/tokens", "/tokens", "/jwt", "/v1/%74okens"])
def test_tokens_are_given_to_an_address_at_a_slow_pace(nginx: Nginx, path: str) -> None:
    counted = statuses(nginx, 60, f"POST {path}")
    assert 20 <= counted[200] < 60 and counted[429] > 0
    assert statuses(nginx, 60, "GET /x") == {200: 60}


def test_an_address_that_the_operator_lists_is_not_limited(trusting: Nginx) -> None:
    assert statuses(trusting, 2_000, "GET /x", token(SIGNATURE)) == {200: 2_000}
    assert statuses(trusting, 100, "POST /v1/tokens") == {200: 100}


def test_an_address_has_only_so_many_requests_under_way(nginx: Nginx) -> None:
    with contextlib.ExitStack() as stack:
        # More than may be: some may find the place taken by who only looks, and are refused.
        for _ in range(UNDER_WAY + 30):
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", nginx.port)))
            slow.sendall(b"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nx")
        # They are let be for ten seconds.
        wait_for(lambda: statuses(nginx, 1, "GET /x") == {429: 1}, 9)
    wait_for(lambda: statuses(nginx, 1, "GET /x") == {200: 1}, 20)


@contextlib.contextmanager
def slow_ones(port: int, bearer: str) -> Iterator[None]:
    """Have half of many send headers, the other half a body, a byte at a time."""
    heads = b"GET /health HTTP/1.1\r\nHost: h\r\nX: "
    bodies = f"POST /v1/events HTTP/1.1\r\nHost: h\r\nAuthorization: {bearer}\r\n".encode()
    bodies += b"Content-Type: application/json\r\nContent-Length: 9999\r\n\r\n"
    ended = Event()
    with contextlib.ExitStack() as stack:
        slow = []
        for number in range(CONNECTIONS):
            one = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            one.sendall(bodies if number % 2 else heads)
            slow.append(one)

        def go_on() -> None:
            while not ended.wait(0.2):
                for one in slow:
                    one.sendall(b" ")

        thread = Thread(target=go_on)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def test_60_slow_connections_do_not_delay_others_by_more_than_100_ms(
    proxied: LiveService,
) -> None:
    admin = proxied.client("box-office", "admin")
    bearer = admin.token
    admin.close()
    connect = to_port(proxied.port)
    with Probe(connect, bearer.removeprefix("Bearer ")) as before:
        time.sleep(MEASURED_SECONDS)
    with slow_ones(proxied.port, bearer):
        with Probe(connect, bearer.removeprefix("Bearer ")) as meanwhile:
            time.sleep(MEASURED_SECONDS)
    assert before.delays().failed == 0
    assert ALLOWED_SECONDS == 0.1
    assert faults_of(before.delays(), meanwhile.delays()) == []


def test_who_may_not_send_a_long_body_is_told_so_and_not_that_all_is_uncertain(
    proxied: LiveService,
) -> None:
    patron = proxied.client("alice")
    body = {"name": "x" * 3_000_000}
    for _ in range(20):
        assert patron.request("POST", "/v1/events", body).status == 403
    patron.close()

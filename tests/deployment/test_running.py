"""Starting, stopping and killing: nothing acknowledged is lost, nothing is left behind."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import redis

from reservations.embedded import EmbeddedStore, store_url
from tests.live import (
    PROJECT,
    Client,
    LiveService,
    answers,
    environment,
    free_port,
    has_ended,
    live_service,
    wait_for,
)

SECRET = "0dBBoe2ZHrb1vRcN7BNQK9wVcP4tIhJ3yM1uSxKfLgA"  # noqa: S105


def reserve(service: LiveService, event_id: str, seat_id: str) -> str:
    alice = service.client("alice")
    assert alice.change(event_id, seat_id, "hold").status == 200
    reserved = alice.change(event_id, seat_id, "reserve")
    alice.close()
    assert reserved.status == 200
    return str(reserved.body["reservation_id"])


def reservation_of(service: LiveService, event_id: str, seat_id: str) -> str | None:
    alice = service.client("alice")
    seat = alice.request("GET", f"/v1/events/{event_id}/seats/{seat_id}")
    alice.close()
    return str(seat.body["reservation_id"]) if seat.status == 200 else None


def family(service: LiveService) -> list[psutil.Process]:
    master = psutil.Process(service.process.pid)
    return [master, *master.children(recursive=True)]


def store_process(folder: Path) -> psutil.Process:
    with redis.Redis.from_url(store_url(folder / "data")) as raw:
        return psutil.Process(raw.info("server")["process_id"])


def all_gone(processes: list[psutil.Process]) -> bool:
    return all(map(has_ended, processes))


def test_reservations_outlive_ctrl_c_and_nothing_is_left_behind(tmp_path: Path) -> None:
    with live_service(tmp_path) as service:
        event_id = service.create_event(seats=10)
        reservation_id = reserve(service, event_id, "1")
        processes = [*family(service), store_process(tmp_path)]
    assert service.process.returncode == 0
    wait_for(lambda: all_gone(processes), 5)
    with live_service(tmp_path) as service:
        assert reservation_of(service, event_id, "1") == reservation_id


def test_reservations_outlive_the_death_of_everything(tmp_path: Path) -> None:
    with live_service(tmp_path) as service:
        event_id = service.create_event(seats=10)
        reservation_id = reserve(service, event_id, "1")
        processes = [*family(service), store_process(tmp_path)]
        service.process.kill()
        service.process.wait()
    with live_service(tmp_path, PORT=service.port) as service:
        assert all_gone(processes)
        assert reservation_of(service, event_id, "1") == reservation_id


def test_a_killed_store_is_back_within_moments_with_all_reservations(tmp_path: Path) -> None:
    with live_service(tmp_path) as service:
        event_id = service.create_event(seats=10)
        reservation_id = reserve(service, event_id, "1")
        first = store_process(tmp_path)
        first.kill()
        wait_for(lambda: answers(service.port, "/ready"), 5)
        assert store_process(tmp_path).pid != first.pid
        assert reservation_of(service, event_id, "1") == reservation_id


def test_two_services_on_one_folder_share_one_store(tmp_path: Path) -> None:
    with live_service(tmp_path) as second_to_stop:
        with live_service(tmp_path) as first_to_stop:
            event_id = first_to_stop.create_event(seats=10)
            reservation_id = reserve(second_to_stop, event_id, "1")
            assert reservation_of(first_to_stop, event_id, "1") == reservation_id
        wait_for(lambda: answers(second_to_stop.port, "/ready"), 5)
        assert reservation_of(second_to_stop, event_id, "1") == reservation_id


def test_a_service_whose_store_comes_from_another_goes_on_without_it(tmp_path: Path) -> None:
    with live_service(tmp_path) as owner, live_service(tmp_path) as adopter:
        event_id = owner.create_event(seats=10)
        reservation_id = reserve(adopter, event_id, "1")
        owner.process.send_signal(signal.SIGINT)
        owner.process.wait(20)
        wait_for(lambda: answers(adopter.port, "/ready"), 5)
        assert reservation_of(adopter, event_id, "1") == reservation_id


def test_a_killed_worker_is_replaced(tmp_path: Path) -> None:
    with live_service(tmp_path) as service:
        workers = [p for p in family(service)[1:] if "gunicorn" in " ".join(p.cmdline())]
        workers[0].kill()
        wait_for(lambda: answers(service.port), 5)
        wait_for(lambda: len(family(service)) > len(workers) + 1, 10)


def test_many_who_ask_a_silent_store_at_once_are_all_told_soon(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        live_service(tmp_path, REDIS_URL=f"redis://127.0.0.1:{silent.getsockname()[1]}") as service,
    ):
        token = service.token_of("alice")

        def ask(_: int) -> tuple[int, float]:
            client = Client(service.port, token)
            began = time.monotonic()
            status = client.request("GET", "/v1/events").status
            client.close()
            return status, time.monotonic() - began

        with ThreadPoolExecutor(60) as crowd:
            answers_ = list(crowd.map(ask, range(60)))
    assert {status for status, _ in answers_} == {503}
    # Without anybody's knowing of the others' waiting, it would take 4 times a second.
    assert max(seconds for _, seconds in answers_) < 3


def test_without_its_store_the_service_says_so_until_the_store_comes(tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    with live_service(tmp_path, REDIS_URL=store_url(folder)) as service:
        alice = service.client("alice")
        for path, code in (("/ready", "store_unavailable"), ("/v1/events", "store_unavailable")):
            began = time.monotonic()
            answer = alice.request("GET", path)
            assert time.monotonic() - began < 2
            assert (answer.status, answer.code) == (503, code)
        assert answers(service.port, "/health")
        with EmbeddedStore(folder):
            wait_for(lambda: answers(service.port, "/ready"), 5)
            assert alice.request("GET", "/v1/events").status == 200
        alice.close()


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\n\r\n", 414, "uri_too_long"),
        (
            b"GET / HTTP/1.1\r\nX: " + b"x" * 9000 + b"\r\n\r\n",
            431,
            "request_header_fields_too_large",
        ),
        (b"GET / HTTP/1.1\r\nbad header\r\n\r\n", 400, "bad_request"),
        (
            b"PATCH /v1/events/x/seats/1 HTTP/1.1\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\nAuthorization: TOKEN\r\n\r\nzz\r\n",
            400,
            "malformed",
        ),
        (
            b"PATCH /v1/events/x/seats/1 HTTP/1.1\r\nContent-Type: application/json\r\n"
            b'Content-Length: 100\r\nAuthorization: TOKEN\r\n\r\n{"action":"hold"}',
            400,
            "malformed",
        ),
        (b"nonsense\r\n\r\n", 400, "bad_request"),
    ],
)
def test_what_is_no_http_is_refused_in_the_shape_of_all_errors(
    tmp_path: Path, store_url: str, sent: bytes, status: int, code: str
) -> None:
    with (
        live_service(tmp_path, REDIS_URL=store_url) as service,
        socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection,
    ):
        connection.sendall(sent.replace(b"TOKEN", service.token_of("alice").encode()))
        connection.shutdown(socket.SHUT_WR)
        response = http.client.HTTPResponse(connection)
        response.begin()
        problem = json.loads(response.read())
    assert (response.status, problem["status"], problem["code"]) == (status, status, code)
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["X-Request-ID"] == problem["request_id"]
    assert b"xxx" not in json.dumps(problem).encode()


def test_the_address_on_the_command_line_is_the_one_that_counts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        address = f"127.0.0.1:{port}"
        said = run_in_vain("-b", address, MODE="development", DATA_DIR=tmp_path, PORT=free_port())
    assert f"port {port} is taken" in said


def run_in_vain(*arguments: str, **settings: object) -> str:
    """Start gunicorn where it must refuse, and return what it says on one line."""
    command = [sys.executable, "-m", "gunicorn", *arguments]
    ended = subprocess.run(  # noqa: S603
        command,
        cwd=PROJECT,
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode != 0
    lines = (ended.stdout + ended.stderr).strip().splitlines()
    (line,) = [line for line in lines if "Starting gunicorn" not in line]
    return line


def test_a_taken_port_is_named_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        said = run_in_vain(MODE="development", DATA_DIR=tmp_path, PORT=port)
    assert f"port {port} is taken" in said


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({}, "JWT_SECRET is not set"),
        ({"JWT_SECRET": "short"}, "JWT_SECRET is shorter than 32 bytes"),
        ({"JWT_SECRET": "change-me-" * 5}, "sample value"),
        ({"JWT_SECRET": SECRET, "PORT": "http"}, "PORT"),
        ({"JWT_SECRET": SECRET, "REDIS_URL": "http://localhost"}, "REDIS_URL"),
        ({"MODE": "development", "HOST": "0.0.0.0"}, "loopback only"),  # noqa: S104
        ({"JWT_PUBLIC_KEYS": "{}"}, "JWT_PUBLIC_KEYS"),
    ],
)
def test_a_wrong_setting_is_named_in_one_line(
    tmp_path: Path, settings: dict[str, str], reason: str
) -> None:
    assert reason in run_in_vain(**{"DATA_DIR": tmp_path, "PORT": free_port(), **settings})


def test_development_mode_cannot_be_served_to_others(tmp_path: Path) -> None:
    said = run_in_vain("-b", "0.0.0.0:0", MODE="development", DATA_DIR=tmp_path, PORT=free_port())
    assert "loopback only" in said


def test_in_production_nobody_gets_a_token_for_trying_things_out(tmp_path: Path) -> None:
    with live_service(tmp_path, MODE="production", JWT_SECRET=SECRET) as service:
        client = service.client()
        assert client.request("POST", "/jwt", {"id": "x", "name": "x"}).status == 404
        assert "/jwt" not in client.request("GET", "/openapi.json").body["paths"]
        assert os.listdir(tmp_path / "data").count("jwt-secret") == 0
        client.close()

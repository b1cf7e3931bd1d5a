"""Metrics and logs of several workers, as they really run."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jwt
import pytest

from reservations.domain.caller import Role
from tests.live import Client, LiveService, live_service, wait_for
from tests.observability.scrape import Scrape
from tests.workers import workers

SECRET = "0dBBoe2ZHrb1vRcN7BNQK9wVcP4tIhJ3yM1uSxKfLgA"
WORKERS = 3


@pytest.fixture
def live(tmp_path: Path, store_url: str) -> Iterator[LiveService]:
    """The service with three workers."""
    with live_service(tmp_path, WEB_CONCURRENCY=WORKERS, REDIS_URL=store_url) as service:
        yield service


def scrape(service: LiveService) -> Scrape:
    """Ask whichever worker answers a new connection."""
    client = Client(service.port)
    answer = client.request("GET", "/metrics")
    client.close()
    assert answer.status == 200
    return Scrape(answer.body)


def hold_each(service: LiveService, event_id: str, seats: range) -> None:
    """Hold seats, each by a patron and over a connection of its own."""
    tokens = service.tokens_of([f"patron-{seat}" for seat in seats])

    def hold(seat: int, token: str) -> int:
        client = Client(service.port, token)
        status = client.change(event_id, str(seat), "hold").status
        client.close()
        return status

    with ThreadPoolExecutor(8) as crowd:
        assert set(crowd.map(hold, seats, tokens)) == {200}


def held(found: Scrape) -> float:
    return found.value("reservations_seats_changed_total", change="held")


def test_every_worker_tells_what_all_have_counted(live: LiveService) -> None:
    event_id = live.create_event(seats=100)
    hold_each(live, event_id, range(1, 61))
    requests = "reservations_http_requests_total"
    for _ in range(4 * WORKERS):
        found = scrape(live)
        assert held(found) == 60
        assert found.value(requests, method="PATCH", status="200") == 60
        assert found.value("reservations_http_request_seconds_count", method="PATCH") == 60
        # That of the creation too.
        assert found.value("reservations_transaction_seconds_count") == 61
        assert found.value("reservations_open_holds", event=event_id) == 60
        assert found.value("reservations_seats", event=event_id, status="free") == 40


def test_what_a_killed_worker_has_counted_stays(live: LiveService) -> None:
    event_id = live.create_event(seats=100)
    hold_each(live, event_id, range(1, 31))
    first = workers(live)
    for worker in first:
        worker.kill()
        wait_for(lambda worker=worker: worker.pid not in [each.pid for each in workers(live)])
    wait_for(lambda: len(workers(live)) == WORKERS)
    assert held(scrape(live)) == 30
    hold_each(live, event_id, range(31, 41))
    assert held(scrape(live)) == 40


def test_what_was_counted_outlives_new_settings(live: LiveService) -> None:
    event_id = live.create_event(seats=100)
    hold_each(live, event_id, range(1, 31))
    before = {worker.pid for worker in workers(live)}
    live.process.send_signal(signal.SIGHUP)
    wait_for(lambda: not before & {worker.pid for worker in workers(live)})
    wait_for(lambda: len(workers(live)) == WORKERS)
    assert held(scrape(live)) == 30
    hold_each(live, event_id, range(31, 41))
    assert held(scrape(live)) == 40


def folder_of(service: LiveService) -> Path:
    """Return where the workers keep what they count."""
    (worker, *_) = workers(service)
    files = {file.path for file in worker.memory_maps() if "reservations-metrics-" in file.path}
    (folder,) = {Path(file).parent for file in files}
    return folder


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells which files are mapped")
def test_the_folder_is_one_gunicorns_own_and_goes_with_it(tmp_path: Path, store_url: str) -> None:
    with live_service(tmp_path, REDIS_URL=store_url) as service:
        folder = folder_of(service)
        assert (folder.stat().st_mode & 0o777, folder.stat().st_uid) == (0o700, os.geteuid())
    assert not folder.exists()


def test_a_folder_that_is_named_is_emptied_first_and_stays(tmp_path: Path, store_url: str) -> None:
    folder = tmp_path / "counted"
    settings = {"REDIS_URL": store_url, "PROMETHEUS_MULTIPROC_DIR": folder}
    for _ in range(2):
        with live_service(tmp_path, **settings) as service:
            event_id = service.create_event(seats=10)
            hold_each(service, event_id, range(1, 5))
            assert held(scrape(service)) == 4
    assert list(folder.glob("*.db"))


def test_hostile_requests_make_no_new_series(live: LiveService) -> None:
    client = live.client("alice")
    for number in range(3 * WORKERS):
        client.request("GET", f"/nowhere/{number}")
        client.request(f"M{number}THOD", f"/v1/events/{number}")
        client.request("GET", f"/v1/events/{number}/seats/{number}?status={number}")
    client.close()
    found = scrape(live)
    routes = found.labels("reservations_http_requests_total", "route")
    assert not [route for route in routes if any(char.isdigit() for char in route[3:])]
    assert len(found.labels("reservations_http_requests_total", "method") - {"other"}) <= 7


def test_with_a_silent_store_all_else_is_told_soon(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}"
        with live_service(tmp_path, REDIS_URL=url) as service:
            began = time.monotonic()
            found = scrape(service)
            assert time.monotonic() - began < 5
    assert found.value("reservations_store_up") == 0
    assert found.value("reservations_http_requests_total", route="/health") >= 1


def token(who: str, role: Role) -> str:
    """Return a token as an operator's command would print it, as the header has it."""
    now = int(time.time())
    claims = {"sub": who, "role": role, "iat": now, "exp": now + 3600, "jti": who}
    claims |= {"iss": "reservations", "aud": "reservations"}
    return "Bearer " + jwt.encode(claims, SECRET, "HS256")


def test_in_production_each_line_is_json_and_none_has_a_token(
    tmp_path: Path, store_url: str
) -> None:
    settings = {"MODE": "production", "JWT_SECRET": SECRET, "REDIS_URL": store_url}
    sent = []
    with live_service(tmp_path, LOG_LEVEL="DEBUG", **settings) as service:
        admin = Client(service.port, token("box-office", Role.ADMIN))
        made = admin.request("POST", "/v1/events", {"name": "Opening night", "seats": 50})
        event_id, secret = made.body["id"], admin.token.removeprefix("Bearer ")
        requests = [
            ("GET", f"/v1/events/{event_id}/seats?token={secret}"),
            ("GET", f"/{secret}"),
            ("PATCH", f"/v1/events/{event_id}/seats/1?access_token={secret}"),
            ("POST", f"/v1/events/{event_id}/holds?{secret}"),
        ]
        for number, (method, path) in enumerate(5 * requests):
            client = Client(service.port, admin.token + "x" * (number % 2))
            sent.append(client.request(method, path).headers["X-Request-ID"])
            client.close()
        admin.close()
        for head in [
            b"GET /%b HTTP/1.1\r\nbad header %b\r\n\r\n",
            b"GET /%b HTTP/1.1\r\nAuthorization: Bearer %b\r\n",
            b"%b %b\r\n\r\n",
        ]:
            with socket.create_connection(("127.0.0.1", service.port)) as unread:
                unread.sendall(head % (secret.encode(), secret.encode()))
                unread.shutdown(socket.SHUT_WR)
                while unread.recv(1000):
                    pass
    text = service.log.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert all({"at", "level", "request_id"} <= line.keys() for line in lines)
    told = [line["request_id"] for line in lines if line.get("route")]
    assert sorted(each for each in told if each in sent) == sorted(sent)
    # One of the three was cut off before its end, and is nobody's request.
    unread = [line for line in lines if line.get("route") == "unmatched" and not line["path"]]
    assert [(line["status"], line["code"]) for line in unread] == 2 * [(400, "bad_request")]
    for part in secret.split("."):
        assert part[:20] not in text
    assert "token=" not in text

"""Workers and nginx are replaced under load, and no request fails."""

from __future__ import annotations

import http.client
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from tests.conftest import JWT_SECRET
from tests.deployment.customers import Customer, shopping
from tests.live import Client, LiveService, free_port, has_ended, live_service, wait_for
from tests.nginx import Nginx, behind_nginx
from tests.workers import replace_workers, workers

CUSTOMERS = 8
RESTARTS = 4
REPLACED_SECONDS = 60

pytestmark = pytest.mark.timeout(300)


def wait_for_more(customers: Sequence[Customer]) -> None:
    """Wait until each has got some more answers, or a failure."""
    before = [customer.answers for customer in customers]

    def have_got_more() -> bool:
        return all(
            customer.failures or customer.answers >= had + 5
            for customer, had in zip(customers, before, strict=True)
        )

    wait_for(have_got_more, REPLACED_SECONDS)


def test_all_workers_are_replaced_under_load_without_one_failed_request(
    _needs_nginx: None, store_url: str, tmp_path: Path
) -> None:
    with (
        behind_nginx(tmp_path, trusted=True, REDIS_URL=store_url, WEB_CONCURRENCY=2) as service,
        shopping(service, CUSTOMERS) as customers,
    ):
        for _ in range(RESTARTS):
            wait_for_more(customers)
            replace_workers(service, REPLACED_SECONDS)
        wait_for_more(customers)


def test_restarts_in_a_row_do_not_disturb_either(
    _needs_nginx: None, store_url: str, tmp_path: Path
) -> None:
    with (
        behind_nginx(tmp_path, trusted=True, REDIS_URL=store_url, WEB_CONCURRENCY=2) as service,
        shopping(service, CUSTOMERS) as customers,
    ):
        wait_for_more(customers)
        before = workers(service)
        for _ in range(RESTARTS):
            os.kill(service.process.pid, signal.SIGHUP)
            time.sleep(0.2)
        wait_for(lambda: all(map(has_ended, before)), REPLACED_SECONDS)
        wait_for_more(customers)


def test_nginx_and_workers_are_replaced_together(
    _needs_nginx: None, store_url: str, tmp_path: Path
) -> None:
    # nginx closes what clients keep when it is replaced, so these keep nothing.
    with (
        behind_nginx(tmp_path, trusted=True, REDIS_URL=store_url, WEB_CONCURRENCY=2) as service,
        shopping(service, CUSTOMERS, keep_connections=False) as customers,
    ):
        master = int((tmp_path / "nginx" / "nginx.pid").read_text())
        for _ in range(RESTARTS):
            wait_for_more(customers)
            before = psutil.Process(master).children()
            os.kill(master, signal.SIGHUP)
            replace_workers(service, REPLACED_SECONDS)
            wait_for(lambda old=before: all(map(has_ended, old)), REPLACED_SECONDS)
        wait_for_more(customers)


def test_the_embedded_store_serves_on_meanwhile(_needs_nginx: None, tmp_path: Path) -> None:
    with (
        behind_nginx(tmp_path, trusted=True, WEB_CONCURRENCY=2) as service,
        shopping(service, CUSTOMERS) as customers,
    ):
        for _ in range(2):
            wait_for_more(customers)
            replace_workers(service, REPLACED_SECONDS)
        wait_for_more(customers)


def test_workers_serve_on_however_long_their_successors_take_to_start(
    _needs_nginx: None, store_url: str, tmp_path: Path, short_path: Path
) -> None:
    socket = short_path / "gunicorn.sock"
    with (
        Nginx(tmp_path / "nginx", socket, trusted=True) as nginx,
        live_service(
            tmp_path,
            "tests.deployment.slow_start:app",
            listens_on=socket,
            PORT=nginx.port,
            REDIS_URL=store_url,
            WEB_CONCURRENCY=2,
        ) as service,
        shopping(service, CUSTOMERS) as customers,
    ):
        wait_for_more(customers)
        replace_workers(service, REPLACED_SECONDS)
        wait_for_more(customers)


def test_one_of_several_servers_leaves_without_one_failed_request(
    _needs_nginx: None, store_url: str, tmp_path: Path
) -> None:
    stays, leaves = (f"127.0.0.1:{free_port()}" for _ in range(2))
    with Nginx(tmp_path / "nginx", stays, leaves, box_office=stays, trusted=True) as nginx:
        settings = {"PORT": nginx.port, "REDIS_URL": store_url, "JWT_SECRET": JWT_SECRET}
        with (
            live_service(tmp_path, listens_on=stays, **settings) as service,
            shopping(service, CUSTOMERS) as customers,
        ):
            for number in range(RESTARTS):
                folder = tmp_path / str(number)
                folder.mkdir()
                with live_service(folder, listens_on=leaves, **settings) as other:
                    wait_for(lambda log=other.log: "/seats" in log.read_text(), REPLACED_SECONDS)
                    wait_for_more(customers)
                    os.kill(other.process.pid, signal.SIGTERM)
                    other.process.wait(REPLACED_SECONDS)
                wait_for_more(customers)


def is_told_before_its_connection_ends(service: LiveService) -> bool:
    """Whether who keeps a connection is told with an answer that it was the last one."""
    client = Client(service.port)
    assert client.request("GET", "/health").headers["Connection"] == "keep-alive"
    os.kill(service.process.pid, signal.SIGHUP)
    try:
        while (said := client.request("GET", "/health").headers["Connection"]) == "keep-alive":
            time.sleep(0.05)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        client.close()
    return said == "close"


def test_a_worker_tells_before_it_closes_a_kept_connection(store_url: str, tmp_path: Path) -> None:
    with live_service(tmp_path, REDIS_URL=store_url, WEB_CONCURRENCY=1) as service:
        assert is_told_before_its_connection_ends(service)

"""What is looked up whenever somebody asks: the store, and the events on sale."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient

from reservations import __version__
from reservations.app import create_app
from reservations.config import Settings
from tests.actors import Actor
from tests.live import free_port
from tests.observability.scrape import scrape


class TestEvents:
    def test_seats_are_told_by_status(
        self, client: FlaskClient, admin: Actor, alice: Actor, event: dict[str, Any]
    ) -> None:
        alice.has_reserved(event, "1", "2")
        alice.has_held(event, "3")
        admin.block(event, "12")
        found, name = scrape(client), event["id"]
        seats = {
            status: found.value("reservations_seats", event=name, status=status)
            for status in found.labels("reservations_seats", "status")
        }
        assert seats == {"free": 8, "held": 1, "reserved": 2, "blocked": 1}
        assert found.value("reservations_open_holds", event=name) == 1
        # The creation, two holds, a reservation, and a block.
        assert found.value("reservations_change_log_entries", event=name) == 5

    def test_only_those_on_sale_are_told(
        self, client: FlaskClient, admin: Actor, event: dict[str, Any]
    ) -> None:
        admin.create_event("Sold before", seats=10, on_sale_until="2020-01-01T00:00:00Z")
        admin.create_event("Sold later", seats=10, on_sale_from="2999-01-01T00:00:00Z")
        closed = admin.create_event("Closed", seats=10)
        admin.change_event(closed, status="closed")
        assert scrape(client).labels("reservations_seats", "event") == {event["id"]}
        admin.change_event(closed, status="on_sale")
        events = {event["id"], closed["id"]}
        assert scrape(client).labels("reservations_change_log_entries", "event") == events
        admin.delete_event(event)
        assert scrape(client).labels("reservations_seats", "event") == {closed["id"]}

    def test_they_are_bounded_to_the_newest(
        self, client: FlaskClient, admin: Actor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("reservations.service.figures.MOST_EVENTS", 3)
        monkeypatch.setattr("reservations.service.figures.EVENTS_A_PAGE", 2)
        made = [admin.create_event(f"Night {n}", seats=10)["id"] for n in range(5)]
        assert scrape(client).labels("reservations_seats", "event") == set(made[2:])
        monkeypatch.setattr("reservations.service.figures.MOST_SEATS", 20)
        assert scrape(client).labels("reservations_seats", "event") == set(made[3:])

    def test_whoever_asks_while_another_looks_is_told_what_was_found_last(
        self, app: Flask, client: FlaskClient, event: dict[str, Any]
    ) -> None:
        assert scrape(client).value("reservations_seats") == 12
        collector = app.extensions["reservations.observability"].collector
        with collector._looking:
            assert scrape(client).value("reservations_seats") == 12


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via"])
def test_what_a_proxy_has_passed_on_is_refused(client: FlaskClient, header: str) -> None:
    answer = client.get("/metrics", headers={header: "127.0.0.1"})
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")


def test_a_store_that_is_ready_is_told(client: FlaskClient) -> None:
    found = scrape(client)
    assert found.value("reservations_store_up") == 1
    assert found.value("reservations_store_ready") == 1
    assert found.value("reservations_build_info", version=__version__) == 1


def test_a_store_that_may_lose_things_is_told(client: FlaskClient, raw: redis.Redis) -> None:
    raw.config_set("maxmemory-policy", "allkeys-lru")
    try:
        found = scrape(client)
    finally:
        raw.config_set("maxmemory-policy", "noeviction")
    assert found.value("reservations_store_up") == 1
    assert found.value("reservations_store_ready") == 0


class TestWithoutAStore:
    @pytest.fixture
    def deserted(self, settings: Settings) -> Iterator[FlaskClient]:
        """A client of a service whose store is nowhere."""
        url = f"redis://127.0.0.1:{free_port()}"
        yield create_app(replace(settings, redis_url=url)).test_client()

    def test_all_else_is_told_soon(self, deserted: FlaskClient) -> None:
        deserted.get("/ready")
        began = time.monotonic()
        found = scrape(deserted)
        assert time.monotonic() - began < 5
        assert found.value("reservations_store_up") == 0
        assert found.value("reservations_store_ready") == 0
        assert found.labels("reservations_seats", "event") == set()
        assert found.value("reservations_refusals_total", code="store_unavailable") == 1

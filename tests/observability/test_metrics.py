"""What is counted, and what is looked up, in one process."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from reservations.app import create_app
from reservations.config import Settings
from reservations.domain.tally import DEEDS
from reservations.store import Store
from tests.actors import Actor
from tests.observability.scrape import scrape

SEAT = "/v1/events/<event_id>/seats/<seat_id>"


def changed(client: FlaskClient) -> dict[str, float]:
    """Return how many seats were changed, by all that was done at least once."""
    found = scrape(client)
    counted = {each: found.value("reservations_seats_changed_total", change=each) for each in DEEDS}
    return {deed: number for deed, number in counted.items() if number}


def test_requests_are_counted_by_method_route_and_status(
    client: FlaskClient, alice: Actor, event: dict[str, Any]
) -> None:
    alice.hold(event, "1")
    alice.hold(event, "2")
    alice.hold(event, "99")
    found = scrape(client)
    requests = "reservations_http_requests_total"
    assert found.value(requests, method="PATCH", route=SEAT, status="200") == 2
    assert found.value(requests, method="PATCH", route=SEAT, status="404") == 1
    seconds = "reservations_http_request_seconds"
    assert found.value(f"{seconds}_count", method="PATCH", route=SEAT) == 3
    assert found.value(f"{seconds}_bucket", method="PATCH", route=SEAT, le="+Inf") == 3
    assert 0 < found.value(f"{seconds}_sum", method="PATCH", route=SEAT) < 60


def test_seats_are_counted_by_what_is_done_with_them(
    client: FlaskClient, admin: Actor, alice: Actor, event: dict[str, Any]
) -> None:
    alice.hold_seats(event, "1", "2", "3")
    alice.hold_seats(event, "3", "4")
    assert changed(client) == {"held": 4, "refreshed": 1}
    alice.release_seats(event, "4")
    reserved = alice.reserve_seats(event).json
    alice.move(event, reserved, "1", "5")
    alice.cancel(event, reserved)
    admin.block(event, "7", "8")
    admin.block(event, "8", "9")
    admin.unblock(event, "7", "10")
    assert changed(client) == {
        "held": 4,
        "refreshed": 1,
        "released": 1,
        "reserved": 3,
        "moved": 1,
        "cancelled": 3,
        "blocked": 3,
        "unblocked": 1,
    }


def test_a_request_that_is_repeated_changes_seats_once(
    client: FlaskClient, alice: Actor, event: dict[str, Any]
) -> None:
    for _ in range(2):
        once = {"Idempotency-Key": "a"}
        path = f"/v1/events/{event['id']}/holds"
        alice.request("POST", path, json={"seats": ["1", "2"]}, headers=once)
    assert changed(client) == {"held": 2}


def test_refused_requests_change_nothing_and_are_counted_by_code(
    client: FlaskClient, alice: Actor, bob: Actor, event: dict[str, Any]
) -> None:
    alice.hold(event, "1")
    refused = "reservations_refusals_total"
    assert scrape(client).value(refused) == 0
    assert scrape(client).value(refused, code="outcome_unknown") == 0
    for _ in range(2):
        bob.hold_seats(event, "1", "2")
    bob.reserve(event, "3")
    client.get("/v1/events")
    client.get("/nowhere")
    client.open("/health", method="TRACE")
    found = scrape(client)
    assert changed(client) == {"held": 1}
    codes = {code: found.value(refused, code=code) for code in found.labels(refused, "code")}
    assert {code: number for code, number in codes.items() if number} == {
        "seat_held": 2,
        "seat_not_held": 1,
        "unauthorized": 1,
        "not_found": 1,
        "method_not_allowed": 1,
    }


def test_a_refusal_that_is_remembered_is_counted_each_time(
    client: FlaskClient, alice: Actor, bob: Actor, event: dict[str, Any]
) -> None:
    alice.hold(event, "1")
    for _ in range(3):
        path, once = f"/v1/events/{event['id']}/seats/1", {"Idempotency-Key": "a"}
        bob.request("PATCH", path, json={"action": "hold"}, headers=once)
    assert scrape(client).value("reservations_refusals_total", code="seat_held") == 3


def test_a_success_after_a_repeat_is_no_refusal(
    client: FlaskClient, alice: Actor, event: dict[str, Any]
) -> None:
    for _ in range(2):
        path, once = f"/v1/events/{event['id']}/seats/1", {"Idempotency-Key": "a"}
        alice.request("PATCH", path, json={"action": "hold"}, headers=once)
    assert scrape(client).value("reservations_refusals_total") == 0


def test_transactions_are_timed(client: FlaskClient, alice: Actor, event: dict[str, Any]) -> None:
    before = scrape(client).value("reservations_transaction_seconds_count")
    alice.hold(event, "1")
    alice.hold(event, "1")
    found = scrape(client)
    assert found.value("reservations_transaction_seconds_count") == before + 2
    assert found.value("reservations_transaction_seconds_bucket", le="+Inf") == before + 2
    assert found.value("reservations_transaction_conflicts_total") == 0


class TestLabels:
    @pytest.mark.parametrize("method", ["BREW", "GET2", "PROPFIND", "X" * 20])
    def test_methods_are_bounded(self, client: FlaskClient, method: str) -> None:
        client.open("/v1/events", method=method)
        found = scrape(client)
        assert found.labels("reservations_http_requests_total", "method") == {"other"}

    def test_addresses_are_bounded(self, client: FlaskClient, alice: Actor) -> None:
        for number in range(20):
            alice.get(f"/v1/events/{number}/seats/{number}")
            alice.get(f"/nowhere/{number}")
            alice.get(f'/v1/events/"{number}\n\\')
        found = scrape(client)
        routes = found.labels("reservations_http_requests_total", "route")
        assert routes == {SEAT, "unmatched", "/v1/events/<event_id>"}

    def test_the_name_of_an_event_breaks_no_line(self, client: FlaskClient, admin: Actor) -> None:
        name = 'Night "one" \\ two{} 1'
        admin.create_event(name, seats=10)
        assert scrape(client).labels("reservations_event_info", "name") == {name}


def test_two_applications_count_by_themselves(
    settings: Settings, store: Store, client: FlaskClient
) -> None:
    other = create_app(settings, store).test_client()
    other.get("/nowhere")
    requests = "reservations_http_requests_total"
    assert scrape(client).value(requests, route="unmatched") == 0
    assert scrape(other).value(requests, route="unmatched") == 1

"""Who holds without ever buying: what such a patron is told, and what it still may do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import redis

from reservations.domain.allowance import RECOVERY
from reservations.store import keys
from reservations.store.records import decode_holdings, encode_holdings
from tests.actors import Actor


@pytest.fixture
def used_up(alice: Actor, event: dict[str, Any], raw: redis.Redis) -> None:
    """Alice holds a seat, and has held others for so long that she has to wait."""
    alice.has_held(event, "1")
    key = keys.patron(event["id"], "alice")
    holdings = decode_holdings(raw.get(key))
    assert holdings.last_expiry is not None
    raw.set(key, encode_holdings(replace(holdings, recovered_at=holdings.last_expiry + RECOVERY)))


@pytest.mark.usefixtures("used_up")
class TestUsedUp:
    def test_no_new_hold_begins_before_it_is_told_to(
        self, alice: Actor, event: dict[str, Any]
    ) -> None:
        for refused in (
            alice.hold_seats(event, "2"),
            alice.hold_seats(event, "1", "2"),
            alice.hold_best(event, 1),
        ):
            assert refused.status_code == 429
            assert refused.json["code"] == "too_many_requests"
            assert 50 <= int(refused.headers["Retry-After"]) <= 60
        assert alice.held_seats(event) == ["1"]

    def test_what_is_held_can_be_refreshed_and_reserved(
        self, alice: Actor, event: dict[str, Any]
    ) -> None:
        assert alice.hold_seats(event, "1").status_code == 200
        alice.has_reserved(event, "1")

    def test_others_and_other_events_do_not_matter(
        self, admin: Actor, alice: Actor, bob: Actor, event: dict[str, Any]
    ) -> None:
        bob.has_held(event, "2")
        alice.has_held(admin.create_event(seats=10), "2")

    def test_the_box_office_holds_for_that_patron_all_the_same(
        self, admin: Actor, alice: Actor, event: dict[str, Any]
    ) -> None:
        assert admin.hold_seats(event, "2", patron="alice").status_code == 200
        assert alice.held_seats(event) == ["1", "2"]

    def test_the_refusal_is_not_remembered(
        self, alice: Actor, event: dict[str, Any], raw: redis.Redis
    ) -> None:
        named = {"json": {"seats": ["2"]}, "headers": {"Idempotency-Key": "once"}}
        path = f"/v1/events/{event['id']}/holds"
        assert alice.request("POST", path, **named).status_code == 429
        raw.delete(keys.patron(event["id"], "alice"))
        answer = alice.request("POST", path, **named)
        assert answer.status_code == 200
        assert "Idempotency-Replayed" not in answer.headers


def test_who_holds_and_lets_go_at_once_is_never_refused(
    alice: Actor, event: dict[str, Any]
) -> None:
    for _ in range(50):
        alice.has_held(event, "1", "2", "3", "4")
        assert alice.release_seats(event).status_code == 204

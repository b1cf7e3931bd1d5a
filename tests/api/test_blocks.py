"""Blocks: seats that an admin takes off sale, and puts back."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.actors import Actor


def refusal(response: TestResponse, status: int, code: str) -> dict[str, Any]:
    assert (response.status_code, response.json["code"]) == (status, code), response.text
    refused: dict[str, Any] = response.json
    return refused


def statuses(response: TestResponse) -> dict[str, str]:
    assert response.status_code == 200, response.text
    assert response.json.keys() == {"seats"}
    return {seat["id"]: seat["status"] for seat in response.json["seats"]}


def test_blocked_seats_are_not_for_sale(admin: Actor, alice: Actor, event: dict[str, Any]) -> None:
    blocked = admin.block(event, "3", "1")
    assert statuses(blocked) == {"3": "blocked", "1": "blocked"}
    assert blocked.headers["Cache-Control"] == "no-store"
    assert {"1", "3"}.isdisjoint(alice.free_seats(event))
    for refused in (
        alice.hold(event, "1"),
        alice.hold_seats(event, "1", "2"),
        alice.reserve(event, "1"),
        alice.release(event, "1"),
        alice.release_seats(event, "1"),
        alice.reserve_seats(event, "1"),
        admin.hold_seats(event, "1", patron="alice"),
    ):
        assert refusal(refused, 409, "seat_blocked")["conflicts"] == [
            {"seat_id": "1", "code": "seat_blocked"}
        ]
    assert alice.held_seats(event) == []


def test_only_an_admin_sees_why(admin: Actor, alice: Actor, event: dict[str, Any]) -> None:
    reason = "Camera,  row 2 – “live”"
    (seat,) = admin.block(event, "1", reason=reason).json["seats"]
    assert seat == {"id": "1", "name": "Seat #1", "status": "blocked", "reason": reason}
    assert admin.seat(event, "1") == admin.seats(event, status="blocked")[0] == seat
    seen = {"id": "1", "name": "Seat #1", "status": "blocked"}
    assert alice.seat(event, "1") == alice.seats(event, status="blocked")[0] == seen


def test_seats_are_put_back_on_sale(admin: Actor, alice: Actor, event: dict[str, Any]) -> None:
    admin.block(event, "1", "2", reason="Camera")
    unblocked = admin.unblock(event, "2")
    assert unblocked.json["seats"] == [{"id": "2", "name": "Seat #2", "status": "free"}]
    assert {"2"} <= set(alice.free_seats(event))
    assert alice.seat(event, "1")["status"] == "blocked"
    alice.has_held(event, "2")


def test_blocking_again_changes_the_reason_only(admin: Actor, event: dict[str, Any]) -> None:
    admin.block(event, "1", reason="Camera")
    assert statuses(admin.block(event, "1", "2", reason="Sound")) == {
        "1": "blocked",
        "2": "blocked",
    }
    assert admin.seat(event, "1")["reason"] == "Sound"
    assert "reason" not in admin.block(event, "1").json["seats"][0]
    assert statuses(admin.unblock(event, "1", "2")) == {"1": "free", "2": "free"}


def test_what_is_somebodys_cannot_be_blocked_nor_anything_with_it(
    admin: Actor, alice: Actor, bob: Actor, event: dict[str, Any]
) -> None:
    expires_at = alice.has_held(event, "1")
    bob.has_reserved(event, "2")
    refused = refusal(admin.block(event, "3", "2", "1"), 409, "seat_reserved")
    assert refused["conflicts"] == [
        {"seat_id": "2", "code": "seat_reserved"},
        {"seat_id": "1", "code": "seat_held", "retry_at": expires_at},
    ]
    assert alice.seat(event, "3")["status"] == "free"
    refused = refusal(admin.block(event, "1"), 409, "seat_held")
    assert refused["retry_at"] == expires_at
    assert alice.held_seats(event) == ["1"]


def test_what_is_not_blocked_is_left_as_it_is(
    admin: Actor, alice: Actor, event: dict[str, Any]
) -> None:
    alice.has_reserved(event, "2")
    expires_at = alice.has_held(event, "1")
    admin.block(event, "3")
    unblocked = admin.unblock(event, "1", "2", "3", "4")
    assert statuses(unblocked) == {"1": "held", "2": "reserved", "3": "free", "4": "free"}
    assert alice.seat(event, "1")["expires_at"] == expires_at


def test_they_are_counted(admin: Actor, alice: Actor) -> None:
    event = admin.create_event(
        sections=[
            {"name": "Stalls", "category": "A", "rows": 1, "seats_per_row": 6},
            {"name": "Box", "rows": 1, "seats_per_row": 6},
        ]
    )
    admin.block(event, "stalls-A-1", "box-A-1", "box-A-2")
    found = alice.get(f"/v1/events/{event['id']}").json
    assert found["counts"] == {"free": 9, "held": 0, "reserved": 0, "blocked": 3, "total": 12}
    assert {each["category"]: each["blocked"] for each in found["counts_by_category"]} == {
        "A": 1,
        None: 2,
    }


def test_it_is_possible_when_nothing_is_sold(
    admin: Actor, alice: Actor, event: dict[str, Any]
) -> None:
    admin.change_event(event, status="closed")
    assert statuses(admin.block(event, "1")) == {"1": "blocked"}
    assert statuses(admin.unblock(event, "1")) == {"1": "free"}


def test_only_an_admin_may(admin: Actor, alice: Actor, event: dict[str, Any]) -> None:
    refusal(alice.block(event, "1"), 403, "forbidden")
    admin.block(event, "1")
    refusal(alice.unblock(event, "1"), 403, "forbidden")
    assert alice.seat(event, "1")["status"] == "blocked"


def test_unknown_seats_and_events_are_not_found(admin: Actor, event: dict[str, Any]) -> None:
    for act in (admin.block, admin.unblock):
        refusal(act(event, "1", "13"), 404, "seat_not_found")
        refusal(act({"id": "0000000000000000"}, "1"), 404, "event_not_found")
    assert admin.seat(event, "1")["status"] == "free"


@pytest.mark.parametrize("prefix", ["/v1", ""])
def test_a_hundred_seats_at_once_and_no_more(admin: Actor, prefix: str) -> None:
    event = admin.create_event(seats=120)
    path = f"{prefix}/events/{event['id']}/blocks"
    hundred = [str(number) for number in range(1, 101)]
    for method, status in (("PUT", "blocked"), ("DELETE", "free")):
        answer = admin.request(method, path, json={"seats": hundred})
        assert set(statuses(answer).values()) == {status}
        refused = admin.request(method, path, json={"seats": [*hundred, "101"]})
        assert list(refusal(refused, 422, "invalid")["errors"]) == ["seats"]

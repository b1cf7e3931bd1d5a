"""Events are changed, closed and deleted, while their seats are sold."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import redis
from werkzeug.test import TestResponse

from tests.actors import Actor

FROM, UNTIL = "2026-12-01T09:00:00.000Z", "2027-01-01T19:00:00.000Z"

MEMBERS = {
    "name": "Second night",
    "description": "First line.\nSecond line.",
    "date": "2027-01-02T20:00:00.000Z",
    "location": "Small hall",
    "status": "closed",
    "hold_time": 120,
    "hold_max": 240,
    "seat_user_limit": 6,
    "seat_total_limit": 8,
    "on_sale_from": FROM,
    "on_sale_until": UNTIL,
}
NULLABLE = ["description", "date", "location", "seat_total_limit", "on_sale_from", "on_sale_until"]


def refusal(response: TestResponse, status: int, code: str) -> dict[str, Any]:
    assert (response.status_code, response.json["code"]) == (status, code), response.text
    refused: dict[str, Any] = response.json
    return refused


def seen(who: Actor, event: dict[str, Any]) -> dict[str, Any]:
    """Return an event as it is listed, which has no counts."""
    (found,) = who.get("/v1/events").json["items"]
    one = who.get(f"/v1/events/{event['id']}").json
    assert {**found, "counts": one["counts"]} | {
        "counts_by_category": one["counts_by_category"]
    } == one
    listed: dict[str, Any] = found
    return listed


class TestMembers:
    @pytest.mark.parametrize(("member", "value"), MEMBERS.items(), ids=list(MEMBERS))
    def test_each_can_be_changed_by_itself(
        self, admin: Actor, alice: Actor, event: dict[str, Any], member: str, value: Any
    ) -> None:
        changed = admin.change_event(event, **{member: value})
        assert changed.status_code == 200
        wanted = {**event, member: value}
        if member == "hold_time":
            wanted["hold_max"] = 10 * value
        assert changed.json == seen(alice, event) == wanted

    def test_all_can_be_changed_at_once(
        self, admin: Actor, alice: Actor, event: dict[str, Any]
    ) -> None:
        changed = admin.change_event(event, **MEMBERS)
        assert changed.json == seen(alice, event) == {**event, **MEMBERS}
        assert changed.headers["Cache-Control"] == "no-store"

    def test_null_clears(self, admin: Actor, alice: Actor, event: dict[str, Any]) -> None:
        admin.change_event(event, **MEMBERS)
        cleared = admin.change_event(event, **dict.fromkeys(NULLABLE))
        assert cleared.json == seen(alice, event)
        assert cleared.json == {**event, **MEMBERS, **dict.fromkeys(NULLABLE)}

    @pytest.mark.parametrize("member", sorted(set(MEMBERS) - set(NULLABLE)))
    def test_what_every_event_has_cannot_be_cleared(
        self, admin: Actor, alice: Actor, event: dict[str, Any], member: str
    ) -> None:
        refused = refusal(admin.change_event(event, **{member: None}), 422, "invalid")
        assert list(refused["errors"]) == [member]
        assert seen(alice, event) == event

    def test_nothing_changes_nothing(
        self, admin: Actor, alice: Actor, event: dict[str, Any]
    ) -> None:
        assert admin.change_event(event).json == seen(alice, event) == event

    @pytest.mark.parametrize("member", ["seats", "sections", "id", "created_at", "counts", "price"])
    def test_what_is_no_such_member_is_refused(
        self, admin: Actor, alice: Actor, event: dict[str, Any], member: str
    ) -> None:
        refused = refusal(admin.change_event(event, name="New", **{member: 10}), 422, "invalid")
        assert refused["errors"] == {member: ["Unknown field."]}
        assert seen(alice, event) == event

    def test_instants_are_kept_in_utc(self, admin: Actor, event: dict[str, Any]) -> None:
        changed = admin.change_event(event, date="2027-01-01T21:00:00.5+01:00")
        assert changed.json["date"] == "2027-01-01T20:00:00.500Z"


class TestHoldMax:
    def test_it_follows_the_hold_time_while_it_is_the_default(
        self, admin: Actor, event: dict[str, Any]
    ) -> None:
        assert (event["hold_time"], event["hold_max"]) == (60, 600)
        assert admin.change_event(event, hold_time=90).json["hold_max"] == 900
        assert admin.change_event(event, hold_time=3600).json["hold_max"] == 36_000
        assert admin.change_event(event, hold_time=1).json["hold_max"] == 10

    def test_it_stays_where_it_was_chosen(self, admin: Actor) -> None:
        event = admin.create_event(seats=10, hold_time=60, hold_max=300)
        assert admin.change_event(event, hold_time=90).json["hold_max"] == 300
        assert admin.change_event(event, hold_time=90, hold_max=100).json["hold_max"] == 100


@pytest.mark.parametrize(
    ("before", "members", "member"),
    [
        ({}, {"hold_time": 60, "hold_max": 59}, "hold_max"),
        ({}, {"hold_max": 59}, "hold_max"),
        ({"hold_max": 100}, {"hold_time": 101}, "hold_max"),
        ({}, {"on_sale_from": UNTIL, "on_sale_until": FROM}, "on_sale_until"),
        ({}, {"on_sale_from": FROM, "on_sale_until": FROM}, "on_sale_until"),
        ({"on_sale_until": FROM}, {"on_sale_from": UNTIL}, "on_sale_until"),
        ({"on_sale_from": UNTIL}, {"on_sale_until": FROM}, "on_sale_until"),
    ],
)
def test_what_contradicts_itself_is_refused(
    admin: Actor, alice: Actor, before: dict[str, Any], members: dict[str, Any], member: str
) -> None:
    event = admin.create_event(seats=10, **before)
    refused = refusal(admin.change_event(event, name="Other", **members), 422, "invalid")
    assert list(refused["errors"]) == [member]
    assert refused["detail"].startswith(f"{member}: ")
    assert seen(alice, event) == event


def test_what_contradicted_what_was_may_be_changed_with_it(admin: Actor) -> None:
    event = admin.create_event(seats=10, hold_max=100, on_sale_until=FROM)
    changed = admin.change_event(
        event, hold_time=200, hold_max=200, on_sale_from=FROM, on_sale_until=UNTIL
    )
    assert changed.status_code == 200
    cleared = admin.change_event(event, on_sale_from="2999-01-01T00:00:00Z", on_sale_until=None)
    assert cleared.status_code == 200


def test_only_an_admin_changes_and_deletes(alice: Actor, event: dict[str, Any]) -> None:
    refusal(alice.change_event(event, name="Mine"), 403, "forbidden")
    for query in ({}, {"force": "true"}):
        refusal(alice.delete_event(event, **query), 403, "forbidden")
    assert seen(alice, event) == event


def test_unknown_events_are_not_found(admin: Actor) -> None:
    for event_id in ("0000000000000000", "none", "{e:x}"):
        refusal(admin.change_event({"id": event_id}, name="New"), 404, "event_not_found")
        refusal(admin.delete_event({"id": event_id}), 404, "event_not_found")
        refusal(admin.delete_event({"id": event_id}, force="true"), 404, "event_not_found")


@pytest.mark.parametrize("prefix", ["/v1", ""])
def test_every_address_takes_it(admin: Actor, event: dict[str, Any], prefix: str) -> None:
    path = f"{prefix}/events/{event['id']}"
    assert admin.request("PATCH", path, json={"name": "Matinée"}).json["name"] == "Matinée"
    assert admin.request("DELETE", path).status_code == 204


class TestSale:
    @pytest.mark.parametrize("status", ["closed", "cancelled"])
    def test_an_event_is_closed_and_put_on_sale_again(
        self, admin: Actor, alice: Actor, event: dict[str, Any], status: str
    ) -> None:
        alice.has_held(event, "1")
        made = alice.has_reserved(event, "2")
        assert admin.change_event(event, status=status).json["status"] == status
        for refused in (
            alice.hold(event, "1"),
            alice.hold(event, "3"),
            alice.hold_seats(event, "3", "4"),
            alice.reserve(event, "1"),
            alice.reserve_seats(event),
            alice.move(event, made, "2", "3"),
        ):
            refusal(refused, 403, "not_on_sale")
        assert alice.held_seats(event) == ["1"], "holds stay until they end"
        assert len(alice.free_seats(event)) == 10, "and seats are listed"
        admin.change_event(event, status="on_sale")
        assert alice.reserve_seats(event).status_code == 201
        assert alice.move(event, made, "2", "3").status_code == 200

    @pytest.mark.parametrize(
        ("window", "sold"),
        [
            ({"on_sale_from": "2001-01-01T00:00:00Z"}, True),
            ({"on_sale_from": "2999-01-01T00:00:00Z"}, False),
            ({"on_sale_until": "2001-01-01T00:00:00Z"}, False),
            ({"on_sale_until": "2999-01-01T00:00:00Z"}, True),
            ({"on_sale_from": "2998-01-01T00:00:00Z", "on_sale_until": "2999-01-01T00:00:00Z"}, 0),
            ({"on_sale_from": "2001-01-01T00:00:00Z", "on_sale_until": "2999-01-01T00:00:00Z"}, 1),
        ],
    )
    def test_a_window_holds_at_once(
        self, admin: Actor, alice: Actor, event: dict[str, Any], window: dict[str, str], sold: bool
    ) -> None:
        alice.has_held(event, "1")
        admin.change_event(event, **window)
        for answer in (alice.hold(event, "2"), alice.hold(event, "1"), alice.reserve_seats(event)):
            assert (answer.json.get("code") == "not_on_sale") == (not sold)
        admin.change_event(event, on_sale_from=None, on_sale_until=None)
        assert alice.hold(event, "3").status_code == 200


class TestTerms:
    def test_limits_hold_at_once(self, admin: Actor, alice: Actor, event: dict[str, Any]) -> None:
        alice.has_held(event, "1", "2", "3")
        admin.change_event(event, seat_user_limit=2)
        assert alice.holds(event)["remaining"] == 0
        refused = refusal(alice.hold(event, "4"), 403, "hold_limit_reached")
        assert (refused["limit"], refused["held"]) == (2, 3)
        alice.has_held(event, "1", "2", "3")
        admin.change_event(event, seat_user_limit=5)
        alice.has_held(event, "4", "5")
        admin.change_event(event, seat_total_limit=5)
        assert alice.reserve_seats(event, "1", "2").status_code == 201
        refused = refusal(alice.hold(event, "6"), 403, "hold_limit_reached")
        assert (refused["limit"], refused["held"]) == (5, 5)
        admin.change_event(event, seat_total_limit=None)
        alice.has_held(event, "6")

    def test_a_hold_keeps_its_end_until_it_is_refreshed(
        self, admin: Actor, alice: Actor, event: dict[str, Any]
    ) -> None:
        before = alice.has_held(event, "1")
        admin.change_event(event, hold_time=600)
        assert alice.seat(event, "1")["expires_at"] == before
        assert alice.has_held(event, "1") > before

    def test_a_refresh_does_not_end_a_hold_because_its_longest_time_is_over(
        self, admin: Actor, alice: Actor
    ) -> None:
        event = admin.create_event(seats=10, hold_time=60)
        alice.has_held(event, "1")
        admin.change_event(event, hold_time=1, hold_max=1)
        began = time.monotonic()
        while time.monotonic() - began < 1.1:
            time.sleep(0.05)
        assert alice.seat(event, "1")["mine"] is True
        alice.hold_seats(event, "1")
        assert alice.seat(event, "1")["mine"] is True


class TestDeletion:
    def test_an_event_is_gone_with_all_that_there_was_of_it(
        self,
        admin: Actor,
        alice: Actor,
        bob: Actor,
        event: dict[str, Any],
        raw: redis.Redis,
    ) -> None:
        other = admin.create_event(seats=10)
        admin.block(event, "1")
        bob.has_held(event, "3")
        made = alice.has_reserved(event, "2", reference="A-1042")
        cursor = alice.changes(event).json["cursor"]
        deleted = admin.delete_event(event, force="true")
        assert (deleted.status_code, deleted.data) == (204, b"")
        asks: list[Callable[[], TestResponse]] = [
            lambda: alice.get(f"/v1/events/{event['id']}"),
            lambda: alice.get(f"/v1/events/{event['id']}/seats"),
            lambda: alice.get(f"/v1/events/{event['id']}/seats/2"),
            lambda: alice.hold(event, "4"),
            lambda: alice.hold_seats(event, "4"),
            lambda: alice.hold_best(event, 1),
            lambda: alice.get(f"/v1/events/{event['id']}/holds"),
            lambda: bob.release_seats(event),
            lambda: bob.reserve_seats(event),
            lambda: alice.reservations(event),
            lambda: alice.reservations_as_csv(event),
            lambda: alice.reservation(event, made),
            lambda: alice.cancel(event, made),
            lambda: alice.move(event, made, "2", "4"),
            lambda: admin.block(event, "5"),
            lambda: admin.unblock(event, "1"),
            lambda: alice.changes(event),
            lambda: alice.changes(event, after=cursor),
            lambda: admin.change_event(event, name="New"),
            lambda: admin.delete_event(event),
            lambda: admin.delete_event(event, force="true"),
        ]
        for ask in asks:
            refusal(ask(), 404, "event_not_found")
        assert alice.get("/v1/events").json["items"] == [other]
        left = {key.decode() for key in raw.keys() if event["id"] in key.decode()}
        assert left <= {f"{{e:{event['id']}}}:p:bob"}, "which ends with bob's hold"

    def test_one_with_reservations_is_kept_unless_it_is_meant(
        self, admin: Actor, alice: Actor, event: dict[str, Any]
    ) -> None:
        first, second = alice.has_reserved(event, "1", "2"), alice.has_reserved(event, "3")
        for query in ({}, {"force": "false"}):
            refused = refusal(admin.delete_event(event, **query), 409, "event_has_reservations")
            assert refused["reservations"] == 2
        assert seen(alice, event) == event
        assert alice.reservation(event, first).json == first
        alice.cancel(event, first)
        alice.cancel(event, second)
        assert admin.delete_event(event).status_code == 204

    def test_holds_and_blocks_do_not_keep_it(
        self, admin: Actor, alice: Actor, event: dict[str, Any]
    ) -> None:
        alice.has_held(event, "1")
        admin.block(event, "2")
        assert admin.delete_event(event).status_code == 204
        assert alice.get("/v1/events").json["items"] == []

    @pytest.mark.parametrize("status", ["closed", "cancelled"])
    def test_an_event_that_is_not_on_sale_is_kept_all_the_same(
        self, admin: Actor, alice: Actor, event: dict[str, Any], status: str
    ) -> None:
        alice.has_reserved(event, "1")
        admin.change_event(event, status=status)
        refusal(admin.delete_event(event), 409, "event_has_reservations")

    def test_a_page_of_events_leaves_it_out(self, admin: Actor, alice: Actor) -> None:
        made = [admin.create_event(seats=10) for _ in range(5)]
        first = alice.get("/v1/events?limit=2").json
        admin.delete_event(made[1])
        second = alice.get(f"/v1/events?limit=2&after={first['next']}").json
        assert [*first["items"], *second["items"]] == [made[4], made[3], made[2], made[0]]


class TestCounts:
    @pytest.fixture
    def hall(self, admin: Actor) -> dict[str, Any]:
        """Three sections in two categories, and one in none."""
        sections = [("Stalls", "A", 3), ("Circle", "B", 2), ("Slips", "A", 4), ("Box", None, 2)]
        return admin.create_event(
            sections=[
                {"name": name, "category": category, "rows": 1, "seats_per_row": seats}
                for name, category, seats in sections
            ]
        )

    def test_seats_are_counted_by_status_and_by_category(
        self, admin: Actor, alice: Actor, bob: Actor, hall: dict[str, Any]
    ) -> None:
        alice.has_held(hall, "stalls-A-1", "circle-A-1")
        made = bob.has_reserved(hall, "slips-A-1", "slips-A-2", "box-A-1")
        admin.block(hall, "box-A-2", "stalls-A-3")
        found = alice.get(f"/v1/events/{hall['id']}").json
        assert found["counts"] == {"free": 4, "held": 2, "reserved": 3, "blocked": 2, "total": 11}
        assert found["counts_by_category"] == [
            {"category": "A", "free": 3, "held": 1, "reserved": 2, "blocked": 1, "total": 7},
            {"category": "B", "free": 1, "held": 1, "reserved": 0, "blocked": 0, "total": 2},
            {"category": None, "free": 0, "held": 0, "reserved": 1, "blocked": 1, "total": 2},
        ], "in the order of the sections"
        bob.cancel(hall, made)
        alice.release_seats(hall)
        admin.unblock(hall, "box-A-2", "stalls-A-3")
        found = alice.get(f"/v1/events/{hall['id']}").json
        assert [each["free"] for each in found["counts_by_category"]] == [7, 2, 2]
        assert found["counts"] == {"free": 11, "held": 0, "reserved": 0, "blocked": 0, "total": 11}

    def test_holds_that_run_out_are_counted_as_free(self, admin: Actor, alice: Actor) -> None:
        event = admin.create_event(seats=10, hold_time=1)
        alice.has_held(event, "1", "2")

        def counts() -> tuple[int, int]:
            found = alice.get(f"/v1/events/{event['id']}").json["counts_by_category"][0]
            return found["free"], found["held"]

        assert counts() == (8, 2)
        while alice.held_seats(event):
            time.sleep(0.01)
        assert counts() == (10, 0)

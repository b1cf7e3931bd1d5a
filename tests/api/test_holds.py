"""Several seats at once: held, refreshed, listed and released together."""

from __future__ import annotations

import time
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.actors import Actor

CLOSED = {
    "closed": {"status": "closed"},
    "cancelled": {"status": "cancelled"},
    "not begun": {"on_sale_from": "2999-01-01T00:00:00Z"},
    "ended": {"on_sale_until": "2001-01-01T00:00:00Z"},
}


def refusal(response: TestResponse, status: int, code: str) -> dict[str, Any]:
    assert (response.status_code, response.json["code"]) == (status, code), response.text
    refused: dict[str, Any] = response.json
    return refused


def ids(response: TestResponse) -> list[str]:
    assert response.status_code == 200, response.text
    return [seat["id"] for seat in response.json["seats"]]


def wait_until_free(who: Actor, event: dict[str, Any], *seat_ids: str) -> None:
    deadline = time.monotonic() + 5
    while not set(seat_ids) <= set(who.free_seats(event)):
        assert time.monotonic() < deadline
        time.sleep(0.01)


class TestNamed:
    def test_seats_are_held_together_until_one_instant(
        self, alice: Actor, bob: Actor, event: dict[str, Any]
    ) -> None:
        held = alice.hold_seats(event, "7", "2", "3")
        assert held.status_code == 200
        assert held.json.keys() == {"seats", "expires_at"}
        assert held.json["seats"] == [
            {
                "id": seat_id,
                "name": f"Seat #{seat_id}",
                "status": "held",
                "mine": True,
                "expires_at": held.json["expires_at"],
            }
            for seat_id in ("7", "2", "3")
        ], "in the order asked"
        assert held.headers["Cache-Control"] == "no-store"
        assert set(alice.free_seats(event)).isdisjoint({"7", "2", "3"})
        assert bob.seat(event, "7") == {"id": "7", "name": "Seat #7", "status": "held"}

    def test_one_that_cannot_be_had_is_in_the_way_of_all(
        self, alice: Actor, bob: Actor, event: dict[str, Any]
    ) -> None:
        expires_at = bob.has_held(event, "3")
        refused = refusal(alice.hold_seats(event, "1", "2", "3"), 409, "seat_held")
        assert refused["retry_at"] == expires_at
        assert refused["conflicts"] == [
            {"seat_id": "3", "code": "seat_held", "retry_at": expires_at}
        ]
        assert alice.held_seats(event) == []
        assert {"1", "2"} <= set(bob.free_seats(event))

    def test_every_seat_that_stands_in_the_way_is_named(
        self, admin: Actor, alice: Actor, bob: Actor, event: dict[str, Any]
    ) -> None:
        bob.has_reserved(event, "5")
        expires_at = bob.has_held(event, "3")
        admin.block(event, "4")
        alice.has_reserved(event, "6")
        alice.has_held(event, "2")
        refused = alice.hold_seats(event, "1", "2", "6", "5", "4", "3")
        assert refusal(refused, 409, "seat_reserved")["reserved_by_me"] is True
        assert refused.json["conflicts"] == [
            {"seat_id": "6", "code": "seat_reserved"},
            {"seat_id": "5", "code": "seat_reserved"},
            {"seat_id": "4", "code": "seat_blocked"},
            {"seat_id": "3", "code": "seat_held", "retry_at": expires_at},
        ]
        assert alice.held_seats(event) == ["2"]
        assert alice.seat(event, "1")["status"] == "free"

    def test_a_refused_request_prolongs_nothing(
        self, alice: Actor, bob: Actor, event: dict[str, Any]
    ) -> None:
        expires_at = alice.has_held(event, "1")
        bob.has_held(event, "2")
        time.sleep(0.002)
        refusal(alice.hold_seats(event, "1", "2"), 409, "seat_held")
        assert alice.seat(event, "1")["expires_at"] == expires_at

    def test_those_that_are_held_already_are_refreshed_with_the_new_ones(
        self, alice: Actor, event: dict[str, Any]
    ) -> None:
        before = alice.has_held(event, "1")
        time.sleep(0.002)
        after = alice.has_held(event, "1", "2")
        assert after > before
        assert {seat["expires_at"] for seat in alice.holds(event)["seats"]} == {after}

    def test_all_end_when_the_oldest_of_them_must(self, admin: Actor, alice: Actor) -> None:
        event = admin.create_event(seats=10, hold_time=60, hold_max=60)
        first = alice.has_held(event, "1")
        time.sleep(0.002)
        assert alice.has_held(event, "1", "2") == first
        assert alice.has_held(event, "2", "3") > first, "2 was first held later"

    def test_a_hold_of_one_seat_and_of_several_are_the_same(
        self, alice: Actor, event: dict[str, Any]
    ) -> None:
        alice.has_held(event, "1")
        assert alice.hold(event, "2").status_code == 200
        assert alice.reserve(event, "1").status_code == 200
        assert alice.release_seats(event, "2").status_code == 204

    @pytest.mark.parametrize("body", [{}, {"seats": ["1"], "best_available": {"count": 1}}])
    def test_seats_are_either_named_or_chosen(
        self, alice: Actor, event: dict[str, Any], body: dict[str, Any]
    ) -> None:
        refused = alice.request("POST", f"/v1/events/{event['id']}/holds", json=body)
        assert list(refusal(refused, 422, "invalid")["errors"]) == ["seats"]
        assert alice.held_seats(event) == []

    def test_an_unknown_seat_is_not_found_and_none_is_held(
        self, alice: Actor, event: dict[str, Any]
    ) -> None:
        refusal(alice.hold_seats(event, "1", "13"), 404, "seat_not_found")
        assert alice.held_seats(event) == []

    def test_a_hundred_seats_can_be_held_at_once(self, admin: Actor, alice: Actor) -> None:
        event = admin.create_event(seats=200, seat_user_limit=100)
        hundred = [str(number) for number in range(1, 101)]
        alice.has_held(event, *hundred)
        assert alice.held_seats(event) == hundred
        refused = refusal(alice.hold_seats(event, *hundred, "101"), 422, "invalid")
        assert list(refused["errors"]) == ["seats"]

    def test_holds_that_run_out_free_all_their_seats(
        self, admin: Actor, alice: Actor, bob: Actor
    ) -> None:
        event = admin.create_event(seats=10, hold_time=1)
        alice.has_held(event, "1", "2")
        wait_until_free(bob, event, "1", "2")
        refusal(alice.reserve_seats(event, "1", "2"), 409, "seat_not_held")
        bob.has_held(event, "1", "2")


class TestLimits:
    def test_a_patron_holds_no_more_seats_than_allowed(
        self, alice: Actor, event: dict[str, Any]
    ) -> None:
        alice.has_held(event, "1", "2")
        refused = refusal(alice.hold_seats(event, "3", "4", "5"), 403, "hold_limit_reached")
        assert (refused["limit"], refused["held"]) == (4, 2)
        assert alice.held_seats(event) == ["1", "2"]
        refused = refusal(alice.hold_best(event, 3), 403, "hold_limit_reached")
        assert (refused["limit"], refused["held"]) == (4, 2)
        assert alice.held_seats(event) == ["1", "2"]

    def test_refreshing_is_possible_at_the_limit(self, alice: Actor, event: dict[str, Any]) -> None:
        alice.has_held(event, "1", "2", "3", "4")
        alice.has_held(event, "4", "3", "2", "1")
        refusal(alice.hold_seats(event, "1", "5"), 403, "hold_limit_reached")

    def test_a_seat_that_cannot_be_had_is_told_before_the_limit(
        self, alice: Actor, bob: Actor, event: dict[str, Any]
    ) -> None:
        bob.has_held(event, "9")
        alice.has_held(event, "1", "2", "3", "4")
        refusal(alice.hold_seats(event, "5", "9"), 409, "seat_held")

    def test_holds_that_ran_out_do_not_count(self, admin: Actor, alice: Actor) -> None:
        event = admin.create_event(seats=10, hold_time=1, seat_user_limit=2)
        alice.has_held(event, "1", "2")
        refusal(alice.hold_seats(event, "3", "4"), 403, "hold_limit_reached")
        wait_until_free(alice, event, "1", "2")
        alice.has_held(event, "3", "4")

    def test_a_total_limit_counts_what_is_reserved(self, admin: Actor, alice: Actor) -> None:
        event = admin.create_event(seats=10, seat_total_limit=3)
        alice.has_reserved(event, "1", "2")
        refused = refusal(alice.hold_seats(event, "3", "4"), 403, "hold_limit_reached")
        assert (refused["limit"], refused["held"]) == (3, 2)
        alice.has_held(event, "3")


@pytest.fixture
def hall(admin: Actor) -> dict[str, Any]:
    """Two sections of rows of 4 seats."""
    stalls = {"name": "Stalls", "category": "A", "rows": 2, "seats_per_row": 4}
    circle = {"name": "Circle", "category": "B", "rows": 1, "seats_per_row": 4}
    return admin.create_event(sections=[stalls, circle])


class TestBestAvailable:
    def test_seats_side_by_side_in_front_are_chosen_and_held(
        self, alice: Actor, bob: Actor, hall: dict[str, Any]
    ) -> None:
        held = alice.hold_best(hall, 4)
        assert held.json.keys() == {"seats", "expires_at", "together"}
        assert held.json["together"] is True
        assert ids(held) == [f"stalls-A-{number}" for number in (1, 2, 3, 4)]
        assert alice.held_seats(hall) == ids(held)
        assert ids(bob.hold_best(hall, 4)) == [f"circle-A-{n}" for n in (1, 2, 3, 4)], (
            "a front row of the other section comes before the second of this"
        )

    def test_no_single_seat_is_left_empty(self, alice: Actor, hall: dict[str, Any]) -> None:
        assert ids(alice.hold_best(hall, 2, section="Stalls")) in (
            ["stalls-A-1", "stalls-A-2"],
            ["stalls-A-3", "stalls-A-4"],
        )

    @pytest.mark.parametrize("wish", [{"category": "B"}, {"section": "Circle"}])
    def test_only_seats_of_a_category_or_section(
        self, alice: Actor, hall: dict[str, Any], wish: dict[str, str]
    ) -> None:
        assert {seat_id[:6] for seat_id in ids(alice.hold_best(hall, 2, **wish))} == {"circle"}

    def test_of_both_a_category_and_a_section(self, alice: Actor, hall: dict[str, Any]) -> None:
        refused = alice.hold_best(hall, 1, category="A", section="Circle")
        assert refusal(refused, 409, "not_enough_seats")["free"] == 0

    def test_preferred_takes_seats_apart_when_there_are_no_others(
        self, admin: Actor, alice: Actor, hall: dict[str, Any]
    ) -> None:
        admin.block(hall, "circle-A-2", "circle-A-3")
        held = alice.hold_best(hall, 2, section="Circle")
        assert held.json["together"] is False
        assert ids(held) == ["circle-A-1", "circle-A-4"]

    def test_required_does_not(self, admin: Actor, alice: Actor, hall: dict[str, Any]) -> None:
        admin.block(hall, "circle-A-2", "circle-A-3")
        wish = {"section": "Circle", "together": "required"}
        refused = refusal(alice.hold_best(hall, 2, **wish), 409, "not_enough_together")
        assert refused["free"] == 2
        assert alice.held_seats(hall) == []
        assert alice.hold_best(hall, 1, **wish).json["together"] is True

    def test_rows_are_not_side_by_side(self, admin: Actor, alice: Actor) -> None:
        event = admin.create_event(
            sections=[{"name": "Stalls", "rows": 6, "seats_per_row": 2}], seat_user_limit=10
        )
        refusal(alice.hold_best(event, 3, together="required"), 409, "not_enough_together")
        held = alice.hold_best(event, 3, together="preferred")
        assert (len(ids(held)), held.json["together"]) == (3, False)

    def test_more_than_are_free_cannot_be_had(
        self, alice: Actor, bob: Actor, hall: dict[str, Any]
    ) -> None:
        bob.has_held(hall, "circle-A-1")
        refused = refusal(alice.hold_best(hall, 4, category="B"), 409, "not_enough_seats")
        assert refused["free"] == 3
        assert alice.held_seats(hall) == []

    def test_only_free_seats_are_chosen(
        self, admin: Actor, alice: Actor, bob: Actor, event: dict[str, Any]
    ) -> None:
        bob.has_reserved(event, "1", "2")
        bob.has_held(event, "3")
        admin.block(event, "4")
        alice.has_held(event, "5")
        assert ids(alice.hold_best(event, 2)) == ["6", "7"], "what is held is not counted in"

    def test_seats_whose_holds_ran_out_are_chosen_again(self, admin: Actor, alice: Actor) -> None:
        event = admin.create_event(seats=10, hold_time=1)
        alice.has_held(event, "1", "2")
        assert ids(alice.hold_best(event, 2)) == ["3", "4"]
        wait_until_free(alice, event, "1", "2", "3", "4")
        assert ids(alice.hold_best(event, 2)) == ["1", "2"]


class TestList:
    def test_it_has_the_callers_holds_in_reading_order(
        self, alice: Actor, bob: Actor, event: dict[str, Any]
    ) -> None:
        assert alice.holds(event) == {"seats": [], "limit": 4, "remaining": 4}
        alice.has_held(event, "10")
        alice.has_held(event, "9", "2")
        bob.has_held(event, "1")
        found = alice.holds(event)
        assert [seat["id"] for seat in found["seats"]] == ["2", "9", "10"]
        assert found["seats"][0] == alice.seat(event, "2")
        assert (found["limit"], found["remaining"]) == (4, 1)
        assert bob.held_seats(event) == ["1"]

    def test_what_is_reserved_or_released_is_no_longer_in_it(
        self, alice: Actor, event: dict[str, Any]
    ) -> None:
        alice.has_held(event, "1", "2", "3")
        alice.reserve(event, "1")
        alice.release(event, "2")
        assert alice.held_seats(event) == ["3"]
        assert alice.holds(event)["remaining"] == 3

    def test_holds_that_ran_out_are_not_in_it(self, admin: Actor, alice: Actor) -> None:
        event = admin.create_event(seats=10, hold_time=1)
        alice.has_held(event, "1", "2")
        wait_until_free(alice, event, "1", "2")
        assert alice.holds(event) == {"seats": [], "limit": 4, "remaining": 4}

    def test_a_total_limit_leaves_less(self, admin: Actor, alice: Actor) -> None:
        event = admin.create_event(seats=10, seat_user_limit=4, seat_total_limit=5)
        alice.has_reserved(event, "1", "2", "3")
        assert (alice.holds(event)["limit"], alice.holds(event)["remaining"]) == (4, 2)
        alice.has_held(event, "4")
        assert alice.holds(event)["remaining"] == 1
        alice.has_held(event, "5")
        assert alice.holds(event)["remaining"] == 0
        refusal(alice.hold_seats(event, "6"), 403, "hold_limit_reached")

    def test_an_unknown_event_has_none(self, alice: Actor) -> None:
        refusal(alice.get("/v1/events/0000000000000000/holds"), 404, "event_not_found")


class TestRelease:
    def test_all_are_released_when_none_is_named(
        self, alice: Actor, bob: Actor, event: dict[str, Any]
    ) -> None:
        bob.has_held(event, "4")
        alice.has_held(event, "1", "2", "3")
        released = alice.release_seats(event)
        assert (released.status_code, released.data) == (204, b"")
        assert {"1", "2", "3"} <= set(bob.free_seats(event))
        assert bob.held_seats(event) == ["4"]

    def test_only_those_that_are_named(self, alice: Actor, event: dict[str, Any]) -> None:
        alice.has_held(event, "1", "2", "3")
        assert alice.release_seats(event, "1", "3").status_code == 204
        assert alice.held_seats(event) == ["2"]

    def test_a_list_may_be_written_in_several_parameters(
        self, alice: Actor, event: dict[str, Any]
    ) -> None:
        alice.has_held(event, "1", "2", "3")
        path = f"/v1/events/{event['id']}/holds?seats=1&seats=3"
        assert alice.request("DELETE", path).status_code == 204
        assert alice.held_seats(event) == ["2"]

    def test_who_holds_nothing_has_nothing_left_either(
        self, alice: Actor, event: dict[str, Any]
    ) -> None:
        alice.has_reserved(event, "1")
        assert alice.release_seats(event).status_code == 204
        assert alice.seat(event, "1")["status"] == "reserved"

    def test_all_or_none_of_those_named(
        self, admin: Actor, alice: Actor, bob: Actor, event: dict[str, Any]
    ) -> None:
        alice.has_reserved(event, "3")
        admin.block(event, "4")
        bob.has_held(event, "2")
        alice.has_held(event, "1")
        refused = alice.release_seats(event, "1", "2", "3", "4", "5")
        assert refusal(refused, 409, "seat_not_held")["conflicts"] == [
            {"seat_id": "2", "code": "seat_not_held"},
            {"seat_id": "3", "code": "seat_reserved"},
            {"seat_id": "4", "code": "seat_blocked"},
            {"seat_id": "5", "code": "seat_not_held"},
        ]
        assert alice.held_seats(event) == ["1"]
        assert bob.held_seats(event) == ["2"]

    def test_it_is_possible_when_nothing_is_sold(
        self, admin: Actor, alice: Actor, event: dict[str, Any]
    ) -> None:
        alice.has_held(event, "1", "2")
        admin.change_event(event, status="closed")
        assert alice.release_seats(event, "1").status_code == 204
        assert alice.release_seats(event).status_code == 204
        assert alice.held_seats(event) == []


@pytest.mark.parametrize("members", CLOSED.values(), ids=CLOSED)
def test_when_nothing_is_sold_nothing_is_held_nor_refreshed(
    admin: Actor, alice: Actor, event: dict[str, Any], members: dict[str, str]
) -> None:
    expires_at = alice.has_held(event, "1")
    assert admin.change_event(event, **members).status_code == 200
    for refused in (
        alice.hold_seats(event, "1"),
        alice.hold_seats(event, "2"),
        alice.hold_best(event, 1),
        alice.hold(event, "2"),
    ):
        refusal(refused, 403, "not_on_sale")
    assert alice.holds(event)["seats"][0]["expires_at"] == expires_at


class TestAdmin:
    def test_it_holds_for_a_patron(
        self, admin: Actor, alice: Actor, bob: Actor, event: dict[str, Any]
    ) -> None:
        held = admin.hold_seats(event, "1", "2", patron="alice")
        assert [seat["patron"] for seat in held.json["seats"]] == ["alice", "alice"]
        assert alice.held_seats(event) == admin.held_seats(event, patron="alice") == ["1", "2"]
        assert admin.held_seats(event) == []
        refusal(bob.hold_seats(event, "1"), 409, "seat_held")
        assert alice.reserve_seats(event).status_code == 201

    def test_it_chooses_the_best_for_a_patron(
        self, admin: Actor, alice: Actor, event: dict[str, Any]
    ) -> None:
        path = f"/v1/events/{event['id']}/holds"
        body = {"best_available": {"count": 6}, "patron": "alice"}
        assert len(ids(admin.request("POST", path, json=body))) == 6
        assert len(alice.held_seats(event)) == 6

    def test_no_limit_binds_it_then(self, admin: Actor, alice: Actor) -> None:
        event = admin.create_event(seats=12, seat_user_limit=2, seat_total_limit=3)
        alice.has_held(event, "1", "2")
        admin.has_held(event, "3", "4", "5", patron="alice")
        assert len(alice.held_seats(event)) == 5
        assert alice.holds(event)["remaining"] == 0
        refusal(alice.hold_seats(event, "6"), 403, "hold_limit_reached")

    @pytest.mark.parametrize("members", CLOSED.values(), ids=CLOSED)
    def test_no_sales_window_binds_it_then(
        self, admin: Actor, alice: Actor, event: dict[str, Any], members: dict[str, str]
    ) -> None:
        admin.change_event(event, **members)
        admin.has_held(event, "1", patron="alice")
        refusal(alice.reserve_seats(event), 403, "not_on_sale")
        assert admin.reserve_seats(event, patron="alice").status_code == 201
        assert alice.seat(event, "1")["mine"] is True

    def test_for_itself_it_is_bound_like_everybody(self, admin: Actor) -> None:
        event = admin.create_event(seats=10, seat_user_limit=1)
        refusal(admin.hold_seats(event, "1", "2"), 403, "hold_limit_reached")
        admin.change_event(event, status="closed")
        refusal(admin.hold_seats(event, "1"), 403, "not_on_sale")

    def test_a_seat_that_another_holds_it_cannot_have_either(
        self, admin: Actor, bob: Actor, event: dict[str, Any]
    ) -> None:
        bob.has_held(event, "1")
        refusal(admin.hold_seats(event, "1", patron="alice"), 409, "seat_held")

    def test_it_releases_anybodys_holds(
        self, admin: Actor, alice: Actor, bob: Actor, event: dict[str, Any]
    ) -> None:
        alice.has_held(event, "1", "2")
        bob.has_held(event, "3")
        assert admin.release_seats(event, "1", "3").status_code == 204
        assert (alice.held_seats(event), bob.held_seats(event)) == (["2"], [])
        assert admin.release(event, "2").json["status"] == "free"
        assert alice.holds(event)["remaining"] == 4
        alice.has_held(event, "3", "4", "5", "6")

    def test_all_of_one_patrons_holds(
        self, admin: Actor, alice: Actor, bob: Actor, event: dict[str, Any]
    ) -> None:
        alice.has_held(event, "1", "2")
        bob.has_held(event, "3")
        assert admin.release_seats(event).status_code == 204
        assert alice.held_seats(event) == ["1", "2"], "its own, when it names nobody"
        assert admin.release_seats(event, patron="alice").status_code == 204
        assert (alice.held_seats(event), bob.held_seats(event)) == ([], ["3"])

    def test_of_a_patron_that_it_names_only_that_patrons(
        self, admin: Actor, alice: Actor, bob: Actor, event: dict[str, Any]
    ) -> None:
        bob.has_held(event, "3")
        refusal(admin.release_seats(event, "3", patron="alice"), 409, "seat_not_held")
        assert bob.held_seats(event) == ["3"]

    def test_what_nobody_holds_cannot_be_released(
        self, admin: Actor, alice: Actor, event: dict[str, Any]
    ) -> None:
        alice.has_reserved(event, "2")
        alice.has_held(event, "1")
        refused = refusal(admin.release_seats(event, "1", "2", "3"), 409, "seat_reserved")
        assert refused["reserved_by_me"] is False
        assert [each["code"] for each in refused["conflicts"]] == ["seat_reserved", "seat_not_held"]
        assert alice.held_seats(event) == ["1"]


def test_a_patron_names_itself_or_nobody(alice: Actor, bob: Actor, event: dict[str, Any]) -> None:
    alice.has_held(event, "1", patron="alice")
    for refused in (
        bob.hold_seats(event, "1", patron="alice"),
        bob.hold_seats(event, "2", patron="nobody"),
        bob.release_seats(event, patron="alice"),
        bob.get(f"/v1/events/{event['id']}/holds?patron=alice"),
    ):
        refusal(refused, 403, "forbidden")
    refusal(alice.hold_seats(event, "2", "3", "4", "5", patron="alice"), 403, "hold_limit_reached")
    assert alice.release_seats(event, "1", patron="alice").status_code == 204
    assert bob.held_seats(event, patron="bob") == []


def test_the_same_is_served_without_the_prefix(alice: Actor, event: dict[str, Any]) -> None:
    path = f"/events/{event['id']}/holds"
    assert ids(alice.request("POST", path, json={"seats": ["1"]})) == ["1"]
    assert alice.get(path).data == alice.get(f"/v1{path}").data
    assert alice.request("DELETE", path).status_code == 204

"""The life of a seat, as patrons see it over HTTP."""

from __future__ import annotations

import time
from typing import Any

from tests.actors import Actor


def test_a_new_event_lists_all_its_seats_in_reading_order(
    admin: Actor, alice: Actor, event: dict[str, Any]
) -> None:
    assert alice.free_seats(event) == [str(number) for number in range(1, 13)]
    assert alice.seats(event)[0] == {"id": "1", "name": "Seat #1", "status": "free"}


def test_sections_give_seats_that_say_where_they_are(admin: Actor, alice: Actor) -> None:
    event = admin.create_event(
        sections=[
            {"name": "Stalls", "category": "A", "rows": 2, "seats_per_row": 2},
            {"name": "Balcony", "rows": 1, "seats_per_row": 1},
        ]
    )
    assert alice.seats(event) == [
        {
            "id": f"stalls-{row}-{number}",
            "name": f"Stalls {row}-{number}",
            "section": "Stalls",
            "row": row,
            "number": number,
            "category": "A",
            "status": "free",
        }
        for row in "AB"
        for number in (1, 2)
    ] + [
        {
            "id": "balcony-A-1",
            "name": "Balcony A-1",
            "section": "Balcony",
            "row": "A",
            "number": 1,
            "status": "free",
        }
    ]


def test_a_held_seat_is_no_longer_free(alice: Actor, bob: Actor, event: dict[str, Any]) -> None:
    held = alice.hold(event, "3")
    assert held.status_code == 200
    assert held.json == {
        "id": "3",
        "name": "Seat #3",
        "status": "held",
        "mine": True,
        "expires_at": held.json["expires_at"],
    }
    assert "3" not in alice.free_seats(event)
    assert bob.seat(event, "3") == {"id": "3", "name": "Seat #3", "status": "held"}


def test_a_seat_that_another_holds_cannot_be_had(
    alice: Actor, bob: Actor, event: dict[str, Any]
) -> None:
    expires_at = alice.hold(event, "3").json["expires_at"]
    held = bob.hold(event, "3")
    assert (held.status_code, held.json["code"]) == (409, "seat_held")
    assert held.json["retry_at"] == expires_at
    for refused in (bob.reserve(event, "3"), bob.release(event, "3")):
        assert (refused.status_code, refused.json["code"]) == (409, "seat_not_held")
    assert alice.seat(event, "3")["expires_at"] == expires_at


def test_a_refused_hold_prolongs_nothing(alice: Actor, bob: Actor, event: dict[str, Any]) -> None:
    expires_at = alice.hold(event, "3").json["expires_at"]
    time.sleep(0.01)
    bob.hold(event, "3")
    assert alice.seat(event, "3")["expires_at"] == expires_at


def test_refreshing_a_hold_moves_its_end(alice: Actor, event: dict[str, Any]) -> None:
    before = alice.hold(event, "3").json["expires_at"]
    time.sleep(0.01)
    assert alice.hold(event, "3").json["expires_at"] > before


def test_a_reserved_seat_stays_reserved(alice: Actor, bob: Actor, event: dict[str, Any]) -> None:
    alice.hold(event, "3")
    reserved = alice.reserve(event, "3")
    assert reserved.status_code == 200
    assert reserved.json["status"] == "reserved"
    assert reserved.json["reservation_id"]
    assert "expires_at" not in reserved.json
    again, other = alice.reserve(event, "3"), bob.hold(event, "3")
    assert (again.status_code, again.json["code"]) == (409, "seat_reserved")
    assert again.json["reserved_by_me"] is True
    assert (other.status_code, other.json["code"]) == (409, "seat_reserved")
    assert other.json["reserved_by_me"] is False
    assert bob.seat(event, "3") == {"id": "3", "name": "Seat #3", "status": "reserved"}


def test_a_seat_must_be_held_to_be_reserved_or_released(
    alice: Actor, event: dict[str, Any]
) -> None:
    for refused in (alice.reserve(event, "3"), alice.release(event, "3")):
        assert (refused.status_code, refused.json["code"]) == (409, "seat_not_held")


def test_a_released_seat_is_free_at_once(alice: Actor, bob: Actor, event: dict[str, Any]) -> None:
    alice.hold(event, "3")
    released = alice.release(event, "3")
    assert released.json == {"id": "3", "name": "Seat #3", "status": "free"}
    assert "3" in bob.free_seats(event)
    assert bob.hold(event, "3").status_code == 200


def test_one_patron_holds_only_so_many_seats_of_one_event(
    admin: Actor, alice: Actor, event: dict[str, Any]
) -> None:
    for seat_id in "1234":
        assert alice.hold(event, seat_id).status_code == 200
    refused = alice.hold(event, "5")
    assert (refused.status_code, refused.json["code"]) == (403, "hold_limit_reached")
    assert (refused.json["limit"], refused.json["held"]) == (4, 4)
    assert alice.hold(event, "4").status_code == 200, "refreshing is possible at the limit"
    assert alice.hold(admin.create_event(seats=10), "1").status_code == 200, "limits are per event"
    assert alice.reserve(event, "4").status_code == 200, "reserving is possible at the limit"
    assert alice.hold(event, "5").status_code == 200, "only holds count"


def test_a_total_limit_counts_reservations_too(admin: Actor, alice: Actor) -> None:
    event = admin.create_event(seats=10, seat_total_limit=2)
    alice.hold(event, "1")
    alice.reserve(event, "1")
    assert alice.hold(event, "2").status_code == 200
    refused = alice.hold(event, "3")
    assert (refused.json["code"], refused.json["limit"]) == ("hold_limit_reached", 2)


def test_outside_of_the_sales_window_no_seat_can_be_held(admin: Actor, alice: Actor) -> None:
    for window in (
        {"on_sale_from": "2999-01-01T00:00:00Z"},
        {"on_sale_until": "2001-01-01T00:00:00Z"},
    ):
        refused = alice.hold(admin.create_event(seats=10, **window), "1")
        assert (refused.status_code, refused.json["code"]) == (403, "not_on_sale")


def test_a_hold_can_be_refreshed_only_until_hold_max(admin: Actor, alice: Actor) -> None:
    event = admin.create_event(seats=10, hold_time=60, hold_max=60)
    before = alice.hold(event, "1").json["expires_at"]
    time.sleep(0.01)
    assert alice.hold(event, "1").json["expires_at"] == before


def test_a_hold_that_runs_out_frees_the_seat_for_all_purposes_at_once(
    admin: Actor, alice: Actor, bob: Actor
) -> None:
    event = admin.create_event(seats=10, hold_time=1, seat_user_limit=1)
    alice.hold(event, "1")
    assert "1" not in bob.free_seats(event)
    assert alice.hold(event, "2").json["code"] == "hold_limit_reached"
    while bob.hold(event, "1").status_code == 409:
        time.sleep(0.005)
    assert alice.reserve(event, "1").json["code"] == "seat_not_held"
    assert alice.hold(event, "2").status_code == 200, "the limit counts live holds only"
    assert bob.seat(event, "1")["mine"] is True


def test_only_an_admin_sees_whose_a_seat_is(
    admin: Actor, alice: Actor, bob: Actor, event: dict[str, Any]
) -> None:
    alice.hold(event, "3")
    alice.hold(event, "4")
    alice.reserve(event, "4")
    for seat in bob.seats(event, status="held,reserved"):
        assert seat.keys() == {"id", "name", "status"}
    assert [seat["patron"] for seat in admin.seats(event, status="all")[2:4]] == ["alice"] * 2
    assert admin.seat(event, "3")["patron"] == "alice"
    assert [seat.get("mine") for seat in alice.seats(event, status="held,reserved")] == [True, True]


def test_lists_are_chosen_by_status_category_and_section(admin: Actor, alice: Actor) -> None:
    event = admin.create_event(
        sections=[
            {"name": "Stalls", "category": "A", "rows": 1, "seats_per_row": 2},
            {"name": "Circle", "category": "B", "rows": 1, "seats_per_row": 2},
        ]
    )
    alice.hold(event, "stalls-A-1")
    alice.hold(event, "circle-A-2")
    alice.reserve(event, "circle-A-2")

    def ids(**query: str) -> list[str]:
        return [seat["id"] for seat in alice.seats(event, **query)]

    assert ids() == ["stalls-A-2", "circle-A-1"]
    assert ids(status="held") == ["stalls-A-1"]
    assert ids(status="held,reserved") == ["stalls-A-1", "circle-A-2"]
    assert ids(status="all") == ["stalls-A-1", "stalls-A-2", "circle-A-1", "circle-A-2"]
    assert ids(status="blocked") == []
    assert ids(category="A") == ["stalls-A-2"]
    assert ids(status="all", section="Circle") == ["circle-A-1", "circle-A-2"]
    assert ids(status="free,reserved", category="B") == ["circle-A-1", "circle-A-2"]
    assert ids(category="none") == []
    assert alice.get(f"/v1/events/{event['id']}/seats?status=sold").status_code == 422


def test_an_event_without_sections_has_no_seats_of_a_section(
    alice: Actor, event: dict[str, Any]
) -> None:
    assert alice.seats(event, section="Stalls") == []


class TestEntityTags:
    def test_a_list_that_the_client_has_is_not_sent_again(
        self, alice: Actor, event: dict[str, Any]
    ) -> None:
        path = f"/v1/events/{event['id']}/seats"
        tag = alice.get(path).headers["ETag"]
        again = alice.get(path, headers={"If-None-Match": tag})
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["ETag"] == tag
        assert alice.get(path, headers={"If-None-Match": f'"other", {tag}'}).status_code == 304
        assert alice.get(path, headers={"If-None-Match": '"other"'}).status_code == 200

    def test_the_tag_changes_whenever_the_list_does(self, admin: Actor, alice: Actor) -> None:
        event = admin.create_event(seats=10, hold_time=1)
        path = f"/v1/events/{event['id']}/seats"
        tags = [alice.get(path).headers["ETag"]]
        alice.hold(event, "1")
        tags.append(alice.get(path).headers["ETag"])
        alice.hold(event, "2")
        tags.append(alice.get(path).headers["ETag"])
        assert len(set(tags)) == 3
        while "1" not in alice.free_seats(event) or "2" not in alice.free_seats(event):
            time.sleep(0.01)
        fresh = alice.get(path, headers={"If-None-Match": tags[-1]})
        assert fresh.status_code == 200, "holds that ran out change the list too"

    def test_a_list_with_others_seats_has_a_tag_for_each_caller(
        self, alice: Actor, bob: Actor, event: dict[str, Any]
    ) -> None:
        path = f"/v1/events/{event['id']}/seats?status=all"
        alice.hold(event, "1")
        tag = alice.get(path).headers["ETag"]
        assert alice.get(path, headers={"If-None-Match": tag}).status_code == 304
        assert bob.get(path, headers={"If-None-Match": tag}).status_code == 200


def test_an_unknown_seat_is_not_found(alice: Actor, event: dict[str, Any]) -> None:
    for seat_id in ("0", "13", "01", "1.0", "-1", "A-1", "x" * 5000, "١"):
        for response in (alice.hold(event, seat_id), alice.get(_path(event, seat_id))):
            assert (response.status_code, response.json["code"]) == (404, "seat_not_found")


def test_seats_of_an_unknown_event_are_not_found(alice: Actor) -> None:
    event = {"id": "0000000000000000"}
    for response in (alice.hold(event, "1"), alice.get(_path(event, "1"))):
        assert (response.status_code, response.json["code"]) == (404, "event_not_found")
    assert alice.get("/v1/events/0000000000000000/seats").status_code == 404


def test_an_unknown_action_is_refused(alice: Actor, event: dict[str, Any]) -> None:
    refused = alice.change(event, "1", "steal")
    assert (refused.status_code, refused.json["code"]) == (422, "invalid")
    assert "action" in refused.json["errors"]


def _path(event: dict[str, Any], seat_id: str) -> str:
    return f"/v1/events/{event['id']}/seats/{seat_id}"

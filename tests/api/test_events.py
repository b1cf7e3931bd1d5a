"""Events: created by admins, listed and looked at by all."""

from __future__ import annotations

import time
from typing import Any

import pytest
import redis
from flask.testing import FlaskClient

from reservations.app import create_app, open_store
from reservations.config import Settings
from tests.actors import Actor

MANY = 100_000
STALLS = {"name": "Stalls", "category": "A", "rows": 2, "seats_per_row": 5}


def create(admin: Actor, method: str = "POST", **members: Any) -> Any:
    return admin.request(method, "/v1/events", json={"name": "Opening night", **members})


def ids(seats: list[dict[str, Any]]) -> list[str]:
    return [seat["id"] for seat in seats]


@pytest.mark.parametrize("method", ["POST", "PUT"])
class TestCreation:
    def test_a_number_of_seats(self, admin: Actor, alice: Actor, method: str) -> None:
        made = create(admin, method, seats=12)
        assert made.status_code == 201
        assert (made.json["seats"], made.json["sections"]) == (12, [])
        seats = alice.seats(made.json)
        assert ids(seats) == [str(number) for number in range(1, 13)]
        assert [seat["name"] for seat in seats] == [f"Seat #{number}" for number in range(1, 13)]

    def test_sections(self, admin: Actor, alice: Actor, method: str) -> None:
        balcony = {"name": "Upper Balcony", "rows": 1, "seats_per_row": 3}
        made = create(admin, method, sections=[STALLS, balcony])
        assert made.status_code == 201
        assert made.json["seats"] == 13
        assert made.json["sections"] == [STALLS, {**balcony, "category": None}]
        stalls = [f"stalls-{row}-{number}" for row in "AB" for number in range(1, 6)]
        above = [f"upper-balcony-A-{number}" for number in range(1, 4)]
        seats = alice.seats(made.json)
        assert ids(seats) == [*stalls, *above], "in reading order"
        assert seats[-1]["name"] == "Upper Balcony A-3"

    def test_the_location_leads_to_the_event(self, admin: Actor, alice: Actor, method: str) -> None:
        made = create(admin, method, seats=10)
        assert made.headers["Location"] == f"/v1/events/{made.json['id']}"
        found = alice.get(made.headers["Location"])
        counts = {"free": 10, "held": 0, "reserved": 0, "blocked": 0, "total": 10}
        of_category = [{"category": None, **counts}]
        assert found.json == {**made.json, "counts": counts, "counts_by_category": of_category}

    def test_each_request_makes_an_event_of_its_own(self, admin: Actor, method: str) -> None:
        first, second = create(admin, method, seats=10), create(admin, method, seats=10)
        assert first.json["id"] != second.json["id"]


class TestSeatsOfSections:
    def test_rows_after_z_are_aa_ab_and_so_on(self, admin: Actor, alice: Actor) -> None:
        event = admin.create_event(sections=[{"name": "Hall", "rows": 55, "seats_per_row": 1}])
        rows = [seat["row"] for seat in alice.seats(event)]
        assert rows[:2] == ["A", "B"]
        assert rows[24:29] == ["Y", "Z", "AA", "AB", "AC"]
        assert rows[51:] == ["AZ", "BA", "BB", "BC"]
        assert alice.hold(event, "hall-AA-1").json["name"] == "Hall AA-1"
        assert alice.hold(event, "hall-BD-1").json["code"] == "seat_not_found"

    def test_names_may_be_in_any_script(self, admin: Actor, alice: Actor) -> None:
        names = ["Große Höhe", "桟敷", "Ложа", "Café № 2"]
        event = admin.create_event(
            name="Ōpening – ночь 🎭",
            sections=[{"name": name, "rows": 1, "seats_per_row": 1} for name in names],
        )
        assert alice.get(f"/v1/events/{event['id']}").json["name"] == "Ōpening – ночь 🎭"
        seats = alice.seats(event)
        assert [seat["section"] for seat in seats] == names
        assert ids(seats)[1:3] == ["2-A-1", "3-A-1"], "its ordinal, where no letter is ASCII"
        assert all(seat["id"].isascii() for seat in seats)
        for seat in seats:
            assert alice.hold(event, seat["id"]).json["section"] == seat["section"]
        assert ids(alice.seats(event, status="held", section="桟敷")) == ["2-A-1"]

    def test_two_sections_whose_seats_would_have_the_same_ids_are_refused(
        self, admin: Actor
    ) -> None:
        one = {"rows": 1, "seats_per_row": 5}
        for names in (["Stalls", "Stalls"], ["Stalls", "stalls!"], ["桟敷", "1"]):
            refused = create(admin, sections=[{"name": name, **one} for name in names])
            assert (refused.status_code, list(refused.json["errors"])) == (422, ["sections"]), names

    def test_sections_whose_ids_only_begin_alike_are_told_apart(
        self, admin: Actor, alice: Actor
    ) -> None:
        one = {"rows": 1, "seats_per_row": 1}
        names = ["Stalls", "Stalls A", "Stalls A 1"]
        event = admin.create_event(sections=[{"name": name, **one} for name in names])
        for seat_id, section in zip(ids(alice.seats(event)), names, strict=True):
            assert alice.hold(event, seat_id).json["section"] == section


class TestRefusals:
    def test_a_patron_creates_nothing(self, alice: Actor) -> None:
        refused = create(alice, seats=10)
        assert (refused.status_code, refused.json["code"]) == (403, "forbidden")
        assert alice.get("/v1/events").json["items"] == []

    def test_seats_are_given_in_one_way(self, admin: Actor) -> None:
        for members in ({}, {"seats": 10, "sections": [STALLS]}):
            refused = create(admin, **members)
            assert (refused.status_code, list(refused.json["errors"])) == (422, ["seats"])

    @pytest.mark.parametrize("seats", [9, MANY + 1, 0, -10, "10", 10.5, True, None, [10]])
    def test_a_number_out_of_bounds(self, admin: Actor, seats: Any) -> None:
        refused = create(admin, seats=seats)
        assert (refused.status_code, list(refused.json["errors"])) == (422, ["seats"])

    @pytest.mark.parametrize("seats", [10, MANY])
    def test_a_number_at_the_bounds(self, admin: Actor, seats: int) -> None:
        assert create(admin, seats=seats).json["seats"] == seats

    def test_more_seats_in_all_sections_than_allowed(self, admin: Actor) -> None:
        half = {"rows": 500, "seats_per_row": 100}
        sections = [{"name": "Left", **half}, {"name": "Right", **half}]
        assert create(admin, sections=sections).json["seats"] == MANY
        one_more = [*sections, {"name": "Box", "rows": 1, "seats_per_row": 1}]
        for refused in (
            create(admin, sections=one_more),
            create(admin, sections=[{"name": "All", "rows": MANY, "seats_per_row": MANY}]),
        ):
            assert (refused.status_code, list(refused.json["errors"])) == (422, ["sections"])

    @pytest.mark.parametrize(
        ("path", "section"),
        [
            ("rows", {"rows": 0}),
            ("seats_per_row", {"seats_per_row": 0}),
            ("name", {"name": ""}),
            ("name", {"name": "Sta\nlls"}),
            ("colour", {"colour": "red"}),
        ],
    )
    def test_a_section_that_is_wrong_is_named(
        self, admin: Actor, path: str, section: dict[str, Any]
    ) -> None:
        refused = create(admin, sections=[STALLS, {**STALLS, "name": "Circle", **section}])
        assert (refused.status_code, list(refused.json["errors"])) == (422, [f"sections.1.{path}"])

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("name", "ab"),
            ("name", "   a   "),
            ("name", "x" * 201),
            ("name", None),
            ("date", "tomorrow"),
            ("date", "2027-01-01T20:00:00"),
            ("date", "2027-02-30T20:00:00Z"),
            ("hold_time", 0),
            ("hold_time", 3601),
            ("hold_time", "60"),
            ("seat_user_limit", 0),
            ("seat_user_limit", 101),
            ("seat_total_limit", 0),
            ("hold_max", 0),
            ("price", 10),
        ],
    )
    def test_a_member_that_is_wrong_is_named(self, admin: Actor, name: str, value: Any) -> None:
        refused = create(admin, seats=10, **{name: value})
        assert (refused.status_code, list(refused.json["errors"])) == (422, [name])

    def test_a_sale_ends_later_than_it_begins(self, admin: Actor) -> None:
        instant = "2027-01-01T20:00:00Z"
        refused = create(admin, seats=10, on_sale_from=instant, on_sale_until=instant)
        assert (refused.status_code, list(refused.json["errors"])) == (422, ["on_sale_until"])


def test_what_is_not_given_has_its_default(admin: Actor, settings: Settings) -> None:
    event = admin.create_event(seats=10)
    del event["id"], event["created_at"]
    assert event == {
        "name": "Opening night",
        "description": None,
        "date": None,
        "location": None,
        "status": "on_sale",
        "seats": 10,
        "sections": [],
        "hold_time": settings.seat_hold_time_seconds,
        "hold_max": 10 * settings.seat_hold_time_seconds,
        "seat_user_limit": settings.seat_user_limit,
        "seat_total_limit": None,
        "on_sale_from": None,
        "on_sale_until": None,
    }
    assert admin.create_event(seats=10, hold_time=3)["hold_max"] == 30


def test_what_is_given_is_kept_with_instants_in_utc(admin: Actor) -> None:
    given = {
        "name": "Matinée",
        "description": "First line.\nSecond line.",
        "location": "Main hall",
        "hold_time": 120,
        "hold_max": 240,
        "seat_user_limit": 6,
        "seat_total_limit": 8,
    }
    event = admin.create_event(
        seats=10,
        date="2027-01-01T21:00:00.123456+01:00",
        on_sale_from="2026-12-01T00:00:00Z",
        on_sale_until="2027-01-01T18:00:00.5Z",
        **given,
    )
    assert {name: event[name] for name in given} == given
    assert event["date"] == "2027-01-01T20:00:00.123Z"
    assert event["on_sale_from"] == "2026-12-01T00:00:00.000Z"
    assert event["on_sale_until"] == "2027-01-01T18:00:00.500Z"


def test_the_counts_follow_what_happens_to_the_seats(
    admin: Actor, alice: Actor, bob: Actor
) -> None:
    event = admin.create_event(seats=10, hold_time=1)

    def counts() -> tuple[int, int, int]:
        found = bob.get(f"/v1/events/{event['id']}").json["counts"]
        assert found["total"] == 10 == sum(found[name] for name in found if name != "total")
        return found["free"], found["held"], found["reserved"]

    assert counts() == (10, 0, 0)
    alice.hold(event, "1")
    alice.hold(event, "2")
    bob.hold(event, "3")
    assert counts() == (7, 3, 0)
    alice.reserve(event, "1")
    alice.release(event, "2")
    assert counts() == (8, 1, 1)
    expires_at = bob.hold(event, "3").json["expires_at"]
    while counts() != (9, 0, 1):
        assert bob.seat(event, "3").get("expires_at") in (expires_at, None)
        time.sleep(0.01)
    assert bob.seat(event, "3")["status"] == "free"


class TestPages:
    def test_the_newest_comes_first(self, admin: Actor, alice: Actor) -> None:
        made = [admin.create_event(name=f"Night {n}", seats=10) for n in range(3)]
        page = alice.get("/v1/events")
        assert page.json == {"items": made[::-1], "next": None}
        assert "Link" not in page.headers
        assert page.headers["Cache-Control"] == "no-store"

    @pytest.mark.parametrize("prefix", ["/v1", ""])
    def test_a_walk_by_either_way_gives_each_event_once(
        self, admin: Actor, alice: Actor, prefix: str
    ) -> None:
        made = [admin.create_event(seats=10)["id"] for _ in range(7)]
        seen, sizes, path, after = [], [], f"{prefix}/events?limit=3", None
        while True:
            page = alice.get(path)
            assert page.status_code == 200
            seen += ids(page.json["items"])
            sizes.append(len(page.json["items"]))
            after = page.json["next"]
            if after is None:
                assert "Link" not in page.headers
                break
            link = page.headers["Link"]
            assert link.endswith('>; rel="next"')
            path = f"{prefix}/events?limit=3&after={after}"
            assert alice.get(link[1:].partition(">")[0]).json == alice.get(path).json
        assert seen == made[::-1]
        assert sizes == [3, 3, 1]

    def test_a_full_last_page_is_the_last(self, admin: Actor, alice: Actor) -> None:
        for _ in range(2):
            admin.create_event(seats=10)
        assert alice.get("/v1/events?limit=2").json["next"] is None

    def test_events_made_during_a_walk_do_not_disturb_it(self, admin: Actor, alice: Actor) -> None:
        made = [admin.create_event(seats=10)["id"] for _ in range(4)]
        first = alice.get("/v1/events?limit=2").json
        admin.create_event(seats=10)
        second = alice.get(f"/v1/events?limit=2&after={first['next']}").json
        assert ids(first["items"]) + ids(second["items"]) == made[::-1]

    def test_without_events_the_page_is_empty(self, alice: Actor) -> None:
        assert alice.get("/v1/events").json == {"items": [], "next": None}

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            *(("after", value) for value in ("", "0", "c", "cx", "c-1", "C1", "c" + "f" * 13, "١")),
            *(("limit", value) for value in ("", "0", "-1", "501", "ten", "1.5", "9" * 5000)),
        ],
    )
    def test_what_is_no_page_is_refused(self, alice: Actor, name: str, value: str) -> None:
        refused = alice.get("/v1/events", query_string={name: value})
        assert (refused.status_code, list(refused.json["errors"])) == (422, [name])

    def test_the_largest_page_is_possible(self, alice: Actor) -> None:
        assert alice.get("/v1/events?limit=500").status_code == 200


class TestAddresses:
    def test_the_same_is_served_without_the_prefix(self, admin: Actor, alice: Actor) -> None:
        for method in ("PUT", "POST"):
            made = admin.request(method, "/events", json={"name": "Matinée", "seats": 10})
            assert made.status_code == 201
            assert made.headers["Location"] == f"/v1/events/{made.json['id']}"
            for suffix in (f"/{made.json['id']}", f"/{made.json['id']}/seats", ""):
                plain, versioned = alice.get(f"/events{suffix}"), alice.get(f"/v1/events{suffix}")
                assert plain.status_code == 200
                assert plain.data == versioned.data
        path = f"/events/{made.json['id']}/seats/1"
        held = alice.request("PATCH", path, json={"action": "hold"})
        assert held.json == alice.get(f"/v1{path}").json

    def test_an_older_version_is_gone(self, client: FlaskClient) -> None:
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            for path in ("/v0", "/v0/events", "/v0/events/1/seats/1"):
                answer = client.open(path, method=method)
                assert (answer.status_code, answer.json["code"]) == (410, "version_gone")

    def test_what_is_not_there_is_not_found(self, alice: Actor) -> None:
        for path in (
            "/v1/events/0000000000000000",
            "/v1/events/1",
            "/v1/events/%7Be%7D",
            "/v1/events/" + "x" * 2000,
        ):
            answer = alice.get(path)
            assert (answer.status_code, answer.json["code"]) == (404, "event_not_found"), path
        for path in ("/v2/events", "/v1/event", "/v1/events/", "/v1//events", "/V1/events"):
            answer = alice.get(path)
            assert (answer.status_code, answer.json["code"]) == (404, "not_found"), path


class TestManySeats:
    def test_an_event_of_100000_seats_is_as_small_as_one_of_10(
        self, admin: Actor, raw: redis.Redis
    ) -> None:
        def sizes(**members: Any) -> dict[str, int]:
            tag = f"{{e:{admin.create_event(**members)['id']}}}:"
            keys = [key.decode() for key in raw.keys("*") if key.decode().startswith(tag)]
            return {key.removeprefix(tag): raw.memory_usage(key, samples=0) for key in keys}

        hall = {"name": "Hall", "rows": 1000, "seats_per_row": 100}
        few, many, sectioned = sizes(seats=10), sizes(seats=MANY), sizes(sections=[hall])
        assert few.keys() == {"event", "plan", "log"}
        assert many.keys() == sectioned.keys() == few.keys()
        for found in (few, many, sectioned):
            # The log's first block of 4 KiB is there from its first entry on.
            assert found.pop("log") < 6000
            assert sum(found.values()) < 1000

    def test_its_seats_are_listed_held_and_reserved(
        self, admin: Actor, alice: Actor, bob: Actor
    ) -> None:
        event = admin.create_event(seats=MANY)
        assert len(alice.seats(event)) == MANY
        assert alice.hold(event, str(MANY)).status_code == 200
        assert alice.hold(event, "50000").status_code == 200
        assert alice.reserve(event, "50000").status_code == 200
        left = ids(bob.seats(event))
        assert len(left) == MANY - 2
        assert (left[0], left[-1]) == ("1", str(MANY - 1))
        assert ids(bob.seats(event, status="held,reserved")) == ["50000", str(MANY)]
        assert alice.hold(event, str(MANY + 1)).json["code"] == "seat_not_found"


def test_every_key_of_an_event_carries_its_hash_tag(
    admin: Actor, alice: Actor, raw: redis.Redis
) -> None:
    event = admin.create_event(seats=10)
    alice.hold(event, "1")
    alice.hold(event, "2")
    alice.reserve(event, "2")
    alice.get("/ready")
    keys = {key.decode() for key in raw.keys("*")}
    others = keys - {"events", "events:count", "{revocations}:ready", "revocations"}
    assert {key.partition(":")[0] for key in others} == {"{e"}
    assert all(key.startswith(f"{{e:{event['id']}}}:") for key in others)
    assert len(others) == 8, "the event, its plan, log and index, two seats, patron, reservation"


def test_two_applications_on_one_store_agree_on_lists_and_their_tags(
    settings: Settings, admin: Actor, alice: Actor, bob: Actor
) -> None:
    other_store = open_store(settings)
    elsewhere = Actor(create_app(settings, other_store).test_client(), bob.token)
    event = admin.create_event(seats=10, hold_time=2)
    path = f"/v1/events/{event['id']}/seats"

    def agree(query: str) -> str:
        here, there = bob.get(path + query), elsewhere.get(path + query)
        assert (here.headers["ETag"], here.data) == (there.headers["ETag"], there.data)
        tag = here.headers["ETag"]
        assert elsewhere.get(path + query, headers={"If-None-Match": tag}).status_code == 304
        return tag

    tags = []
    for step in (
        lambda: None,
        lambda: alice.hold(event, "1"),
        lambda: elsewhere.hold(event, "2"),
        lambda: elsewhere.reserve(event, "2"),
        lambda: time.sleep(2.1),
    ):
        step()
        agree("?status=all")
        tags.append(agree(""))
    # Reserving what was held leaves the free seats as they are.
    assert tags[2] == tags[3]
    assert len(set(tags)) == 4
    other_store.close()

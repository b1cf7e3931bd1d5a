"""Reservations: made of holds, read, listed, moved and cancelled."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest
import redis
from werkzeug.test import TestResponse

from reservations.domain.reservation import Draft, Reservation
from reservations.store import index, keys
from reservations.store.records import encode_reservation
from tests.actors import Actor

COLUMNS = ["id", "patron", "seats", "reserved_at", "reference", "data"]


def refusal(response: TestResponse, status: int, code: str) -> dict[str, Any]:
    assert (response.status_code, response.json["code"]) == (status, code), response.text
    refused: dict[str, Any] = response.json
    return refused


def ids(items: Iterable[dict[str, Any]]) -> list[str]:
    return [item["id"] for item in items]


def rows(response: TestResponse) -> list[list[str]]:
    assert response.status_code == 200, response.text
    return list(csv.reader(io.StringIO(response.text, newline="")))


class TestReserving:
    def test_all_that_is_held_becomes_one_reservation(
        self, alice: Actor, bob: Actor, event: dict[str, Any]
    ) -> None:
        alice.has_held(event, "3", "1")
        bob.has_held(event, "2")
        made = alice.reserve_seats(event)
        assert made.status_code == 201
        assert made.json == {
            "id": made.json["id"],
            "seats": [
                {
                    "id": seat_id,
                    "name": f"Seat #{seat_id}",
                    "status": "reserved",
                    "mine": True,
                    "reservation_id": made.json["id"],
                }
                for seat_id in ("3", "1")
            ],
            "reserved_at": made.json["reserved_at"],
            "reference": None,
            "data": None,
        }
        assert alice.held_seats(event) == []
        assert bob.held_seats(event) == ["2"]
        assert bob.seat(event, "1") == {"id": "1", "name": "Seat #1", "status": "reserved"}

    def test_only_the_seats_that_are_named(self, alice: Actor, event: dict[str, Any]) -> None:
        alice.has_held(event, "1", "2", "3")
        made = alice.reserve_seats(event, "3", "1")
        assert ids(made.json["seats"]) == ["3", "1"], "in the order asked"
        assert alice.held_seats(event) == ["2"]

    @pytest.mark.parametrize("prefix", ["/v1", ""])
    def test_the_location_leads_to_it(
        self, alice: Actor, event: dict[str, Any], prefix: str
    ) -> None:
        alice.has_held(event, "1")
        path = f"{prefix}/events/{event['id']}/reservations"
        made = alice.request("POST", path, json={})
        location = made.headers["Location"]
        assert location == f"/v1/events/{event['id']}/reservations/{made.json['id']}"
        for address in (location, location.removeprefix("/v1")):
            assert alice.get(address).json == made.json

    def test_what_the_shop_says_of_it_is_kept(self, alice: Actor, event: dict[str, Any]) -> None:
        said = {"reference": "A-1042", "data": {"name": "Älice", "extras": [1, 2.5, None, True]}}
        made = alice.has_reserved(event, "1", **said)
        assert {name: made[name] for name in said} == said
        assert alice.reservation(event, made).json == made
        refusal(alice.reserve_seats(event, reference="a\nb"), 422, "invalid")
        refusal(alice.reserve_seats(event, data=[]), 422, "invalid")

    def test_it_says_when_it_was_made_and_its_seats_say_its_id(
        self, alice: Actor, event: dict[str, Any]
    ) -> None:
        before = datetime.now(UTC) - timedelta(seconds=1)
        first, second = alice.has_reserved(event, "1"), alice.has_reserved(event, "2")
        assert alice.seat(event, "1")["reservation_id"] == first["id"]
        assert before < datetime.fromisoformat(first["reserved_at"]) < datetime.now(UTC)
        assert first["id"][:12] <= second["id"][:12]
        assert first["reserved_at"] <= second["reserved_at"]

    def test_one_seat_by_itself_becomes_a_reservation_too(
        self, alice: Actor, event: dict[str, Any]
    ) -> None:
        alice.hold(event, "1")
        reservation_id = alice.reserve(event, "1").json["reservation_id"]
        found = alice.reservation(event, {"id": reservation_id})
        assert (found.status_code, ids(found.json["seats"])) == (200, ["1"])

    def test_a_seat_that_is_not_held_is_in_the_way_of_all(
        self, admin: Actor, alice: Actor, bob: Actor, event: dict[str, Any]
    ) -> None:
        bob.has_held(event, "2")
        bob.has_reserved(event, "3")
        admin.block(event, "4")
        alice.has_reserved(event, "5")
        alice.has_held(event, "1")
        refused = alice.reserve_seats(event, "1", "2", "3", "4", "5", "6")
        assert refusal(refused, 409, "seat_not_held")["conflicts"] == [
            {"seat_id": "2", "code": "seat_not_held"},
            {"seat_id": "3", "code": "seat_reserved"},
            {"seat_id": "4", "code": "seat_blocked"},
            {"seat_id": "5", "code": "seat_reserved"},
            {"seat_id": "6", "code": "seat_not_held"},
        ]
        assert alice.held_seats(event) == ["1"]

    def test_who_holds_nothing_reserves_nothing(self, alice: Actor, event: dict[str, Any]) -> None:
        refused = refusal(alice.reserve_seats(event), 409, "seat_not_held")
        assert refused["conflicts"] == []
        assert alice.reservations(event).json["items"] == []

    def test_an_unknown_seat_is_not_found(self, alice: Actor, event: dict[str, Any]) -> None:
        alice.has_held(event, "1")
        refusal(alice.reserve_seats(event, "1", "13"), 404, "seat_not_found")
        assert alice.held_seats(event) == ["1"]

    def test_no_limit_stands_in_the_way(self, admin: Actor, alice: Actor) -> None:
        event = admin.create_event(seats=10, seat_user_limit=2, seat_total_limit=2)
        alice.has_reserved(event, "1", "2")
        assert alice.holds(event)["remaining"] == 0

    def test_an_admin_reserves_for_a_patron(
        self, admin: Actor, alice: Actor, bob: Actor, event: dict[str, Any]
    ) -> None:
        alice.has_held(event, "1", "2")
        made = admin.reserve_seats(event, "1", patron="alice")
        assert (made.status_code, made.json["patron"]) == (201, "alice")
        assert alice.reservations(event).json["items"] == [
            {
                **{name: value for name, value in made.json.items() if name != "patron"},
                "seats": [alice.seat(event, "1")],
            }
        ]
        refusal(admin.reserve_seats(event, "2"), 409, "seat_not_held")
        assert admin.reserve_seats(event, patron="alice").status_code == 201
        alice.has_held(event, "3")
        refusal(bob.reserve_seats(event, patron="alice"), 403, "forbidden")
        assert alice.reserve_seats(event, patron="alice").status_code == 201


class TestReading:
    def test_its_owner_and_an_admin_see_it_and_nobody_else(
        self, admin: Actor, alice: Actor, bob: Actor, event: dict[str, Any]
    ) -> None:
        made = alice.has_reserved(event, "1")
        assert alice.reservation(event, made).json == made
        seen = admin.reservation(event, made).json
        assert seen["patron"] == "alice"
        assert seen["seats"] == [admin.seat(event, "1")]
        refusal(bob.reservation(event, made), 404, "reservation_not_found")

    def test_it_belongs_to_one_event(
        self, admin: Actor, alice: Actor, event: dict[str, Any]
    ) -> None:
        made = alice.has_reserved(event, "1")
        other = admin.create_event(seats=10)
        for who in (alice, admin):
            refusal(who.reservation(other, made), 404, "reservation_not_found")
            refusal(who.cancel(other, made), 404, "reservation_not_found")
        nowhere = {"id": "0000000000000000"}
        refusal(alice.reservation(nowhere, made), 404, "event_not_found")
        refusal(alice.cancel(nowhere, made), 404, "event_not_found")
        refusal(alice.reservations(nowhere), 404, "event_not_found")
        refusal(admin.reservations_as_csv(nowhere), 404, "event_not_found")


class TestLists:
    def test_a_patron_sees_its_own_and_an_admin_all(
        self, admin: Actor, alice: Actor, bob: Actor, event: dict[str, Any]
    ) -> None:
        assert alice.reservations(event).json == {"items": [], "next": None}
        made = {bob.has_reserved(event, "9")["id"]}
        own = [alice.has_reserved(event, str(number)) for number in range(1, 5)]
        own.sort(key=lambda each: each["id"], reverse=True)
        page = alice.reservations(event)
        assert page.json == {"items": own, "next": None}
        assert "Link" not in page.headers
        assert page.headers["Cache-Control"] == "no-store"
        everything = admin.reservations(event).json["items"]
        assert ids(everything) == sorted({*made, *ids(own)}, reverse=True), "the last made first"
        assert {each["patron"] for each in everything} == {"alice", "bob"}

    def test_they_are_chosen_by_patron_and_reference(
        self, admin: Actor, alice: Actor, bob: Actor, event: dict[str, Any]
    ) -> None:
        first = alice.has_reserved(event, "1", reference="A-1")["id"]
        second = alice.has_reserved(event, "2", reference="A-2")["id"]
        third = bob.has_reserved(event, "3", reference="A-1")["id"]
        fourth = alice.has_reserved(event, "4")["id"]

        def found(who: Actor, **query: str) -> set[str]:
            return set(ids(who.reservations(event, **query).json["items"]))

        assert found(admin, patron="alice") == {first, second, fourth}
        assert found(admin, patron="box-office") == found(admin, patron="nobody") == set()
        assert found(admin, reference="A-1") == {first, third}
        assert found(admin, reference="A-1", patron="bob") == {third}
        assert found(admin, reference="A") == found(admin, reference="a-1") == set()
        assert found(alice, reference="A-1") == found(alice, reference="A-1", patron="alice")
        assert found(alice, reference="A-1") == {first}
        assert found(bob, patron="bob") == {third}

    def test_a_patron_does_not_see_those_of_somebody_it_names(
        self, alice: Actor, bob: Actor, event: dict[str, Any]
    ) -> None:
        alice.has_reserved(event, "1")
        for patron in ("alice", "nobody"):
            refusal(bob.reservations(event, patron=patron), 403, "forbidden")
            refusal(bob.reservations_as_csv(event, patron=patron), 403, "forbidden")

    @pytest.mark.parametrize("prefix", ["/v1", ""])
    @pytest.mark.parametrize(
        "query", [{}, {"patron": "alice"}, {"reference": "a&b=c #1"}], ids=lambda query: str(query)
    )
    def test_a_walk_by_links_or_cursors_gives_each_once(
        self,
        admin: Actor,
        alice: Actor,
        bob: Actor,
        event: dict[str, Any],
        prefix: str,
        query: dict[str, str],
    ) -> None:
        made = [alice.has_reserved(event, str(n), reference="a&b=c #1") for n in range(1, 8)]
        bob.has_reserved(event, "9")
        wanted = 8 if not query else 7
        seen, sizes = [], []
        path = f"{prefix}/events/{event['id']}/reservations"
        page = admin.get(path, query_string={"limit": 3, **query})
        while True:
            assert page.status_code == 200
            seen += ids(page.json["items"])
            sizes.append(len(page.json["items"]))
            after = page.json["next"]
            if after is None:
                assert "Link" not in page.headers
                break
            link, relation = page.headers["Link"].split("; ")
            assert relation == 'rel="next"'
            assert link.startswith(f"<{path}?")
            page = admin.get(path, query_string={"limit": 3, "after": after, **query})
            assert admin.get(link[1:-1]).json == page.json
        assert seen == sorted(seen, reverse=True)
        assert set(ids(made)) <= set(seen)
        assert sizes == [3, 3, wanted - 6]

    def test_those_made_during_a_walk_do_not_disturb_it(
        self, alice: Actor, event: dict[str, Any]
    ) -> None:
        made = sorted((alice.has_reserved(event, seat)["id"] for seat in "1234"), reverse=True)
        first = alice.reservations(event, limit=2).json
        instant = first["items"][0]["reserved_at"]
        while alice.has_reserved(event, "5")["reserved_at"] == instant:
            alice.cancel(event, alice.reservations(event, limit=1).json["items"][0])
        second = alice.reservations(event, limit=2, after=first["next"]).json
        assert ids(first["items"]) + ids(second["items"]) == made

    def test_a_walk_goes_on_after_one_that_was_cancelled(
        self, alice: Actor, event: dict[str, Any]
    ) -> None:
        made = sorted((alice.has_reserved(event, seat)["id"] for seat in "123"), reverse=True)
        first = alice.reservations(event, limit=1).json
        alice.cancel(event, {"id": made[0]})
        second = alice.reservations(event, limit=5, after=first["next"]).json
        assert ids(second["items"]) == made[1:]


class TestCsv:
    def test_an_admin_gets_a_row_for_each(
        self, admin: Actor, alice: Actor, bob: Actor, event: dict[str, Any]
    ) -> None:
        one = alice.has_reserved(event, "1", "2", reference="A-1042", data={"name": "Älice"})
        other = bob.has_reserved(event, "3")
        answer = admin.reservations_as_csv(event)
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert answer.headers["Content-Disposition"] == (
            f"attachment; filename=reservations-{event['id']}.csv"
        )
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Vary"] == "Accept"
        header, *found = rows(answer)
        assert header == COLUMNS
        assert found == sorted(
            [
                [one["id"], "alice", "1 2", one["reserved_at"], "A-1042", '{"name": "Älice"}'],
                [other["id"], "bob", "3", other["reserved_at"], "", ""],
            ],
            reverse=True,
        )
        assert answer.text.count("\r\n") == answer.text.count("\n") == 3

    def test_without_any_there_is_the_header(self, admin: Actor, event: dict[str, Any]) -> None:
        assert rows(admin.reservations_as_csv(event)) == [COLUMNS]

    def test_a_patron_gets_its_own_only(
        self, alice: Actor, bob: Actor, event: dict[str, Any]
    ) -> None:
        made = alice.has_reserved(event, "1")
        bob.has_reserved(event, "2")
        assert [row[0] for row in rows(alice.reservations_as_csv(event))] == ["id", made["id"]]

    def test_it_is_chosen_by_patron_and_reference_and_has_no_pages(
        self, admin: Actor, alice: Actor, bob: Actor, event: dict[str, Any]
    ) -> None:
        for seat_id in "1234":
            alice.has_reserved(event, seat_id, reference="A")
        bob.has_reserved(event, "5", reference="B")
        for query, number in (
            ({}, 5),
            ({"limit": 1}, 5),
            ({"patron": "alice"}, 4),
            ({"reference": "B"}, 1),
            ({"reference": "B", "patron": "alice"}, 0),
        ):
            answer = admin.reservations_as_csv(event, **query)
            assert len(rows(answer)) == number + 1, query
            assert "Link" not in answer.headers

    def test_what_would_end_a_cell_or_a_row_is_quoted(
        self, admin: Actor, alice: Actor, event: dict[str, Any]
    ) -> None:
        said = {"reference": 'a,b;"c"', "data": {"note": 'first\r\nsecond, "third"'}}
        alice.has_reserved(event, "1", **said)
        ((*_, reference, data),) = rows(admin.reservations_as_csv(event))[1:]
        assert (reference, json.loads(data)) == (said["reference"], said["data"])

    @pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0"])
    def test_what_a_spreadsheet_would_execute_is_made_a_text(
        self, admin: Actor, alice: Actor, event: dict[str, Any], formula: str
    ) -> None:
        alice.has_reserved(event, "1", reference=formula, data={"note": formula})
        ((*_, reference, data),) = rows(admin.reservations_as_csv(event))[1:]
        assert reference == f"'{formula}"
        assert data.startswith("{")

    def test_so_are_the_ids_of_patrons(self, admin: Actor, event: dict[str, Any]) -> None:
        for seat_id, patron in (("1", "@shop"), ("2", "-1")):
            admin.has_reserved(event, seat_id, patron=patron)
        assert {row[1] for row in rows(admin.reservations_as_csv(event))[1:]} == {"'@shop", "'-1"}


def write_reservations(raw: redis.Redis, event: dict[str, Any], number: int) -> None:
    """Write many reservations as the store would, each of a patron of its own."""
    began = datetime(2027, 1, 1, tzinfo=UTC)
    commands = raw.pipeline(transaction=False)
    for n in range(number):
        draft = Draft(f"{n:010x}", f"A-{n}", {"note": "x" * 100})
        at = began + timedelta(milliseconds=n)
        made = Reservation.make(draft, f"patron-{n}", (str(n + 1),), at)
        commands.set(keys.reservation(event["id"], made.id), encode_reservation(made))
        commands.zadd(keys.index(event["id"]), dict.fromkeys(index.members(made), 0))
    commands.execute()


def streamed(who: Actor, event: dict[str, Any]) -> Iterator[bytes]:
    """Yield the pieces of a list as CSV, as they come."""
    with who.get(
        f"/v1/events/{event['id']}/reservations", headers={"Accept": "text/csv"}, buffered=False
    ) as answer:
        assert (answer.status_code, answer.is_streamed) == (200, True)
        assert "Content-Length" not in answer.headers
        yield from answer.iter_encoded()


class TestManyReservations:
    def test_a_long_list_comes_in_pieces_that_are_read_when_they_are_wanted(
        self, admin: Actor, event: dict[str, Any], raw: redis.Redis
    ) -> None:
        write_reservations(raw, event, 3000)
        pieces = streamed(admin, event)
        begun = b"".join(islice(pieces, 2))
        assert 100 <= begun.count(b"\r\n") < 2000
        # The last of all, which are the first made, are not even read yet.
        gone = Reservation.make(Draft(f"{0:010x}"), "", (), datetime(2027, 1, 1, tzinfo=UTC)).id
        raw.delete(keys.reservation(event["id"], gone))
        found = list(csv.reader((begun + b"".join(pieces)).decode().splitlines()))
        assert len(found) == 3000
        assert [row[4] for row in found[1:]] == [f"A-{n}" for n in range(2999, 0, -1)]

    def test_memory_does_not_grow_with_the_number(
        self, admin: Actor, raw: redis.Redis, event: dict[str, Any]
    ) -> None:
        def peak(number: int) -> int:
            many = admin.create_event(seats=number)
            write_reservations(raw, many, number)
            tracemalloc.start()
            lines = sum(piece.count(b"\r\n") for piece in streamed(admin, many))
            _, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert lines == number + 1
            return most

        peak(1000)
        assert peak(10_000) < 2 * peak(1000)

    def test_pages_of_a_long_list_are_as_long_as_asked(
        self, admin: Actor, event: dict[str, Any], raw: redis.Redis
    ) -> None:
        event = admin.create_event(seats=1200)
        write_reservations(raw, event, 1200)
        sizes, after = [], {}
        while True:
            page = admin.reservations(event, limit=500, **after).json
            sizes.append(len(page["items"]))
            if page["next"] is None:
                break
            after = {"after": page["next"]}
        assert sizes == [500, 500, 200]
        assert len(admin.reservations(event).json["items"]) == 50


class TestCancelling:
    @pytest.mark.parametrize("who", ["alice", "admin"])
    def test_its_owner_or_an_admin_frees_its_seats_at_once(
        self, admin: Actor, alice: Actor, bob: Actor, event: dict[str, Any], who: str
    ) -> None:
        made = alice.has_reserved(event, "1", "2")
        alice.has_reserved(event, "3")
        cancelled = {"alice": alice, "admin": admin}[who].cancel(event, made)
        assert (cancelled.status_code, cancelled.data) == (204, b"")
        assert {"1", "2"} <= set(bob.free_seats(event))
        assert "3" not in bob.free_seats(event)
        assert alice.seat(event, "1") == {"id": "1", "name": "Seat #1", "status": "free"}
        bob.has_reserved(event, "1", "2")

    def test_it_is_found_no_more(self, admin: Actor, alice: Actor, event: dict[str, Any]) -> None:
        made = alice.has_reserved(event, "1", reference="A-1042")
        assert alice.cancel(event, made).status_code == 204
        for who in (alice, admin):
            refusal(who.cancel(event, made), 404, "reservation_not_found")
            refusal(who.reservation(event, made), 404, "reservation_not_found")
            refusal(who.move(event, made, "1", "2"), 404, "reservation_not_found")
            assert who.reservations(event).json["items"] == []
            assert who.reservations(event, reference="A-1042").json["items"] == []

    def test_nobody_else_may(self, alice: Actor, bob: Actor, event: dict[str, Any]) -> None:
        made = alice.has_reserved(event, "1")
        refusal(bob.cancel(event, made), 404, "reservation_not_found")
        assert alice.reservation(event, made).json == made

    def test_it_makes_room_below_a_total_limit(self, admin: Actor, alice: Actor) -> None:
        event = admin.create_event(seats=10, seat_total_limit=2)
        made = alice.has_reserved(event, "1", "2")
        refusal(alice.hold_seats(event, "3"), 403, "hold_limit_reached")
        alice.cancel(event, made)
        alice.has_reserved(event, "3", "4")

    @pytest.mark.parametrize("status", ["closed", "cancelled"])
    def test_it_is_always_possible(
        self, admin: Actor, alice: Actor, event: dict[str, Any], status: str
    ) -> None:
        made = alice.has_reserved(event, "1")
        admin.change_event(event, status=status, on_sale_until="2001-01-01T00:00:00Z")
        assert alice.cancel(event, made).status_code == 204

    def test_a_reservation_in_which_a_seat_was_moved_is_cancelled_with_it(
        self, alice: Actor, event: dict[str, Any]
    ) -> None:
        made = alice.has_reserved(event, "1", "2")
        alice.move(event, made, "1", "9")
        assert alice.cancel(event, made).status_code == 204
        assert len(alice.free_seats(event)) == 12


class TestMoving:
    def test_a_free_seat_takes_the_place_of_one(
        self, alice: Actor, bob: Actor, event: dict[str, Any]
    ) -> None:
        made = alice.has_reserved(event, "1", "2", "3", reference="A-1042", data={"a": 1})
        moved = alice.move(event, made, "2", "9")
        assert moved.status_code == 200
        assert ids(moved.json["seats"]) == ["1", "9", "3"], "in its place"
        same = {"id", "reserved_at", "reference", "data"}
        assert {name: moved.json[name] for name in same} == {name: made[name] for name in same}
        assert alice.reservation(event, made).json == moved.json
        assert alice.seat(event, "9")["reservation_id"] == made["id"]
        bob.has_held(event, "2")

    def test_the_patrons_own_hold_may_be_the_place(
        self, alice: Actor, event: dict[str, Any]
    ) -> None:
        made = alice.has_reserved(event, "1")
        alice.has_held(event, "2", "3")
        assert alice.move(event, made, "1", "2").status_code == 200
        assert alice.held_seats(event) == ["3"]
        assert alice.seat(event, "1")["status"] == "free"

    def test_limits_do_not_matter(self, admin: Actor, alice: Actor) -> None:
        event = admin.create_event(seats=10, seat_user_limit=1, seat_total_limit=2)
        made = alice.has_reserved(event, "1")
        alice.has_held(event, "2")
        assert alice.move(event, made, "1", "3").status_code == 200
        assert alice.holds(event)["remaining"] == 0

    @pytest.mark.parametrize("who", ["alice", "admin"])
    def test_what_cannot_be_had_cannot_be_the_place(
        self, admin: Actor, alice: Actor, bob: Actor, event: dict[str, Any], who: str
    ) -> None:
        made = alice.has_reserved(event, "1", "2")
        expires_at = bob.has_held(event, "3")
        bob.has_reserved(event, "4")
        admin.block(event, "5")
        mover = {"alice": alice, "admin": admin}[who]
        refused = refusal(mover.move(event, made, "1", "3"), 409, "seat_held")
        assert refused["retry_at"] == expires_at
        refused = refusal(mover.move(event, made, "1", "4"), 409, "seat_reserved")
        assert refused["reserved_by_me"] is False
        assert refused["conflicts"] == [{"seat_id": "4", "code": "seat_reserved"}]
        refusal(mover.move(event, made, "1", "5"), 409, "seat_blocked")
        for own in ("1", "2"):
            refusal(mover.move(event, made, "1", own), 409, "seat_reserved")
        refusal(mover.move(event, made, "1", "13"), 404, "seat_not_found")
        refusal(mover.move(event, made, "13", "6"), 404, "seat_not_found")
        assert alice.reservation(event, made).json == made

    def test_a_seat_that_is_not_of_the_reservation_cannot_be_given_up(
        self, alice: Actor, event: dict[str, Any]
    ) -> None:
        made = alice.has_reserved(event, "1")
        alice.has_reserved(event, "2")
        alice.has_held(event, "3")
        for seat_id in ("2", "3", "4"):
            refused = refusal(alice.move(event, made, seat_id, "9"), 409, "seat_not_reserved")
            assert refused["conflicts"] == [{"seat_id": seat_id, "code": "seat_not_reserved"}]
        assert alice.seat(event, "9")["status"] == "free"

    def test_only_its_owner_and_an_admin_move_it(
        self, admin: Actor, alice: Actor, bob: Actor, event: dict[str, Any]
    ) -> None:
        made = alice.has_reserved(event, "1")
        bob.has_held(event, "2")
        refusal(bob.move(event, made, "1", "2"), 404, "reservation_not_found")
        moved = admin.move(event, made, "1", "3")
        assert (moved.status_code, moved.json["patron"]) == (200, "alice")
        assert alice.seat(event, "3")["mine"] is True
        alice.has_held(event, "4")
        assert admin.move(event, made, "3", "4").status_code == 200, "the owner's own hold"

    @pytest.mark.parametrize("status", ["closed", "cancelled"])
    def test_when_nothing_is_sold_only_an_admin_moves(
        self, admin: Actor, alice: Actor, event: dict[str, Any], status: str
    ) -> None:
        made = alice.has_reserved(event, "1")
        admin.change_event(event, status=status)
        refusal(alice.move(event, made, "1", "2"), 403, "not_on_sale")
        assert admin.move(event, made, "1", "2").status_code == 200

    def test_a_move_may_be_taken_back(self, alice: Actor, event: dict[str, Any]) -> None:
        made = alice.has_reserved(event, "1", "2")
        alice.move(event, made, "1", "3")
        assert alice.move(event, made, "3", "1").json == made

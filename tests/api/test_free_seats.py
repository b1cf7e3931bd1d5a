"""Lists of free seats that are put together of parts, plain and compressed."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from functools import partial
from itertools import compress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from reservations.api import seat_json
from reservations.api.free_seats import SEATS_A_PART, FreeSeats
from reservations.api.seat_json import SeatLists, dump_seat, write_free
from reservations.domain.caller import Caller, Role
from reservations.domain.plan import NumberedPlan, SeatPlan, Section, SectionedPlan
from reservations.domain.seat import Seat
from reservations.store import SeatList
from tests.actors import Actor

SEATS = [b'{"id":"%d"}' % number for number in range(2 * SEATS_A_PART + 7)]

HOUSE = partial(SectionedPlan, (Section("Stalls", rows=1, seats_per_row=2),))

RUNS = st.lists(st.tuples(st.booleans(), st.integers(1, SEATS_A_PART)), max_size=8)


def mask(runs: Sequence[tuple[bool, int]]) -> bytes:
    """Return which seats are free: runs of seats that are alike, the rest taken."""
    drawn = b"".join(bytes([free]) * length for free, length in runs)
    return drawn[: len(SEATS)].ljust(len(SEATS), b"\x00")


def expected(free: bytes) -> list[object]:
    return [json.loads(seat) for seat in compress(SEATS, free)]


@given(st.lists(RUNS, min_size=1, max_size=4))
def test_every_list_has_the_free_seats_in_reading_order(
    history: list[list[tuple[bool, int]]],
) -> None:
    lists = FreeSeats(SEATS)
    for free in map(mask, history):
        assert json.loads(lists.listed(free)) == expected(free)
        assert gzip.decompress(lists.gzipped(free)) == lists.listed(free)


@pytest.mark.parametrize("size", [0, 1, SEATS_A_PART - 1, SEATS_A_PART, SEATS_A_PART + 1])
def test_a_list_can_end_anywhere(size: int) -> None:
    lists = FreeSeats(SEATS[:size])
    for free in (b"\x01" * size, b"\x00" * size):
        listed = lists.listed(free)
        assert json.loads(listed) == expected(free)
        assert gzip.decompress(lists.gzipped(free)) == listed


def test_a_change_of_one_seat_leaves_the_other_parts_as_they_are() -> None:
    lists = FreeSeats(SEATS)
    free = bytearray(b"\x01" * len(SEATS))
    lists.gzipped(bytes(free))
    before = list(lists._parts)
    free[SEATS_A_PART] = 0
    lists.gzipped(bytes(free))
    unchanged = [part is was for part, was in zip(lists._parts, before, strict=True)]
    assert unchanged == [True, False, True]


def test_a_list_that_has_not_changed_is_made_and_compressed_once() -> None:
    lists = FreeSeats(SEATS)
    free = b"\x01" * len(SEATS)
    assert lists.listed(free) is lists.listed(bytes(bytearray(free)))
    assert lists.gzipped(free) is lists.gzipped(bytes(bytearray(free)))


@pytest.mark.parametrize(
    "plan",
    [
        NumberedPlan(11),
        SectionedPlan(
            (
                Section("Stalls", rows=28, seats_per_row=3, category="A"),
                Section('Théâtre "\\" </x> \u2028 {é}', rows=2, seats_per_row=11),
                Section("歌舞伎", rows=1, seats_per_row=1, category='"{n}" \\'),
            )
        ),
    ],
)
def test_free_seats_are_written_as_every_other_seat(plan: SeatPlan) -> None:
    nobody = Caller("", Role.PATRON)
    one_by_one = [dump_seat(place, Seat(place.id), nobody) for place in plan.places()]
    assert write_free(plan) == one_by_one


def free_list(plan: SeatPlan) -> SeatList:
    return SeatList(plan, "0-1", b"\x01" * len(plan), "digest", {})


def test_events_of_one_house_share_what_is_written_of_its_seats() -> None:
    lists = SeatLists()
    for event_id in ("matinee", "evening"):
        listed = json.loads(gzip.decompress(lists.render_gzipped(event_id, free_list(HOUSE()))))
        assert [seat["id"] for seat in listed] == ["stalls-A-1", "stalls-A-2"]
    assert lists._events["matinee"].seats is lists._events["evening"].seats


def test_what_is_too_large_to_be_kept_is_listed_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(seat_json, "PLANS_MAX_BYTES", 10)
    monkeypatch.setattr(seat_json, "EVENTS_MAX_BYTES", 10)
    lists = SeatLists()
    for _ in range(2):
        assert len(json.loads(gzip.decompress(lists.render_gzipped("e", free_list(HOUSE()))))) == 2


@pytest.fixture
def event(admin: Actor) -> dict[str, Any]:
    return admin.create_event(seats=len(SEATS))


def listed(actor: Actor, event: dict[str, Any], query: str = "", **headers: str) -> TestResponse:
    """List seats as a client does that sends these headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return actor.get(f"/v1/events/{event['id']}/seats{query}", headers=named)


def test_who_accepts_gzip_gets_the_same_list(alice: Actor, event: dict[str, Any]) -> None:
    alice.has_held(event, "1", "250", "251", str(len(SEATS)))
    plain = listed(alice, event)
    gzipped = listed(alice, event, Accept_Encoding="gzip, br")
    assert gzipped.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(gzipped.data) == plain.data
    assert gzipped.headers["ETag"] == plain.headers["ETag"]
    assert len(plain.json) == len(SEATS) - 4


@pytest.mark.parametrize("accepted", ["", "identity", "br", "gzip;q=0", "gzip;q=0, *;q=0"])
def test_nobody_else_gets_it_compressed(alice: Actor, event: dict[str, Any], accepted: str) -> None:
    answer = listed(alice, event, Accept_Encoding=accepted)
    assert "Content-Encoding" not in answer.headers
    assert len(answer.json) == len(SEATS)


@pytest.mark.parametrize("query", ["?status=all", "?status=held", "?category=A", "?section=B"])
def test_other_lists_are_left_to_the_proxy(alice: Actor, event: dict[str, Any], query: str) -> None:
    answer = listed(alice, event, query, Accept_Encoding="gzip")
    assert answer.status_code == 200
    assert "Content-Encoding" not in answer.headers


def test_a_client_that_has_the_list_gets_none(alice: Actor, event: dict[str, Any]) -> None:
    tag = listed(alice, event).headers["ETag"]
    again = listed(alice, event, Accept_Encoding="gzip", If_None_Match=tag)
    assert again.status_code == 304
    assert again.data == b""

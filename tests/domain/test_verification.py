"""Books of an event: sound ones agree with themselves, and each damage is told by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest

from reservations.domain.changes import ChangeKind, Step
from reservations.domain.plan import NumberedPlan
from reservations.domain.reservation import Reservation
from reservations.domain.seat import Holdings, Seat, SeatStatus
from reservations.domain.verification import Books, disagreements

T = TypeVar("T")

NOW = datetime(2027, 1, 1, 20, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def held(seat_id: str, until: datetime) -> Seat:
    return Seat(seat_id, SeatStatus.HELD, "bob", expires_at=until)


def reserved(seat_id: str, reservation_id: str = "r") -> Seat:
    return Seat(seat_id, SeatStatus.RESERVED, "alice", reservation_id=reservation_id)


def blocked(seat_id: str, reason: str | None = None) -> Seat:
    return Seat(seat_id, SeatStatus.BLOCKED, reason=reason)


RESERVATION = Reservation("r", "alice", ("1", "2"), NOW - 5 * MINUTE)
LOG = (
    ("1-0", Step(ChangeKind.HELD, (held("1", NOW - MINUTE),), "bob")),
    ("2-0", Step(ChangeKind.RESERVED, (reserved("1"), reserved("2")), "alice", "r")),
    ("3-0", Step(ChangeKind.HELD, (held("3", NOW + MINUTE),), "bob")),
    ("4-0", Step(ChangeKind.HELD, (held("4", NOW - MINUTE),), "bob")),
    ("5-0", Step(ChangeKind.BLOCKED, (blocked("5", "broken"),))),
    ("6-0", Step(ChangeKind.BLOCKED, (blocked("6"), blocked("7")))),
    ("6-1", Step(ChangeKind.UNBLOCKED, (Seat("7"),))),
    ("8-0", Step(ChangeKind.CANCELLED, (Seat("8"),), "alice", "q")),
)
SOUND = Books(
    now=NOW,
    plan=NumberedPlan(9),
    log=LOG,
    log_is_whole=True,
    seats={
        "1": reserved("1"),
        "2": reserved("2"),
        "3": replace(held("3", NOW + MINUTE), first_held_at=NOW - MINUTE),
        "5": blocked("5", "broken"),
        "6": blocked("6"),
    },
    reservations={"r": RESERVATION},
    listed=frozenset({"a r", "p alice r"}),
    to_be_listed=frozenset({"a r", "p alice r"}),
    holdings={"alice": Holdings(reserved=2), "bob": Holdings(("3", "4"))},
)
NOTHING = Books(NOW, NumberedPlan(9), (), True, {}, {}, frozenset(), frozenset(), {})


def but(mapping: Mapping[str, T], **others: T) -> dict[str, T]:
    """Return a mapping of which some values are others, seats being named `s1`."""
    return {**mapping, **{key.removeprefix("s"): value for key, value in others.items()}}


def without(mapping: Mapping[str, T], key: str) -> dict[str, T]:
    """Return a mapping without one of its keys."""
    return {each: value for each, value in mapping.items() if each != key}


@pytest.mark.parametrize(
    "books",
    [
        pytest.param(NOTHING, id="nothing is written yet"),
        pytest.param(SOUND, id="holds, reservations and blocks"),
        pytest.param(replace(SOUND, log=LOG[3:], log_is_whole=False), id="a trimmed log"),
        pytest.param(replace(SOUND, log=(), log_is_whole=False), id="a log trimmed to nothing"),
        pytest.param(
            replace(SOUND, now=NOW + MINUTE, seats=without(SOUND.seats, "3")),
            id="a hold that ran out this instant",
        ),
        pytest.param(
            replace(SOUND, now=NOW + MINUTE - timedelta(milliseconds=1)),
            id="a hold in its last instant",
        ),
        pytest.param(
            replace(SOUND, holdings=but(SOUND.holdings, bob=Holdings(("9", "3", "4")))),
            id="a patron who is remembered to hold more",
        ),
        pytest.param(
            replace(SOUND, holdings=but(SOUND.holdings, carol=Holdings())),
            id="a patron who has nothing",
        ),
    ],
)
def test_sound_books_agree(books: Books) -> None:
    assert list(disagreements(books)) == []


LIVE, RAN_OUT = "2027-01-01T20:01:00+00:00", "2027-01-01T19:59:00+00:00"

DAMAGES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "the log names a seat that there is not": (
        {"log": (*LOG, ("9-0", Step(ChangeKind.RELEASED, (Seat("10"),), "bob")))},
        ["The event has no seat 10 (last log entry: 9-0)."],
    ),
    "a hold is lost": (
        {"seats": without(SOUND.seats, "3")},
        [f"Seat 3 is free; the log says held by bob until {LIVE} (last log entry: 3-0)."],
    ),
    "a hold outlives its end": (
        {"seats": but(SOUND.seats, s4=held("4", NOW - MINUTE))},
        [f"Seat 4 is held by bob until {RAN_OUT}; the log says free (last log entry: 4-0)."],
    ),
    "a hold ends at another instant": (
        {"seats": but(SOUND.seats, s3=held("3", NOW - MINUTE))},
        [
            f"Seat 3 is held by bob until {RAN_OUT}; "
            f"the log says held by bob until {LIVE} (last log entry: 3-0)."
        ],
    ),
    "a block is lost": (
        {"seats": without(SOUND.seats, "6")},
        ["Seat 6 is free; the log says blocked (last log entry: 6-0)."],
    ),
    "a block has another reason": (
        {"seats": but(SOUND.seats, s5=blocked("5"))},
        ["Seat 5 is blocked; the log says blocked (broken) (last log entry: 5-0)."],
    ),
    "a block was never logged": (
        {"seats": but(SOUND.seats, s9=blocked("9", "camera"))},
        ["Seat 9 is blocked (camera); no log entry says so."],
    ),
    "a seat belongs to a reservation that there is not": (
        {
            "reservations": {},
            "listed": frozenset(),
            "to_be_listed": frozenset(),
            "holdings": without(SOUND.holdings, "alice"),
        },
        [
            f"Seat {seat_id} is reserved by alice in reservation r, which there is not "
            "(last log entry: 2-0)."
            for seat_id in "12"
        ],
    ),
    "a seat belongs to a reservation that does not have it": (
        {
            "reservations": {"r": replace(RESERVATION, seats=("1",))},
            "holdings": but(SOUND.holdings, alice=Holdings(reserved=1)),
        },
        [
            "Seat 2 is reserved by alice in reservation r, which does not have it "
            "(last log entry: 2-0)."
        ],
    ),
    "a reservation has a free seat": (
        {
            "reservations": {"r": replace(RESERVATION, seats=("1", "2", "9"))},
            "holdings": but(SOUND.holdings, alice=Holdings(reserved=3)),
        },
        ["Reservation r of alice has seat 9, which is free (last log entry: none)."],
    ),
    "a reservation has a seat of another one": (
        {
            "reservations": but(SOUND.reservations, r2=replace(RESERVATION, id="r2", seats=("1",))),
            "holdings": but(SOUND.holdings, alice=Holdings(reserved=3)),
        },
        [
            "Reservation r2 of alice has seat 1, which is reserved by alice in reservation r "
            "(last log entry: 2-0)."
        ],
    ),
    "a reservation is somebody else's than its seats": (
        {
            "reservations": {"r": replace(RESERVATION, patron="bob")},
            "holdings": {"bob": Holdings(("3",), reserved=2)},
        },
        [
            f"Reservation r of bob has seat {seat_id}, which is reserved by alice "
            "in reservation r (last log entry: 2-0)."
            for seat_id in "12"
        ],
    ),
    "a reservation is not listed": (
        {"listed": SOUND.listed - {"p alice r"}},
        ["The index does not list 'p alice r' (last log entry: 2-0)."],
    ),
    "a reservation is listed that there is not": (
        {"listed": SOUND.listed | {"a q"}},
        ["The index lists 'a q' (last log entry: 8-0)."],
    ),
    "a patron has less than is counted": (
        {"holdings": but(SOUND.holdings, alice=Holdings(reserved=3))},
        ["Patron alice has 2 reserved seats, counted as 3 (last log entry: 8-0)."],
    ),
    "a patron is not counted at all": (
        {"holdings": without(SOUND.holdings, "alice")},
        ["Patron alice has 2 reserved seats, counted as 0 (last log entry: 8-0)."],
    ),
    "a patron is counted who has nothing": (
        {"holdings": but(SOUND.holdings, carol=Holdings(reserved=1))},
        ["Patron carol has 0 reserved seats, counted as 1 (last log entry: none)."],
    ),
    "a patron is not known to hold a seat": (
        {"holdings": but(SOUND.holdings, bob=Holdings(("4",)))},
        ["Patron bob is not known to hold seat 3 (last log entry: 3-0)."],
    ),
    "a patron is not known at all": (
        {"holdings": without(SOUND.holdings, "bob")},
        ["Patron bob is not known to hold seat 3 (last log entry: 3-0)."],
    ),
}


@pytest.mark.parametrize(("damage", "sentences"), DAMAGES.values(), ids=DAMAGES.keys())
def test_each_damage_is_told_by_itself(damage: Mapping[str, Any], sentences: list[str]) -> None:
    assert sorted(disagreements(replace(SOUND, **damage))) == sentences


def test_damages_that_come_together_are_all_told() -> None:
    damage = {"listed": frozenset({"a r", "a q"}), "holdings": {}}
    assert len(list(disagreements(replace(SOUND, **damage)))) == 4


def test_a_trimmed_log_need_not_say_how_seats_came_to_be_as_they_are() -> None:
    never_logged, _ = DAMAGES["a block was never logged"]
    books = replace(SOUND, **never_logged, log=LOG[3:], log_is_whole=False)
    assert list(disagreements(books)) == []


def test_a_disagreement_reads_differently_when_something_has_happened_since() -> None:
    damage, (sentence,) = DAMAGES["a patron has less than is counted"]
    happened = (*LOG, ("9-0", Step(ChangeKind.RELEASED, (Seat("4"),), "alice")))
    (now,) = disagreements(replace(SOUND, **damage, log=happened))
    assert now == sentence.replace("8-0", "9-0")

"""The proof that nothing was sold twice holds where it should, and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reservations.domain.event import Terms
from reservations.domain.reservation import Reservation
from reservations.domain.seat import SeatStatus
from reservations.rehearsal.proof import Books, prove
from reservations.rehearsal.story import Held, LetGo, Reserved, Story, Unsure

NOW = datetime(2027, 1, 1, 20, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TERMS = Terms(hold_time=MINUTE, hold_max=10 * MINUTE, seat_user_limit=2)
SOLD_TWICE, NOT_IN_STORE, BEYOND_LIMIT, MISCOUNTED, DISAGREEMENT = range(5)

Told = Held | LetGo | Reserved


def held(patron: str, *seats: str, at: timedelta = timedelta()) -> Held:
    return Held(patron, seats, NOW + at + MINUTE)


def reserved(patron: str, reservation_id: str, *seats: str) -> Reserved:
    return Reserved(patron, seats, reservation_id)


def written(reservation_id: str, patron: str, *seats: str) -> Reservation:
    return Reservation(reservation_id, patron, seats, NOW)


def counted(
    reserved: int = 0, held: int = 0, blocked: int = 0, free: int | None = None
) -> dict[SeatStatus, int]:
    left = 10 - reserved - held - blocked if free is None else free
    return {
        SeatStatus.FREE: left,
        SeatStatus.HELD: held,
        SeatStatus.RESERVED: reserved,
        SeatStatus.BLOCKED: blocked,
    }


STORY = [
    held("alice", "1", "2"),
    held("bob", "3"),
    reserved("alice", "r1", "1", "2"),
    reserved("bob", "r2", "3"),
    held("carol", "4", "5"),
]
"""Alice and bob buy, and carol leaves."""

BOOKS = Books(
    seats=10,
    terms=TERMS,
    reservations=[written("r2", "bob", "3"), written("r1", "alice", "2", "1")],
    counts=counted(reserved=3, held=2),
    disagreements=[],
)


def broken(story: Story, books: Books) -> list[int]:
    """Return which checks fail."""
    return [number for number, check in enumerate(prove(story, books)) if not check.ok]


def test_a_sale_in_which_all_was_well_is_proved() -> None:
    checks = prove(Story(list(STORY)), BOOKS)
    assert [check.found for check in checks] == [()] * 5
    assert all(check.ok for check in checks)
    assert all(check.claim and check.looked_at for check in checks)


def test_an_event_to_which_nobody_came_is_proved() -> None:
    assert broken(Story(), replace(BOOKS, reservations=[], counts=counted())) == []


class TestSoldTwice:
    def test_a_seat_in_two_reservations_is_found_with_both_patrons(self) -> None:
        told = [*STORY, held("dave", "3"), reserved("dave", "r3", "3")]
        books = replace(BOOKS, reservations=[*BOOKS.reservations, written("r3", "dave", "3")])
        checks = prove(Story(told), books)
        assert checks[SOLD_TWICE].found == ("Seat 3 was sold 2 times: to bob (r2) and dave (r3).",)
        assert broken(Story(told), books) == [SOLD_TWICE]

    def test_also_where_one_patron_has_bought_it_twice(self) -> None:
        told = [*STORY, reserved("alice", "r3", "1")]
        assert SOLD_TWICE in broken(Story(told), BOOKS)


class TestStore:
    @pytest.mark.parametrize(
        ("reservations", "words"),
        [
            ([written("r1", "alice", "1", "2")], "r2 of 3 by bob is not in the store"),
            ([*BOOKS.reservations, written("r3", "mallory", "9")], "nobody was told of it"),
            ([*BOOKS.reservations, written("r3", "alice", "9")], "nobody was told of it"),
            (
                [written("r1", "alice", "1", "2"), written("r2", "carol", "3")],
                "in the store as one of 3 by carol",
            ),
            (
                [written("r1", "alice", "1"), written("r2", "bob", "3")],
                "in the store as one of 1 by alice",
            ),
        ],
    )
    def test_what_is_missing_different_or_a_stranger_s_is_found(
        self, reservations: Sequence[Reservation], words: str
    ) -> None:
        books = replace(BOOKS, reservations=reservations)
        assert broken(Story(list(STORY)), books) == [NOT_IN_STORE]
        (found,) = prove(Story(list(STORY)), books)[NOT_IN_STORE].found
        assert words in found

    @pytest.mark.parametrize(
        ("more", "reserved_seats", "fails"),
        [
            ([], 3, []),
            ([written("r3", "carol", "4", "5")], 5, []),
            ([written("r3", "carol", "4")], 4, []),
            ([written("r3", "carol", "4", "9")], 5, [NOT_IN_STORE]),
            ([written("r3", "mallory", "4", "5")], 5, [NOT_IN_STORE]),
            ([written("r3", "carol", "4"), written("r4", "carol", "5")], 5, [NOT_IN_STORE]),
            ([], 6, [MISCOUNTED]),
        ],
    )
    def test_what_stayed_unknown_may_be_there_or_not(
        self, more: list[Reservation], reserved_seats: int, fails: list[int]
    ) -> None:
        story = Story(list(STORY), unsure=[Unsure("carol", ("4", "5"))])
        books = replace(
            BOOKS,
            reservations=[*BOOKS.reservations, *more],
            counts=counted(reserved=reserved_seats),
        )
        assert broken(story, books) == fails


class TestLimit:
    @pytest.mark.parametrize(
        ("told", "ok"),
        [
            ([held("eve", "7"), held("eve", "8")], True),
            ([held("eve", "7", "8", "9")], False),
            ([held("eve", "7", "8"), held("eve", "9")], False),
            ([held("eve", "7", "8"), held("eve", "7", "8", at=MINUTE / 2)], True),
            ([held("eve", "7", "8"), LetGo("eve"), held("eve", "9", "10")], True),
            ([held("eve", "7", "8"), held("eve", "9", at=MINUTE)], True),
            ([held("eve", "7", "8"), held("eve", "9", at=MINUTE * 0.99)], False),
            (
                [held("eve", "7", "8"), reserved("eve", "r", "7", "8"), held("eve", "9", "10")],
                True,
            ),
            ([held("eve", "7", "8"), held("mallory", "9")], True),
        ],
    )
    def test_live_holds_count(self, told: list[Told], ok: bool) -> None:
        assert (BEYOND_LIMIT not in broken(Story(told), BOOKS)) is ok

    @pytest.mark.parametrize(
        ("told", "ok"),
        [
            ([held("eve", "7", "8"), reserved("eve", "r", "7", "8"), held("eve", "9")], True),
            (
                [held("eve", "7", "8"), reserved("eve", "r", "7", "8"), held("eve", "9", "10")],
                False,
            ),
            ([reserved("eve", "r", "7", "8"), reserved("eve", "s", "9", "10")], False),
        ],
    )
    def test_reservations_count_where_there_is_a_limit_of_both(
        self, told: list[Told], ok: bool
    ) -> None:
        books = replace(BOOKS, terms=replace(TERMS, seat_total_limit=3))
        assert (BEYOND_LIMIT not in broken(Story(told), books)) is ok

    def test_a_patron_beyond_it_is_named_once(self) -> None:
        told = [held("eve", "7", "8", "9"), held("eve", "10")]
        found = prove(Story(told), BOOKS)[BEYOND_LIMIT].found
        assert found == ("eve was told to hold 3 seats and to have reserved 0.",)


@pytest.mark.parametrize(
    ("counts", "ok"),
    [
        (counted(reserved=3, held=2), True),
        # Carol's holds have run out.
        (counted(reserved=3, held=0), True),
        (counted(reserved=3, held=3), False),
        (counted(reserved=2, held=2), False),
        (counted(reserved=4, held=2), False),
        (counted(reserved=3, held=2, blocked=1), False),
        (counted(reserved=3, held=2, free=6), False),
    ],
)
def test_counts_agree(counts: dict[SeatStatus, int], ok: bool) -> None:
    assert broken(Story(list(STORY)), replace(BOOKS, counts=counts)) == ([] if ok else [MISCOUNTED])


def test_a_hold_of_unknown_outcome_may_be_there() -> None:
    books = replace(BOOKS, counts=counted(reserved=3, held=4))
    assert broken(Story(list(STORY), unsure_holds=2), books) == []
    assert broken(Story(list(STORY), unsure_holds=1), books) == [MISCOUNTED]


def test_what_was_let_go_is_held_no_more() -> None:
    story = Story([*STORY, LetGo("carol")])
    assert broken(story, replace(BOOKS, counts=counted(reserved=3, held=1))) == [MISCOUNTED]


def test_a_disagreement_of_what_is_written_is_one_of_the_proof() -> None:
    books = replace(BOOKS, disagreements=["Seat 1 is free."])
    assert broken(Story(list(STORY)), books) == [DISAGREEMENT]

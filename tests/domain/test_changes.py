"""Situations: what has been looked at, and what has not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reservations.domain.changes import Situation
from reservations.domain.event import Event, Terms
from reservations.domain.seat import Holdings, Seat, SeatStatus

NOW = datetime(2027, 1, 1, 20, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SITUATION = Situation(
    Event("e", "Opening night", Terms(MINUTE, 10 * MINUTE, seat_user_limit=4), NOW),
    NOW,
    seats={"1": Seat("1")},
    holdings={"alice": Holdings()},
)


@pytest.mark.parametrize(
    ("seat_ids", "unseen"),
    [([], ()), (["1"], ()), (["3", "1", "2"], ("3", "2")), (iter(["2"]), ("2",))],
)
def test_unseen_seats_are_named_in_the_order_asked_for(
    seat_ids: list[str], unseen: tuple[str, ...]
) -> None:
    assert SITUATION.unseen(seat_ids) == unseen


def test_what_was_seen_stays_and_what_is_seen_again_is_as_last_seen() -> None:
    blocked = Seat("1", SeatStatus.BLOCKED)
    more = SITUATION.having_seen({"1": blocked, "2": Seat("2")}, {"bob": Holdings(reserved=1)})
    assert more.seats == {"1": blocked, "2": Seat("2")}
    assert more.holdings == {"alice": Holdings(), "bob": Holdings(reserved=1)}
    assert SITUATION.seats == {"1": Seat("1")}


def test_what_is_free_is_forgotten_only_for_something_newer() -> None:
    seen = SITUATION.having_seen({}, {}, b"\1\0")
    assert seen.free == b"\1\0"
    assert seen.having_seen({}, {}).free == b"\1\0"
    assert seen.having_seen({}, {}, b"").free == b""

"""What is counted of a change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from reservations.domain.changes import Change, ChangeKind, Step
from reservations.domain.seat import Seat, SeatStatus
from reservations.domain.tally import DEEDS, tally

NOW = datetime(2027, 1, 1, 20, 0, tzinfo=UTC)


def held(seat_id: str, first: datetime) -> Seat:
    end = NOW + timedelta(minutes=1)
    return Seat(seat_id, SeatStatus.HELD, "alice", expires_at=end, first_held_at=first)


def test_a_hold_is_new_or_refreshed() -> None:
    seats = (held("1", NOW), held("2", NOW - timedelta(seconds=1)), held("3", NOW))
    change = Change(seats, (Step(ChangeKind.HELD, seats, "alice"),))
    assert tally(change, NOW) == {"held": 2, "refreshed": 1}


def test_a_seat_that_is_moved_counts_once() -> None:
    taken = Seat("2", SeatStatus.RESERVED, "alice")
    steps = (Step(ChangeKind.MOVED, (Seat("1"),)), Step(ChangeKind.MOVED, (taken,)))
    assert tally(Change((taken,), steps), NOW) == {"moved": 1}


def test_nothing_changes_when_all_is_as_asked() -> None:
    assert tally(Change((Seat("1"),), ()), NOW) == {}


def test_each_kind_of_change_is_a_deed() -> None:
    assert set(DEEDS) == {*ChangeKind, "refreshed"}

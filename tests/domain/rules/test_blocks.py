"""Taking seats off sale and putting them back, at any time."""

from __future__ import annotations

import pytest

from reservations.domain.changes import Change, ChangeKind, Look, Step
from reservations.domain.errors import Conflict, SeatConflict, SeatHeld, SeatReserved
from reservations.domain.event import Event
from reservations.domain.rules.blocks import block, unblock
from reservations.domain.seat import Seat, SeatStatus
from tests.domain.rules.situations import (
    BLOCKED,
    EVENT,
    FREE,
    MINE,
    MY_RESERVED,
    NOT_ON_SALE,
    RESERVED,
    THEIRS,
    other,
    situation,
    unseen,
)


def blocked(seat_id: str, reason: str | None = "broken") -> Seat:
    """Return a seat that is off sale."""
    return Seat(seat_id, SeatStatus.BLOCKED, reason=reason)


@pytest.mark.parametrize("event", [EVENT, *NOT_ON_SALE.values()])
@pytest.mark.parametrize("reason", ["broken", None])
def test_free_seats_are_taken_off_sale(reason: str | None, event: Event) -> None:
    seats = (blocked("2", reason), blocked("1", reason))
    about = situation(FREE, other(FREE, "2"), event=event)
    assert block(about, ["2", "1"], reason) == Change(seats, (Step(ChangeKind.BLOCKED, seats),))


@pytest.mark.parametrize(
    ("before", "reason", "changed"),
    [
        (BLOCKED, BLOCKED.reason, False),
        (BLOCKED, "camera", True),
        (BLOCKED, None, True),
        (blocked("1", None), None, False),
        (blocked("1", None), "broken", True),
    ],
)
def test_a_blocked_seat_stays_so_for_the_reason_given_last(
    before: Seat, reason: str | None, changed: bool
) -> None:
    after = (blocked("1", reason),)
    steps = (Step(ChangeKind.BLOCKED, after),) if changed else ()
    assert block(situation(before), ["1"], reason) == Change(after, steps)


def test_only_what_changes_is_an_entry_of_the_log() -> None:
    assert block(situation(BLOCKED, Seat("2")), ["1", "2"], "broken") == Change(
        (blocked("1"), blocked("2")), (Step(ChangeKind.BLOCKED, (blocked("2"),)),)
    )


@pytest.mark.parametrize(
    ("seat", "refusal"),
    [
        (MINE, SeatHeld),
        (THEIRS, SeatHeld),
        (MY_RESERVED, SeatReserved),
        (RESERVED, SeatReserved),
    ],
)
def test_a_seat_that_is_somebodys_is_refused(seat: Seat, refusal: type[SeatConflict]) -> None:
    about = situation(seat, other(FREE, "2"), other(RESERVED, "3"))
    with pytest.raises(refusal) as refused:
        block(about, ["2", "1", "3"], "broken")
    assert refused.value.conflicts == [
        Conflict("1", refusal.code, seat.expires_at),
        Conflict("3", "seat_reserved"),
    ]


@pytest.mark.parametrize("event", [EVENT, *NOT_ON_SALE.values()])
def test_blocked_seats_are_put_back_on_sale(event: Event) -> None:
    freed = (FREE, Seat("2"))
    about = situation(BLOCKED, blocked("2", None), event=event)
    assert unblock(about, ["1", "2"]) == Change(freed, (Step(ChangeKind.UNBLOCKED, freed),))


@pytest.mark.parametrize("seat", [FREE, MINE, THEIRS, MY_RESERVED, RESERVED])
def test_seats_that_are_not_blocked_are_left_as_they_are(seat: Seat) -> None:
    assert unblock(situation(seat), ["1"]) == Change((seat,), ())
    assert unblock(situation(seat, blocked("2")), ["1", "2"]) == Change(
        (seat, Seat("2")), (Step(ChangeKind.UNBLOCKED, (Seat("2"),)),)
    )


def test_a_rule_that_has_seen_too_little_looks_at_the_rest() -> None:
    assert block(unseen(), ["1", "2"], None) == Look(("1", "2"))
    assert block(situation(FREE), ["1", "2"], None) == Look(("2",))
    assert unblock(unseen(), ["1", "2"]) == Look(("1", "2"))
    assert unblock(situation(BLOCKED), ["1", "2"]) == Look(("2",))

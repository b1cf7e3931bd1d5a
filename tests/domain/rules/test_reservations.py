"""Reservations: made of holds, cancelled, and moved seat by seat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import pytest

from reservations.domain.caller import Caller, Role
from reservations.domain.changes import Change, ChangeKind, Look, Situation, Step
from reservations.domain.errors import (
    Conflict,
    NothingHeld,
    NotOnSale,
    ReservationNotFound,
    SeatBlocked,
    SeatConflict,
    SeatHeld,
    SeatNotHeld,
    SeatNotReserved,
    SeatReserved,
)
from reservations.domain.event import Event
from reservations.domain.reservation import Draft, Reservation
from reservations.domain.rules.reservations import cancel, move, reserve, visible
from reservations.domain.seat import Holdings, Seat, SeatStatus
from tests.domain.rules.situations import (
    BLOCKED,
    EVENT,
    FREE,
    MINE,
    MINUTE,
    MY_RESERVED,
    NOT_ON_SALE,
    NOW,
    RESERVED,
    THEIRS,
    decided,
    done,
    other,
    situation,
    unseen,
)

ALICE, BOB, ADMIN = (
    Caller("alice", Role.PATRON),
    Caller("bob", Role.PATRON),
    Caller("a", Role.ADMIN),
)
DRAFT = Draft("0123456789", "order 7", {"name": "Alice"})
MADE = Reservation.make(DRAFT, "alice", ("1", "2"), NOW)


def reserved(*seat_ids: str) -> tuple[Seat, ...]:
    """Return seats as they are when alice reserves them now."""
    return tuple(
        Seat(each, SeatStatus.RESERVED, "alice", reservation_id=MADE.id) for each in seat_ids
    )


class TestReserving:
    @pytest.mark.parametrize("seat_ids", [["1", "2"], ["2", "1"], None])
    def test_holds_become_one_reservation_without_end(self, seat_ids: list[str] | None) -> None:
        held = Holdings(("1", "2"), reserved=1, last_expiry=NOW + MINUTE)
        about = situation(MINE, other(MINE, "2"), alice=held)
        seats = reserved(*(seat_ids or ("1", "2")))
        assert reserve(about, "alice", seat_ids, DRAFT) == Change(
            seats,
            (Step(ChangeKind.RESERVED, seats, "alice", MADE.id),),
            {"alice": replace(held, held=(), reserved=3)},
            reservation=replace(MADE, seats=tuple(seat.id for seat in seats)),
        )

    def test_holds_that_are_not_named_stay(self) -> None:
        about = situation(MINE, alice=Holdings(("2", "1", "3")))
        assert done(reserve(about, "alice", ["1"], DRAFT)).holdings["alice"].held == ("2", "3")

    def test_without_seats_named_those_are_reserved_that_are_live(self) -> None:
        seats = [other(FREE, "2"), MINE, other(THEIRS, "3"), other(MINE, "4")]
        about = situation(*seats, alice=Holdings(("2", "1", "3", "4")))
        change = done(reserve(about, "alice", None, DRAFT))
        assert change.seats == reserved("1", "4")
        assert change.holdings == {"alice": Holdings((), reserved=2)}

    @pytest.mark.parametrize("seat", [FREE, THEIRS, RESERVED, MY_RESERVED, BLOCKED])
    @pytest.mark.parametrize("held", [(), ("1",)])
    def test_without_seats_named_one_has_to_be_held(self, seat: Seat, held: Sequence[str]) -> None:
        with pytest.raises(NothingHeld) as refusal:
            reserve(situation(seat, alice=Holdings(tuple(held))), "alice", None, DRAFT)
        assert refusal.value.conflicts == []

    @pytest.mark.parametrize("bound", [True, False])
    @pytest.mark.parametrize(
        ("seat", "refusal"),
        [
            (FREE, SeatNotHeld),
            (THEIRS, SeatNotHeld),
            (RESERVED, SeatReserved),
            (MY_RESERVED, SeatReserved),
            (BLOCKED, SeatBlocked),
        ],
    )
    def test_a_seat_that_the_patron_does_not_hold_is_refused(
        self, seat: Seat, refusal: type[SeatConflict], bound: bool
    ) -> None:
        with pytest.raises(refusal):
            reserve(situation(seat), "alice", ["1"], DRAFT, bound=bound)

    def test_every_seat_in_the_way_is_named(self) -> None:
        about = situation(THEIRS, other(MINE, "2"), other(MY_RESERVED, "3"), other(FREE, "4"))
        with pytest.raises(SeatReserved) as refusal:
            reserve(about, "alice", ["2", "3", "1", "4"], DRAFT)
        assert refusal.value.reserved_by_me
        assert refusal.value.conflicts == [
            Conflict("3", "seat_reserved"),
            Conflict("1", "seat_not_held"),
            Conflict("4", "seat_not_held"),
        ]

    @pytest.mark.parametrize("reason", NOT_ON_SALE)
    @pytest.mark.parametrize("seat_ids", [["1"], None])
    def test_the_sales_window_holds_but_for_the_box_office(
        self, seat_ids: list[str] | None, reason: str
    ) -> None:
        about = situation(MINE, event=NOT_ON_SALE[reason], alice=Holdings(("1",)))
        with pytest.raises(NotOnSale, match=reason):
            reserve(about, "alice", seat_ids, DRAFT)
        assert done(reserve(about, "alice", seat_ids, DRAFT, bound=False)).seats == reserved("1")

    @pytest.mark.parametrize(
        ("about", "seat_ids", "look"),
        [
            pytest.param(unseen(), None, Look((), "alice"), id="all, nothing seen"),
            pytest.param(unseen(), ["1"], Look(("1",), "alice"), id="one, nothing seen"),
            pytest.param(situation(), ["1"], Look(("1",)), id="one, the patron seen"),
            pytest.param(
                situation(MINE, alice=Holdings(("1", "2"))), None, Look(("2",)), id="all, one seen"
            ),
        ],
    )
    def test_a_rule_that_has_seen_too_little_looks_at_the_rest(
        self, about: Situation, seat_ids: list[str] | None, look: Look
    ) -> None:
        assert reserve(about, "alice", seat_ids, DRAFT) == look


def with_reservation(
    *seats: Seat, event: Event = EVENT, holdings: Holdings | None = None
) -> Situation:
    """Return what a rule sees about alice's reservation of seats 1 and 2."""
    holdings = holdings or Holdings((), reserved=2)
    seen = situation(*reserved("1", "2"), *seats, event=event, alice=holdings)
    return replace(seen, reservation=MADE)


class TestWhoMay:
    """See, cancel and change a reservation."""

    RULES = {
        "see": lambda about, caller: visible(about.reservation, caller, MADE.id),
        "cancel": partial(cancel, reservation_id=MADE.id),
        "move": partial(move, reservation_id=MADE.id, from_id="1", to_id="3"),
    }

    @pytest.mark.parametrize("caller", [ALICE, ADMIN], ids=["the owner", "an admin"])
    @pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
    def test_its_owner_and_admins(self, rule: partial[object], caller: Caller) -> None:
        assert rule(with_reservation(Seat("3")), caller=caller)

    @pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
    def test_others_do_not_learn_that_there_is_one(self, rule: partial[object]) -> None:
        with pytest.raises(ReservationNotFound) as refusal:
            rule(with_reservation(Seat("3")), caller=BOB)
        assert str(refusal.value) == str(ReservationNotFound(MADE.id))

    @pytest.mark.parametrize("caller", [ALICE, BOB, ADMIN], ids=lambda caller: caller.id)
    @pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
    def test_nobody_where_there_is_none(self, rule: partial[object], caller: Caller) -> None:
        with pytest.raises(ReservationNotFound):
            rule(situation(FREE), caller=caller)


class TestCancelling:
    @pytest.mark.parametrize("event", [EVENT, *NOT_ON_SALE.values()])
    @pytest.mark.parametrize("caller", [ALICE, ADMIN])
    def test_its_seats_are_free_at_once_and_at_any_time(self, caller: Caller, event: Event) -> None:
        holdings = Holdings(("4",), reserved=3, last_expiry=NOW + MINUTE)
        freed = (Seat("1"), Seat("2"))
        about = with_reservation(event=event, holdings=holdings)
        assert cancel(about, caller, MADE.id) == Change(
            freed,
            (Step(ChangeKind.CANCELLED, freed, "alice", MADE.id),),
            {"alice": replace(holdings, reserved=1)},
            cancelled=MADE,
        )

    @pytest.mark.parametrize(
        ("about", "look"),
        [
            (unseen(), Look(("1", "2"), "alice")),
            (situation(MY_RESERVED), Look(("2",), "alice")),
            (situation(*reserved("1", "2"), bob=Holdings()), Look((), "alice")),
        ],
        ids=["nothing", "one seat and alice", "both seats and bob"],
    )
    def test_a_rule_that_has_seen_too_little_looks_at_the_rest(
        self, about: Situation, look: Look
    ) -> None:
        assert cancel(replace(about, reservation=MADE), ADMIN, MADE.id) == look


class TestMoving:
    @pytest.mark.parametrize("caller", [ALICE, ADMIN])
    @pytest.mark.parametrize("to", [Seat("3"), other(MINE, "3")], ids=["free", "held by owner"])
    def test_the_other_seat_takes_the_place_of_the_first(self, to: Seat, caller: Caller) -> None:
        about = with_reservation(to, holdings=Holdings(("4", "3"), reserved=2))
        left, taken = Seat("1"), *reserved("3")
        assert move(about, caller, MADE.id, "1", "3") == Change(
            (left, taken),
            (
                Step(ChangeKind.MOVED, (left,), "alice", MADE.id),
                Step(ChangeKind.MOVED, (taken,), "alice", MADE.id),
            ),
            {"alice": Holdings(("4",), reserved=2)},
            reservation=replace(MADE, seats=("3", "2")),
        )

    def test_an_admins_own_hold_is_in_the_way_like_any_other(self) -> None:
        theirs = other(replace(MINE, patron=ADMIN.id), "3")
        with pytest.raises(SeatHeld):
            move(with_reservation(theirs), ADMIN, MADE.id, "1", "3")

    @pytest.mark.parametrize("caller", [ALICE, ADMIN])
    @pytest.mark.parametrize(
        ("to", "refusal"),
        [
            pytest.param(other(THEIRS, "3"), SeatHeld, id="held by another"),
            pytest.param(other(RESERVED, "3"), SeatReserved, id="reserved by another"),
            pytest.param(other(MY_RESERVED, "3"), SeatReserved, id="of another reservation"),
            pytest.param(*reserved("2"), SeatReserved, id="of the same reservation"),
            pytest.param(*reserved("1"), SeatReserved, id="the same seat"),
            pytest.param(other(BLOCKED, "3"), SeatBlocked, id="blocked"),
        ],
    )
    def test_it_has_to_be_to_be_had(
        self, to: Seat, refusal: type[SeatConflict], caller: Caller
    ) -> None:
        with pytest.raises(refusal) as refused:
            move(with_reservation(to), caller, MADE.id, "1", to.id)
        assert refused.value.conflicts == [Conflict(to.id, refusal.code, to.expires_at)]
        if isinstance(refused.value, SeatReserved):
            assert refused.value.reserved_by_me is (to.patron == "alice")

    @pytest.mark.parametrize("seat", [FREE, MINE, THEIRS, RESERVED, MY_RESERVED, BLOCKED])
    @pytest.mark.parametrize("caller", [ALICE, ADMIN])
    def test_the_first_has_to_be_one_of_the_reservation(self, caller: Caller, seat: Seat) -> None:
        about = with_reservation(Seat("3"), other(seat, "4"))
        with pytest.raises(SeatNotReserved) as refusal:
            move(about, caller, MADE.id, "4", "3")
        assert refusal.value.conflicts == [Conflict("4", "seat_not_reserved")]

    @pytest.mark.parametrize("reason", NOT_ON_SALE)
    def test_the_sales_window_holds_but_for_admins(self, reason: str) -> None:
        about = with_reservation(Seat("3"), event=NOT_ON_SALE[reason])
        with pytest.raises(NotOnSale, match=reason):
            move(about, ALICE, MADE.id, "1", "3")
        assert done(move(about, ADMIN, MADE.id, "1", "3")).seats == (Seat("1"), *reserved("3"))

    def test_limits_do_not_matter(self) -> None:
        about = with_reservation(Seat("3"), holdings=Holdings(("7", "8", "9"), reserved=99))
        assert done(move(about, ALICE, MADE.id, "1", "3")).holdings == {
            "alice": Holdings(("7", "8", "9"), reserved=99)
        }

    @pytest.mark.parametrize(
        ("about", "look"),
        [
            (unseen(), Look(("1", "3"), "alice")),
            (situation(MY_RESERVED), Look(("3",), "alice")),
            (situation(MY_RESERVED, Seat("3"), bob=Holdings()), Look((), "alice")),
        ],
        ids=["nothing", "one seat and alice", "both seats and bob"],
    )
    def test_a_rule_that_has_seen_too_little_looks_at_the_rest(
        self, about: Situation, look: Look
    ) -> None:
        rule = partial(move, caller=ADMIN, reservation_id=MADE.id, from_id="1", to_id="3")
        about = replace(about, reservation=MADE)
        assert rule(about) == look
        assert done(decided(rule, about, with_reservation(Seat("3"))))

"""The rules, as tables of situations."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reservations.domain.changes import Change, ChangeKind, Look, Situation, hold, release, reserve
from reservations.domain.errors import (
    HoldLimitReached,
    NotOnSale,
    ReservationError,
    SeatBlocked,
    SeatHeld,
    SeatNotHeld,
    SeatReserved,
)
from reservations.domain.event import Event, EventStatus, Terms
from reservations.domain.seat import Holdings, Seat, SeatStatus

NOW = datetime(2027, 1, 1, 20, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TERMS = Terms(hold_time=MINUTE, hold_max=10 * MINUTE, seat_user_limit=2)
EVENT = Event(id="e", name="Opening night", terms=TERMS, created_at=NOW - timedelta(days=1))

FREE = Seat("1")
MINE = Seat("1", SeatStatus.HELD, "alice", expires_at=NOW + MINUTE / 2, first_held_at=NOW - MINUTE)
THEIRS = replace(MINE, patron="bob")
RESERVED_BY_ME = Seat("1", SeatStatus.RESERVED, "alice", reservation_id="r")
RESERVED = replace(RESERVED_BY_ME, patron="bob")
BLOCKED = Seat("1", SeatStatus.BLOCKED)


def situation(*seats: Seat, event: Event = EVENT, **known: object) -> Situation:
    return Situation(event, NOW, "alice", seats, **known)  # type: ignore[arg-type]


def reserve_as_r(about: Situation) -> Change:
    return reserve(about, "r")


def held_elsewhere(seat_id: str, patron: str = "alice") -> Seat:
    return replace(MINE, id=seat_id, patron=patron)


def done(answer: Change | Look) -> Change:
    assert isinstance(answer, Change)
    return answer


@pytest.mark.parametrize(
    ("rule", "seat", "refusal"),
    [
        (hold, THEIRS, SeatHeld),
        (hold, RESERVED, SeatReserved),
        (hold, RESERVED_BY_ME, SeatReserved),
        (hold, BLOCKED, SeatBlocked),
        (reserve_as_r, FREE, SeatNotHeld),
        (reserve_as_r, THEIRS, SeatNotHeld),
        (reserve_as_r, RESERVED, SeatReserved),
        (reserve_as_r, RESERVED_BY_ME, SeatReserved),
        (reserve_as_r, BLOCKED, SeatBlocked),
        (release, FREE, SeatNotHeld),
        (release, THEIRS, SeatNotHeld),
        (release, RESERVED, SeatReserved),
        (release, RESERVED_BY_ME, SeatReserved),
        (release, BLOCKED, SeatBlocked),
    ],
)
def test_a_seat_in_the_wrong_state_is_refused(
    rule: object, seat: Seat, refusal: type[ReservationError]
) -> None:
    with pytest.raises(refusal):
        rule(situation(seat))  # type: ignore[operator]


def test_holding_a_free_seat_makes_a_hold_of_one_hold_time() -> None:
    change = done(hold(situation(FREE)))
    assert change == Change(
        ChangeKind.HELD,
        "alice",
        (Seat("1", SeatStatus.HELD, "alice", expires_at=NOW + MINUTE, first_held_at=NOW),),
        Holdings(held=("1",), last_expiry=NOW + MINUTE),
    )


def test_refreshing_moves_the_end_of_a_hold_but_not_its_beginning() -> None:
    (seat,) = done(hold(situation(MINE, holdings=Holdings(held=("1",))))).seats
    assert seat == replace(MINE, expires_at=NOW + MINUTE)


def test_refreshing_goes_no_further_than_hold_max_from_the_first_hold() -> None:
    old = replace(MINE, first_held_at=NOW - 9.5 * MINUTE)
    (seat,) = done(hold(situation(old))).seats
    assert seat.expires_at == NOW + MINUTE / 2


def test_several_seats_get_the_earliest_end_of_all() -> None:
    old = replace(MINE, first_held_at=NOW - 9.5 * MINUTE)
    change = done(hold(situation(old, Seat("2"))))
    assert {seat.expires_at for seat in change.seats} == {NOW + MINUTE / 2}
    assert change.holdings.held == ("1", "2")


def test_one_seat_that_cannot_be_had_refuses_all() -> None:
    with pytest.raises(SeatHeld) as refusal:
        hold(situation(Seat("2"), THEIRS))
    assert refusal.value.retry_at == THEIRS.expires_at


class TestTheHoldLimit:
    def test_below_it_nothing_else_need_be_looked_at(self) -> None:
        change = done(hold(situation(FREE, holdings=Holdings(held=("2",)))))
        assert change.holdings.held == ("2", "1")

    def test_at_it_the_rule_wants_to_see_the_other_holds_first(self) -> None:
        assert hold(situation(FREE, holdings=Holdings(held=("2", "3")))) == Look(("2", "3"))

    def test_live_holds_refuse_another(self) -> None:
        others = (held_elsewhere("2"), held_elsewhere("3"))
        with pytest.raises(HoldLimitReached) as refusal:
            hold(situation(FREE, holdings=Holdings(held=("2", "3")), others=others))
        assert (refusal.value.limit, refusal.value.held) == (2, 2)

    @pytest.mark.parametrize("gone", [Seat("3"), held_elsewhere("3", patron="bob")])
    def test_holds_that_ran_out_do_not_count_and_are_forgotten(self, gone: Seat) -> None:
        others = (held_elsewhere("2"), gone)
        change = done(hold(situation(FREE, holdings=Holdings(held=("2", "3")), others=others)))
        assert change.holdings.held == ("2", "1")

    def test_refreshing_is_possible_at_it(self) -> None:
        holdings = Holdings(held=("1", "2", "3"))
        assert done(hold(situation(MINE, holdings=holdings))).holdings.held == ("2", "3", "1")

    def test_a_refresh_with_one_new_seat_counts_both(self) -> None:
        about = situation(MINE, Seat("2"), Seat("3"), holdings=Holdings(held=("1",)))
        with pytest.raises(HoldLimitReached) as refusal:
            hold(about)
        assert refusal.value.held == 1

    def test_a_request_for_more_than_the_limit_is_refused_though_nothing_is_held(self) -> None:
        with pytest.raises(HoldLimitReached):
            hold(situation(FREE, Seat("2"), Seat("3")))


class TestTheTotalLimit:
    EVENT = replace(EVENT, terms=replace(TERMS, seat_total_limit=3))

    def test_reservations_count(self) -> None:
        about = situation(FREE, event=self.EVENT, holdings=Holdings(reserved=3))
        with pytest.raises(HoldLimitReached) as refusal:
            hold(about)
        assert (refusal.value.limit, refusal.value.held) == (3, 3)

    def test_below_it_a_seat_can_be_held(self) -> None:
        about = situation(FREE, event=self.EVENT, holdings=Holdings(reserved=2))
        assert done(hold(about)).holdings.reserved == 2

    def test_holds_that_ran_out_do_not_count(self) -> None:
        holdings = Holdings(held=("2",), reserved=2)
        about = situation(FREE, event=self.EVENT, holdings=holdings)
        assert hold(about) == Look(("2",))
        assert done(hold(about.having_seen((Seat("2"),)))).holdings.held == ("1",)


def test_the_patrons_record_lasts_as_long_as_its_last_hold() -> None:
    later = NOW + 5 * MINUTE
    change = done(hold(situation(FREE, holdings=Holdings(held=("2",), last_expiry=later))))
    assert change.holdings.last_expiry == later


def test_reserving_makes_a_hold_a_reservation_without_end() -> None:
    holdings = Holdings(held=("2", "1"), reserved=1, last_expiry=NOW + MINUTE)
    assert reserve(situation(MINE, holdings=holdings), "r") == Change(
        ChangeKind.RESERVED,
        "alice",
        (RESERVED_BY_ME,),
        Holdings(held=("2",), reserved=2, last_expiry=NOW + MINUTE),
    )


def test_releasing_frees_the_seat() -> None:
    holdings = Holdings(held=("2", "1"), last_expiry=NOW + MINUTE)
    assert release(situation(MINE, holdings=holdings)) == Change(
        ChangeKind.RELEASED, "alice", (FREE,), replace(holdings, held=("2",))
    )


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (replace(EVENT, status=EventStatus.CLOSED), "closed"),
        (replace(EVENT, status=EventStatus.CANCELLED), "cancelled"),
        (replace(EVENT, terms=replace(TERMS, on_sale_from=NOW + MINUTE)), "not begun"),
        (replace(EVENT, terms=replace(TERMS, on_sale_until=NOW)), "ended"),
    ],
)
def test_while_nothing_is_sold_holds_can_only_be_released(event: Event, reason: str) -> None:
    for rule in (hold, reserve_as_r):
        with pytest.raises(NotOnSale, match=reason):
            rule(situation(MINE, event=event))
    assert release(situation(MINE, event=event)).seats == (FREE,)


def test_the_sales_window_includes_its_first_instant() -> None:
    terms = replace(TERMS, on_sale_from=NOW, on_sale_until=NOW + MINUTE)
    assert done(hold(situation(FREE, event=replace(EVENT, terms=terms))))

"""Holding, refreshing and letting go: by whom, of which seats, how many and for how long."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from reservations.domain.best_available import Together, Wish
from reservations.domain.changes import Again, Change, ChangeKind, Look, Situation, Step
from reservations.domain.errors import (
    Conflict,
    HoldLimitReached,
    NotEnoughSeats,
    NotEnoughTogether,
    NotOnSale,
    SeatBlocked,
    SeatConflict,
    SeatHeld,
    SeatNotHeld,
    SeatReserved,
)
from reservations.domain.event import Event
from reservations.domain.plan import NumberedPlan, Section, SectionedPlan
from reservations.domain.rules.holds import hold, hold_best, release, release_anybodys
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
    TERMS,
    THEIRS,
    decided,
    done,
    other,
    situation,
    unseen,
)

RECOVERS_IN = 3
"""For so long what was held is missing from the allowance: two seats, ten minutes each."""
HELD_BY_BOB = Conflict("1", "seat_held", retry_at=THEIRS.expires_at)


def new_hold(seat_id: str) -> Seat:
    """Return a seat as it is when alice begins to hold it now."""
    return Seat(seat_id, SeatStatus.HELD, "alice", expires_at=NOW + MINUTE, first_held_at=NOW)


class TestHolding:
    @pytest.mark.parametrize(
        ("seat", "held", "longer"),
        [
            pytest.param(FREE, new_hold("1"), MINUTE, id="free"),
            pytest.param(MINE, replace(MINE, expires_at=NOW + MINUTE), MINUTE / 2, id="held by me"),
        ],
    )
    def test_a_seat_is_held_for_one_hold_time_from_now(
        self, seat: Seat, held: Seat, longer: timedelta
    ) -> None:
        assert hold(situation(seat), "alice", ["1"]) == Change(
            (held,),
            (Step(ChangeKind.HELD, (held,), "alice"),),
            {"alice": Holdings(("1",), 0, NOW + MINUTE, NOW + RECOVERS_IN * longer)},
        )

    @pytest.mark.parametrize("bound", [True, False])
    @pytest.mark.parametrize(
        ("seat", "refusal"),
        [
            (THEIRS, SeatHeld),
            (RESERVED, SeatReserved),
            (MY_RESERVED, SeatReserved),
            (BLOCKED, SeatBlocked),
        ],
    )
    def test_a_seat_that_is_not_to_be_had_is_refused_to_all(
        self, seat: Seat, refusal: type[SeatConflict], bound: bool
    ) -> None:
        with pytest.raises(refusal):
            hold(situation(seat), "alice", ["1"], bound=bound)

    @pytest.mark.parametrize(("seat", "mine"), [(MY_RESERVED, True), (RESERVED, False)])
    def test_whose_reservation_it_is_is_told_as_far_as_it_is_mine(
        self, seat: Seat, mine: bool
    ) -> None:
        with pytest.raises(SeatReserved) as refusal:
            hold(situation(seat), "alice", ["1"])
        assert refusal.value.reserved_by_me is mine

    def test_a_seat_that_another_patron_holds_is_refused_until_that_hold_ends(self) -> None:
        with pytest.raises(SeatHeld) as refusal:
            hold(situation(THEIRS), "alice", ["1"])
        assert refusal.value.retry_at == THEIRS.expires_at
        assert refusal.value.conflicts == [HELD_BY_BOB]

    def test_several_seats_are_held_in_the_order_asked_for(self) -> None:
        change = done(hold(situation(FREE, other(FREE, "2")), "alice", ["2", "1"]))
        assert change.seats == (new_hold("2"), new_hold("1"))
        assert change.steps == (Step(ChangeKind.HELD, change.seats, "alice"),)
        assert change.holdings["alice"].held == ("2", "1")

    @pytest.mark.parametrize(
        ("asked", "refusal", "conflicts"),
        [
            ("f1", SeatHeld, ["1"]),
            ("1b", SeatHeld, ["1", "b"]),
            ("b1f", SeatBlocked, ["b", "1"]),
            ("mrf1b", SeatReserved, ["r", "1", "b"]),
        ],
    )
    def test_every_seat_in_the_way_is_named_and_the_first_says_why(
        self, asked: str, refusal: type[SeatConflict], conflicts: list[str]
    ) -> None:
        named = {
            "1": HELD_BY_BOB,
            "r": Conflict("r", "seat_reserved"),
            "b": Conflict("b", "seat_blocked"),
        }
        others = [other(FREE, "f"), other(MINE, "m"), other(RESERVED, "r"), other(BLOCKED, "b")]
        with pytest.raises(SeatConflict) as refused:
            hold(situation(THEIRS, *others), "alice", tuple(asked))
        assert type(refused.value) is refusal
        assert refused.value.conflicts == [named[seat_id] for seat_id in conflicts]

    def test_other_holds_stay(self) -> None:
        about = situation(FREE, alice=Holdings(("2",), reserved=3, last_expiry=NOW + 5 * MINUTE))
        assert done(hold(about, "alice", ["1"])).holdings == {
            "alice": Holdings(("2", "1"), 3, NOW + 5 * MINUTE, NOW + RECOVERS_IN * MINUTE)
        }

    @pytest.mark.parametrize(
        ("about", "look"),
        [
            pytest.param(unseen(), Look(("1", "2"), "alice"), id="nothing"),
            pytest.param(situation(FREE), Look(("2",), "alice"), id="some seats and alice"),
            pytest.param(
                situation(FREE, other(FREE, "2"), bob=Holdings()),
                Look((), "alice"),
                id="all seats and bob",
            ),
        ],
    )
    def test_a_rule_that_has_seen_too_little_looks_at_the_rest(
        self, about: Situation, look: Look
    ) -> None:
        assert hold(about, "alice", ["1", "2"]) == look


class TestTheEndOfAHold:
    OLD = other(replace(MINE, first_held_at=NOW - 9.5 * MINUTE), "old")

    def test_a_refresh_moves_it_but_not_the_beginning(self) -> None:
        (seat,) = done(hold(situation(MINE), "alice", ["1"])).seats
        assert seat == replace(MINE, expires_at=NOW + MINUTE)

    @pytest.mark.parametrize("minutes", [9.0, 9.5, 9.999, 10.0])
    def test_it_is_never_later_than_hold_max_after_the_beginning(self, minutes: float) -> None:
        last = NOW + (10 - minutes) * MINUTE
        old = replace(MINE, first_held_at=last - 10 * MINUTE, expires_at=min(last, NOW + MINUTE))
        (seat,) = done(hold(situation(old), "alice", ["1"])).seats
        assert seat.expires_at == last

    @pytest.mark.parametrize("shorter", [{"hold_time": MINUTE / 60}, {"hold_max": 2 * MINUTE}])
    def test_terms_that_became_shorter_end_no_hold_that_is_refreshed(
        self, shorter: dict[str, timedelta]
    ) -> None:
        old = replace(MINE, first_held_at=NOW - 5 * MINUTE)
        event = EVENT.changed(shorter)
        (seat,) = done(hold(situation(old, event=event), "alice", ["1"])).seats
        assert seat.expires_at == MINE.expires_at
        both = done(hold(situation(old, Seat("2"), event=event), "alice", ["1", "2"])).seats
        assert {each.expires_at for each in both} == {MINE.expires_at}

    def test_several_seats_get_the_earliest_of_all(self) -> None:
        change = done(hold(situation(self.OLD, FREE), "alice", ["1", "old"]))
        assert {seat.expires_at for seat in change.seats} == {NOW + MINUTE / 2}
        assert [seat.first_held_at for seat in change.seats] == [NOW, self.OLD.first_held_at]

    @pytest.mark.parametrize(
        ("before", "after"), [(None, 1), (-1, 1), (0.5, 1), (1, 1), (5, 5)], ids=str
    )
    def test_the_patrons_record_lasts_as_long_as_its_last_hold(
        self, before: float | None, after: float
    ) -> None:
        last = None if before is None else NOW + before * MINUTE
        about = situation(FREE, alice=Holdings(("2",), last_expiry=last))
        assert done(hold(about, "alice", ["1"])).holdings["alice"].last_expiry == (
            NOW + after * MINUTE
        )


class TestTheHoldLimit:
    """Two seats."""

    @pytest.mark.parametrize(
        ("held", "wanted"),
        [([], ["1"]), ([], ["1", "2"]), (["2"], ["1"]), (["2"], ["1", "2"]), (["1"], ["1", "2"])],
    )
    def test_up_to_it_nothing_else_need_be_looked_at(
        self, held: list[str], wanted: list[str]
    ) -> None:
        seats = [other(MINE if each in held else FREE, each) for each in wanted]
        about = situation(*seats, alice=Holdings(tuple(held)))
        assert set(done(hold(about, "alice", wanted)).holdings["alice"].held) == {*held, *wanted}

    def test_beyond_it_the_rule_wants_to_see_the_other_holds_first(self) -> None:
        about = situation(FREE, alice=Holdings(("2", "3")))
        assert hold(about, "alice", ["1"]) == Look(("2", "3"))
        assert hold(about.having_seen({"2": other(MINE, "2")}, {}), "alice", ["1"]) == Look(("3",))

    @pytest.mark.parametrize(
        ("live", "gone", "wanted", "held"),
        [
            pytest.param("23", "", "1", 2, id="one more"),
            pytest.param("2", "", "13", 1, id="two more"),
            pytest.param("2", "3", "14", 1, id="two more though one is gone"),
            pytest.param("2", "", "123", 1, id="two more and a refresh"),
            pytest.param("", "1", "123", 0, id="three more of which one was held before"),
            pytest.param("", "", "123", 0, id="three at once"),
            pytest.param("234", "", "1", 3, id="one more though the limit was lowered"),
        ],
    )
    def test_live_holds_refuse_more(self, live: str, gone: str, wanted: str, held: int) -> None:
        seats = [other(MINE if each in live else FREE, each) for each in {*live, *gone, *wanted}]
        about = situation(*seats, alice=Holdings((*live, *gone)))
        with pytest.raises(HoldLimitReached) as refusal:
            hold(about, "alice", tuple(wanted))
        assert (refusal.value.limit, refusal.value.held) == (2, held)

    @pytest.mark.parametrize("gone", [FREE, THEIRS, RESERVED, MY_RESERVED, BLOCKED])
    def test_holds_that_ran_out_do_not_count_and_are_forgotten(self, gone: Seat) -> None:
        others = [other(MINE, "2"), other(gone, "3")]
        about = situation(FREE, *others, alice=Holdings(("2", "3")))
        assert done(hold(about, "alice", ["1"])).holdings["alice"].held == ("2", "1")

    def test_refreshing_is_possible_at_it_and_beyond_it(self) -> None:
        about = situation(MINE, alice=Holdings(("1", "2", "3")))
        assert done(hold(about, "alice", ["1"])).holdings["alice"].held == ("2", "3", "1")

    def test_refreshing_is_possible_of_a_hold_that_nobody_remembers(self) -> None:
        about = situation(MINE, alice=Holdings())
        assert done(hold(about, "alice", ["1"])).holdings["alice"].held == ("1",)


class TestTheTotalLimit:
    """Three seats held or reserved, of which two may be held."""

    EVENT = replace(EVENT, terms=replace(TERMS, seat_total_limit=3))

    @pytest.mark.parametrize(("held", "reserved"), [(0, 0), (0, 2), (1, 1), (1, 0)])
    def test_up_to_it_seats_can_be_held(self, held: int, reserved: int) -> None:
        holdings = Holdings(("2",) * held, reserved)
        about = situation(FREE, event=self.EVENT, alice=holdings)
        assert done(hold(about, "alice", ["1"])).holdings["alice"].reserved == reserved

    @pytest.mark.parametrize(
        ("held", "reserved", "limit", "counted"),
        [
            pytest.param(0, 3, 3, 3, id="all reserved"),
            pytest.param(1, 2, 3, 3, id="one held"),
            pytest.param(0, 9, 3, 9, id="the box office made more"),
            pytest.param(2, 1, 2, 2, id="both limits"),
            pytest.param(2, 0, 2, 2, id="the other limit"),
        ],
    )
    def test_reservations_count(self, held: int, reserved: int, limit: int, counted: int) -> None:
        others = [other(MINE, seat_id) for seat_id in ("2", "3")[:held]]
        holdings = Holdings(tuple(seat.id for seat in others), reserved)
        about = situation(FREE, *others, event=self.EVENT, alice=holdings)
        with pytest.raises(HoldLimitReached) as refusal:
            hold(about, "alice", ["1"])
        assert (refusal.value.limit, refusal.value.held) == (limit, counted)

    def test_holds_that_ran_out_do_not_count(self) -> None:
        about = situation(FREE, event=self.EVENT, alice=Holdings(("2",), reserved=2))
        assert hold(about, "alice", ["1"]) == Look(("2",))
        seen = about.having_seen({"2": Seat("2")}, {})
        assert done(hold(seen, "alice", ["1"])).holdings["alice"].held == ("1",)

    def test_refreshing_is_possible_beyond_it(self) -> None:
        about = situation(MINE, event=self.EVENT, alice=Holdings(("1",), reserved=9))
        assert done(hold(about, "alice", ["1"])).seats[0].expires_at == NOW + MINUTE


class TestTheBoxOffice:
    """Acts for a patron without being bound."""

    @pytest.mark.parametrize("event", [EVENT, *NOT_ON_SALE.values()])
    def test_holds_beyond_limits_and_at_any_time(self, event: Event) -> None:
        event = replace(event, terms=replace(event.terms, seat_total_limit=2))
        others = (other(MINE, "2"), other(MINE, "3"))
        about = situation(FREE, *others, event=event, alice=Holdings(("2", "3"), reserved=5))
        change = done(hold(about, "alice", ["1"], bound=False))
        assert change.holdings["alice"].held == ("2", "3", "1")

    def test_makes_holds_that_ran_out_be_forgotten_too(self) -> None:
        about = situation(FREE, alice=Holdings(("2", "3")))
        assert hold(about, "alice", ["1"], bound=False) == Look(("2", "3"))
        seen = about.having_seen({"2": Seat("2"), "3": other(MINE, "3")}, {})
        assert done(hold(seen, "alice", ["1"], bound=False)).holdings["alice"].held == ("3", "1")

    def test_is_bound_to_hold_max(self) -> None:
        old = replace(MINE, first_held_at=NOW - 9.5 * MINUTE)
        (seat,) = done(hold(situation(old), "alice", ["1"], bound=False)).seats
        assert seat.expires_at == NOW + MINUTE / 2


@pytest.mark.parametrize("reason", NOT_ON_SALE)
@pytest.mark.parametrize("seat", [FREE, MINE, THEIRS])
def test_while_nothing_is_sold_nothing_can_be_held_or_refreshed(seat: Seat, reason: str) -> None:
    with pytest.raises(NotOnSale, match=reason):
        hold(situation(seat, event=NOT_ON_SALE[reason]), "alice", ["1"])


def test_the_sales_window_includes_its_first_instant() -> None:
    terms = replace(TERMS, on_sale_from=NOW, on_sale_until=NOW + MINUTE)
    about = situation(FREE, event=replace(EVENT, terms=terms))
    assert done(hold(about, "alice", ["1"])).seats == (new_hold("1"),)


def nobody_else(_defeats: int) -> int:
    """Spread over one place."""
    return 1


class TestHoldingTheBest:
    PLAN = NumberedPlan(4)
    ALL_FREE = bytes([1, 1, 1, 1])
    WORLD = replace(situation(*map(Seat, "1234")), free=ALL_FREE)

    def rule(
        self, count: int, *, together: Together = Together.PREFERRED, bound: bool = True
    ) -> Callable[[Situation], Change | Look]:
        wish = Wish(count, together)
        return partial(
            hold_best, patron="alice", plan=self.PLAN, wish=wish, spread=nobody_else, bound=bound
        )

    def test_what_is_free_is_looked_at_first_and_then_the_seats_chosen(self) -> None:
        rule = self.rule(2)
        first = rule(unseen())
        assert isinstance(first, Look)
        assert (first.free, first.seats, first.then) == (True, (), None)
        second = rule(replace(unseen(), free=self.ALL_FREE))
        assert isinstance(second, Look)
        assert (second.free, second.seats) == (False, ("1", "2"))
        assert second.then is not None

    def test_the_best_are_held_as_if_they_had_been_asked_for(self) -> None:
        change = done(decided(self.rule(2), unseen(), self.WORLD))
        asked_for = done(hold(self.WORLD, "alice", ["1", "2"]))
        assert change == replace(asked_for, together=True)

    @pytest.mark.parametrize("free", [bytes([1, 0, 1, 0]), bytes([0, 1, 0, 1])])
    def test_it_is_told_when_they_are_not_together(self, free: bytes) -> None:
        change = done(decided(self.rule(2), unseen(), replace(self.WORLD, free=free)))
        assert change.together is False
        assert [seat.id for seat in change.seats] == [
            seat_id for seat_id, is_free in zip("1234", free, strict=True) if is_free
        ]

    @pytest.mark.parametrize("gone", [MINE, THEIRS, RESERVED, MY_RESERVED, BLOCKED])
    @pytest.mark.parametrize("which", ["1", "2"])
    def test_when_one_of_them_is_gone_meanwhile_the_choice_is_made_again(
        self, gone: Seat, which: str
    ) -> None:
        seats = {**self.WORLD.seats, which: other(gone, which)}
        assert decided(self.rule(2), unseen(), replace(self.WORLD, seats=seats)) == Again()

    def test_who_was_defeated_is_spread_as_widely_as_that_calls_for(self) -> None:
        asked: list[int] = []

        def spread(defeats: int) -> int:
            asked.append(defeats)
            return 1

        about = replace(unseen(), attempt=3)
        best = partial(hold_best, patron="alice", plan=self.PLAN, wish=Wish(count=1), spread=spread)
        assert done(decided(best, about, self.WORLD))
        assert asked == [3]

    @pytest.mark.parametrize(
        ("count", "together", "refusal"),
        [(3, "preferred", NotEnoughSeats), (2, "required", NotEnoughTogether)],
    )
    def test_a_wish_that_cannot_be_granted_is_refused(
        self, count: int, together: str, refusal: type[NotEnoughSeats | NotEnoughTogether]
    ) -> None:
        rule = self.rule(count, together=Together(together))
        with pytest.raises(refusal) as refused:
            rule(replace(unseen(), free=bytes([1, 0, 0, 1])))
        assert refused.value.free == 2

    def test_limits_hold_but_for_the_box_office(self) -> None:
        with pytest.raises(HoldLimitReached):
            decided(self.rule(3), unseen(), self.WORLD)
        assert len(done(decided(self.rule(3, bound=False), unseen(), self.WORLD)).seats) == 3

    def test_holds_that_ran_out_do_not_count(self) -> None:
        world = replace(self.WORLD, holdings={"alice": Holdings(("3", "4"))})
        change = done(decided(self.rule(2), unseen(), world))
        assert change.holdings["alice"].held == ("1", "2")
        assert change.together is True

    @pytest.mark.parametrize("reason", NOT_ON_SALE)
    def test_so_does_the_sales_window(self, reason: str) -> None:
        event = NOT_ON_SALE[reason]
        with pytest.raises(NotOnSale, match=reason):
            decided(self.rule(1), unseen(event), self.WORLD)
        assert done(decided(self.rule(1, bound=False), unseen(event), self.WORLD))

    def test_the_wish_for_a_category_is_passed_on(self) -> None:
        plan = SectionedPlan((Section("Front", 1, 2, "A"), Section("Back", 1, 2, "B")))
        world = replace(situation(*map(Seat, ["back-A-1", "back-A-2"])), free=self.ALL_FREE)
        wish = Wish(2, category="B")
        rule = partial(hold_best, patron="alice", plan=plan, wish=wish, spread=nobody_else)
        assert [seat.id for seat in done(decided(rule, unseen(), world)).seats] == [
            "back-A-1",
            "back-A-2",
        ]


class TestLettingGo:
    def test_the_seat_is_free(self) -> None:
        holdings = Holdings(("2", "1"), reserved=3, last_expiry=NOW + MINUTE)
        assert release(situation(MINE, alice=holdings), "alice", ["1"]) == Change(
            (FREE,),
            (Step(ChangeKind.RELEASED, (FREE,), "alice"),),
            {"alice": replace(holdings, held=("2",))},
        )

    def test_without_seats_named_all_holds_end_that_are_live(self) -> None:
        seats = [MINE, other(FREE, "2"), other(THEIRS, "3"), other(MINE, "4")]
        about = situation(*seats, alice=Holdings(("1", "2", "3", "4"), reserved=1))
        freed = (Seat("1"), Seat("4"))
        assert release(about, "alice") == Change(
            freed,
            (Step(ChangeKind.RELEASED, freed, "alice"),),
            {"alice": Holdings((), reserved=1)},
        )

    @pytest.mark.parametrize("held", [(), ("2",)])
    def test_where_nothing_is_held_nothing_changes(self, held: Sequence[str]) -> None:
        about = situation(other(THEIRS, "2"), alice=Holdings(tuple(held)))
        assert release(about, "alice") == Change((), ())

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
    def test_only_the_patrons_own_holds_can_end(
        self, seat: Seat, refusal: type[SeatConflict]
    ) -> None:
        with pytest.raises(refusal):
            release(situation(seat), "alice", ["1"])

    def test_every_seat_in_the_way_is_named(self) -> None:
        about = situation(THEIRS, other(MINE, "2"), other(BLOCKED, "3"))
        with pytest.raises(SeatNotHeld) as refusal:
            release(about, "alice", ["1", "2", "3"])
        # That bob holds it is nothing to wait for.
        assert refusal.value.conflicts == [
            Conflict("1", "seat_not_held"),
            Conflict("3", "seat_blocked"),
        ]

    @pytest.mark.parametrize("event", NOT_ON_SALE.values())
    def test_it_is_possible_while_nothing_is_sold(self, event: Event) -> None:
        assert done(release(situation(MINE, event=event), "alice", ["1"])).seats == (FREE,)

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
        assert release(about, "alice", seat_ids) == look


class TestLettingGoForAnybody:
    def test_each_patron_has_an_entry_in_the_log(self) -> None:
        about = situation(THEIRS, other(MINE, "2"), other(THEIRS, "3"))
        assert release_anybodys(about, ["1", "2", "3"]) == Change(
            (Seat("1"), Seat("2"), Seat("3")),
            (
                Step(ChangeKind.RELEASED, (Seat("2"),), "alice"),
                Step(ChangeKind.RELEASED, (Seat("1"), Seat("3")), "bob"),
            ),
        )

    @pytest.mark.parametrize(
        ("seat", "refusal", "words"),
        [
            (FREE, SeatNotHeld, "Nobody holds"),
            (RESERVED, SeatReserved, "reserved"),
            (BLOCKED, SeatBlocked, "not on sale"),
        ],
    )
    def test_a_seat_that_nobody_holds_is_refused(
        self, seat: Seat, refusal: type[SeatConflict], words: str
    ) -> None:
        with pytest.raises(refusal, match=words) as refused:
            release_anybodys(situation(other(MINE, "2"), seat), ["2", "1"])
        assert refused.value.conflicts == [Conflict("1", refusal.code)]

    def test_a_rule_that_has_seen_too_little_looks_at_the_rest(self) -> None:
        assert release_anybodys(situation(MINE), ["1", "2"]) == Look(("2",))

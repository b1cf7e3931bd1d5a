"""The hold allowance: shoppers never notice it, and who hoards runs into its bound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from reservations.domain.allowance import RECOVERY
from reservations.domain.changes import Change, Situation
from reservations.domain.errors import HeldTooLong
from reservations.domain.event import Event, Terms
from reservations.domain.reservation import Draft
from reservations.domain.rules.holds import hold, release
from reservations.domain.rules.reservations import reserve
from reservations.domain.seat import Holdings, Seat
from tests.domain.rules.situations import EVENT, MINUTE, NOW

SECOND = timedelta(seconds=1)
SEATS = [str(number) for number in range(1, 9)]
LIMIT = 4


def event_of(hold_time: timedelta, hold_max: timedelta) -> Event:
    terms = Terms(hold_time=hold_time, hold_max=hold_max, seat_user_limit=LIMIT)
    return replace(EVENT, terms=terms)


class Sale:
    """An event with one patron, whose holds run out as time goes by."""

    def __init__(self, event: Event) -> None:
        self.event = event
        self.now = NOW
        self.holdings = Holdings()
        self.held_for = timedelta()
        """By all seats together, without any being bought."""
        self._seats = {seat_id: Seat(seat_id) for seat_id in SEATS}

    def hold(self, *seat_ids: str, bound: bool = True) -> None:
        self._do(hold(self._situation(), "alice", seat_ids, bound=bound))

    def release(self) -> None:
        self._do(release(self._situation(), "alice"))

    def reserve(self) -> None:
        self._do(reserve(self._situation(), "alice", None, Draft("r", None, None)))

    def wait(self, time: timedelta) -> None:
        until = self.now + time
        for seat in self._seats.values():
            if seat.expires_at is not None:
                self.held_for += min(seat.expires_at, until) - self.now
        self.now = until
        for seat in list(self._seats.values()):
            if seat.expires_at is not None and seat.expires_at <= until:
                self._seats[seat.id] = Seat(seat.id)

    def _situation(self) -> Situation:
        return Situation(self.event, self.now, seats=self._seats, holdings={"alice": self.holdings})

    def _do(self, change: object) -> None:
        assert isinstance(change, Change)
        self._seats.update({seat.id: seat for seat in change.seats})
        self.holdings = change.holdings.get("alice", self.holdings)


def hoard(sale: Sale, first: Sequence[str], second: Sequence[str], step: timedelta) -> timedelta:
    """Hold as many seats as allowed for as long as possible, let go, and hold others at once.

    Returns:
        How much time the seats were held in the worst hour of five, added up.
    """
    held: list[tuple[datetime, timedelta]] = []
    wanted, other = first, second
    began = sale.now
    while sale.now < NOW + 5 * RECOVERY:
        if sale.now - began >= sale.event.terms.hold_max:
            sale.release()
            wanted, other, began = other, wanted, sale.now
        try:
            sale.hold(*wanted)
        except HeldTooLong:
            began = sale.now
        sale.wait(step)
        held.append((sale.now, sale.held_for))
    return max(
        later - earlier
        for at, earlier in held
        for then, later in held
        if timedelta() < then - at <= RECOVERY
    )


@pytest.mark.parametrize(
    ("hold_time", "hold_max", "step"),
    [
        pytest.param(MINUTE, 10 * MINUTE, MINUTE / 2, id="refreshed ten times"),
        pytest.param(10 * MINUTE, 10 * MINUTE, 5 * MINUTE, id="never refreshed"),
        pytest.param(MINUTE, 2 * MINUTE, MINUTE / 2, id="short holds"),
    ],
)
def test_who_holds_and_lets_go_and_holds_again_keeps_a_bounded_time_in_any_hour(
    hold_time: timedelta, hold_max: timedelta, step: timedelta
) -> None:
    sale = Sale(event_of(hold_time, hold_max))
    terms = sale.event.terms
    worst = hoard(sale, SEATS[:LIMIT], SEATS[LIMIT:], step)
    bound = 2 * terms.hold_allowance + LIMIT * terms.hold_max
    assert terms.hold_allowance < worst <= bound
    assert worst < LIMIT * RECOVERY


def test_the_bound_is_half_an_hour_of_all_seats_under_the_default_terms() -> None:
    terms = event_of(MINUTE, 10 * MINUTE).terms
    bound = 2 * terms.hold_allowance + LIMIT * terms.hold_max
    assert bound == LIMIT * timedelta(minutes=30)


def test_who_has_used_it_up_is_told_when_to_come_back() -> None:
    sale = Sale(event_of(10 * MINUTE, 10 * MINUTE))
    for _ in range(2):
        sale.hold(*SEATS[:LIMIT])
        sale.wait(10 * MINUTE)
    with pytest.raises(HeldTooLong) as refusal:
        sale.hold("1")
    sale.wait((refusal.value.retry_after - 1) * SECOND)
    with pytest.raises(HeldTooLong):
        sale.hold("1")
    sale.wait(SECOND)
    sale.hold("1")


def test_who_has_used_it_up_can_still_refresh_reserve_and_let_go() -> None:
    sale = Sale(event_of(10 * MINUTE, 100 * MINUTE))
    sale.holdings = replace(sale.holdings, recovered_at=NOW + RECOVERY)
    sale.hold("1", "2")
    with pytest.raises(HeldTooLong):
        sale.hold("3")
    sale.wait(SECOND)
    sale.hold("1")
    sale.reserve()
    sale.release()


def test_letting_go_at_once_costs_nothing() -> None:
    sale = Sale(event_of(MINUTE, 10 * MINUTE))
    for _ in range(1000):
        sale.hold(*SEATS[:LIMIT])
        sale.release()
    assert sale.holdings.recovered_at is None


def test_who_buys_has_used_nothing() -> None:
    sale = Sale(event_of(MINUTE, 10 * MINUTE))
    sale.hold("1", "2")
    for _ in range(8):
        sale.wait(MINUTE / 2)
        sale.hold("1", "2")
    sale.reserve()
    assert sale.holdings.recovered_at is None


def test_what_was_used_comes_back_evenly_within_an_hour() -> None:
    sale = Sale(event_of(10 * MINUTE, 10 * MINUTE))
    sale.hold(*SEATS[:LIMIT])
    assert sale.holdings.recovered_at == NOW + RECOVERY
    sale.wait(RECOVERY / 2)
    sale.hold(*SEATS[: LIMIT // 2])
    assert sale.holdings.recovered_at == NOW + RECOVERY / 2 + RECOVERY


def test_the_box_office_is_not_bound_and_uses_nothing_of_it() -> None:
    sale = Sale(event_of(MINUTE, 10 * MINUTE))
    used_up = NOW + 2 * RECOVERY
    sale.holdings = replace(sale.holdings, recovered_at=used_up)
    sale.hold("1", bound=False)
    assert sale.holdings.recovered_at == used_up


@pytest.mark.parametrize("hold_max", [2 * SECOND, 600 * SECOND])
def test_short_holds_have_an_allowance_of_ten_minutes_all_the_same(hold_max: timedelta) -> None:
    assert event_of(SECOND, hold_max).terms.hold_allowance == LIMIT * 10 * MINUTE


def test_a_store_whose_clock_is_set_back_takes_nothing() -> None:
    sale = Sale(event_of(MINUTE, 10 * MINUTE))
    sale.hold("1")
    before = sale.holdings.recovered_at
    sale.now -= RECOVERY
    sale.hold("1")
    assert sale.holdings.recovered_at == before

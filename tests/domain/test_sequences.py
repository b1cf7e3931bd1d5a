"""Whatever is asked for in whatever order, the rules keep what they promise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple
from hypothesis.stateful import rule as action

from reservations.domain.best_available import Together, Wish
from reservations.domain.caller import Caller, Role
from reservations.domain.changes import Change, ChangeKind, Rule, Situation, Step
from reservations.domain.errors import Refusal
from reservations.domain.event import Event, Terms
from reservations.domain.plan import NumberedPlan
from reservations.domain.reservation import Draft, Reservation
from reservations.domain.rules.blocks import block, unblock
from reservations.domain.rules.holds import hold, hold_best, release, release_anybodys
from reservations.domain.rules.reservations import cancel, move, reserve
from reservations.domain.seat import Holdings, Seat, SeatStatus
from reservations.domain.verification import Books, disagreements
from tests.domain.rules.situations import decided

BEGIN = datetime(2027, 1, 1, 20, tzinfo=UTC)
LIMIT, TOTAL_LIMIT = 2, 3
TERMS = Terms(timedelta(seconds=10), timedelta(seconds=25), LIMIT, TOTAL_LIMIT)
EVENT = Event("e", "Opening night", TERMS, BEGIN)
PLAN = NumberedPlan(7)
SEAT_IDS = [place.id for place in PLAN.places()]

BOUND, PHONES = ["alice", "bob"], "carol"
"""Carol phones the box office, which is not bound by limits."""
ADMIN = Caller("admin", Role.ADMIN)

FREE, HELD, RESERVED, BLOCKED = SeatStatus
TRANSITIONS = {
    ChangeKind.HELD: {(FREE, HELD), (HELD, HELD)},
    ChangeKind.RELEASED: {(HELD, FREE)},
    ChangeKind.RESERVED: {(HELD, RESERVED)},
    ChangeKind.CANCELLED: {(RESERVED, FREE)},
    ChangeKind.MOVED: {(RESERVED, FREE), (FREE, RESERVED), (HELD, RESERVED)},
    ChangeKind.BLOCKED: {(FREE, BLOCKED), (BLOCKED, BLOCKED)},
    ChangeKind.UNBLOCKED: {(BLOCKED, FREE)},
}


@dataclass
class World:
    """What is stored, and a clock."""

    now: datetime = BEGIN
    seats: dict[str, Seat] = field(default_factory=lambda: {each: Seat(each) for each in SEAT_IDS})
    holdings: dict[str, Holdings] = field(default_factory=dict)
    reservations: dict[str, Reservation] = field(default_factory=dict)
    log: list[tuple[str, Step]] = field(default_factory=list)

    def wait(self, seconds: int) -> None:
        """Let time pass, and holds and what is remembered of them run out."""
        self.now += timedelta(seconds=seconds)
        for seat in self.seats.values():
            if seat.expires_at is not None and seat.expires_at <= self.now:
                self.seats[seat.id] = Seat(seat.id)
        for patron, has in list(self.holdings.items()):
            if not has.reserved and (has.last_expiry is None or has.last_expiry <= self.now):
                del self.holdings[patron]

    def seen(self) -> Situation:
        """Return what can be seen of it."""
        free = bytes(seat.status is FREE for seat in self.seats.values())
        return Situation(EVENT, self.now, seats=self.seats, holdings=self.holdings, free=free)

    def write(self, change: Change) -> None:
        """Make a change."""
        for step in change.steps:
            self.seats.update({seat.id: seat for seat in step.seats})
            # When a hold began, the log does not say.
            logged = tuple(replace(seat, first_held_at=None) for seat in step.seats)
            self.log.append((str(len(self.log)), replace(step, seats=logged)))
        self.holdings.update(change.holdings)
        if change.reservation is not None:
            self.reservations[change.reservation.id] = change.reservation
        if change.cancelled is not None:
            del self.reservations[change.cancelled.id]

    def of(self, patron: str, status: SeatStatus) -> list[Seat]:
        """Return a patron's seats of one status."""
        return [
            seat for seat in self.seats.values() if (seat.patron, seat.status) == (patron, status)
        ]


patrons = st.sampled_from([*BOUND, PHONES])
callers = st.sampled_from([ADMIN, None, Caller("alice", Role.PATRON)])
"""An admin, the one whose reservation it is, or alice."""
one_seat = st.sampled_from(SEAT_IDS)
some_seats = st.lists(one_seat, min_size=1, max_size=3, unique=True)


class Sales(RuleBasedStateMachine):
    """Patrons and admins who do as they like."""

    made = Bundle("made")

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.salts = map("{:010x}".format, count())

    def ask(self, rule: Rule, reservation_id: str = "") -> Change | None:
        """Let a rule decide and make its change; None if it refuses."""
        world, before = self.world, deepcopy(self.world)
        about = Situation(EVENT, world.now, reservation=world.reservations.get(reservation_id))
        try:
            change = decided(rule, about, world.seen())
        except Refusal:
            assert world == before
            return None
        assert isinstance(change, Change)
        assert world == before
        world.write(change)
        for step in change.steps:
            check(step, before)
        assert all(world.seats[seat.id] == seat for seat in change.seats)
        return change

    @action(seconds=st.integers(1, 6))
    def wait(self, seconds: int) -> None:
        self.world.wait(seconds)

    @action(patron=patrons, seat_ids=some_seats)
    def hold(self, patron: str, seat_ids: Sequence[str]) -> None:
        self.ask(partial(hold, patron=patron, seat_ids=seat_ids, bound=patron != PHONES))

    @action(patron=patrons, wish=st.builds(Wish, st.integers(1, 3), st.sampled_from(Together)))
    def hold_best(self, patron: str, wish: Wish) -> None:
        best = partial(
            hold_best,
            patron=patron,
            plan=PLAN,
            wish=wish,
            spread=lambda _defeats: 2,
            bound=patron != PHONES,
        )
        change = self.ask(best)
        assert change is None or len(change.seats) == wish.count

    @action(patron=patrons, seat_ids=some_seats)
    def release(self, patron: str, seat_ids: Sequence[str]) -> None:
        self.ask(partial(release, patron=patron, seat_ids=seat_ids))

    @action(patron=patrons)
    def release_all(self, patron: str) -> None:
        self.ask(partial(release, patron=patron))
        assert not self.world.of(patron, HELD)

    @action(seat_ids=some_seats)
    def release_anybodys(self, seat_ids: Sequence[str]) -> None:
        self.ask(partial(release_anybodys, seat_ids=seat_ids))

    @action(target=made, patron=patrons, seat_ids=st.none() | some_seats)
    def reserve(self, patron: str, seat_ids: Sequence[str] | None) -> object:
        draft = Draft(next(self.salts))
        change = self.ask(partial(reserve, patron=patron, seat_ids=seat_ids, draft=draft))
        if change is None or change.reservation is None:
            return multiple()
        assert seat_ids is not None or not self.world.of(patron, HELD)
        return change.reservation

    @action(reservation=made, caller=callers)
    def cancel(self, reservation: Reservation, caller: Caller | None) -> None:
        caller = caller or Caller(reservation.patron, Role.PATRON)
        rule = partial(cancel, caller=caller, reservation_id=reservation.id)
        if self.ask(rule, reservation.id):
            assert may_change(caller, reservation)

    @action(target=made, reservation=made, caller=callers, which=st.integers(0, 2), to_id=one_seat)
    def move(
        self, reservation: Reservation, caller: Caller | None, which: int, to_id: str
    ) -> object:
        caller = caller or Caller(reservation.patron, Role.PATRON)
        from_id = reservation.seats[which % len(reservation.seats)]
        rule = partial(
            move, caller=caller, reservation_id=reservation.id, from_id=from_id, to_id=to_id
        )
        change = self.ask(rule, reservation.id)
        if change is None or change.reservation is None:
            return multiple()
        assert may_change(caller, reservation)
        return change.reservation

    @action(seat_id=one_seat, reason=st.none() | st.just("broken"))
    def block(self, seat_id: str, reason: str | None) -> None:
        self.ask(partial(block, seat_ids=[seat_id], reason=reason))

    @action(seat_ids=some_seats)
    def unblock(self, seat_ids: Sequence[str]) -> None:
        self.ask(partial(unblock, seat_ids=seat_ids))

    @invariant()
    def a_seat_is_somebodys_if_and_only_if_it_is_held_or_reserved(self) -> None:
        for seat in self.world.seats.values():
            assert (seat.patron is not None) is (seat.status in (HELD, RESERVED))
            assert (seat.expires_at is not None) is (seat.status is HELD)
            assert (seat.reservation_id is not None) is (seat.status is RESERVED)

    @invariant()
    def who_is_bound_has_no_more_than_the_limits(self) -> None:
        for patron in BOUND:
            held, reserved = self.world.of(patron, HELD), self.world.of(patron, RESERVED)
            assert len(held) <= LIMIT
            assert len(held) + len(reserved) <= TOTAL_LIMIT

    @invariant()
    def a_hold_ends(self) -> None:
        for seat in self.world.seats.values():
            if seat.expires_at is not None and seat.first_held_at is not None:
                assert self.world.now < seat.expires_at <= self.world.now + TERMS.hold_time
                assert seat.expires_at <= seat.first_held_at + TERMS.hold_max

    @invariant()
    def what_a_patron_has_is_remembered_for_as_long_as_it_has_it(self) -> None:
        for patron in [*BOUND, PHONES]:
            has = self.world.holdings.get(patron, Holdings())
            held = self.world.of(patron, HELD)
            assert has.reserved == len(self.world.of(patron, RESERVED))
            assert {seat.id for seat in held} <= set(has.held)
            assert len(has.held) == len(set(has.held))
            assert all(seat.expires_at <= has.last_expiry for seat in held)

    @invariant()
    def every_reserved_seat_is_of_exactly_one_reservation(self) -> None:
        assert all(each.seats for each in self.world.reservations.values())
        reserved = [
            seat for each in self.world.reservations.values() for seat in each.reserved_seats
        ]
        assert Counter(reserved) == Counter(
            seat for seat in self.world.seats.values() if seat.status is RESERVED
        )

    @invariant()
    def all_that_is_written_agrees(self) -> None:
        taken = {seat.id: seat for seat in self.world.seats.values() if seat.status is not FREE}
        books = Books(
            now=self.world.now,
            plan=PLAN,
            log=self.world.log,
            log_is_whole=True,
            seats=taken,
            reservations=self.world.reservations,
            listed=frozenset(),
            to_be_listed=frozenset(),
            holdings=self.world.holdings,
        )
        assert list(disagreements(books)) == []


def check(step: Step, before: World) -> None:
    """See that seats change as the log says, and that none changes hands."""
    for seat in step.seats:
        was = before.seats[seat.id]
        assert (was.status, seat.status) in TRANSITIONS[step.kind]
        assert was.patron in (None, step.patron)
        assert seat.patron in (None, step.patron)
        assert seat != was or step.kind is ChangeKind.HELD


def may_change(caller: Caller, reservation: Reservation) -> bool:
    """Whether a reservation is the caller's to change."""
    return caller == ADMIN or caller.id == reservation.patron


TestSales = Sales.TestCase
TestSales.settings = settings(deadline=None, max_examples=80, stateful_step_count=40)

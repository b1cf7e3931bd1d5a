"""Three patrons and the box office at one event, in any order: the service beside the model.

Two services take turns, as two workers do. After each step all that they show is compared
with the model. Both clocks are Redis' own: what happens does so at an instant between two
readings of it, and agrees if it is right at one of those instants.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count, cycle
from typing import Any, ClassVar, TypeVar

import redis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from reservations.domain.best_available import Together, Wish
from reservations.domain.caller import Caller, Role
from reservations.domain.errors import (
    EventHasReservations,
    EventNotFound,
    IdempotencyKeyReused,
    Refusal,
    ReservationError,
    ReservationNotFound,
)
from reservations.domain.event import EventStatus
from reservations.domain.plan import Section, SectionedPlan
from reservations.domain.seat import Seat
from reservations.service import ChangedSeats, NewEvent, PlacedReservation, ReservationService
from reservations.store import AnsweredBefore, Once, Store
from tests.stateful.model import CATEGORY, SEATS, Entry, Model, Places, Reason, Taken

T = TypeVar("T")

PATRONS = ("alice", "bob", "carol")
REFERENCES = (None, "A-1", "A-2")
ADMIN = Caller("box-office", Role.ADMIN)
PLAN = SectionedPlan((Section("Stalls", 2, 5, "A"), Section("Circle", 1, 6, "B")))
HOUR = timedelta(hours=1)
NO_RESERVATION = "0" * 22
LONGEST_WAIT = timedelta(milliseconds=400)
COMPARISONS = len(SEATS) + 1
"""A hold may end while they are compared: no more often than there are seats."""

OWNER = "owner"

patrons = st.sampled_from(PATRONS)
callers = st.sampled_from([*[OWNER] * 6, *PATRONS, None])
"""Of whoever has what it is about, a patron, or None for an admin."""
numbers = st.integers(0, 255)
"""To pick one of as many as there are. What is drawn must not depend on what has happened,
since holds end by the clock, which Hypothesis does not know."""
picks = st.lists(numbers, min_size=1, max_size=4)
wanted = st.sampled_from(["free", "free", "free", "own", "any", "others"])
owned = st.sampled_from(["own", "own", "own", "any", "others"])
lateness = st.integers(-2, 2)
"""In milliseconds."""
sometimes = st.sampled_from([False, False, True])


STEPS: list[st.SearchStrategy[tuple[str, dict[str, Any]]]] = []


def step(**arguments: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], Any]:
    """Make a method a step that a sale may take.

    Were each a rule, Hypothesis would do without some of them in each sale, by and large
    without half of them: then most is refused, since nothing is held or all is closed.
    """

    def register(method: Callable[..., None]) -> Callable[..., None]:
        STEPS.append(st.tuples(st.just(method.__name__), st.fixed_dictionaries(arguments)))
        return method

    return register


@dataclass(frozen=True)
class Server:
    """A server, and two stores on it as two workers have them."""

    stores: tuple[Store, Store]
    raw: redis.Redis


class Sale(RuleBasedStateMachine):
    """The sale of one event's seats. Subclasses say on which server."""

    server: ClassVar[Server]
    steps: ClassVar[int] = 0
    names: ClassVar[Iterator[int]] = count()

    @initialize(
        sold=st.lists(
            st.tuples(patrons, picks, st.booleans(), st.sampled_from(REFERENCES)),
            min_size=2,
            max_size=5,
        )
    )
    def create(self, sold: list[tuple[str, list[int], bool, str | None]]) -> None:
        """Make an event, of which some seats are held or sold already."""
        self.stores = cycle(self.server.stores)
        self.services = cycle(
            ReservationService(store, hold_time=HOUR, seat_user_limit=4)
            for store in self.server.stores
        )
        self.digests: dict[bytes, str] = {}
        made = self.service.create_event(NewEvent("Opening night", PLAN, hold_max=HOUR))
        self.event_id = made.event.id
        self.cursor = self.service.changes(self.event_id, None, 1).cursor
        self.folded: dict[str, Taken] = {}
        self.model = Model(HOUR, HOUR, user_limit=4)
        for patron, seats, is_reserved, reference in sold:
            self._hold(patron, "free", seats)
            if is_reserved:
                self._reserve(patron, reference=reference)

    @property
    def service(self) -> ReservationService:
        """The worker whose turn it is."""
        return next(self.services)

    def now(self) -> datetime:
        """Read Redis' clock, to the millisecond."""
        seconds, microseconds = self.server.raw.time()
        return datetime.fromtimestamp(seconds, UTC) + timedelta(milliseconds=microseconds // 1000)

    # Steps

    @step(patron=patrons, aim=wanted, picks=picks, named=sometimes)
    def hold(self, patron: str, aim: str, picks: list[int], named: bool) -> None:
        self._hold(patron, aim, picks, named=named)

    @step(patron=patrons, aim=wanted, picks=picks)
    def hold_for(self, patron: str, aim: str, picks: list[int]) -> None:
        self._hold(patron, aim, picks, bound=False)

    @step(patron=patrons, picks=picks)
    def refresh(self, patron: str, picks: list[int]) -> None:
        self._hold(patron, "own", picks)

    def _hold(
        self, patron: str, aim: str, picks: list[int], *, bound: bool = True, named: bool = False
    ) -> None:
        seats = self._picked(aim, picks, patron)

        def held(model: Model, answer: ChangedSeats, between: tuple[datetime, datetime]) -> None:
            assert [each.place.id for each in answer.seats] == seats
            model.hold(patron, _holds(answer), between)

        self._do(
            lambda model: model.why_not_hold(patron, seats, bound=bound),
            lambda service, once: service.hold_seats(
                self.event_id, seats, patron, bound=bound, once=once
            ),
            held,
            named,
        )

    @step(
        patron=patrons,
        count=st.integers(1, 4),
        required=st.booleans(),
        section=st.sampled_from([None, None, None, "Stalls", "Circle"]),
        category=st.sampled_from([None, None, None, "A", "B"]),
        bound=st.booleans(),
        named=sometimes,
    )
    def hold_best(
        self,
        patron: str,
        count: int,
        required: bool,
        section: str | None,
        category: str | None,
        bound: bool,
        named: bool,
    ) -> None:
        places = Places(count, required, section, category)
        together = Together.REQUIRED if required else Together.PREFERRED
        wish = Wish(count, together, category, section)
        self._do(
            lambda model: model.why_not_best(patron, places, bound=bound),
            lambda service, once: service.hold_seats(
                self.event_id, wish, patron, bound=bound, once=once
            ),
            lambda model, answer, between: model.hold_best(
                patron, places, _holds(answer), answer.together, between
            ),
            named,
        )

    @step(patron=patrons, aim=owned, picks=picks, named=sometimes)
    def release(self, patron: str, aim: str, picks: list[int], named: bool) -> None:
        seats = self._picked(aim, picks, patron)
        self._do(
            lambda model: model.why_not_release(patron, seats),
            lambda service, once: service.release_seats(self.event_id, seats, patron, once=once),
            lambda model, answer, _between: model.release(patron, _freed(answer, seats)),
            named,
        )

    @step(holder=st.sampled_from([*PATRONS, ADMIN.id]))
    def release_all(self, holder: str) -> None:
        # An admin who names no seats lets go of its own, of which it has none here.
        self._do(
            lambda _model: [],
            lambda service, once: service.release_seats(
                self.event_id, None, holder, anybodys=holder == ADMIN.id, once=once
            ),
            lambda model, answer, _between: model.release(
                holder, _freed(answer, model.held(holder))
            ),
        )

    @step(patron=patrons, aim=owned, picks=picks)
    def release_anybodys(self, patron: str, aim: str, picks: list[int]) -> None:
        seats = self._picked(aim, picks, patron)
        self._do(
            lambda model: model.why_not_release_anybodys(seats),
            lambda service, once: service.release_seats(
                self.event_id, seats, ADMIN.id, anybodys=True, once=once
            ),
            lambda model, answer, _between: model.release_anybodys(_freed(answer, seats)),
        )

    @step(
        patron=patrons,
        aim=owned,
        picks=picks,
        reference=st.sampled_from(REFERENCES),
        bound=st.booleans(),
        named=sometimes,
    )
    def reserve(
        self,
        patron: str,
        aim: str,
        picks: list[int],
        reference: str | None,
        bound: bool,
        named: bool,
    ) -> None:
        seats = self._picked(aim, picks, patron)
        self._reserve(patron, seats, reference=reference, bound=bound, named=named)

    @step(patron=patrons, reference=st.sampled_from(REFERENCES), named=sometimes)
    def reserve_all(self, patron: str, reference: str | None, named: bool) -> None:
        self._reserve(patron, reference=reference, named=named)

    @step(patron=patrons, picks=picks, reference=st.sampled_from(REFERENCES))
    def sell(self, patron: str, picks: list[int], reference: str | None) -> None:
        """Hold and reserve seats by phone."""
        self._hold(patron, "free", picks, bound=False)
        self._reserve(patron, reference=reference, bound=False)

    def _reserve(
        self,
        patron: str,
        seats: list[str] | None = None,
        *,
        reference: str | None,
        bound: bool = True,
        named: bool = False,
    ) -> None:
        def reserved(
            model: Model, answer: PlacedReservation, between: tuple[datetime, datetime]
        ) -> None:
            made = answer.reservation
            if seats is None:
                assert sorted(made.seats) == sorted(model.held(patron))
            else:
                assert list(made.seats) == seats
            assert [each.place.id for each in answer.seats] == list(made.seats)
            assert between[0] <= made.reserved_at <= between[1]
            model.reserve(patron, made.seats, made.id, reference)

        self._do(
            lambda model: model.why_not_reserve(patron, seats, bound=bound),
            lambda service, once: service.reserve_seats(
                self.event_id, seats, patron, reference=reference, bound=bound, once=once
            ),
            reserved,
            named,
        )

    @step(caller=callers, which=numbers, named=sometimes)
    def cancel(self, caller: str | None, which: int, named: bool) -> None:
        reservation = self._reservation(which)
        caller = self._owner(reservation) if caller == OWNER else caller
        self._do(
            lambda model: model.why_not_cancel(caller, reservation),
            lambda service, once: service.cancel_reservation(
                self.event_id, reservation, _caller(caller), once
            ),
            lambda model, _answer, _between: model.cancel(reservation),
            named,
        )

    @step(
        caller=callers,
        which=numbers,
        from_its_own=st.sampled_from([True, True, True, False]),
        from_pick=numbers,
        aim=wanted,
        to_pick=numbers,
        named=sometimes,
    )
    def move(
        self,
        caller: str | None,
        which: int,
        from_its_own: bool,
        from_pick: int,
        aim: str,
        to_pick: int,
        named: bool,
    ) -> None:
        reservation = self._reservation(which)
        caller = self._owner(reservation) if caller == OWNER else caller
        sold = self.model.sold.get(reservation)
        its_seats = sold.seats if sold is not None and from_its_own else SEATS
        from_seat = its_seats[from_pick % len(its_seats)]
        (to_seat,) = self._picked(aim, [to_pick], sold.patron if sold else PATRONS[0])

        def moved(model: Model, answer: PlacedReservation, _between: object) -> None:
            model.move(reservation, from_seat, to_seat)
            assert answer.reservation.seats == model.sold[reservation].seats

        self._do(
            lambda model: model.why_not_move(caller, reservation, from_seat, to_seat),
            lambda service, once: service.move_reservation(
                self.event_id, reservation, _caller(caller), from_seat, to_seat, once
            ),
            moved,
            named,
        )

    @step(
        aim=wanted,
        picks=st.lists(numbers, min_size=1, max_size=2),
        reason=st.sampled_from([None, "Camera", "A pillar"]),
        first=st.integers(0, len(SEATS)),
        named=sometimes,
    )
    def block(
        self, aim: str, picks: list[int], reason: str | None, first: int, named: bool
    ) -> None:
        """Take a few seats off sale, and put some back."""
        seats = self._picked(aim, picks, PATRONS[0])
        self._do(
            lambda model: model.why_not_block(seats),
            lambda service, once: service.block_seats(self.event_id, seats, reason, once),
            lambda model, _answer, _between: model.block(seats, reason),
            named,
        )
        back = SEATS[first:]
        self._do(
            lambda _model: [],
            lambda service, once: service.unblock_seats(self.event_id, back, once),
            lambda model, _answer, _between: model.unblock(back),
            named,
        )

    @step(
        hold_time=st.sampled_from([HOUR, HOUR, *(timedelta(milliseconds=n) for n in (60, 200))]),
        times=st.sampled_from([1, 2, 10]),
        user_limit=st.sampled_from([1, 2, 4, 4, 6]),
        total_limit=st.sampled_from([None, 3, 6]),
    )
    def change_terms(
        self, hold_time: timedelta, times: int, user_limit: int, total_limit: int | None
    ) -> None:
        limits = {"seat_user_limit": user_limit, "seat_total_limit": total_limit}
        self._change_terms(hold_time, times * hold_time, **limits)
        self.model.user_limit, self.model.total_limit = user_limit, total_limit

    @step(
        status=st.sampled_from([EventStatus.ON_SALE] * 6 + list(EventStatus)),
        opens=st.sampled_from([None, None, None, -2, 1]),
        ends=st.sampled_from([None, None, None, 2, -1]),
    )
    def change_sale(self, status: EventStatus, opens: int | None, ends: int | None) -> None:
        """Close or cancel the event, or have the sale begin and end some hours from now."""
        opens = None if opens == 1 and ends == -1 else opens
        now = self.now()
        members = {
            "status": status,
            "on_sale_from": None if opens is None else now + opens * HOUR,
            "on_sale_until": None if ends is None else now + ends * HOUR,
        }
        self.service.change_event(self.event_id, members)
        self.model.on_sale = status is EventStatus.ON_SALE and opens != 1 and ends != -1

    @step(
        patron=patrons,
        aim=wanted,
        picks=picks,
        milliseconds=st.integers(30, 90),
        waits=st.sampled_from([True, True, False]),
        late=lateness,
    )
    def hold_for_a_moment(
        self, patron: str, aim: str, picks: list[int], milliseconds: int, waits: bool, late: int
    ) -> None:
        """Hold seats as if the terms were others just now; mostly, let the holds run out."""
        terms = (self.model.hold_time, self.model.hold_max)
        self._change_terms(timedelta(milliseconds=milliseconds), HOUR)
        self._hold(patron, aim, picks, bound=False)
        self._change_terms(*terms)
        if waits:
            self.let_a_hold_run_out(late)

    @step(late=lateness)
    def let_a_hold_run_out(self, late: int) -> None:
        """Wait until about the very instant at which the next hold ends, if that is soon."""
        now = self.now()
        ends = self.model.at(now).ends()
        if ends and ends[0] - now < LONGEST_WAIT:
            time.sleep(max(0, (ends[0] - self.now()).total_seconds() + late / 1000))

    def _change_terms(
        self, hold_time: timedelta, hold_max: timedelta, **limits: int | None
    ) -> None:
        members = {"hold_time": hold_time, "hold_max": hold_max, **limits}
        next(self.stores).events.change(self.event_id, members)
        self.model.hold_time, self.model.hold_max = hold_time, hold_max

    @rule(step=st.deferred(lambda: st.one_of(STEPS)))
    def take(self, step: tuple[str, dict[str, Any]]) -> None:
        name, arguments = step
        getattr(self, name)(**arguments)

    # Comparison

    @invariant()
    def all_agree(self) -> None:
        """Whatever can be asked is answered as the model says."""
        type(self).steps += 1
        service = self.service
        self._follow(service)
        for _ in range(COMPARISONS):
            begun = self.now()
            self.model = self.model.at(begun)
            shown = dict(self._shown(service))
            if not self.model.ends() or self.now() < self.model.ends()[0]:
                break
        for what, expected in self._expected():
            assert shown[what] == expected, what

    def _follow(self, service: ReservationService) -> None:
        """Read the changes of the last step, no more and no less than the model says."""
        entries: list[Entry] = []
        while True:
            changes = service.changes(self.event_id, self.cursor, limit=2)
            self.cursor = changes.cursor
            for each in changes.entries:
                step = each.step
                assert step is not None
                seats = tuple(sorted(seat.id for seat in step.seats))
                (status,) = {str(seat.status) for seat in step.seats}
                entries.append(Entry(step.kind, seats, status, step.patron, step.reservation_id))
                self.folded |= {seat.id: _taken(seat) for seat in step.seats}
            if len(changes.entries) < 2:
                break
        assert sorted(entries, key=repr) == sorted(self.model.entries, key=repr)
        self.model.entries.clear()

    def _shown(self, service: ReservationService) -> Iterator[tuple[str, Any]]:
        event_id = self.event_id
        listed = service.seats(event_id)
        yield "seats", {seat.id: _taken(seat) for seat in listed.taken.values()}
        yield "free", [seat for seat, free in zip(SEATS, listed.free, strict=True) if free]
        assert self.digests.setdefault(listed.free, listed.free_digest) == listed.free_digest
        yield "digests", len(set(self.digests.values())) == len(self.digests)
        one = SEATS[self.steps % len(SEATS)]
        yield "one", _taken(service.seat(event_id, one).seat)
        for patron in PATRONS:
            holds = service.holds(event_id, patron)
            seats = [each.place.id for each in holds.seats]
            yield f"holds of {patron}", (seats, holds.limit, holds.remaining)
            yield f"reservations of {patron}", self._all_reservations(service, patron=patron)
        for reference in REFERENCES:
            found = self._all_reservations(service, reference=reference)
            yield f"reservations called {reference}", found
        yield (
            "reservations",
            [
                (each.id, each.patron, each.seats, each.reference)
                for each in service.every_reservation(event_id)
            ],
        )
        yield "number of reservations", service.count_reservations(event_id)
        yield "reservation", self._visible_to(service)
        counted = service.event_with_counts(event_id)
        yield "counts", dict(counted.counts)
        yield "counts by category", counted.counts_by_category
        yield "next expiry", service.changes(event_id, None, 1).next_expiry
        yield "on sale", _is_on_sale(counted, self.now())

    def _expected(self) -> Iterator[tuple[str, Any]]:
        model = self.model
        taken = {seat: each._replace(began=None) for seat, each in model.taken.items()}
        yield "seats", taken
        yield "free", [seat for seat in SEATS if seat not in taken]
        yield "digests", True
        one = SEATS[self.steps % len(SEATS)]
        yield "one", taken.get(one, Taken("free"))
        for patron in PATRONS:
            held = model.held(patron)
            yield f"holds of {patron}", (held, model.user_limit, model.remaining(patron))
            yield f"reservations of {patron}", model.reservations(patron)
        for reference in REFERENCES:
            yield f"reservations called {reference}", model.reservations(reference=reference)
        yield "reservations", [(each, *model.sold[each]) for each in model.reservations()]
        yield "number of reservations", len(model.sold)
        yield (
            "reservation",
            [model.sold[self._reservation(self.steps)].patron] if model.sold else [],
        )
        statuses = ("free", "held", "reserved", "blocked")
        yield "counts", {status: model.count(status) for status in statuses}
        yield (
            "counts by category",
            [
                {"category": category}
                | {status: model.count(status, category) for status in statuses}
                for category in dict.fromkeys(CATEGORY.values())
            ],
        )
        yield "next expiry", model.ends()[0] if model.ends() else None
        yield "on sale", model.on_sale
        now = self.now()
        folded = {
            seat: each
            for seat, each in self.folded.items()
            if each.status != "free" and (each.ends is None or each.ends > now)
        }
        assert folded == {
            seat: each for seat, each in taken.items() if each.ends is None or each.ends > now
        }

    def _all_reservations(self, service: ReservationService, **which: str | None) -> list[str]:
        """Walk all pages, two reservations each."""
        found: list[str] = []
        before = None
        while True:
            page = service.reservations(self.event_id, 2, before, **which)
            found += [each.reservation.id for each in page.items]
            before = page.next
            if before is None:
                return found

    def _visible_to(self, service: ReservationService) -> list[str]:
        """Return which patrons can see one of the reservations, which admins always can."""
        which = self._reservation(self.steps)
        can_see = []
        for patron in [None, *PATRONS]:
            try:
                found = service.reservation(self.event_id, which, _caller(patron))
                can_see.append(patron)
            except ReservationNotFound:
                continue
            assert found.reservation.seats == self.model.sold[which].seats
        assert (None in can_see) == bool(self.model.sold)
        return [patron for patron in can_see if patron is not None]

    def teardown(self) -> None:
        """Check the books, and delete the event with all that there is of it."""
        if not hasattr(self, "model"):
            return
        service = self.service
        assert service.verify_event(self.event_id) == []
        refusal = _raised(lambda: service.delete_event(self.event_id))
        if self.model.sold:
            assert isinstance(refusal, EventHasReservations), refusal
            assert refusal.reservations == len(self.model.sold)
            service.delete_event(self.event_id, force=True)
        gone = _raised(lambda: service.holds(self.event_id, PATRONS[0]))
        assert isinstance(gone, EventNotFound), gone
        left = self.server.raw.keys(f"{{e:{self.event_id}}}:*")
        assert all(self.server.raw.ttl(key) != -1 for key in left), left

    # Doing

    def _do(
        self,
        why_not: Callable[[Model], list[Reason]],
        ask: Callable[[ReservationService, Once | None], T],
        done: Callable[[Model, T, tuple[datetime, datetime]], None],
        named: bool = False,
    ) -> None:
        """Ask the service for something, and have the model follow."""
        once = self._once() if named else None
        refusal, answer = None, None
        begun = self.now()
        try:
            answer = ask(self.service, once)
        except Refusal as error:
            refusal = _facts(error)
        ended = self.now()
        instants = [begun, *(ends for ends in self.model.ends() if begun < ends <= ended)]
        for instant in instants:
            model = self.model.at(instant)
            try:
                reasons = why_not(model)
                if refusal is not None:
                    assert refusal in reasons
                else:
                    assert reasons == []
                    done(model, answer, (begun, ended))  # type: ignore[arg-type]
            except AssertionError:
                if instant == instants[-1]:
                    raise
                continue
            self.model = model
            break
        if once is not None:
            self._repeat(ask, once)

    def _once(self) -> Once:
        """Name a request. Each answer to it would be another."""
        name = f"patron|alice|{next(self.names)}"
        answers = count()
        return Once(name, "fingerprint", lambda _outcome: f"answer {next(answers)}")

    def _repeat(self, ask: Callable[[ReservationService, Once | None], T], once: Once) -> None:
        """Ask the same again, which is answered as before and changes nothing."""
        last = int(once.answer(None).split()[1]) - 1
        again = _raised(lambda: ask(self.service, once))
        assert isinstance(again, AnsweredBefore), again
        assert again.answer == f"answer {last}"
        another = _raised(lambda: ask(self.service, Once(once.key, "another", once.answer)))
        assert isinstance(another, IdempotencyKeyReused), another

    def _picked(self, aim: str, picks: Sequence[int], patron: str) -> list[str]:
        """Return seats, each once: of all, or such that somebody has if anybody does."""
        pools = {
            "any": SEATS,
            "free": [seat for seat in SEATS if seat not in self.model.taken],
            "own": self.model.held(patron),
            "others": [seat for seat in self.model.taken if seat not in self.model.held(patron)],
        }
        pool = sorted(pools[aim]) or SEATS
        return list(dict.fromkeys(pool[pick % len(pool)] for pick in picks))

    def _reservation(self, which: int) -> str:
        ids = self.model.reservations() or [NO_RESERVATION]
        return ids[which % len(ids)]

    def _owner(self, reservation: str) -> str:
        sold = self.model.sold.get(reservation)
        return PATRONS[0] if sold is None else sold.patron


def _caller(patron: str | None) -> Caller:
    return ADMIN if patron is None else Caller(patron, Role.PATRON)


def _holds(answer: ChangedSeats) -> dict[str, tuple[datetime, datetime]]:
    """Return end and beginning of the holds in an answer."""
    found = {}
    for each in answer.seats:
        assert each.seat.expires_at is not None
        assert each.seat.first_held_at is not None
        found[each.place.id] = (each.seat.expires_at, each.seat.first_held_at)
    return found


def _freed(answer: ChangedSeats, expected: list[str]) -> list[str]:
    """Return the seats of an answer, which are those expected, and free."""
    assert all(_taken(each.seat) == Taken("free") for each in answer.seats)
    seats = [each.place.id for each in answer.seats]
    assert sorted(seats) == sorted(expected)
    return seats


def _taken(seat: Seat) -> Taken:
    """Return a seat in the model's words; when a hold began no list says."""
    return Taken(
        str(seat.status),
        seat.patron,
        seat.expires_at,
        reservation=seat.reservation_id,
        reason=seat.reason,
    )


def _facts(refusal: Refusal) -> Reason:
    facts = {"code": refusal.code, **vars(refusal)}
    if "conflicts" in facts:
        facts["conflicts"] = [
            (each.seat_id, each.code, each.retry_at) for each in facts["conflicts"]
        ]
    return facts


def _raised(call: Callable[[], object]) -> Exception | None:
    try:
        call()
    except (AnsweredBefore, ReservationError) as error:
        return error
    return None


def _is_on_sale(counted: Any, now: datetime) -> bool:
    return _raised(lambda: counted.event.check_on_sale(now)) is None

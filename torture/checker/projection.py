"""What the operations of an event say of each of its seats.

A change writes the seats that it is about; a refusal reads those that it speaks of, and
those that it would have spoken of; a list reads every seat that it covers. That all of it
was so at one instant is not kept here, but see `groups.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from torture.checker import seat_model as model
from torture.checker import seat_reads as reads
from torture.checker.clock import Clock
from torture.checker.given import EventTerms, FinalState
from torture.checker.history import MS, Operation, Outcome
from torture.checker.reservations import Reservations
from torture.checker.seat_model import Holds, SeatOperation, Step

STATUSES = frozenset({"free", "held", "reserved", "blocked"})

Said = tuple[str, Step | None, Holds | None]
"""Something about one seat: its id, and either what became of it, or how it was."""


def by_seat(
    operations: Sequence[Operation],
    terms: EventTerms,
    clock: Clock,
    finals: Sequence[tuple[FinalState, str]] = (),
) -> dict[str, list[SeatOperation]]:
    """Return what was seen of each seat, in the order of invocation.

    Args:
        operations: of one event, in that order.
        terms: the event's.
        clock: tells when holds end.
        finals: states that were read in the end, and the event's id.
    """
    projection = _Projection(operations, terms, clock)
    found: dict[str, list[SeatOperation]] = {seat: [] for seat in terms.seats}
    for operation in operations:
        required = operation.outcome is not Outcome.OPEN
        until = projection.until(operation)
        shared: dict[Holds | Step | None, SeatOperation] = {}
        for seat, step, holds in projection.said(operation):
            # Of a list, most seats say the same; they share it.
            one = shared.get(step or holds)
            if one is None:
                one = SeatOperation(operation.invoked, until, required, step, holds, operation)
                shared[step or holds] = one
            if seat in found:
                found[seat].append(one)
    for state, event in finals:
        for shown in state.seats.get(event, ()):
            holds = reads.listed([shown["status"]], reads.shown(shown, None))
            last_look = SeatOperation(state.invoked, state.returned, True, None, holds, None)
            found[shown["id"]].append(last_look)
    for each in found.values():
        each.sort(key=lambda one: one.invoked)
    return found


class _Projection:
    def __init__(self, operations: Sequence[Operation], terms: EventTerms, clock: Clock) -> None:
        self._terms = terms
        self._clock = clock
        self._reservations = Reservations(operations)
        self._may_hold: dict[str | None, set[str]] = defaultdict(set)
        for operation in operations:
            if operation.is_hold and operation.possible:
                seats = terms.seats if operation.seats is None else operation.seats
                self._may_hold[operation.patron].update(seats)
        # Reads that many lists share.
        self._statuses = {
            some: reads.listed(sorted(some), reads.has_status(*some))
            for some in [STATUSES - {"free"}, *(frozenset({each}) for each in STATUSES)]
        }
        self._said: Mapping[str, Callable[[Operation], Iterator[Said]]] = {
            "hold": self._hold,
            "best": self._hold,
            "reserve": self._reserve,
            "release": self._release,
            "cancel": self._cancel,
            "move": self._move,
            "block": self._block,
            "unblock": self._unblock,
            "list": self._list,
            "seat": self._seat,
        }

    def until(self, operation: Operation) -> int:
        """Return the last instant at which an operation can have happened."""
        end = operation.end_ms
        if not operation.is_hold or end is None or self._clock.is_off_for(operation):
            return operation.until
        # The seats have not changed since before the end was computed: a hold that came
        # to be at its very end, or after it, may as well have been there until then.
        return max(operation.invoked, min(operation.until, end * MS + self._clock.tolerance))

    def said(self, operation: Operation) -> Iterator[Said]:
        """Yield what an operation says of seats."""
        if operation.outcome is not Outcome.NOTHING:
            yield from self._said[operation.name](operation)

    def _hold(self, operation: Operation) -> Iterator[Said]:
        patron = operation.patron
        if operation.outcome is Outcome.REFUSED:
            if operation.code == "hold_limit_reached":
                yield from _read(operation.seats or (), reads.can_be_had(patron))
            else:
                yield from self._refused(operation, reads.can_be_had(patron))
            return
        life = self._clock.life(operation, self._terms)
        step = model.hold(patron, life, operation.until, self._terms.hold_max_ms * MS)
        seats = self._terms.seats if operation.seats is None else operation.seats
        yield from _write(seats, step)

    def _reserve(self, operation: Operation) -> Iterator[Said]:
        patron = operation.patron
        if operation.outcome is Outcome.REFUSED:
            if operation.seats is None and operation.code == "seat_not_held":
                yield from _read(self._may_hold[patron], reads.is_not_held_by(patron))
            else:
                yield from self._refused(operation, reads.is_held_by(patron))
            return
        seats = self._may_hold[patron] if operation.seats is None else operation.seats
        yield from _write(seats, model.reserve(patron, operation.reservation))

    def _release(self, operation: Operation) -> Iterator[Said]:
        patron = operation.patron
        if operation.outcome is Outcome.REFUSED:
            if not operation.asked.get("anybodys"):
                yield from self._refused(operation, reads.is_held_by(patron))
        elif operation.seats is None:
            step = model.if_possible(model.release(patron))
            yield from _write(self._may_hold[patron], step)
        else:
            anybodys = bool(operation.asked.get("anybodys"))
            yield from _write(operation.seats, model.release(patron, anybodys=anybodys))

    def _cancel(self, operation: Operation) -> Iterator[Said]:
        if operation.outcome is Outcome.REFUSED:
            return
        reservation = operation.reservation
        seats, certain = self._reservations.seats_of(reservation)
        if seats is None:
            seats = self._terms.seats
        step = model.cancel if certain else model.cancel_if_of
        yield from _write(seats, step(reservation))

    def _move(self, operation: Operation) -> Iterator[Said]:
        reservation = operation.reservation
        patron = self._reservations.patron_of(reservation)
        from_id, to_id = operation.asked["from"], operation.asked["to"]
        if operation.outcome is not Outcome.REFUSED:
            yield from _write([from_id], model.cancel(reservation))
            yield from _write([to_id], model.take(patron, reservation))
        elif operation.code == "seat_not_reserved":
            yield from _read([from_id], reads.is_of(reservation, whether=False))
        elif operation.code in {"seat_held", "seat_reserved", "seat_blocked"}:
            yield from _read([from_id], reads.is_of(reservation))
            if patron is not None:
                yield from _conflicts(operation, patron)

    def _block(self, operation: Operation) -> Iterator[Said]:
        if operation.outcome is Outcome.REFUSED:
            yield from self._refused(operation, reads.has_status("free", "blocked"))
        else:
            yield from _write(operation.seats or (), model.block)

    def _unblock(self, operation: Operation) -> Iterator[Said]:
        if operation.outcome is not Outcome.REFUSED:
            yield from _write(operation.seats or (), model.unblock)

    def _list(self, operation: Operation) -> Iterator[Said]:
        answer, asked = operation.answer, statuses_of(operation)
        status_of = {seat: status for status in asked for seat in answer.get(status, ())}
        mine = set(answer.get("mine", ()))
        tells_mine = asked == STATUSES
        cached: dict[tuple[str, bool], Holds] = {}
        others = STATUSES - asked
        if others not in self._statuses:
            self._statuses[others] = reads.listed(sorted(others), reads.has_status(*others))
        unlisted = self._statuses[others]
        for seat in self._terms.seats if operation.seats is None else operation.seats:
            status = status_of.get(seat)
            if status is None:
                yield seat, None, unlisted
            elif status in {"free", "blocked"} or not tells_mine:
                yield seat, None, self._statuses[frozenset({status})]
            else:
                kind = (status, seat in mine)
                if kind not in cached:
                    shown = {"status": status, "mine": seat in mine}
                    holds = reads.shown(shown, operation.patron)
                    cached[kind] = reads.listed([status], holds)
                yield seat, None, cached[kind]

    def _seat(self, operation: Operation) -> Iterator[Said]:
        holds = reads.shown(operation.answer, operation.patron)
        yield from _read([operation.answer["id"]], holds)

    def _refused(self, operation: Operation, otherwise: Holds) -> Iterator[Said]:
        """Yield the conflicts; the other seats that were named did not stand in the way."""
        conflicts = operation.answer.get("conflicts") or ()
        if conflicts:
            yield from _conflicts(operation, operation.patron)
            named = {found["seat_id"] for found in conflicts}
            yield from _read([s for s in operation.seats or () if s not in named], otherwise)


def statuses_of(operation: Operation) -> frozenset[str]:
    """Return which statuses a list was asked for."""
    asked = operation.asked.get("status")
    if asked is None:
        return STATUSES & operation.answer.keys()
    return STATUSES if asked == "all" else frozenset(asked.split(","))


def _conflicts(operation: Operation, patron: str | None) -> Iterator[Said]:
    # Whose it is, is said of the first only.
    by_me = operation.answer.get("reserved_by_me")
    for found in operation.answer.get("conflicts") or ():
        yield found["seat_id"], None, reads.conflict(found, patron, by_me)
        by_me = None


def _read(seats: Sequence[str] | set[str], holds: Holds) -> Iterator[Said]:
    return ((seat, None, holds) for seat in seats)


def _write(seats: Sequence[str] | set[str], step: Step) -> Iterator[Said]:
    return ((seat, step, None) for seat in seats)

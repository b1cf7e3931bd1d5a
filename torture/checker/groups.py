"""Groups: no list shows a part of what was done in one go.

Seat by seat a list may be right at different instants. Where one change of several seats
was the only one that went on around a list, all of the seats must be as before, or all as
after it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence
from itertools import accumulate

from torture.checker.clock import Clock
from torture.checker.given import EventTerms
from torture.checker.history import FOREVER, MS, Operation
from torture.checker.projection import statuses_of
from torture.checker.report import Violation
from torture.checker.reservations import Reservations


def check_groups(
    operations: Sequence[Operation], terms: EventTerms, clock: Clock, origin: int
) -> tuple[int, list[Violation]]:
    """Return how many pairs of a list and a group were looked at, and those that are torn."""
    changes = _Changes(operations, terms, clock)
    # After a jump of the store's clock a list may be wrong until the seat changes.
    lists = [
        each
        for each in operations
        if each.name == "list" and each.done and clock.was_right_until(each.returned)
    ]
    invoked = [each.invoked for each in lists]
    slowest = max((each.returned - each.invoked for each in lists), default=0)
    checked, torn = 0, []
    for group in operations:
        seats = changes.fresh_seats(group)
        if len(seats) < 2:
            continue
        first = bisect_left(invoked, group.invoked - slowest)
        for listed in lists[first : bisect_right(invoked, group.returned)]:
            if listed.returned < group.invoked:
                continue
            start, end = min(group.invoked, listed.invoked), max(group.returned, listed.returned)
            alone = [s for s in seats if changes.alone(group, s, start, end)]
            done = [changes.is_done(group, seat, listed) for seat in alone]
            if len(alone) > 1 and None not in done:
                checked += 1
                if any(done) and not all(done):
                    lines = (group.line(origin), listed.line(origin))
                    words = f"a list shows a part of what was done with {', '.join(alone)}"
                    torn.append(Violation(group.event, words, lines))
    return checked, torn


class _Changes:
    """When each seat may have changed."""

    def __init__(self, operations: Sequence[Operation], terms: EventTerms, clock: Clock) -> None:
        self._clock = clock
        self._reservations = Reservations(operations)
        self._of_seat: dict[str, list[tuple[int, int, Operation | None]]] = defaultdict(list)
        for each in operations:
            if not each.possible or each.name in {"list", "seat"}:
                continue
            for seat in self._seats(each, terms):
                self._of_seat[seat].append((each.invoked, each.until, each))
                if each.is_hold:
                    life = clock.life(each, terms)
                    self._of_seat[seat].append((life.may_end_from, life.ends_by, None))
        for changes in self._of_seat.values():
            changes.sort(key=lambda change: change[:2])
        self._starts = {s: [c[0] for c in changes] for s, changes in self._of_seat.items()}
        self._held_until = {
            seat: list(accumulate(map(self._last_end, changes), max))
            for seat, changes in self._of_seat.items()
        }
        self._longest = {
            seat: max((c[1] - c[0] for c in changes if c[1] < FOREVER), default=0)
            for seat, changes in self._of_seat.items()
        }
        self._open = {
            seat: [c for c in changes if c[1] >= FOREVER] for seat, changes in self._of_seat.items()
        }

    def fresh_seats(self, group: Operation) -> Sequence[str]:
        """Return seats that a group changed from free, or to free; none if it is no group."""
        if not group.done:
            return ()
        if group.is_hold and group.seats is not None:
            return [s for s in group.seats if not self._held_before(group, s)]
        if group.name == "cancel":
            seats, certain = self._reservations.seats_of(group.reservation)
            return seats or () if certain else ()
        return ()

    def alone(self, group: Operation, seat: str, start: int, end: int) -> bool:
        """Whether nothing but the group can have changed a seat from start to end."""
        changes, starts = self._of_seat[seat], self._starts[seat]
        first = bisect_left(starts, start - self._longest[seat])
        near = changes[first : bisect_right(starts, end)] + self._open[seat]
        return all(each is group or begun > end or ended < start for begun, ended, each in near)

    def is_done(self, group: Operation, seat: str, listed: Operation) -> bool | None:
        """Whether a list shows the seat as it is after the change; None if it does not tell."""
        if listed.seats is not None and seat not in listed.seats:
            return None
        if "free" not in statuses_of(listed):
            return None
        is_free = seat in listed.answer.get("free", ())
        return is_free if group.name == "cancel" else not is_free

    def _held_before(self, group: Operation, seat: str) -> bool:
        """Whether the seat may have been held already, so that this was a refresh."""
        before = bisect_left(self._starts[seat], group.invoked)
        if group.name == "best" or not before:
            return False
        return self._held_until[seat][before - 1] >= group.invoked

    def _last_end(self, change: tuple[int, int, Operation | None]) -> int:
        """Return until when a change may have made the seat a patron's."""
        hold = change[2]
        if hold is None or not hold.is_hold:
            return 0
        if hold.end_ms is None or self._clock.is_off_for(hold):
            return FOREVER
        return hold.end_ms * MS + self._clock.tolerance

    def _seats(self, operation: Operation, terms: EventTerms) -> Sequence[str]:
        if operation.name == "cancel":
            return self._reservations.seats_of(operation.reservation)[0] or terms.seats
        return terms.seats if operation.seats is None else operation.seats

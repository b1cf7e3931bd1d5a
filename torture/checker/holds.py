"""Holds: how many a patron has at once, and when they end.

A hold is *certainly* live from its answer on, until the first instant at which it can have
ended: by itself, or by an operation that was invoked then. It is *possibly* live from its
invocation on, until it has certainly ended.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from torture.checker.clock import Clock
from torture.checker.given import EventTerms
from torture.checker.history import FOREVER, MS, Operation
from torture.checker.report import Violation


class Span(NamedTuple):
    """A time during which a patron's hold of a seat was certainly, or possibly, live."""

    start: int
    end: int
    patron: str | None
    seat: str
    operation: Operation


class Holds:
    """The holds of one event, as far as clients know."""

    def __init__(self, operations: Sequence[Operation], terms: EventTerms, clock: Clock) -> None:
        self._terms = terms
        self._clock = clock
        self._grants = [each for each in operations if each.is_hold and each.possible]
        endings: dict[tuple[str | None, str | None], list[Operation]] = defaultdict(list)
        for each in operations:
            for whom, seat in _may_end(each, terms):
                endings[whom, seat].append(each)
        self._ends_of = {key: _Ends(found) for key, found in endings.items()}

    def certain(self) -> Iterator[Span]:
        """Yield when holds were certainly live."""
        for grant in self._grants:
            if grant.done and grant.end_ms is not None and not self._clock.is_off_for(grant):
                ends_itself = grant.end_ms * MS - self._clock.tolerance
                for seat in grant.seats or ():
                    end = min(ends_itself, self._first_end(grant, seat))
                    if grant.returned < end:
                        yield Span(grant.returned, end, grant.patron, seat, grant)

    def possible(self) -> Iterator[Span]:
        """Yield when holds were possibly live."""
        for grant in self._grants:
            latest = self._clock.life(grant, self._terms).ends_by
            for seat in self._terms.seats if grant.seats is None else grant.seats:
                end = min(latest, self._certain_end(grant, seat))
                yield Span(grant.invoked, end, grant.patron, seat, grant)

    def _first_end(self, grant: Operation, seat: str) -> int:
        """Return when a hold can have been ended at the earliest; at its beginning if so."""
        keys = [(grant.patron, seat), (grant.patron, None), (None, seat)]
        found = (self._ends_of[key] for key in keys if key in self._ends_of)
        return min((ends.first_after(grant) for ends in found), default=FOREVER)

    def _certain_end(self, grant: Operation, seat: str) -> int:
        """Return when a hold had certainly been ended; FOREVER if that is not known."""
        ends = self._ends_of.get((grant.patron, seat))
        return ends.certain_after(grant.until) if ends is not None else FOREVER


class _Ends:
    """Operations that may have ended a hold, in the order of their invocation."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        self._invoked = [each.invoked for each in operations]
        self._until = list(accumulate((each.until for each in operations), max))
        self._operations = operations

    def first_after(self, grant: Operation) -> int:
        """Return when the first of them can have ended a hold; 0 if perhaps at once."""
        index = bisect_left(self._invoked, grant.invoked)
        if index and self._until[index - 1] >= grant.invoked:
            return 0
        if index < len(self._invoked) and self._operations[index] is grant:
            index += 1
        return self._invoked[index] if index < len(self._invoked) else FOREVER

    def certain_after(self, instant: int) -> int:
        """Return when one that was invoked later had certainly had its effect."""
        for each in self._operations[bisect_left(self._invoked, instant) :]:
            if each.done and each.seats is not None and not each.is_hold:
                return each.returned
        return FOREVER


def _may_end(operation: Operation, terms: EventTerms) -> Iterator[tuple[str | None, str | None]]:
    """Yield whose holds of which seats an operation may end; None for any."""
    if not operation.possible:
        return
    if operation.name in {"release", "reserve"}:
        patron = None if operation.asked.get("anybodys") else operation.patron
        for seat in operation.seats or (None,):
            yield patron, seat
    elif operation.name == "move":
        yield None, operation.asked["to"]
    elif operation.is_hold and operation.seats is not None and len(operation.seats) > 1:
        # Together with a seat that was first held long ago, a refresh can bring the end
        # of another nearer. One that lasts a hold time did not.
        lasts = terms.hold_time_ms * MS
        if operation.end_ms is None or operation.end_ms * MS < operation.invoked + lasts:
            for seat in operation.seats:
                yield operation.patron, seat


def check_limit(terms: EventTerms, spans: Iterable[Span], origin: int) -> Iterator[Violation]:
    """Find patrons that had more holds than they may have."""
    by_patron: dict[str | None, list[tuple[int, int, Span]]] = defaultdict(list)
    for span in spans:
        by_patron[span.patron] += [(span.end, 0, span), (span.start, 1, span)]
    for patron, points in by_patron.items():
        live: Counter[str] = Counter()
        now: dict[str, Span] = {}
        for _, begins, span in sorted(points, key=lambda point: point[:2]):
            live[span.seat] += 1 if begins else -1
            if begins:
                now[span.seat] = span
            elif not live[span.seat]:
                del live[span.seat], now[span.seat]
            if begins and len(live) > terms.limit:
                lines = tuple(dict.fromkeys(each.operation.line(origin) for each in now.values()))
                words = f"{patron} had {len(live)} holds at one time; allowed are {terms.limit}"
                yield Violation(span.operation.event, words, lines)
                break


def check_limit_refusals(
    operations: Sequence[Operation],
    holds: Holds,
    terms: EventTerms,
    certain: Sequence[Span],
    origin: int,
) -> Iterator[Violation]:
    """Find refusals for the limit of patrons that cannot have had so many holds."""
    refusals = [each for each in operations if each.code == "hold_limit_reached"]
    if not refusals:
        return
    possible_of, certain_of = _by_patron(holds.possible()), _by_patron(certain)
    for refused in refusals:
        wanted = len(refused.seats or ()) or int(refused.asked.get("count", 1))
        needed = terms.limit - wanted + 1
        said = refused.answer.get("held", needed)
        start, end = refused.invoked, refused.returned
        most = _most(possible_of.get(refused.patron, ()), start, end)
        surely = {
            span.seat
            for span in certain_of.get(refused.patron, ())
            if span.start <= start and span.end >= end
        }
        sound = max(needed, said) <= most and said >= len(surely)
        if not sound or refused.answer.get("limit", terms.limit) != terms.limit:
            words = (
                f"{refused.patron} was told to have {said} holds of {terms.limit}, wanting"
                f" {wanted}; it had {len(surely)} to {most}"
            )
            yield Violation(refused.event, words, (refused.line(origin),))


def check_ends(
    operations: Sequence[Operation], terms: EventTerms, clock: Clock, origin: int
) -> Iterator[Violation]:
    """Find holds whose end is not a hold time away."""
    lasts = terms.hold_time_ms * MS
    grants = [each for each in operations if each.is_hold and each.possible]
    kept = _EndsByAnOffClock(grants, terms, clock)
    for each in grants:
        if not each.done or each.end_ms is None or clock.is_off_for(each):
            continue
        end = each.end_ms * MS
        late = end > each.returned + lasts + clock.tolerance and not kept.explain(each)
        # Best seats were free, so their holds begin now; refreshed ones may end sooner.
        early = end < each.invoked + (lasts if each.name == "best" else 0) - clock.tolerance
        if late or early:
            words = "a hold lasts too long" if late else "a hold lasts too short a time"
            yield Violation(each.event, words, (each.line(origin),))


class _EndsByAnOffClock:
    """Ends that were given while the clock was off: a refresh brings none of them nearer."""

    def __init__(self, grants: Sequence[Operation], terms: EventTerms, clock: Clock) -> None:
        self._terms = terms
        self._ends: dict[tuple[str | None, str], set[int | None]] = defaultdict(set)
        found = {each for each in grants if clock.is_off_for(each)}
        while found:
            for each in found:
                for seat in self._seats(each):
                    self._ends[each.patron, seat].add(each.end_ms if each.done else None)
            # Whatever was refreshed together with one of them has its end too.
            grants = [each for each in grants if each not in found]
            found = {each for each in grants if self.explain(each)}

    def explain(self, hold: Operation) -> bool:
        """Whether the end of a hold can be that of one which it refreshed."""
        ends = set().union(*(self._ends[hold.patron, seat] for seat in self._seats(hold)))
        return bool(ends) if hold.end_ms is None else not ends.isdisjoint({hold.end_ms, None})

    def _seats(self, hold: Operation) -> Sequence[str]:
        return self._terms.seats if hold.seats is None else hold.seats


def _by_patron(spans: Iterable[Span]) -> dict[str | None, list[Span]]:
    found: dict[str | None, list[Span]] = defaultdict(list)
    for span in spans:
        found[span.patron].append(span)
    return found


def _most(spans: Sequence[Span], start: int, end: int) -> int:
    """Return at how many seats spans overlap at most, at some instant from start to end."""
    near = [span for span in spans if span.start <= end and span.end >= start]
    instants = {max(span.start, start) for span in near}
    return max(
        (len({s.seat for s in near if s.start <= instant <= s.end}) for instant in instants),
        default=0,
    )

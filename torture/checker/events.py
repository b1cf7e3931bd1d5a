"""All rules, applied to the history of one event."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from torture.checker.answers import check_answers
from torture.checker.clock import Clock
from torture.checker.given import EventTerms, FinalState, Record, Window
from torture.checker.groups import check_groups
from torture.checker.history import FOREVER, MS, Operation, operations_of
from torture.checker.holds import Holds, check_ends, check_limit, check_limit_refusals
from torture.checker.linearizability import BUDGET, Contradiction, Undecided, contradiction_in
from torture.checker.lists import Taken, check_lists
from torture.checker.log import (
    check_fold,
    check_log,
    check_nothing_gone,
    check_order,
    explain,
)
from torture.checker.narrowing import narrowed
from torture.checker.projection import by_seat
from torture.checker.report import Report, Violation
from torture.checker.reservations import (
    Reservations,
    check_early_loss,
    check_kept,
    check_owners,
    check_repeats,
    check_survived,
    owned,
)
from torture.checker.seat_model import SeatOperation, SeatState

EARLIER_LINES = 4
"""Operations before a contradiction that are shown, beside those under way."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How strictly to check.

    Attributes:
        tolerance_ms: by how much the clocks of all processes may differ.
        longest_ms: how long an answer may take.
        budget: configurations that are looked at for one seat before it is undecided.
    """

    tolerance_ms: int = 5
    longest_ms: int = 3000
    budget: int = BUDGET


@dataclass(frozen=True, slots=True)
class OfEvent:
    """What is known of one event beside its history; `final` as for `check`."""

    id: str
    terms: EventTerms
    final: FinalState
    after_restart: FinalState | None = None


def check_event(
    records: Sequence[Record],
    event: OfEvent,
    windows: Sequence[Window] = (),
    *,
    off_clock: Sequence[tuple[int, int]] = (),
    terms: Terms | None = None,
) -> Report:
    """Check the history of one event.

    Args:
        records: all of this event, in any order.
        event: what else is known of it.
        windows: times of trouble, in which requests may fail.
        off_clock: times in which the store's clock was off, in nanoseconds.
        terms: of the check itself.
    """
    terms = terms or Terms()
    report = Report()
    check_answers(report, records, windows, terms.longest_ms * MS)
    clock = Clock(terms.tolerance_ms * MS, off_clock)
    operations = operations_of(records)
    origin = operations[0].invoked if operations else 0
    check = _Check(report, event, clock, origin, operations)
    check.reservations()
    if event.id in event.final.changes:
        operations = check.log()
    check.holds_and_lists(operations)
    check.seats(operations, terms.budget)
    return report


class _Check:
    def __init__(
        self,
        report: Report,
        event: OfEvent,
        clock: Clock,
        origin: int,
        operations: Sequence[Operation],
    ) -> None:
        self._report = report
        self._event = event
        self._clock = clock
        self._origin = origin
        self._all = operations

    def reservations(self) -> None:
        """Check that reservations are kept, and made once."""
        report, event, origin = self._report, self._event, self._origin
        known = Reservations(self._all)
        spans = owned(known)
        report.add("one owner a seat", len(spans), check_owners(spans, origin))
        keyed = sum(each.key is not None for each in self._all)
        report.add("one answer a key", keyed, check_repeats(self._all, origin))
        lost = check_early_loss(known, origin)
        report.add("reservations are found", len(known.made), lost)
        kept = check_kept(event.id, known, event.final, "in the end", origin)
        report.add("reservations are kept", len(known.made), kept)
        if event.after_restart is not None:
            kept = check_kept(event.id, known, event.after_restart, "after the restart", origin)
            report.add("reservations survive", len(known.made), kept)
            survived = check_survived(event.id, known, event.final, event.after_restart)
            report.add("reservations survive", 0, survived)

    def log(self) -> list[Operation]:
        """Check the change log, and return the operations as far as it lets them be."""
        report, event, origin = self._report, self._event, self._origin
        log, after = event.final.changes[event.id], event.after_restart
        explained = explain(log, self._all, self._clock)
        report.add("log has all changes once", len(log), check_log(explained, event.id, origin))
        report.add("log is in order", len(log), check_order(explained, event.id, origin))
        seats = len(event.terms.seats)
        fold = check_fold(event.id, log, event.final, self._clock)
        report.add("log folds to the seats", seats, fold)
        if after is not None and event.id in after.changes:
            later = after.changes[event.id]
            fold = check_fold(event.id, later, after, self._clock)
            report.add("log folds to the seats", seats, fold)
            gone = check_nothing_gone(event.id, log, later)
            report.add("log survives", len(log), gone)
        return narrowed(self._all, explained, self._clock)

    def holds_and_lists(self, operations: Sequence[Operation]) -> None:
        """Check limits and ends of holds, and what lists show."""
        report, terms, clock, origin = self._report, self._event.terms, self._clock, self._origin
        holds = Holds(operations, terms, clock)
        certain = list(holds.certain())
        report.add("limit of holds", len(certain), check_limit(terms, certain, origin))
        refusals = sum(each.code == "hold_limit_reached" for each in operations)
        refused = check_limit_refusals(operations, holds, terms, certain, origin)
        report.add("refusals at the limit", refusals, refused)
        granted = sum(each.is_hold and each.done for each in operations)
        report.add("ends of holds", granted, check_ends(operations, terms, clock, origin))
        taken = Taken(owned(Reservations(operations)), certain)
        lists = sum(each.name == "list" and each.done for each in operations)
        report.add("lists are current", lists, check_lists(operations, taken, clock, origin))
        pairs, torn = check_groups(operations, terms, clock, origin)
        report.add("groups are whole", pairs, torn)

    def seats(self, operations: Sequence[Operation], budget: int) -> None:
        """Check what was seen of each seat."""
        event, after = self._event, self._event.after_restart
        finals = [(event.final, event.id)] + ([] if after is None else [(after, event.id)])
        verdict = self._report.verdict("seats are linearizable")
        for seat, seen in by_seat(operations, event.terms, self._clock, finals).items():
            verdict.checked += 1
            try:
                found = contradiction_in(seen, budget)
            except Undecided:
                self._report.undecided.append(f"event {event.id} seat {seat}")
                continue
            if found is not None:
                words = f"seat {seat}: nothing explains the last line"
                lines = tuple(self._around(seat, seen, found))
                verdict.add(Violation(event.id, words, lines))

    def _around(
        self, seat: str, seen: Sequence[SeatOperation], found: Contradiction
    ) -> Iterator[str]:
        culprit = seen[found.culprit]
        before = [
            index
            for index, each in enumerate(seen)
            if each.step is not None
            and each.returned < culprit.returned
            and not _is_of_another(each.operation, found.states)
        ]
        under_way = [index for index in found.under_way if index != found.culprit]
        for index in sorted({*before[-EARLIER_LINES:], *under_way} - {found.culprit}):
            yield self._line(seen[index])
        states = dict.fromkeys(map(self._state, found.states[:5]))
        yield f"seat {seat} was {' or '.join(states)}"
        conflicts = culprit.operation.answer.get("conflicts") if culprit.operation else None
        yield self._line(culprit) + (f" {conflicts}" if conflicts else "")

    def _line(self, seen: SeatOperation) -> str:
        if seen.operation is not None:
            return seen.operation.line(self._origin)
        times = [(instant - self._origin) / 1e9 for instant in (seen.invoked, seen.returned)]
        return f"{times[0]:.4f}..{times[1]:.4f} read in the end"

    def _state(self, state: SeatState) -> str:
        words = [state.status]
        if state.patron is not None:
            words.append(f"by {state.patron}")
        if state.reservation is not None:
            words.append(f"in {state.reservation}")
        if state.ends_by < FOREVER:
            words.append(f"until {(state.ends_by - self._origin) / 1e9:.4f}")
        return " ".join(words)


def _is_of_another(operation: Operation | None, states: Sequence[SeatState]) -> bool:
    """Whether it lets go of all that a patron has who has nothing to do with the seat."""
    if operation is None or operation.name != "release" or operation.seats is not None:
        return False
    return all(state.patron != operation.patron for state in states)

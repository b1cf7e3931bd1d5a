"""Reservations: none is lost, none is made twice, and no seat is in two of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from torture.checker.given import FinalState, Record
from torture.checker.history import FOREVER, Operation, Outcome
from torture.checker.report import Violation

MOST_MOVES = 7
"""Of one reservation. With more, only the number of its seats is looked at."""


class Reservations:
    """What became of the reservations of one event, as far as clients know."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self.made: dict[str, list[Operation]] = defaultdict(list)
        self.moves: dict[str, list[Operation]] = defaultdict(list)
        self.cancellations: dict[str, list[Operation]] = defaultdict(list)
        self.refusals: list[Operation] = []
        """Answers that there is no such reservation."""
        self.unanswered: list[Operation] = []
        """Reservations that may have been made, without anybody knowing their id."""
        for each in operations:
            found = each.reservation
            if each.name == "reserve" and each.outcome is Outcome.OPEN:
                self.unanswered.append(each)
            if found is None:
                continue
            if each.code == "reservation_not_found":
                self.refusals.append(each)
            if each.possible:
                group = {"cancel": self.cancellations, "move": self.moves}.get(each.name, self.made)
                group[found].append(each)

    def patron_of(self, reservation: str | None) -> str | None:
        """Return whose a reservation is; None if nobody was told that it was made."""
        made = self.made.get(reservation or "")
        return made[0].patron if made else None

    def seats_of(self, reservation: str | None) -> tuple[Sequence[str] | None, bool]:
        """Return all seats that can ever have been a reservation's, and if they always were.

        Returns:
            None for the seats where it is not known.
        """
        if reservation is None or reservation not in self.made:
            return None, False
        seats = dict.fromkeys(self.made[reservation][0].seats or ())
        moves = self.moves.get(reservation, ())
        return [*seats, *(m.asked["to"] for m in moves if m.asked["to"] not in seats)], not moves

    def ended_by(self, reservation: str, seat: str) -> int:
        """Return when a reservation may have lost a seat at the earliest."""
        ends = [each.invoked for each in self.cancellations.get(reservation, ())]
        ends += [m.invoked for m in self.moves.get(reservation, ()) if m.asked["from"] == seat]
        return min(ends, default=FOREVER)


class Owned(NamedTuple):
    """A time during which a seat was certainly a reservation's."""

    start: int
    end: int
    operation: Operation


def owned(reservations: Reservations) -> dict[str, list[Owned]]:
    """Return for each seat when it was certainly reserved."""
    found: dict[str, list[Owned]] = defaultdict(list)
    for group in (reservations.made, reservations.moves):
        for reservation, operations in group.items():
            for operation in operations:
                if operation.done:
                    moved = operation.name == "move"
                    seats = [operation.asked["to"]] if moved else operation.seats or ()
                    for seat in seats:
                        end = reservations.ended_by(reservation, seat)
                        if operation.returned < end:
                            found[seat].append(Owned(operation.returned, end, operation))
    return found


def check_owners(spans: dict[str, list[Owned]], origin: int) -> Iterator[Violation]:
    """Find seats that were two reservations' at one time, and reservations made twice."""
    for seat, each in spans.items():
        each.sort()
        for one, other in zip(each, each[1:], strict=False):
            if other.start < one.end and one.operation.reservation != other.operation.reservation:
                lines = (one.operation.line(origin), other.operation.line(origin))
                event = one.operation.event
                yield Violation(event, f"seat {seat} was two reservations' at one time", lines)


def check_repeats(operations: Iterable[Operation], origin: int) -> Iterator[Violation]:
    """Find keys whose attempts had different answers, and ids that were given twice."""
    made: dict[str, Operation] = {}
    for each in operations:
        for repeat in each.repeats:
            if repeat["status"] != each.status or (repeat.get("answer") or {}) != each.answer:
                told = f"process {repeat['process']} -> {repeat['status']} {repeat.get('answer')}"
                words = f"key {each.key} was answered in two ways"
                told_first = f"answer {each.answer}"
                yield Violation(each.event, words, (each.line(origin), told_first, told))
        if each.name == "reserve" and each.done and each.reservation is not None:
            before = made.setdefault(each.reservation, each)
            if before is not each:
                lines = (before.line(origin), each.line(origin))
                yield Violation(each.event, f"reservation {each.reservation} made twice", lines)


def check_early_loss(reservations: Reservations, origin: int) -> Iterator[Violation]:
    """Find answers that there is no reservation, while there is; and second cancellations."""
    for refused in reservations.refusals:
        found = refused.reservation or ""
        for made in reservations.made.get(found, ()):
            cancelled = reservations.cancellations.get(found, ())
            ended = min((each.invoked for each in cancelled), default=FOREVER)
            if made.done and made.returned < refused.invoked and refused.returned < ended:
                yield Violation(
                    made.event,
                    f"reservation {found} was not found",
                    (made.line(origin), refused.line(origin)),
                )
    for found, cancelled in reservations.cancellations.items():
        done = [each for each in cancelled if each.done]
        if len(done) > 1:
            lines = tuple(each.line(origin) for each in done)
            yield Violation(done[0].event, f"reservation {found} was cancelled twice", lines)


def check_kept(
    event: str, reservations: Reservations, final: FinalState, when: str, origin: int
) -> Iterator[Violation]:
    """Compare the reservations that clients know of with those that there are in the end."""
    there = {each["id"]: each for each in final.reservations.get(event, ())}
    known = {found: made[0] for found, made in reservations.made.items() if made[0].done}
    for found, made in known.items():
        cancelled = reservations.cancellations.get(found, ())
        around = [made, *reservations.moves.get(found, ()), *cancelled]
        lines = tuple(each.line(origin) for each in around)
        if found not in there:
            if not cancelled:
                yield Violation(event, f"reservation {found} is lost {when}", lines)
        elif any(each.done for each in cancelled):
            yield Violation(event, f"reservation {found} is there {when}, but cancelled", lines)
        else:
            yield from _differences(made, reservations, there[found], when, lines)
    yield from _unexpected(event, reservations, [r for i, r in there.items() if i not in known])
    yield from _disagreements(event, final, there.values(), when)


def check_survived(
    event: str, reservations: Reservations, final: FinalState, after: FinalState
) -> Iterator[Violation]:
    """Compare what there was before the restart with what there is after it."""
    there = {each["id"]: each for each in after.reservations.get(event, ())}
    for each in final.reservations.get(event, ()):
        found = each["id"]
        # What nobody answered may still have come in between.
        touched = (*reservations.moves.get(found, ()), *reservations.cancellations.get(found, ()))
        if there.get(found) != each and not any(one.outcome is Outcome.OPEN for one in touched):
            words = f"reservation {found} was there, but is not the same after the restart"
            yield Violation(event, words, (str(dict(each)), str(there.get(found))))


def _differences(
    made: Operation, reservations: Reservations, found: Record, when: str, lines: tuple[str, ...]
) -> Iterator[Violation]:
    seats = frozenset(seat["id"] for seat in found["seats"])
    moves = reservations.moves.get(found["id"], ())
    expected = seats_after(frozenset(made.seats or ()), moves)
    sound = seats in expected if expected else len(seats) == len(made.seats or ())
    if not sound:
        words = f"reservation {found['id']} has the seats {sorted(seats)} {when}"
        yield Violation(made.event, words, lines)
    if found.get("patron", made.patron) != made.patron:
        words = f"reservation {found['id']} is {found['patron']}'s {when}"
        yield Violation(made.event, words, lines)


def seats_after(seats: frozenset[str], moves: Sequence[Operation]) -> set[frozenset[str]]:
    """Return what a reservation's seats can be after moves, in any order that can have been.

    Returns:
        Nothing where there are too many to try.
    """
    if len(moves) > MOST_MOVES:
        return set()
    found = set()

    def go(seats: frozenset[str], remaining: tuple[Operation, ...]) -> None:
        if not any(move.done for move in remaining):
            found.add(seats)
        for index, move in enumerate(remaining):
            before = [each for each in remaining if each.done and each.returned < move.invoked]
            if move.asked["from"] in seats and move.asked["to"] not in seats and not before:
                after = seats - {move.asked["from"]} | {move.asked["to"]}
                go(after, remaining[:index] + remaining[index + 1 :])

    go(seats, tuple(moves))
    # None: then the moves contradict each other, and nothing is right.
    return found or {frozenset()}


def _unexpected(
    event: str, reservations: Reservations, found: Sequence[Record]
) -> Iterator[Violation]:
    """Find reservations that nobody can have made; each open one makes one at most."""
    unused = list(reservations.unanswered)
    # Those that name their seats first: others can be anything.
    unused.sort(key=lambda each: each.seats is None)
    for each in found:
        seats = {seat["id"] for seat in each["seats"]}
        moved = each["id"] in reservations.moves
        for candidate in unused:
            named = candidate.seats is None or moved or set(candidate.seats) == seats
            if named and each.get("patron", candidate.patron) == candidate.patron:
                unused.remove(candidate)
                break
        else:
            words = f"nobody made reservation {each['id']} of {each.get('patron')}, {sorted(seats)}"
            yield Violation(event, words)


def _disagreements(
    event: str, final: FinalState, found: Iterable[Record], when: str
) -> Iterator[Violation]:
    """Find seats that do not say the same as the reservations."""
    owners: dict[str, str] = {}
    for each in found:
        for seat in each["seats"]:
            first = owners.setdefault(seat["id"], each["id"])
            if first != each["id"]:
                both = f"{first} and {each['id']}"
                yield Violation(event, f"seat {seat['id']} is in reservations {both} {when}")
    for seat in final.seats.get(event, ()):
        owner = seat.get("reservation_id") if seat["status"] == "reserved" else None
        if owner != owners.get(seat["id"]):
            says = (
                f"seat {seat['id']} says {owner} {when}, the reservations {owners.get(seat['id'])}"
            )
            yield Violation(event, says)

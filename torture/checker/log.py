"""The change log: has every change once, in an order that can have been, and folds to the seats.

Each entry is explained by an operation. Those that were answered with success are exactly
known; the others are matched with what is left over, each with at most what it would have
written. Whatever stays over on either side is a violation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from torture.checker.clock import Clock
from torture.checker.given import FinalState, Record
from torture.checker.history import FOREVER, MS, Operation, Outcome, in_ms
from torture.checker.matching import matched
from torture.checker.report import Violation

AT_TOLERANCE = 5 * MS


KIND_OF = {
    "hold": "held",
    "best": "held",
    "reserve": "reserved",
    "release": "released",
    "cancel": "cancelled",
    "move": "moved",
    "block": "blocked",
    "unblock": "unblocked",
}


@dataclass(frozen=True, slots=True)
class Explained:
    """The entries of a log, by index, and the operations that wrote them.

    Attributes:
        by: of each entry the operation; None where nobody can have written it.
        exact: of each entry whether no other can be this operation's.
        missing: operations that were done, but have no entry.
        candidates: of each open operation all entries that it can have written.
    """

    log: Sequence[Record]
    by: Sequence[Operation | None]
    exact: Sequence[bool]
    missing: Sequence[Operation]
    candidates: Mapping[Operation, Sequence[int]]


def explain(log: Sequence[Record], operations: Sequence[Operation], clock: Clock) -> Explained:
    """Find who wrote each entry of a log."""
    at = [in_ms(entry["at"]) * MS for entry in log]
    with_signature: dict[Hashable, list[int]] = defaultdict(list)
    for index, entry in enumerate(log):
        with_signature[_signature(entry)].append(index)
    wrote: list[tuple[Operation, list[int]]] = []
    for operation in operations:
        for signature in _written_by(operation) if operation.done else ():
            fitting = with_signature.get(signature, ())
            wrote.append((operation, [i for i in fitting if _fits_time(operation, at[i], clock)]))
    certain = len(wrote)
    # What is surely theirs is not for others.
    theirs = {entries[0] for _, entries in wrote if len(entries) == 1}
    left = [index for index in range(len(log)) if index not in theirs]
    candidates: dict[Operation, list[int]] = {}
    for operation in operations:
        is_open = operation.outcome is Outcome.OPEN
        if is_open or (operation.done and not _is_exact(operation)):
            fitting = [i for i in left if _may_have_written(operation, log[i])]
            fitting = [i for i in fitting if _fits_time(operation, at[i], clock)]
            wrote += [(operation, part) for part in _parts(operation, fitting, log)]
            if is_open:
                candidates[operation] = fitting
    # Those that are certain choose first, and keep what they have chosen, or its like.
    taken = matched([entries for _, entries in wrote])
    by = [wrote[taken[index]][0] if index in taken else None for index in range(len(log))]
    given = set(taken.values())
    missing = [wrote[index][0] for index in range(certain) if index not in given]
    exact = [
        len(with_signature[_signature(entry)]) == 1 and taken.get(index, certain) < certain
        for index, entry in enumerate(log)
    ]
    return Explained(log, by, exact, missing, candidates)


def _parts(operation: Operation, entries: list[int], log: Sequence[Record]) -> Sequence[list[int]]:
    """Return the entries among which there is one at most, for each one that can be."""
    if operation.name == "move":
        freed = [index for index in entries if log[index]["status"] == "free"]
        return freed, [index for index in entries if index not in freed]
    # A release of anybody's holds makes an entry for each patron.
    return [entries] * (len(operation.seats or ()) if operation.asked.get("anybodys") else 1)


def check_log(explained: Explained, event: str, origin: int) -> Iterator[Violation]:
    """Find changes without an entry, and entries without a change."""
    for operation in explained.missing:
        yield Violation(event, "the change log lacks a change", (operation.line(origin),))
    for entry, writer in zip(explained.log, explained.by, strict=True):
        if writer is None:
            words = "the change log has an entry that nothing explains, or one too many"
            yield Violation(event, words, (str(dict(entry)),))


def check_order(explained: Explained, event: str, origin: int) -> Iterator[Violation]:
    """Find entries that stand before others of operations that had returned before."""
    latest: Operation | None = None
    known = (by for by, exact in zip(explained.by, explained.exact, strict=True) if exact and by)
    for operation in known:
        if latest is not None and operation.until < latest.invoked:
            lines = (operation.line(origin), latest.line(origin))
            yield Violation(event, "the change log has these the other way round", lines)
        if latest is None or operation.invoked > latest.invoked:
            latest = operation


def check_fold(
    event: str, log: Sequence[Record], final: FinalState, clock: Clock
) -> Iterator[Violation]:
    """Compare the seats that the log leads to with those that were read in the end."""
    last = {seat: entry for entry in log for seat in entry["seats"]}
    for seat in final.seats.get(event, ()):
        entry = last.get(seat["id"], {"status": "free"})
        says = {entry["status"]}
        if entry["status"] == "held":
            end = in_ms(entry["expires_at"]) * MS
            off = not clock.was_right_until(FOREVER)
            if off or end - clock.tolerance <= final.returned:
                says.add("free")
            if not off and end + clock.tolerance < final.invoked:
                says.discard("held")
        known = "patron" not in seat or entry.get("patron") in {None, seat["patron"]}
        owner = entry.get("reservation_id")
        same = seat["status"] != "reserved" or owner in {None, seat.get("reservation_id")}
        if seat["status"] not in says or not (known and same):
            words = f"seat {seat['id']} is {dict(seat)}, but the change log says {dict(entry)}"
            yield Violation(event, words)


def check_nothing_gone(
    event: str, log: Sequence[Record], later: Sequence[Record]
) -> Iterator[Violation]:
    """Find entries that were there before the restart, and are not there after it."""
    for index, entry in enumerate(log):
        if index >= len(later) or later[index] != entry:
            words = f"entry {index} of the change log is gone or different after the restart"
            yield Violation(event, words, (str(dict(entry)),))
            return


def _fits_time(operation: Operation, at: int, clock: Clock) -> bool:
    # The log's times never go back, so after a jump of the clock they are wrong for long.
    if not clock.was_right_until(operation.until):
        return True
    return operation.invoked - AT_TOLERANCE <= at + MS and at <= operation.until + AT_TOLERANCE


def _signature(entry: Record) -> Hashable:
    kind, seats = entry["kind"], frozenset(entry["seats"])
    if kind in {"cancelled", "reserved"}:
        return kind, entry.get("reservation_id")
    if kind == "moved":
        return kind, entry.get("reservation_id"), entry["status"], seats
    return kind, entry.get("patron"), seats, entry.get("expires_at")


def _is_exact(operation: Operation) -> bool:
    """Whether it is known what an operation that was done has written."""
    if operation.name in {"block", "unblock"} or operation.asked.get("anybodys"):
        return False
    return operation.name != "release" or operation.seats is not None


def _written_by(operation: Operation) -> Iterator[Hashable]:
    """Yield the signatures of what an operation that was done has written, if it is known."""
    if not _is_exact(operation):
        return
    seats = frozenset(operation.seats or ())
    if operation.is_hold:
        answer = operation.answer
        end = answer.get("expires_at") or answer["seats"][0]["expires_at"]
        yield "held", operation.patron, seats, end
    elif operation.name == "reserve":
        yield "reserved", operation.reservation
    elif operation.name == "cancel":
        yield "cancelled", operation.reservation
    elif operation.name == "move":
        yield "moved", operation.reservation, "free", frozenset({operation.asked["from"]})
        yield "moved", operation.reservation, "reserved", frozenset({operation.asked["to"]})
    elif operation.name == "release":
        yield "released", operation.patron, seats, None


def _may_have_written(operation: Operation, entry: Record) -> bool:
    if KIND_OF.get(operation.name) != entry["kind"]:
        return False
    seats, named = set(entry["seats"]), operation.seats
    if operation.name == "move":
        half = "from" if entry["status"] == "free" else "to"
        same = entry.get("reservation_id") == operation.reservation
        return same and seats == {operation.asked[half]}
    if operation.name == "cancel":
        return bool(entry.get("reservation_id") == operation.reservation)
    if operation.name in {"block", "unblock"} or operation.asked.get("anybodys"):
        # Those that were so already are not in the entry.
        return seats <= set(named or ())
    if entry.get("patron") != operation.patron:
        return False
    if operation.name == "best":
        return len(seats) == int(operation.asked.get("count", len(seats)))
    return named is None or seats == set(named)

"""The change log: has every change once, in an order that can have been, and folds to the seats.

Each entry is explained by an operation. Those that were answered with success are exactly
known; the others are matched with what is left over, each with at most what it would have
written. Whatever stays over on either side is a violation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from torture.checker.clock import Clock
from torture.checker.history import FOREVER, MS, FinalState, Operation, Outcome, Record, in_ms
from torture.checker.matching import matched
from torture.checker.report import Violation

AT_TOLERANCE = 5 * MS


@dataclass(frozen=True, slots=True)
class Explained:
    """The entries of a log, by index, and the operations that wrote them.

    Attributes:
        by: of each entry the operation; None where nobody can have written it.
        missing: operations that were done, but have no entry.
        candidates: of each open operation all entries that it can have written.
    """

    log: Sequence[Record]
    by: Sequence[Operation | None]
    missing: Sequence[Operation]
    candidates: Mapping[Operation, Sequence[int]]


def explain(log: Sequence[Record], operations: Sequence[Operation], clock: Clock) -> Explained:
    """Find who wrote each entry of a log."""
    at = [_at(entry, clock) for entry in log]
    by: list[Operation | None] = [None] * len(log)
    waiting: dict[Hashable, list[int]] = defaultdict(list)
    for index, entry in enumerate(log):
        waiting[_signature(entry)].append(index)
    missing = []
    for operation in sorted(operations, key=lambda each: each.returned):
        for signature in _written_by(operation) if operation.done else ():
            entries = waiting[signature]
            index = next((i for i in entries if _fits_time(operation, at[i])), None)
            if index is None:
                missing.append(operation)
            else:
                entries.remove(index)
                by[index] = operation
    left = sorted(index for entries in waiting.values() for index in entries)
    candidates: dict[Operation, list[int]] = {}
    nodes: list[tuple[Operation, list[int]]] = []
    for operation in operations:
        loose = operation.done and not _is_exact(operation)
        if loose or operation.outcome is Outcome.OPEN:
            fitting = [i for i in left if _fits_time(operation, at[i])]
            fitting = [i for i in fitting if _may_have_written(operation, log[i])]
            if operation.outcome is Outcome.OPEN:
                candidates[operation] = fitting
            # Of a move each half; of a release of anybody's an entry for each patron.
            kinds = [
                [i for i in fitting if log[i]["status"] == status] for status in ("free", "reserved")
            ]
            many = operation.seats or () if operation.asked.get("anybodys") else (None,)
            nodes += [(operation, kind) for kind in (kinds if operation.name == "move" else ())]
            nodes += [(operation, fitting) for _ in (many if operation.name != "move" else ())]
    for index, node in matched([entries for _, entries in nodes]).items():
        by[index] = nodes[node][0]
    return Explained(log, by, missing, candidates)


def check_log(explained: Explained, event: str, origin: int) -> Iterator[Violation]:
    """Find changes without an entry, and entries without a change."""
    for operation in explained.missing:
        yield Violation(event, "the change log lacks a change", (operation.line(origin),))
    for entry, operation in zip(explained.log, explained.by, strict=True):
        if operation is None:
            words = "the change log has an entry that nothing explains, or one too many"
            yield Violation(event, words, (str(dict(entry)),))


def check_order(explained: Explained, event: str, origin: int) -> Iterator[Violation]:
    """Find entries that stand before others of operations that had returned before."""
    latest: Operation | None = None
    for operation in explained.by:
        if operation is None:
            continue
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
            off = clock.was_off(end - 24 * 3600_000 * MS, FOREVER) is not None
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


def narrowed(operations: Sequence[Operation], explained: Explained) -> list[Operation]:
    """Return the operations without those whose effect no entry of the log can be.

    Where the log has every change, one that is not in it has not happened; and one that may
    have happened did so when the log says, with the seats that the log says.
    """
    found = []
    for operation in operations:
        entries = explained.candidates.get(operation)
        if entries is None:
            found.append(operation)
        elif entries:
            found.append(_narrowed(operation, [explained.log[i] for i in entries]))
        # One that nobody answered, and that left no trace, is not there.
    return found


def _narrowed(operation: Operation, entries: Sequence[Record]) -> Operation:
    latest = max(in_ms(entry["at"]) * MS for entry in entries) + MS + AT_TOLERANCE
    seats = operation.seats
    if seats is None:
        seats = tuple(dict.fromkeys(seat for entry in entries for seat in entry["seats"]))
    ends = {entry.get("expires_at") for entry in entries}
    end = ends.pop() if operation.is_hold and len(ends) == 1 else None
    return replace(
        operation,
        until=latest,
        seats=seats,
        end_ms=None if end is None else in_ms(end),
    )


def _at(entry: Record, clock: Clock) -> int | None:
    """Return when an entry was written; None where the store's clock cannot be trusted.

    The log's times never go back, so after a jump they are wrong for long.
    """
    at = in_ms(entry["at"]) * MS
    return at if clock.was_right_until(at) else None


def _fits_time(operation: Operation, at: int | None) -> bool:
    if at is None:
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
        return len(seats) == operation.asked.get("count", len(seats))
    return named is None or seats == set(named)

"""What the change log says of operations that nobody answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

from torture.checker.clock import Clock
from torture.checker.given import Record
from torture.checker.history import FOREVER, MS, Operation, in_ms
from torture.checker.log import AT_TOLERANCE, Explained


def narrowed(
    operations: Sequence[Operation], explained: Explained, clock: Clock
) -> list[Operation]:
    """Return the operations without those whose effect no entry of the log can be.

    Where the log has every change, one that is not in it has not happened; and one that may
    have happened did so when the log says, with the seats that the log says.
    """
    # Each entry was written before all that were written after it.
    writers = zip(explained.by, explained.exact, strict=True)
    until = [each.until if each is not None and sure else FOREVER for each, sure in writers]
    latest = list(accumulate(reversed(until), min))[::-1]
    if clock.was_right_until(FOREVER):
        written = (in_ms(entry["at"]) * MS + MS + AT_TOLERANCE for entry in explained.log)
        latest = list(map(min, latest, written))
    found = []
    for operation in operations:
        entries = explained.candidates.get(operation)
        if entries is None:
            found.append(operation)
        elif entries:
            last = max(latest[index] for index in entries)
            found.append(_narrowed(operation, [explained.log[i] for i in entries], last))
        # One that nobody answered, and that left no trace, is not there.
    return found


def _narrowed(operation: Operation, entries: Sequence[Record], last: int) -> Operation:
    seats = operation.seats
    if seats is None:
        seats = tuple(dict.fromkeys(seat for entry in entries for seat in entry["seats"]))
    ends = {entry.get("expires_at") for entry in entries}
    end = ends.pop() if operation.is_hold and len(ends) == 1 else None
    end_ms = None if end is None else in_ms(end)
    return replace(operation, until=max(last, operation.invoked), seats=seats, end_ms=end_ms)

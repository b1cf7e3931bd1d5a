"""Lists: none shows as free a seat that was certainly somebody's all the while."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from torture.checker.clock import Clock
from torture.checker.history import Operation
from torture.checker.holds import Span
from torture.checker.report import Violation
from torture.checker.reservations import Owned


class Taken:
    """When each seat was certainly held or reserved."""

    def __init__(self, reserved: Mapping[str, Sequence[Owned]], held: Iterable[Span]) -> None:
        self._spans: dict[str, list[tuple[int, int, Operation]]] = defaultdict(list)
        for seat, owned in reserved.items():
            self._spans[seat] += [(one.start, one.end, one.operation) for one in owned]
        for span in held:
            self._spans[span.seat].append((span.start, span.end, span.operation))
        for spans in self._spans.values():
            spans.sort(key=lambda span: span[:2])
        self._starts = {seat: [s[0] for s in spans] for seat, spans in self._spans.items()}

    def throughout(self, seat: str, start: int, end: int) -> Operation | None:
        """Return what had taken a seat all the time from start to end, if anything did."""
        # Of one seat's spans the latest to begin is the only one that can still be going on,
        # but for a refresh, which begins while the hold before is counted too.
        spans = self._spans.get(seat, ())
        index = bisect_right(self._starts.get(seat, ()), start)
        for begun, ended, operation in spans[max(0, index - 3) : index]:
            if begun < start and ended > end:
                return operation
        return None


def check_lists(
    operations: Iterable[Operation], taken: Taken, clock: Clock, origin: int
) -> Iterator[Violation]:
    """Find lists with seats as free that were taken before the list was asked for."""
    for listed in operations:
        if listed.name != "list" or not listed.done:
            continue
        for seat in listed.answer.get("free", ()):
            before = taken.throughout(seat, listed.invoked, listed.returned)
            # After a jump of the store's clock a list may be wrong until the seat changes.
            if before is not None and clock.was_off(before.invoked, listed.returned) is None:
                lines = (before.line(origin), listed.line(origin))
                words = f"seat {seat} was listed as free, but it was taken all the while"
                yield Violation(listed.event, words, lines)

"""When holds end, as far as the store's clock can be trusted."""

from __future__ import annotations

from collections.abc import Sequence

from torture.checker.given import EventTerms
from torture.checker.history import FOREVER, MS, Operation
from torture.checker.seat_model import Life

RECLAIMED_WITHIN = 20_000 * MS
"""How long after its end Redis may still have the key of a hold that nobody asked for: if
its clock is set back meanwhile, the key is there again."""


class Clock:
    """The store's clock, which is the machine's but for times when it was off.

    Attributes:
        tolerance: by how much the clocks of all processes may differ, in nanoseconds.
    """

    def __init__(self, tolerance: int = 5 * MS, off: Sequence[tuple[int, int]] = ()) -> None:
        """Let the clock be off between the pairs of instants in `off`."""
        self.tolerance = tolerance
        self._off = sorted(off)

    def was_off(self, start: int, end: int) -> int | None:
        """Return when it was first off between two instants; None if it was right."""
        for begins, ends in self._off:
            if begins <= end and ends >= start:
                return begins
        return None

    def is_off_for(self, hold: Operation) -> bool:
        """Whether a hold was made, or was to end, by a clock that was off."""
        return self.was_off(hold.invoked, self._end(hold)) is not None

    def was_right_until(self, instant: int) -> bool:
        """Whether it has not been off before."""
        return not self._off or instant < self._off[0][0]

    def life(self, hold: Operation, terms: EventTerms) -> Life:
        """Return when a hold ends."""
        off = self.was_off(hold.invoked, self._end(hold))
        if hold.end_ms is not None:
            end = hold.end_ms * MS
            earliest, latest = end - self.tolerance, end + self.tolerance
        else:
            # Together with others that end sooner, a refresh can bring the end nearer.
            alone = hold.name == "best" or (hold.seats is not None and len(hold.seats) == 1)
            lasts = terms.hold_time_ms * MS
            earliest = hold.invoked + (lasts if alone else 0) - self.tolerance
            latest = FOREVER
            if hold.until < FOREVER:
                latest = hold.until + lasts + self.tolerance
        if off is not None:
            return Life(hold.end_ms, min(earliest, max(off, hold.invoked)), FOREVER, doubtful=True)
        return Life(hold.end_ms, earliest, latest)

    def _end(self, hold: Operation) -> int:
        """Return the last instant at which a hold's key can be there."""
        if hold.end_ms is None or hold.until == FOREVER:
            return FOREVER
        return max(hold.until, hold.end_ms * MS + RECLAIMED_WITHIN)

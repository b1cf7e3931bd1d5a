"""How many people want the best seats of the same event at this moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

PLACES_EACH = 64
"""Of the best places, among how many to choose for each one more who asks at once.

Two who choose at random seldom choose the same, nor one that overlaps: with 16 at once
in each of four workers, about one in fifteen has to choose again."""

PLACES_EACH_DEFEAT = 256
"""The same for each time that somebody else was faster: others are about, elsewhere."""


class Crowd:
    """Those who are choosing seats in this process, by event."""

    def __init__(self) -> None:
        self._present: Counter[str] = Counter()
        self._lock = Lock()

    @contextmanager
    def joined(self, event_id: str) -> Iterator[None]:
        """Count somebody in for as long as it takes."""
        with self._lock:
            self._present[event_id] += 1
        try:
            yield
        finally:
            with self._lock:
                self._present[event_id] -= 1
                if not self._present[event_id]:
                    del self._present[event_id]

    def spread(self, event_id: str, defeats: int) -> int:
        """Return among how many of the best places to choose: one if nobody else is there."""
        others = self._present[event_id] - 1
        return max(1, PLACES_EACH * others + PLACES_EACH_DEFEAT * defeats)

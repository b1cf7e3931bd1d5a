"""How many people want the best seats of the same event at this moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

SEATS_EACH = 64
"""Among how many of the best seats to choose, for each one more who asks at once."""

SEATS_EACH_DEFEAT = 256
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
        """Return among how many of the best seats to choose: one if nobody else is there."""
        others = self._present[event_id] - 1
        return max(1, SEATS_EACH * others + SEATS_EACH_DEFEAT * defeats)

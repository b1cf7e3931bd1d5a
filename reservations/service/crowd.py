"""How many people want the best seats of the same event at this moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

SEATS_EACH = 96
"""Among how many of the best seats to choose, for each one more who asks at once."""

SEATS_EACH_DEFEAT = 256
"""The same for each time that somebody else was faster: others are about, elsewhere."""


@dataclass(slots=True)
class _Queue:
    """Those who want the best seats of one event.

    Attributes:
        present: how many there are.
        turn: whose turn it is has this.
    """

    present: int = 0
    turn: Lock = field(default_factory=Lock)


class Crowd:
    """Those who are choosing seats in this process, by event.

    They take turns. The best seats are the same for all of them, so at the same time
    they would only be in each other's way; no more is left to chance than what other
    processes choose.
    """

    def __init__(self) -> None:
        self._queues: dict[str, _Queue] = {}
        self._lock = Lock()

    @contextmanager
    def turn(self, event_id: str) -> Iterator[None]:
        """Wait for one's turn, and have it for as long as it takes."""
        with self._lock:
            queue = self._queues.setdefault(event_id, _Queue())
            queue.present += 1
        try:
            with queue.turn:
                yield
        finally:
            with self._lock:
                queue.present -= 1
                if not queue.present:
                    del self._queues[event_id]

    def spread(self, event_id: str, defeats: int) -> int:
        """Return among how many of the best seats to choose: one if nobody else is there."""
        others = self._queues[event_id].present - 1
        return max(1, SEATS_EACH * others + SEATS_EACH_DEFEAT * defeats)

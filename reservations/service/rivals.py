"""Who of this process is taking which seats at this moment."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock

PATIENCE_SECONDS = 0.1
"""How long one waits at most: nobody depends on it, and a store may be silent."""


class Rivals:
    """Those who are taking seats in this process.

    Whoever wants a seat that somebody else is just taking waits until that is over: what
    both decided on the same values, only one could commit. Those who have waited go on all
    at once: mostly the seat is gone, and to see so they need not wait for each other.
    """

    def __init__(self) -> None:
        self._taking: dict[tuple[str, str], Lock] = {}
        self._lock = Lock()

    @contextmanager
    def awaited(self, event_id: str, seat_ids: Sequence[str]) -> Iterator[None]:
        """Wait for those who are taking any of these seats, and be one of them until the end."""
        wanted = [(event_id, seat_id) for seat_id in seat_ids]
        mine = Lock()
        with mine:
            # One waits only for who came before, so never for each other.
            with self._lock:
                ahead = set(filter(None, map(self._taking.get, wanted)))
                for each in wanted:
                    self._taking.setdefault(each, mine)
            try:
                if ahead:
                    _await(ahead)
                yield
            finally:
                for each in wanted:
                    if self._taking.get(each) is mine:
                        del self._taking[each]


def _await(locks: Iterable[Lock]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    for lock in locks:
        if lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
            lock.release()

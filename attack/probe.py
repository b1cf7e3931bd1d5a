"""How long normal requests take while something else goes on."""

from __future__ import annotations

import http.client
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event, Thread
from types import TracebackType
from typing import Self

PAUSE_SECONDS = 0.02
PATIENCE_SECONDS = 5.0


@dataclass(frozen=True)
class Delays:
    """How long requests took.

    Attributes:
        median: in seconds.
        longest: in seconds.
        number: of requests.
        failed: how many had no good answer.
    """

    median: float
    longest: float
    number: int
    failed: int


class Probe:
    """Asks one thing again and again, each time on a new connection, as a newcomer does."""

    def __init__(self, connect: Callable[[], http.client.HTTPConnection], token: str) -> None:
        self._connect = connect
        self._headers = {"Authorization": f"Bearer {token}"}
        self._seconds: list[float] = []
        self._failed = 0
        self._ended = Event()
        self._thread = Thread(target=self._go_on)

    def __enter__(self) -> Self:
        """Begin to ask."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ask no more."""
        self._ended.set()
        self._thread.join()

    def delays(self) -> Delays:
        """Return what has been measured."""
        seconds = self._seconds
        return Delays(statistics.median(seconds), max(seconds), len(seconds), self._failed)

    def _go_on(self) -> None:
        while not self._ended.is_set():
            began = time.monotonic()
            self._failed += not self._ask()
            self._seconds.append(time.monotonic() - began)
            self._ended.wait(PAUSE_SECONDS)

    def _ask(self) -> bool:
        connection = self._connect()
        try:
            connection.request("GET", "/v1/events", headers=self._headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        return answer.status == 200


def to_port(port: int) -> Callable[[], http.client.HTTPConnection]:
    """Return how to connect to a port of loopback."""
    return lambda: http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)

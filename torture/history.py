"""What clients write down: one line of JSON for each attempt at an operation."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Record:
    """One attempt.

    Attributes:
        process: number of the client, which does one thing after the other.
        seats: those that were named; None where it is about all that the patron holds,
            or where the service is to choose.
        key: its idempotency key; attempts with the same are one operation.
        invoked: when it was sent, in nanoseconds since 1970.
        returned: when its answer, or none, was known.
        status: None without an answer.
        code: of the problem, if the answer is one.
        answer: the body.
        asked: what else was asked for.
    """

    process: int
    operation: str
    event: str
    seats: Sequence[str] | None
    patron: str
    key: str | None
    invoked: int
    returned: int
    status: int | None
    code: str | None
    answer: Any
    asked: dict[str, Any]


class Journal:
    """Writes the records of one process of clients."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w")
        self._lock = threading.Lock()

    def write(self, record: Record) -> None:
        """Write a record."""
        line = json.dumps(asdict(record), separators=(",", ":"))
        with self._lock:
            self._file.write(line + "\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read(paths: Sequence[Path]) -> Iterator[dict[str, Any]]:
    """Yield all records of several files."""
    for path in paths:
        with path.open() as lines:
            yield from map(json.loads, lines)


def now() -> int:
    """Return the time in nanoseconds since 1970."""
    return time.time_ns()

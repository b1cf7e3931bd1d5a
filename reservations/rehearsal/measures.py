"""What a sale took: how long requests lasted, what was refused, how fast seats went."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import ceil

MS_A_SECOND = 1_000


class Kind(StrEnum):
    """What a request was for."""

    LOOK = "look"
    LOOK_UNCHANGED = "look, unchanged"
    HOLD = "hold"
    REFRESH = "refresh"
    RESERVE = "reserve"
    RELEASE = "release"


@dataclass(frozen=True, slots=True)
class Latency:
    """How long requests took, in milliseconds, by nearest rank."""

    requests: int
    p50: float
    p95: float
    p99: float
    max: float

    @classmethod
    def of(cls, seconds: Iterable[float]) -> Latency | None:
        """Sum up; None where there was no request."""
        ordered = sorted(seconds)
        if not ordered:
            return None
        ranks = [percentile(ordered, percent) for percent in (50, 95, 99, 100)]
        return cls(len(ordered), *(round(rank * MS_A_SECOND, 1) for rank in ranks))


def percentile(ordered: Sequence[float], percent: int) -> float:
    """Return the least value that is not less than so many in a hundred of them."""
    return ordered[max(0, ceil(len(ordered) * percent / 100) - 1)]


@dataclass(slots=True)
class Measures:
    """What is noted while a sale is played; times are in seconds.

    Attributes:
        refusals: answers of 4xx by their code.
        failures: answers of 5xx, and what became of requests that had none.
        retries: requests that were sent again.
        replayed: answers that were given before, to requests that were sent again.
        waited_for_line: requests that had to wait for one of the client's connections.
        longest_wait_for_line: for how long at most.
        held: seats that patrons were told to hold, refreshes aside.
        reserved: seats that they were told to have reserved.
        reserved_within: the same by the second since the start.
        last_reserved_at: when they were told last.
    """

    took: dict[Kind, array[float]] = field(default_factory=dict)
    refusals: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    retries: int = 0
    replayed: int = 0
    waited_for_line: int = 0
    longest_wait_for_line: float = 0.0
    held: int = 0
    reserved: int = 0
    reserved_within: Counter[int] = field(default_factory=Counter)
    last_reserved_at: float = 0.0

    def answered(self, kind: Kind, seconds: float) -> None:
        """Note how long a request took that was answered, whatever the answer was."""
        self.took.setdefault(kind, array("d")).append(seconds)

    def waited(self, seconds: float) -> None:
        """Note that a request had to wait for one of the client's connections."""
        self.waited_for_line += 1
        self.longest_wait_for_line = max(self.longest_wait_for_line, seconds)

    def reserve(self, seats: int, at: float) -> None:
        """Note that a patron was told that it has reserved seats."""
        self.reserved += seats
        self.reserved_within[int(at)] += seats
        self.last_reserved_at = max(self.last_reserved_at, at)

    def latencies(self) -> dict[str, Latency]:
        """Return how long requests took, by kind and in all, kinds that were none left out."""
        found = {str(kind): Latency.of(self.took.get(kind, ())) for kind in Kind}
        found["all"] = Latency.of(each for took in self.took.values() for each in took)
        return {name: latency for name, latency in found.items() if latency is not None}

"""What the checker is given: histories, the terms of events, and what was read in the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Record = Mapping[str, Any]
"""One line of a history: one attempt."""


class Window(NamedTuple):
    """A time of trouble that was made on purpose, in nanoseconds."""

    name: str
    start: int
    end: int


class EventTerms(NamedTuple):
    """What an event allows. `limit` is the number of live holds of one patron."""

    limit: int
    hold_time_ms: int
    hold_max_ms: int
    seats: Sequence[str]


@dataclass(frozen=True, slots=True)
class FinalState:
    """What an admin read when all clients had stopped.

    Attributes:
        invoked: when the reading began, in nanoseconds.
        returned: when it had ended.
        seats: by event, the seats as `GET .../seats?status=all` shows them.
        reservations: by event, all of them as `GET .../reservations` shows them.
        changes: by event, the change log from its beginning; no member where it is unknown.
    """

    invoked: int
    returned: int
    seats: Mapping[str, Sequence[Record]]
    reservations: Mapping[str, Sequence[Record]]
    changes: Mapping[str, Sequence[Record]] = field(default_factory=dict)

    def of(self, event: str) -> FinalState:
        """Return the part of it that is about one event."""
        parts = (self.seats, self.reservations, self.changes)
        seats, reservations, changes = (
            {event: part[event]} if event in part else {} for part in parts
        )
        return FinalState(self.invoked, self.returned, seats, reservations, changes)

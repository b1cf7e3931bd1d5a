"""What a rule sees, and what it answers: the words between the rules and the store.

A rule is a pure function of a situation. It returns the change to be written, raises
the refusal, or says what it has to see before it can decide. It may be run several
times for one request, so it has no effect of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from reservations.domain.event import Event
from reservations.domain.reservation import Reservation
from reservations.domain.seat import Holdings, Seat


class ChangeKind(StrEnum):
    """What happened to seats, in the words of the change log."""

    HELD = "held"
    RELEASED = "released"
    RESERVED = "reserved"
    CANCELLED = "cancelled"
    MOVED = "moved"
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a rule looks at, true at one instant.

    Attributes:
        now: that instant, by the store's clock.
        attempt: how often others were faster so far.
        seats: the seats that have been looked at, by id.
        holdings: what patrons have of the event, of those who have been looked at.
        reservation: the one asked for, if there is one.
        free: one byte for each seat of the plan, 1 when it is free, as of a moment ago;
            None when nobody asked for it.
    """

    event: Event
    now: datetime
    attempt: int = 0
    seats: Mapping[str, Seat] = field(default_factory=dict)
    holdings: Mapping[str, Holdings] = field(default_factory=dict)
    reservation: Reservation | None = None
    free: bytes | None = None

    def unseen(self, seat_ids: Iterable[str]) -> tuple[str, ...]:
        """Return those of the seats that have not been looked at, each once."""
        return tuple(dict.fromkeys(each for each in seat_ids if each not in self.seats))

    def having_seen(
        self,
        seats: Mapping[str, Seat],
        holdings: Mapping[str, Holdings],
        free: bytes | None = None,
    ) -> Situation:
        """Return the same situation with more of it looked at."""
        return Situation(
            self.event,
            self.now,
            self.attempt,
            {**self.seats, **seats},
            {**self.holdings, **holdings},
            self.reservation,
            self.free if free is None else free,
        )


@dataclass(frozen=True, slots=True)
class Step:
    """Seats that come to be alike by one change: one entry of the change log.

    Attributes:
        seats: as they will be; all have the same status and expiry.
        patron: whose they are or were; None when nobody's.
        reservation_id: the reservation that they come to or leave.
    """

    kind: ChangeKind
    seats: tuple[Seat, ...]
    patron: str | None = None
    reservation_id: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be written, all of it or nothing.

    Attributes:
        seats: those asked for, as they will be.
        steps: what happens to seats, in this order; none when all is as asked already.
        holdings: what patrons will have of the event.
        reservation: as it will be, where one is made or changed.
        cancelled: the reservation that will be no more.
        together: whether seats that were chosen are side by side in one row; None where
            nothing was chosen.
    """

    seats: tuple[Seat, ...]
    steps: tuple[Step, ...]
    holdings: Mapping[str, Holdings] = field(default_factory=dict)
    reservation: Reservation | None = None
    cancelled: Reservation | None = None
    together: bool | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """A rule's answer that it cannot decide before it has seen more.

    Attributes:
        seats: ids of seats to look at. None of them may change before the commit.
        patron: whose holdings to look at; these may not change either.
        free: whether it needs to know which seats of the event are free.
        then: the rule to go on with; None for the same.
    """

    seats: tuple[str, ...] = ()
    patron: str | None = None
    free: bool = False
    then: Rule | None = None


@dataclass(frozen=True, slots=True)
class Again:
    """A rule's answer that what it chose is gone: once more, with fresh values."""


Rule = Callable[[Situation], Change | Look | Again]

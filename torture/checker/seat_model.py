"""One seat as the contract describes it: free, held, reserved or blocked.

A state is what can be told apart by clients. Writes lead from one state to others, reads
hold in some states and not in others. A hold ends by itself: not before `may_end_from`
and not later than `ends_by`, in nanoseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from torture.checker.history import FOREVER, Operation


class SeatState(NamedTuple):
    """A seat at one instant.

    Attributes:
        reservation: None also where it is not known.
        end_ms: when the hold ends, as the service said; None where it is not known.
        may_end_from: the first instant at which the hold can end by itself.
        ends_by: the last instant at which it can be there.
        first_by: the last instant at which the patron's hold can have begun.
        doubtful: whether the store's clock was off during the hold. Lists are made with
            the clock, but holds are judged by their keys; so of this seat a list may say
            that it is held or free, until the seat changes.
    """

    status: str
    patron: str | None = None
    reservation: str | None = None
    end_ms: int | None = None
    may_end_from: int = FOREVER
    ends_by: int = FOREVER
    first_by: int = FOREVER
    doubtful: bool = False


FREE = SeatState("free")
BLOCKED = SeatState("blocked")

Step = Callable[[SeatState], Sequence[SeatState]]
"""The states that a write can lead to; none where it cannot happen."""

Holds = Callable[[SeatState], bool]
"""Whether what a read says is so."""


@dataclass(frozen=True, slots=True, eq=False)
class SeatOperation:
    """One operation as far as one seat is concerned: a write (`step`) or a read (`holds`).

    Attributes:
        required: whether it is known to have happened.
        operation: what it is part of; None for a reading of the final state.
    """

    invoked: int
    returned: int
    required: bool
    step: Step | None
    holds: Holds | None
    operation: Operation | None


class Life(NamedTuple):
    """When a hold ends: `end_ms` as the service said, the bounds with tolerance."""

    end_ms: int | None
    may_end_from: int
    ends_by: int
    doubtful: bool = False


def ended(state: SeatState) -> SeatState:
    """Return what comes of a hold that ends by itself."""
    return SeatState("free", doubtful=True) if state.doubtful else FREE


def hold(patron: str | None, life: Life, first_by: int, hold_max: int) -> Step:
    """Return a hold, or a refresh of the patron's own.

    Args:
        patron: who holds it then.
        life: when it ends.
        first_by: the last instant at which it can have happened.
        hold_max: the longest time that a seat can be held on end, in nanoseconds.
    """
    end_ms, may_end_from, ends_by, doubtful = life
    first_by = FOREVER if doubtful else first_by
    fresh = SeatState("held", patron, None, end_ms, may_end_from, ends_by, first_by, doubtful)

    def step(state: SeatState) -> Sequence[SeatState]:
        if state.status == "free":
            return (fresh,)
        if state.status != "held" or state.patron != patron:
            return ()
        first = state.first_by
        if end_ms is not None:
            # No refresh brings the end nearer than it is already.
            if not doubtful and may_end_from > max(first + hold_max, state.ends_by):
                return ()
            return (fresh._replace(first_by=first),)
        # Without an answer nobody knows whether this or `hold_max` gave it its end.
        return (fresh._replace(first_by=first, may_end_from=min(may_end_from, state.may_end_from)),)

    return step


def reserve(patron: str | None, reservation: str | None) -> Step:
    """Return the making of a reservation; its id is None where it is not known."""
    after = (SeatState("reserved", patron, reservation),)
    return lambda state: after if state.status == "held" and state.patron == patron else ()


def release(patron: str | None, *, anybodys: bool = False) -> Step:
    """Return the release of a hold, the patron's or anybody's."""

    def step(state: SeatState) -> Sequence[SeatState]:
        mine = state.status == "held" and (anybodys or state.patron == patron)
        return (FREE,) if mine else ()

    return step


def if_possible(step: Step) -> Step:
    """Return a write that leaves the seat as it is where it has nothing to do."""
    return lambda state: step(state) or (state,)


def cancel(reservation: str | None) -> Step:
    """Return the freeing of a reservation's seat."""
    return lambda state: (FREE,) if _is_of(state, reservation) else ()


def cancel_if_of(reservation: str | None) -> Step:
    """Return a cancellation that concerns the seat only if it is the reservation's then."""

    def step(state: SeatState) -> Sequence[SeatState]:
        if not _is_of(state, reservation):
            return (state,)
        return (FREE,) if state.reservation == reservation else (FREE, state)

    return step


def take(patron: str | None, reservation: str | None) -> Step:
    """Return a move's other half: the seat comes to the reservation."""
    after = (SeatState("reserved", patron, reservation),)

    def step(state: SeatState) -> Sequence[SeatState]:
        mine = state.status == "held" and (patron is None or state.patron == patron)
        return after if mine or state.status == "free" else ()

    return step


def block(state: SeatState) -> Sequence[SeatState]:
    """Take the seat off sale."""
    return (BLOCKED,) if state.status in {"free", "blocked"} else ()


def unblock(state: SeatState) -> Sequence[SeatState]:
    """Put the seat back on sale, if it was off."""
    return (FREE,) if state.status == "blocked" else (state,)


def _is_of(state: SeatState, reservation: str | None) -> bool:
    return state.status == "reserved" and state.reservation in (None, reservation)

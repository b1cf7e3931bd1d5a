"""Seats with their places, and the way from a rule to seats that are changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from reservations.domain.changes import Change, Rule
from reservations.domain.errors import SeatNotFound
from reservations.domain.plan import Place, SeatPlan
from reservations.domain.seat import Seat
from reservations.store import Once, Store

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PlacedSeat:
    """A seat with the part of it that never changes."""

    place: Place
    seat: Seat


@dataclass(frozen=True, slots=True)
class ChangedSeats:
    """Seats that were asked for, as they are now.

    Attributes:
        together: whether they are side by side in one row; None where the caller chose.
    """

    seats: list[PlacedSeat]
    together: bool | None = None


class SeatChanges:
    """Base of what changes seats."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def _change(
        self,
        event_id: str,
        rule: Rule,
        seat_ids: Sequence[str] = (),
        *,
        result: Callable[[Change], T],
        patron: str | None = None,
        reservation: str | None = None,
        free: bool = False,
        once: Once | None = None,
    ) -> T:
        """Let a rule change seats that the event has; see `SeatStore.change`."""
        _find(self._store.events.plan(event_id), seat_ids)
        return self._store.seats.change(
            event_id,
            rule,
            result=result,
            seats=seat_ids,
            patron=patron,
            reservation=reservation,
            free=free,
            once=once,
        )

    def _changed_seats(self, event_id: str, change: Change) -> ChangedSeats:
        return ChangedSeats(self._placed(event_id, change.seats), change.together)

    def _placed(self, event_id: str, seats: Sequence[Seat]) -> list[PlacedSeat]:
        """Return seats of the event with their places."""
        places = self._places(event_id, [seat.id for seat in seats])
        return [PlacedSeat(place, seat) for place, seat in zip(places, seats, strict=True)]

    def _places(self, event_id: str, seat_ids: Sequence[str]) -> list[Place]:
        """Return where seats are.

        Raises:
            EventNotFound, SeatNotFound, StoreUnavailable
        """
        plan = self._store.events.plan(event_id)
        return [plan.place(index) for index in _find(plan, seat_ids)]


def _find(plan: SeatPlan, seat_ids: Sequence[str]) -> list[int]:
    """Return the indexes of seats in a plan.

    Raises:
        SeatNotFound
    """
    found = []
    for seat_id in seat_ids:
        index = plan.find(seat_id)
        if index is None:
            raise SeatNotFound(seat_id)
        found.append(index)
    return found

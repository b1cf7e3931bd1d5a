"""Reservations: made of holds, read, moved and cancelled."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

from reservations.domain.caller import Caller
from reservations.domain.changes import Change
from reservations.domain.errors import ReservationNotFound
from reservations.domain.reservation import ID_PATTERN, Draft, Reservation
from reservations.domain.rules.reservations import cancel, move, reserve, visible
from reservations.service.placing import PlacedSeat, SeatChanges
from reservations.store import Once


@dataclass(frozen=True, slots=True)
class PlacedReservation:
    """A reservation with its seats."""

    reservation: Reservation
    seats: list[PlacedSeat]


@dataclass(frozen=True, slots=True)
class ReservationPage:
    """Some of the reservations, those made last first.

    Attributes:
        next: where the next page begins; None when this is the last.
    """

    items: list[PlacedReservation]
    next: str | None


class Reservations(SeatChanges):
    """What can be done with reservations."""

    def reserve_seats(
        self,
        event_id: str,
        seat_ids: Sequence[str] | None,
        patron: str,
        *,
        reference: str | None = None,
        data: dict[str, object] | None = None,
        bound: bool = True,
        once: Once | None = None,
    ) -> PlacedReservation:
        """Make a patron's holds one reservation: all of them, or nothing.

        Args:
            event_id: the event.
            seat_ids: the seats, each once; None for all that the patron holds.
            patron: for whom.
            reference: the shop's own name for it.
            data: whatever else the shop keeps with it.
            bound: whether the sales window holds.
            once: names the request, if its caller did.

        Raises:
            EventNotFound, SeatNotFound, NotOnSale, SeatNotHeld, NothingHeld, SeatReserved,
            SeatBlocked, AnsweredBefore, IdempotencyKeyReused, Busy, StoreUnavailable,
            OutcomeUnknown
        """
        draft = Draft(secrets.token_hex(5), reference, data)
        rule = partial(reserve, patron=patron, seat_ids=seat_ids, draft=draft, bound=bound)
        return self._change(
            event_id,
            rule,
            seat_ids or (),
            result=partial(self._changed, event_id),
            patron=patron,
            once=once,
        )

    def reservation(self, event_id: str, reservation_id: str, caller: Caller) -> PlacedReservation:
        """Return one reservation that the caller may see.

        Raises:
            EventNotFound, ReservationNotFound, StoreUnavailable
        """
        self._check_id(event_id, reservation_id)
        found = self._store.reservations.get(event_id, reservation_id)
        return self._with_seats(event_id, visible(found, caller, reservation_id))

    def reservations(
        self,
        event_id: str,
        limit: int,
        before: str | None = None,
        patron: str | None = None,
        reference: str | None = None,
    ) -> ReservationPage:
        """Return a page of at most `limit` reservations, made before the one whose id is given.

        Raises:
            EventNotFound, StoreUnavailable
        """
        newest = self._store.reservations.newest(
            event_id, patron, reference, before, at_once=limit + 1
        )
        found = list(islice(newest, limit + 1))
        items = [self._with_seats(event_id, each) for each in found[:limit]]
        return ReservationPage(items, next=found[limit - 1].id if len(found) > limit else None)

    def every_reservation(
        self, event_id: str, patron: str | None = None, reference: str | None = None
    ) -> Iterator[Reservation]:
        """Yield all reservations, those made last first, in constant memory.

        Raises:
            EventNotFound, StoreUnavailable
        """
        return self._store.reservations.newest(event_id, patron, reference)

    def count_reservations(self, event_id: str) -> int:
        """Return how many reservations there are.

        Raises:
            StoreUnavailable
        """
        return self._store.reservations.count(event_id)

    def cancel_reservation(
        self, event_id: str, reservation_id: str, caller: Caller, once: Once | None = None
    ) -> None:
        """End a reservation; its seats are free at once.

        Raises:
            EventNotFound, ReservationNotFound, AnsweredBefore, IdempotencyKeyReused, Busy,
            StoreUnavailable, OutcomeUnknown
        """
        self._check_id(event_id, reservation_id)
        rule = partial(cancel, caller=caller, reservation_id=reservation_id)
        self._change(
            event_id, rule, reservation=reservation_id, once=once, result=lambda _change: None
        )

    def move_reservation(
        self,
        event_id: str,
        reservation_id: str,
        caller: Caller,
        from_id: str,
        to_id: str,
        once: Once | None = None,
    ) -> PlacedReservation:
        """Change one seat of a reservation for another that can be had.

        Raises:
            EventNotFound, ReservationNotFound, SeatNotFound, NotOnSale, SeatNotReserved,
            SeatHeld, SeatReserved, SeatBlocked, AnsweredBefore, IdempotencyKeyReused, Busy,
            StoreUnavailable, OutcomeUnknown
        """
        self._check_id(event_id, reservation_id)
        rule = partial(
            move, caller=caller, reservation_id=reservation_id, from_id=from_id, to_id=to_id
        )
        return self._change(
            event_id,
            rule,
            [from_id, to_id],
            result=partial(self._changed, event_id),
            reservation=reservation_id,
            once=once,
        )

    def _changed(self, event_id: str, change: Change) -> PlacedReservation:
        assert change.reservation is not None  # noqa: S101 - a rule that makes or moves one
        return self._with_seats(event_id, change.reservation)

    def _with_seats(self, event_id: str, reservation: Reservation) -> PlacedReservation:
        return PlacedReservation(reservation, self._placed(event_id, reservation.reserved_seats))

    def _check_id(self, event_id: str, reservation_id: str) -> None:
        # Before it becomes part of a key.
        self._store.events.plan(event_id)
        if not ID_PATTERN.fullmatch(reservation_id):
            raise ReservationNotFound(reservation_id)

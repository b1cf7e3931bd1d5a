"""Making reservations of holds, moving them to other seats, and cancelling them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reservations.domain import allowance
from reservations.domain.caller import Caller
from reservations.domain.changes import Change, ChangeKind, Look, Situation, Step
from reservations.domain.errors import (
    NothingHeld,
    ReservationNotFound,
    SeatNotReserved,
    refuse,
)
from reservations.domain.reservation import Draft, Reservation
from reservations.domain.rules.conflicts import why_not_held, why_not_to_be_had
from reservations.domain.seat import Seat


def reserve(
    situation: Situation,
    patron: str,
    seat_ids: Sequence[str] | None,
    draft: Draft,
    *,
    bound: bool = True,
) -> Change | Look:
    """Make a patron's holds one reservation, which has no expiry.

    Args:
        situation: as it is.
        patron: for whom.
        seat_ids: the seats, each once; None for all that the patron holds.
        draft: what else there is to say of it.
        bound: whether the sales window holds, as it does for all but the box office.

    Raises:
        NotOnSale: at this time no seats are sold.
        SeatReserved, SeatBlocked, SeatNotHeld: a seat is not the patron's to reserve.
        NothingHeld: no seats were named, and the patron holds none.
    """
    if patron not in situation.holdings:
        return Look(situation.unseen(seat_ids or ()), patron)
    holdings = situation.holdings[patron]
    asked = holdings.held if seat_ids is None else tuple(seat_ids)
    if unseen := situation.unseen(asked):
        return Look(unseen)
    if bound:
        situation.event.check_on_sale(situation.now)
    seats = [situation.seats[seat_id] for seat_id in asked]
    if seat_ids is None:
        seats = [seat for seat in seats if seat.is_held_by(patron)]
        if not seats:
            raise NothingHeld
    refuse(why_not_held(seat, patron) for seat in seats)
    made = Reservation.make(draft, patron, tuple(seat.id for seat in seats), situation.now)
    reserved = made.reserved_seats
    after = replace(
        holdings,
        held=_without(holdings.held, asked),
        reserved=holdings.reserved + len(reserved),
    )
    after = allowance.give_back_all(after, situation.event.terms, situation.now, seats)
    step = Step(ChangeKind.RESERVED, reserved, patron, made.id)
    return Change(reserved, (step,), {patron: after}, reservation=made)


def cancel(situation: Situation, caller: Caller, reservation_id: str) -> Change | Look:
    """End a reservation; its seats are free at once. Possible at any time.

    Raises:
        ReservationNotFound: there is none, or it is not the caller's to cancel.
    """
    found = visible(situation.reservation, caller, reservation_id)
    unseen = situation.unseen(found.seats)
    if unseen or found.patron not in situation.holdings:
        return Look(unseen, found.patron)
    freed = tuple(Seat(seat_id) for seat_id in found.seats)
    holdings = situation.holdings[found.patron]
    after = replace(holdings, reserved=holdings.reserved - len(freed))
    step = Step(ChangeKind.CANCELLED, freed, found.patron, found.id)
    return Change(freed, (step,), {found.patron: after}, cancelled=found)


def move(
    situation: Situation, caller: Caller, reservation_id: str, from_id: str, to_id: str
) -> Change | Look:
    """Put a seat that can be had in the place of one of a reservation, which becomes free.

    Limits do not matter, since the patron has as many seats as before; the sales window
    does, except for admins.

    Raises:
        ReservationNotFound: there is none, or it is not the caller's to change.
        NotOnSale: at this time no seats are sold.
        SeatNotReserved: the reservation does not have the seat that is to be given up.
        SeatHeld, SeatReserved, SeatBlocked: the other seat is neither free nor held by
            the patron.
    """
    found = visible(situation.reservation, caller, reservation_id)
    unseen = situation.unseen([from_id, to_id])
    if unseen or found.patron not in situation.holdings:
        return Look(unseen, found.patron)
    if not caller.is_admin:
        situation.event.check_on_sale(situation.now)
    if from_id not in found.seats:
        raise SeatNotReserved(from_id)
    refuse([why_not_to_be_had(situation.seats[to_id], found.patron)])
    moved = replace(
        found, seats=tuple(to_id if seat_id == from_id else seat_id for seat_id in found.seats)
    )
    left, taken = Seat(from_id), moved.reserved_seats[moved.seats.index(to_id)]
    holdings = situation.holdings[found.patron]
    return Change(
        (left, taken),
        (
            Step(ChangeKind.MOVED, (left,), found.patron, found.id),
            Step(ChangeKind.MOVED, (taken,), found.patron, found.id),
        ),
        {found.patron: replace(holdings, held=_without(holdings.held, [to_id]))},
        reservation=moved,
    )


def visible(found: Reservation | None, caller: Caller, reservation_id: str) -> Reservation:
    """Return a reservation if it is there and the caller's to see and change.

    Raises:
        ReservationNotFound: also for somebody else's, whose existence is not told.
    """
    if found is None or not (caller.is_admin or found.patron == caller.id):
        raise ReservationNotFound(reservation_id)
    return found


def _without(held: tuple[str, ...], gone: Sequence[str]) -> tuple[str, ...]:
    no_more = set(gone)
    return tuple(seat_id for seat_id in held if seat_id not in no_more)

"""Taking seats off sale, and putting them back. For admins."""

from __future__ import annotations

from collections.abc import Sequence

from reservations.domain.changes import Change, ChangeKind, Look, Situation, Step
from reservations.domain.errors import SeatConflict, refuse
from reservations.domain.rules.conflicts import why_not_to_be_had
from reservations.domain.seat import Seat, SeatStatus


def block(situation: Situation, seat_ids: Sequence[str], reason: str | None) -> Change | Look:
    """Take free seats off sale. Those that are blocked already stay so, for this reason.

    Raises:
        SeatHeld, SeatReserved: a seat is somebody's.
    """
    if unseen := situation.unseen(seat_ids):
        return Look(unseen)
    before = [situation.seats[seat_id] for seat_id in seat_ids]
    refuse(_why_not_to_be_blocked(seat) for seat in before)
    blocked = tuple(Seat(seat_id, SeatStatus.BLOCKED, reason=reason) for seat_id in seat_ids)
    changed = tuple(seat for seat in blocked if seat != situation.seats[seat.id])
    return Change(blocked, (Step(ChangeKind.BLOCKED, changed),) if changed else ())


def unblock(situation: Situation, seat_ids: Sequence[str]) -> Change | Look:
    """Put blocked seats back on sale. Those that are not blocked are left as they are."""
    if unseen := situation.unseen(seat_ids):
        return Look(unseen)
    before = [situation.seats[seat_id] for seat_id in seat_ids]
    after = tuple(Seat(seat.id) if seat.status is SeatStatus.BLOCKED else seat for seat in before)
    freed = tuple(new for new, old in zip(after, before, strict=True) if new != old)
    return Change(after, (Step(ChangeKind.UNBLOCKED, freed),) if freed else ())


def _why_not_to_be_blocked(seat: Seat) -> SeatConflict | None:
    return None if seat.status is SeatStatus.BLOCKED else why_not_to_be_had(seat, None)

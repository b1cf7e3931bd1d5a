"""What a seat can have against what is asked of it."""

from __future__ import annotations

from reservations.domain.errors import (
    SeatBlocked,
    SeatConflict,
    SeatHeld,
    SeatNotHeld,
    SeatReserved,
)
from reservations.domain.seat import Seat, SeatStatus


def why_off_sale(seat: Seat, patron: str | None) -> SeatConflict | None:
    """Return why a seat is off sale: it is reserved, or blocked."""
    if seat.status is SeatStatus.RESERVED:
        return SeatReserved(seat.id, reserved_by_me=seat.patron == patron)
    if seat.status is SeatStatus.BLOCKED:
        return SeatBlocked(seat.id)
    return None


def why_not_to_be_had(seat: Seat, patron: str | None) -> SeatConflict | None:
    """Return why a seat is neither free nor held by the patron."""
    if seat.status is SeatStatus.HELD and seat.patron != patron:
        return SeatHeld(seat.id, retry_at=seat.expires_at)
    return why_off_sale(seat, patron)


def why_not_held(seat: Seat, patron: str) -> SeatConflict | None:
    """Return why a seat is not held by the patron."""
    if seat.is_held_by(patron):
        return None
    return why_off_sale(seat, patron) or SeatNotHeld(seat.id)

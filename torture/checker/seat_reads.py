"""What can be said of a seat without changing it: by lists, by readings, and by refusals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torture.checker.given import Record
from torture.checker.history import MS, in_ms
from torture.checker.seat_model import Holds, SeatState


def has_status(*statuses: str) -> Holds:
    """Return a read that shows nothing but the status."""
    return lambda state: state.status in statuses


def listed(status: Sequence[str], holds: Holds) -> Holds:
    """Return a read that was made by a list, not by asking for the seat."""
    if not {"free", "held"}.intersection(status):
        return holds
    return lambda state: holds(state) or (state.doubtful and state.status in {"free", "held"})


def shown(seat: Record, caller: str | None) -> Holds:
    """Return a reading of one seat: by an admin if it names a patron, else by `caller`."""
    status, mine = seat["status"], seat.get("mine", False)
    patron = seat.get("patron")
    reservation = seat.get("reservation_id")
    end = None if seat.get("expires_at") is None else in_ms(seat["expires_at"])

    def holds(state: SeatState) -> bool:
        if state.status != status:
            return False
        if status in {"free", "blocked"}:
            return True
        if patron is not None and state.patron != patron:
            return False
        if patron is None and caller is not None and mine != (state.patron == caller):
            return False
        if status == "reserved":
            return reservation is None or state.reservation in {None, reservation}
        return end is None or ends_at(state, end)

    return holds


def ends_at(state: SeatState, end_ms: int) -> bool:
    """Whether a hold can be said to end at this instant."""
    if state.end_ms is not None:
        return state.end_ms == end_ms
    # Where the end was never told, any is right that is within its bounds.
    return state.doubtful or state.may_end_from <= end_ms * MS <= state.ends_by


def can_be_had(patron: str | None) -> Holds:
    """Return a read: free, or the patron's own hold."""
    return lambda state: (
        state.status == "free" or (state.status == "held" and state.patron == patron)
    )


def is_held_by(patron: str | None) -> Holds:
    """Return a read: the patron holds it."""
    return lambda state: state.status == "held" and state.patron == patron


def is_not_held_by(patron: str | None) -> Holds:
    """Return a read: the patron does not hold it."""
    return lambda state: state.status != "held" or state.patron != patron


def is_of(reservation: str | None, whether: bool = True) -> Holds:
    """Return a read: the seat is the reservation's, or is not."""
    if whether:
        return lambda state: state.status == "reserved" and state.reservation in (None, reservation)
    return lambda state: state.status != "reserved" or state.reservation != reservation


def conflict(found: Record, patron: str | None, reserved_by_me: Any = None) -> Holds:
    """Return a read: the seat stood in the way of the patron, for this reason."""
    code = found["code"]
    retry = None if found.get("retry_at") is None else in_ms(found["retry_at"])

    def holds(state: SeatState) -> bool:
        if code == "seat_held":
            others = state.status == "held" and state.patron != patron
            return others and (retry is None or ends_at(state, retry))
        if code == "seat_reserved":
            by_me = reserved_by_me is None or reserved_by_me == (state.patron == patron)
            return state.status == "reserved" and by_me
        if code == "seat_not_held":
            return state.status == "free" or (state.status == "held" and state.patron != patron)
        return code != "seat_blocked" or state.status == "blocked"

    return holds

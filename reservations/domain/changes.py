"""The rules: who may hold, refresh, reserve and release a seat.

Each rule is a pure function of a situation. It returns the change to be written,
raises the refusal, or says which seats it has to see before it can decide. It may
be run several times for one request, so it has no effect of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from reservations.domain.errors import (
    HoldLimitReached,
    SeatBlocked,
    SeatHeld,
    SeatNotHeld,
    SeatReserved,
)
from reservations.domain.event import Event
from reservations.domain.seat import Holdings, Seat, SeatStatus


class ChangeKind(StrEnum):
    """What happened to seats, in the words of the change log."""

    HELD = "held"
    RESERVED = "reserved"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a rule looks at, true at one instant.

    Attributes:
        now: that instant, by the store's clock.
        patron: for whom seats are to be changed.
        seats: the seats asked for, in the order asked.
        holdings: what the patron has of the event.
        others: the seats of `holdings.held` that were not asked for; None when they
            have not been looked at.
    """

    event: Event
    now: datetime
    patron: str
    seats: tuple[Seat, ...]
    holdings: Holdings = Holdings()
    others: tuple[Seat, ...] | None = None

    @property
    def unseen(self) -> tuple[str, ...]:
        """Ids of the patron's held seats that were not asked for."""
        asked = {seat.id for seat in self.seats}
        return tuple(seat_id for seat_id in self.holdings.held if seat_id not in asked)

    def having_seen(self, others: tuple[Seat, ...]) -> Situation:
        """Return the same situation with the patron's other seats looked at."""
        return replace(self, others=others)


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be written, all of it or nothing.

    Attributes:
        seats: the seats asked for as they will be; all have the same status.
        holdings: what the patron will have of the event.
    """

    kind: ChangeKind
    patron: str
    seats: tuple[Seat, ...]
    holdings: Holdings


@dataclass(frozen=True, slots=True)
class Look:
    """A rule's answer that it cannot decide before it has seen these seats too."""

    seat_ids: tuple[str, ...]


def hold(situation: Situation) -> Change | Look:
    """Hold the seats for the patron, or refresh the holds that it has on them.

    All get one expiry: a hold time from now, but no later than the event's `hold_max`
    after the first hold of any of them.

    Raises:
        NotOnSale: at this time no seats are sold.
        SeatHeld, SeatReserved, SeatBlocked: a seat cannot be had.
        HoldLimitReached: the patron would have more seats than it may. Refreshing is
            always possible.
    """
    event, now, patron = situation.event, situation.now, situation.patron
    event.check_on_sale(now)
    for seat in situation.seats:
        _check_can_be_held(seat, patron)
    if any(seat.status is SeatStatus.FREE for seat in situation.seats):
        if situation.others is None and situation.unseen and _may_exceed_limit(situation):
            return Look(situation.unseen)
        _check_limits(situation)
    first_held = [seat.first_held_at or now for seat in situation.seats]
    expires_at = min(now + event.terms.hold_time, min(first_held) + event.terms.hold_max)
    seats = tuple(
        Seat(seat.id, SeatStatus.HELD, patron, expires_at=expires_at, first_held_at=first)
        for seat, first in zip(situation.seats, first_held, strict=True)
    )
    return Change(
        ChangeKind.HELD,
        patron,
        seats,
        Holdings(
            held=(*_other_holds(situation), *(seat.id for seat in seats)),
            reserved=situation.holdings.reserved,
            last_expiry=max(situation.holdings.last_expiry or expires_at, expires_at),
        ),
    )


def reserve(situation: Situation, reservation_id: str) -> Change:
    """Make the patron's holds on the seats one reservation, which has no expiry.

    Raises:
        NotOnSale: at this time no seats are sold.
        SeatReserved, SeatBlocked, SeatNotHeld: a seat is not the patron's to reserve.
    """
    situation.event.check_on_sale(situation.now)
    _check_held(situation)
    seats = tuple(
        Seat(seat.id, SeatStatus.RESERVED, situation.patron, reservation_id=reservation_id)
        for seat in situation.seats
    )
    holdings = replace(
        situation.holdings,
        held=_other_holds(situation),
        reserved=situation.holdings.reserved + len(seats),
    )
    return Change(ChangeKind.RESERVED, situation.patron, seats, holdings)


def release(situation: Situation) -> Change:
    """Let go of seats that the patron holds; possible at any time.

    Raises:
        SeatReserved, SeatBlocked, SeatNotHeld: the patron does not hold a seat.
    """
    _check_held(situation)
    seats = tuple(Seat(seat.id) for seat in situation.seats)
    holdings = replace(situation.holdings, held=_other_holds(situation))
    return Change(ChangeKind.RELEASED, situation.patron, seats, holdings)


def _check_can_be_held(seat: Seat, patron: str) -> None:
    if seat.status is SeatStatus.HELD and seat.patron != patron:
        raise SeatHeld(seat.id, retry_at=seat.expires_at)
    _check_not_gone(seat, patron)


def _check_held(situation: Situation) -> None:
    for seat in situation.seats:
        _check_not_gone(seat, situation.patron)
        if not seat.is_held_by(situation.patron):
            raise SeatNotHeld(seat.id)


def _check_not_gone(seat: Seat, patron: str) -> None:
    if seat.status is SeatStatus.RESERVED:
        raise SeatReserved(seat.id, reserved_by_me=seat.patron == patron)
    if seat.status is SeatStatus.BLOCKED:
        raise SeatBlocked(seat.id)


def _other_holds(situation: Situation) -> tuple[str, ...]:
    """Return the patron's holds on other seats: the live ones where they were looked at."""
    if situation.others is None:
        return situation.unseen
    return tuple(seat.id for seat in situation.others if seat.is_held_by(situation.patron))


def _may_exceed_limit(situation: Situation) -> bool:
    """Whether it matters which of the patron's other holds are still live."""
    terms = situation.event.terms
    held = len(situation.unseen) + len(situation.seats)
    total = held + situation.holdings.reserved
    return held > terms.seat_user_limit or (
        terms.seat_total_limit is not None and total > terms.seat_total_limit
    )


def _check_limits(situation: Situation) -> None:
    terms = situation.event.terms
    wanted = sum(seat.status is SeatStatus.FREE for seat in situation.seats)
    held = len(_other_holds(situation)) + len(situation.seats) - wanted
    if held + wanted > terms.seat_user_limit:
        raise HoldLimitReached(limit=terms.seat_user_limit, held=held)
    total = held + situation.holdings.reserved
    if terms.seat_total_limit is not None and total + wanted > terms.seat_total_limit:
        raise HoldLimitReached(limit=terms.seat_total_limit, held=total)

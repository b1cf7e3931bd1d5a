"""Holding seats, refreshing the holds, and letting go of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import groupby

from reservations.domain import allowance
from reservations.domain.best_available import Wish, best_available
from reservations.domain.changes import Again, Change, ChangeKind, Look, Situation, Step
from reservations.domain.errors import HoldLimitReached, SeatNotHeld, refuse
from reservations.domain.event import Terms
from reservations.domain.plan import SeatPlan
from reservations.domain.rules.conflicts import why_not_held, why_not_to_be_had, why_off_sale
from reservations.domain.seat import Seat, SeatStatus


def hold(
    situation: Situation, patron: str, seat_ids: Sequence[str], *, bound: bool = True
) -> Change | Look:
    """Hold seats for a patron, or refresh the holds that it has on them.

    All get one expiry: a hold time from now, but no later than the event's `hold_max`
    after the first hold of any of them; and not before the earliest end that holds among
    them have already, whatever the terms have become since.

    Args:
        situation: as it is.
        patron: for whom.
        seat_ids: the seats, each once.
        bound: whether limits and sales window hold, as they do for all but the box office.

    Raises:
        NotOnSale: at this time no seats are sold.
        SeatHeld, SeatReserved, SeatBlocked: a seat cannot be had.
        HoldLimitReached: the patron would have more seats than it may. Refreshing is
            always possible.
        HeldTooLong: it has used up its hold allowance. Refreshing is always possible.
    """
    if patron not in situation.holdings or situation.unseen(seat_ids):
        return Look(situation.unseen(seat_ids), patron)
    event, now, holdings = situation.event, situation.now, situation.holdings[patron]
    if bound:
        event.check_on_sale(now)
    seats = [situation.seats[seat_id] for seat_id in seat_ids]
    refuse(why_not_to_be_had(seat, patron) for seat in seats)
    others = _other_holds(situation, patron, seat_ids)
    new = sum(seat.status is SeatStatus.FREE for seat in seats)
    held_already = len(others) + len(seats) - new
    if new and _exceeds(event.terms, held_already + new, holdings.reserved):
        # Only now does it matter which of the other holds are still live.
        if unseen := situation.unseen(others):
            return Look(unseen)
        if bound:
            raise _limit_reached(event.terms, held_already, new, holdings.reserved)
    if new and bound:
        allowance.check(holdings, now)
    first_held = [seat.first_held_at or now for seat in seats]
    expires_at = min(now + event.terms.hold_time, min(first_held) + event.terms.hold_max)
    ends = [seat.expires_at for seat in seats if seat.expires_at is not None]
    expires_at = max(expires_at, min(ends, default=expires_at))
    held = tuple(
        Seat(seat.id, SeatStatus.HELD, patron, expires_at=expires_at, first_held_at=first)
        for seat, first in zip(seats, first_held, strict=True)
    )
    if bound:
        longer = sum((expires_at - (seat.expires_at or now) for seat in seats), timedelta())
        holdings = allowance.take(holdings, event.terms, now, longer)
    after = replace(
        holdings,
        held=(*others, *seat_ids),
        last_expiry=max(holdings.last_expiry or expires_at, expires_at),
    )
    return Change(held, (Step(ChangeKind.HELD, held, patron),), {patron: after})


def hold_best(
    situation: Situation,
    patron: str,
    plan: SeatPlan,
    wish: Wish,
    *,
    spread: Callable[[int], int],
    bound: bool = True,
) -> Change | Look:
    """Choose free seats, and hold them for a patron.

    Args:
        situation: as it is.
        patron: for whom.
        plan: the event's.
        wish: how many seats, and where.
        spread: tells, given how often others were faster, among how many of the best
            seats to choose at random.
        bound: as for `hold`.

    Raises:
        NotOnSale, HoldLimitReached, HeldTooLong: as for `hold`.
        NotEnoughSeats, NotEnoughTogether: the wish cannot be granted.
    """
    if situation.free is None:
        return Look(free=True)
    if bound:
        situation.event.check_on_sale(situation.now)
    best = best_available(plan, situation.free, wish, spread(situation.attempt))
    seat_ids = tuple(plan.place(index).id for index in best.seats)
    chosen = partial(
        _hold_chosen, patron=patron, seat_ids=seat_ids, bound=bound, together=best.together
    )
    return Look(seat_ids, then=chosen)


def _hold_chosen(
    situation: Situation, patron: str, seat_ids: Sequence[str], *, bound: bool, together: bool
) -> Change | Look | Again:
    if any(situation.seats[seat_id].status is not SeatStatus.FREE for seat_id in seat_ids):
        return Again()
    answer = hold(situation, patron, seat_ids, bound=bound)
    return replace(answer, together=together) if isinstance(answer, Change) else answer


def release(
    situation: Situation, patron: str, seat_ids: Sequence[str] | None = None
) -> Change | Look:
    """Let go of seats that a patron holds, by default of all; possible at any time.

    Raises:
        SeatReserved, SeatBlocked, SeatNotHeld: the patron does not hold a seat.
    """
    if patron not in situation.holdings:
        return Look(situation.unseen(seat_ids or ()), patron)
    holdings = situation.holdings[patron]
    asked = holdings.held if seat_ids is None else seat_ids
    if unseen := situation.unseen(asked):
        return Look(unseen)
    seats = [situation.seats[seat_id] for seat_id in asked]
    if seat_ids is None:
        seats = [seat for seat in seats if seat.is_held_by(patron)]
    refuse(why_not_held(seat, patron) for seat in seats)
    freed = tuple(Seat(seat.id) for seat in seats)
    steps = (Step(ChangeKind.RELEASED, freed, patron),) if freed else ()
    after = replace(holdings, held=_other_holds(situation, patron, asked))
    after = allowance.give_back_rest(after, situation.event.terms, situation.now, seats)
    return Change(freed, steps, {patron: after} if freed else {})


def release_anybodys(situation: Situation, seat_ids: Sequence[str]) -> Change | Look:
    """Let go of held seats, whoever holds them. For admins.

    Their patrons' holdings keep naming them, and their allowances keep being used, as with
    holds that ran out.

    Raises:
        SeatReserved, SeatBlocked, SeatNotHeld: nobody holds a seat.
    """
    if unseen := situation.unseen(seat_ids):
        return Look(unseen)
    seats = [situation.seats[seat_id] for seat_id in seat_ids]
    refuse(
        None
        if seat.status is SeatStatus.HELD
        else why_off_sale(seat, None) or SeatNotHeld(seat.id, by_anybody=True)
        for seat in seats
    )
    by_patron = groupby(sorted(seats, key=_patron_of), key=_patron_of)
    steps = tuple(
        Step(ChangeKind.RELEASED, tuple(Seat(seat.id) for seat in theirs), patron)
        for patron, theirs in by_patron
    )
    return Change(tuple(Seat(seat_id) for seat_id in seat_ids), steps)


def _patron_of(seat: Seat) -> str:
    return seat.patron or ""


def _other_holds(situation: Situation, patron: str, seat_ids: Sequence[str]) -> tuple[str, ...]:
    """Return the patron's holds on other seats: the live ones where they were looked at."""
    asked = set(seat_ids)
    others = tuple(each for each in situation.holdings[patron].held if each not in asked)
    if situation.unseen(others):
        return others
    return tuple(each for each in others if situation.seats[each].is_held_by(patron))


def _exceeds(terms: Terms, held: int, reserved: int) -> bool:
    total_limit = terms.seat_total_limit
    return held > terms.seat_user_limit or (
        total_limit is not None and held + reserved > total_limit
    )


def _limit_reached(terms: Terms, held: int, new: int, reserved: int) -> HoldLimitReached:
    if held + new > terms.seat_user_limit:
        return HoldLimitReached(limit=terms.seat_user_limit, held=held)
    assert terms.seat_total_limit is not None  # noqa: S101 - one of the two was exceeded
    return HoldLimitReached(limit=terms.seat_total_limit, held=held + reserved)

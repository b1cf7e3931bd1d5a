"""One event, what a seat of it can be to alice, and what rules see and answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from reservations.domain.changes import Again, Change, Look, Rule, Situation
from reservations.domain.event import Event, EventStatus, Terms
from reservations.domain.seat import Holdings, Seat, SeatStatus

NOW = datetime(2027, 1, 1, 20, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TERMS = Terms(hold_time=MINUTE, hold_max=10 * MINUTE, seat_user_limit=2)
EVENT = Event(id="e", name="Opening night", terms=TERMS, created_at=NOW - timedelta(days=1))

NOT_ON_SALE = {
    "closed": replace(EVENT, status=EventStatus.CLOSED),
    "cancelled": replace(EVENT, status=EventStatus.CANCELLED),
    "not begun": replace(EVENT, terms=replace(TERMS, on_sale_from=NOW + MINUTE)),
    "ended": replace(EVENT, terms=replace(TERMS, on_sale_until=NOW)),
}

FREE = Seat("1")
MINE = Seat("1", SeatStatus.HELD, "alice", expires_at=NOW + MINUTE / 2, first_held_at=NOW - MINUTE)
THEIRS = replace(MINE, patron="bob")
MY_RESERVED = Seat("1", SeatStatus.RESERVED, "alice", reservation_id="r")
RESERVED = replace(MY_RESERVED, patron="bob")
BLOCKED = Seat("1", SeatStatus.BLOCKED, reason="broken")


def other(seat: Seat, seat_id: str) -> Seat:
    """Return another seat, which is as this one."""
    return replace(seat, id=seat_id)


def situation(*seats: Seat, event: Event = EVENT, **holdings: Holdings) -> Situation:
    """Return what a rule sees that has looked at seats, and at alice or whoever is named.

    A rule that changes anything of it fails.
    """
    return Situation(
        event,
        NOW,
        seats=MappingProxyType({seat.id: seat for seat in seats}),
        holdings=MappingProxyType(holdings or {"alice": Holdings()}),
    )


def unseen(event: Event = EVENT) -> Situation:
    """Return what a rule sees that has looked at nothing."""
    return Situation(event, NOW)


def done(answer: Change | Look | Again) -> Change:
    """Return the change that a rule answers with."""
    assert isinstance(answer, Change)
    return answer


def decided(rule: Rule, about: Situation, world: Situation) -> Change | Again:
    """Return what a rule answers when it is shown all that it wants to look at."""
    answer = rule(about)
    while isinstance(answer, Look):
        patrons = [] if answer.patron is None else [answer.patron]
        about = about.having_seen(
            {seat_id: world.seats[seat_id] for seat_id in answer.seats},
            {patron: world.holdings.get(patron, Holdings()) for patron in patrons},
            world.free if answer.free else None,
        )
        rule = answer.then or rule
        answer = rule(about)
    return answer

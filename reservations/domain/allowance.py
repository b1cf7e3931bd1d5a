"""The hold allowance: for how long a patron may keep from others what it does not buy.

Each patron has one in each event (`Terms.hold_allowance`). Holding a seat takes from it as
much time as the hold lasts, letting go early gives the rest back, and reserving gives back
all that the seat has taken. What was taken comes back evenly, all of it within `RECOVERY`.
Whoever has used it up can still refresh, reserve and let go, but begins no new hold.

So whoever holds, lets go and holds again keeps, in any hour, no more than two allowances
and what its last holds can still be refreshed to. It is a bucket that leaks, kept as one
instant: when it will be empty (the generic cell rate algorithm, ITU-T I.371).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from reservations.domain.errors import HeldTooLong
from reservations.domain.event import Terms
from reservations.domain.seat import Holdings, Seat

RECOVERY = timedelta(hours=1)
"""The time within which an allowance that was used up is whole again."""


def check(holdings: Holdings, now: datetime) -> None:
    """Refuse a new hold to a patron who has used up its allowance.

    Raises:
        HeldTooLong
    """
    if holdings.recovered_at is not None and holdings.recovered_at - now > RECOVERY:
        raise HeldTooLong(holdings.recovered_at - now - RECOVERY)


def take(holdings: Holdings, terms: Terms, now: datetime, time: timedelta) -> Holdings:
    """Return holdings after so much time was taken; a negative one is given back."""
    recovered_at = max(holdings.recovered_at or now, now) + time * (RECOVERY / terms.hold_allowance)
    return Holdings(
        holdings.held,
        holdings.reserved,
        holdings.last_expiry,
        recovered_at if recovered_at > now else None,
    )


def give_back_rest(holdings: Holdings, terms: Terms, now: datetime, seats: list[Seat]) -> Holdings:
    """Return holdings after the patron has let go of seats that it held."""
    rests = (seat.expires_at - now for seat in seats if seat.expires_at is not None)
    return take(holdings, terms, now, -sum(rests, timedelta()))


def give_back_all(holdings: Holdings, terms: Terms, now: datetime, seats: list[Seat]) -> Holdings:
    """Return holdings after the patron has reserved seats that it held."""
    held = (
        seat.expires_at - seat.first_held_at
        for seat in seats
        if seat.expires_at is not None and seat.first_held_at is not None
    )
    return take(holdings, terms, now, -sum(held, timedelta()))

"""Who comes to a sale, when, and of what temper: pure functions of chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from random import Random

from reservations.domain.event import Terms

BURST = 0.1
"""Half of the patrons arrive within this share of the time, evenly."""
LAST_ARRIVAL = 0.7
"""The others arrive after that, ever fewer, and none after this share of the time."""

LARGEST_PARTY = 4
PARTY_WEIGHTS = (20, 50, 12, 18)
"""How many of a hundred patrons want 1, 2, 3 or 4 seats."""

PICK = 0.4
"""This share picks seats from the list; the others want the best that are available."""
LET_GO, LEAVE = 0.09, 0.06
"""These shares hold seats and then release them, or just leave; all others reserve."""
WANT_TOO_MUCH = 0.05
"""This share tries to hold more than the limit."""
REFRESH = 0.25
"""This share hesitates for so long that it refreshes its hold."""
ONE_SECTION = 0.3
"""This share wants seats of one section only, where there are several."""

VISIT_SECONDS = 240
"""A visit at its natural pace is hardly ever longer."""


@dataclass(frozen=True, slots=True)
class Pause:
    """For how long a patron does nothing, in seconds at the natural pace."""

    shortest: float
    longest: float


LOOKING = Pause(3, 15)
CHOOSING_OTHERS = Pause(1, 5)
HESITATING = Pause(5, 40)
COMING_BACK = Pause(10, 60)


@dataclass(frozen=True, slots=True)
class Temper:
    """What one patron wants, and what it will do.

    Attributes:
        party: how many seats it wants.
        section: where; None for anywhere.
        picks: whether it picks seats from the list.
        lets_go: whether it releases what it holds, rather than to reserve it.
        leaves: whether it goes without a word, so that its hold runs out.
        wants_too_much: whether it tries to hold more than the limit.
        refreshes: whether it hesitates for so long that it refreshes its hold.
    """

    party: int
    section: str | None = None
    picks: bool = False
    lets_go: bool = False
    leaves: bool = False
    wants_too_much: bool = False
    refreshes: bool = False


def arrivals(patrons: int, seconds: float, chance: Random) -> list[float]:
    """Return when patrons arrive, in seconds from the start, in order.

    Half arrive in the burst at the beginning, evenly. Of the others ever fewer arrive as
    time goes by.
    """
    half = ceil(patrons / 2)
    burst = [BURST * chance.random() for _ in range(half)]
    wane = LAST_ARRIVAL - BURST
    later = [BURST + wane * (1 - sqrt(chance.random())) for _ in range(patrons - half)]
    return sorted(share * seconds for share in burst + later)


def pace(seconds: float) -> float:
    """Return how much faster than naturally patrons think, for a sale to fit: at most 1.

    Who arrives last still has time for a visit.
    """
    return min(1.0, (1 - LAST_ARRIVAL) * seconds / VISIT_SECONDS)


def most_seats(terms: Terms) -> int:
    """Return how many seats one patron may have at one moment."""
    if terms.seat_total_limit is None:
        return terms.seat_user_limit
    return min(terms.seat_user_limit, terms.seat_total_limit)


def temper(limit: int, sections: Sequence[str], chance: Random) -> Temper:
    """Make a temper.

    Args:
        limit: seats that one patron may have.
        sections: the names of the event's sections.
        chance: decides.
    """
    largest = min(LARGEST_PARTY, limit)
    (party,) = chance.choices(range(1, largest + 1), PARTY_WEIGHTS[:largest])
    is_choosy = len(sections) > 1 and chance.random() < ONE_SECTION
    ending = chance.random()
    return Temper(
        party=party,
        section=chance.choice(sections) if is_choosy else None,
        picks=chance.random() < PICK,
        lets_go=ending < LET_GO,
        leaves=LET_GO <= ending < LET_GO + LEAVE,
        wants_too_much=chance.random() < WANT_TOO_MUCH,
        refreshes=chance.random() < REFRESH,
    )

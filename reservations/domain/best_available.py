"""Choosing the best of the free seats for people who want to sit together."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice, takewhile

from reservations.domain.errors import NotEnoughSeats, NotEnoughTogether
from reservations.domain.geometry import Geometry, side_by_side, to_set
from reservations.domain.plan import SeatPlan


class Together(StrEnum):
    """Whether seats have to be side by side in one row."""

    REQUIRED = "required"
    PREFERRED = "preferred"


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants who leaves the choice of the seats to us.

    Attributes:
        count: how many.
        category: only of this category; None for any.
        section: only of the section of this name; None for any.
    """

    count: int
    together: Together = Together.PREFERRED
    category: str | None = None
    section: str | None = None


@dataclass(frozen=True, slots=True)
class Best:
    """The seats chosen.

    Attributes:
        seats: their indexes in the plan, in reading order.
        together: whether they are side by side in one row.
    """

    seats: tuple[int, ...]
    together: bool


def best_available(plan: SeatPlan, free: bytes, wish: Wish, spread: int = 1) -> Best:
    """Choose seats: side by side without orphans, else side by side, else in one section.

    An orphan is a single free seat between the chosen ones and others, or the end of
    the row. Of places that are alike in this, the nearest to the front and the centre
    of the row is best; where the plan has no rows, the first.

    Args:
        plan: all seats.
        free: one byte for each seat of the plan, 1 when it is free.
        wish: how many seats, and where.
        spread: choose at random among the best places that have so many seats in all,
            and those as good as the last of them. When many ask at once, one place is not
            enough, or all would want the same seats.

    Raises:
        NotEnoughSeats: fewer are free.
        NotEnoughTogether: so many are nowhere side by side, as the wish requires.
    """
    geometry = plan.geometry
    available = to_set(free)
    if wish.category is not None or wish.section is not None:
        available &= to_set(plan.matching(wish.category, wish.section))
    if available.bit_count() < wish.count:
        raise NotEnoughSeats(available.bit_count())
    places = side_by_side(available, wish.count)
    for acceptable in (geometry.without_orphans(places, available, wish.count), places):
        start = _choose(geometry, acceptable, wish.count, spread)
        if start is not None:
            return Best(tuple(range(start, start + wish.count)), together=True)
    if wish.together is Together.REQUIRED:
        raise NotEnoughTogether(available.bit_count())
    nearest = (start for _, start in geometry.ranked(available, 1))
    return Best(_scattered(geometry, nearest, wish.count, spread), together=False)


def _choose(geometry: Geometry, places: int, count: int, spread: int) -> int | None:
    """Return the first seat of one of the best places, or None if there is none."""
    if not places:
        return None
    ranked = geometry.ranked(places, count)
    if spread > count:
        ranked = _apart(ranked, count)
    best = list(islice(ranked, max(1, spread // count)))
    if not best:
        return None
    as_good = takewhile(lambda place: place[0] == best[-1][0], ranked)
    return random.choice([*best, *as_good])[1]  # noqa: S311 - nobody gains by guessing it


def _apart(ranked: Iterable[tuple[int, int]], count: int) -> Iterator[tuple[int, int]]:
    """Yield the places that share no seat with a better one.

    Two who choose different ones do not stand in each other's way, and between them no
    seats are left that are too few for a third.
    """
    covered: set[int] = set()
    for rank, start in ranked:
        if start not in covered and start + count - 1 not in covered:
            covered.update(range(start, start + count))
            yield rank, start


def _scattered(
    geometry: Geometry, nearest: Iterable[int], count: int, spread: int
) -> tuple[int, ...]:
    """Choose seats of one section, or of several if none has enough."""
    enough = max(count, spread)
    seen: list[int] = []
    by_section: dict[int, list[int]] = {}
    large_enough: list[list[int]] = []
    for index in nearest:
        seen.append(index)
        of_section = by_section.setdefault(geometry.section_of(index), [])
        of_section.append(index)
        if len(of_section) == count:
            large_enough.append(of_section)
        if large_enough and len(seen) >= enough:
            break
    candidates = random.choice(large_enough) if large_enough else seen  # noqa: S311
    first = random.randrange(min(len(candidates) - count + 1, spread))  # noqa: S311
    return tuple(sorted(candidates[first : first + count]))

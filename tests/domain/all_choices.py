"""Every choice of seats that there is, and how good it is: slow, and plain to see."""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

from reservations.domain.best_available import Wish
from reservations.domain.plan import NumberedPlan, SeatPlan


class Rank(NamedTuple):
    """How good a choice is: of two, the lower is better.

    Attributes:
        divided: whether the group does not sit side by side.
        leaves_single: whether it leaves a single free seat beside it.
        scattered: whether it is in several sections.
        distances: how far from the front and the centre the group is, or if it is
            divided each of its members, the farthest first.
    """

    divided: bool
    leaves_single: bool
    scattered: bool
    distances: list[tuple[int, int]]

    @property
    def kind(self) -> tuple[bool, bool, bool]:
        """What matters more than where it is."""
        return self[:3]


def all_choices(plan: SeatPlan, free: bytes, wish: Wish) -> dict[tuple[int, ...], Rank]:
    """Return every choice of free seats that would do, and how good it is."""
    would_do = [
        index
        for index, place in enumerate(plan.places())
        if free[index]
        and wish.category in (None, place.category)
        and wish.section in (None, place.section)
    ]
    return {seats: rank(plan, free, seats) for seats in combinations(would_do, wish.count)}


def rank(plan: SeatPlan, free: bytes, seats: tuple[int, ...]) -> Rank:
    """Return how good a choice of seats is."""
    divided = not is_one_place(plan, seats)
    groups = [(seat,) for seat in seats] if divided else [seats]
    return Rank(
        divided,
        not divided and leaves_single_seat(plan, free, seats),
        len({plan.place(seat).section for seat in seats}) > 1,
        sorted((distance(plan, group) for group in groups), reverse=True),
    )


def is_one_place(plan: SeatPlan, seats: tuple[int, ...]) -> bool:
    """Whether seats are side by side in one row."""
    rows = {(plan.place(seat).section, plan.place(seat).row) for seat in seats}
    return len(rows) == 1 and seats[-1] - seats[0] == len(seats) - 1


def leaves_single_seat(plan: SeatPlan, free: bytes, seats: tuple[int, ...]) -> bool:
    """Whether exactly one seat is free on either side of a place."""
    row = plan.place(seats[0]).section, plan.place(seats[0]).row

    def is_free(index: int) -> bool:
        """Whether a seat is free, and in the same row."""
        if not (0 <= index < len(plan) and free[index]):
            return False
        return (plan.place(index).section, plan.place(index).row) == row

    first, last = seats[0], seats[-1]
    single_before = is_free(first - 1) and not is_free(first - 2)
    single_after = is_free(last + 1) and not is_free(last + 2)
    return single_before or single_after


def distance(plan: SeatPlan, seats: tuple[int, ...]) -> tuple[int, int]:
    """Return how far a place is from front and centre, in half seats, and its section."""
    if isinstance(plan, NumberedPlan):
        return 2 * seats[0], 0
    first, last = plan.place(seats[0]), plan.place(seats[-1])
    section = next(each for each in plan.sections if each.name == first.section)
    assert first.number and last.number and first.row
    aside = abs(first.number + last.number - section.seats_per_row - 1)
    return 4 * (ord(first.row) - ord("A")) + aside, plan.sections.index(section)

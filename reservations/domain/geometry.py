"""Where the seats of a plan lie to one another: rows, neighbours, front and centre.

A set of seats is an integer of one byte for each seat in reading order, 1 when the
seat is in it, the first seat lowest. So a step to the right is a shift by one byte,
and thousands of seats are looked at in one operation.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import compress

BITS = 8
"""Of one seat in a set of seats."""

ROW_DISTANCE = 4
"""A row further back counts as much as two seats aside; distances are in half seats."""

ORDERS_REMEMBERED = 32
"""Each takes eight bytes a seat of its plan."""


@dataclass(frozen=True, slots=True)
class Row:
    """Seats side by side.

    Attributes:
        start: index of the first one in the plan.
        seats: how many there are.
        section: index of its section.
        depth: number of rows before it in its section.
        centred: whether the middle is its best place, rather than the beginning.
    """

    start: int
    seats: int
    section: int = 0
    depth: int = 0
    centred: bool = True

    def distances(self, count: int) -> Iterator[int]:
        """Yield how far from front and centre `count` seats are, for each place for them."""
        best = self.seats - count if self.centred else 0
        row = ROW_DISTANCE * self.depth
        return (row + abs(2 * offset - best) for offset in range(self.seats - count + 1))


@dataclass(frozen=True, slots=True)
class Order:
    """All places for a number of seats side by side, the best first.

    Attributes:
        starts: index of the first seat of each place.
        ranks: the same for places that are as good, else the lower the better.
    """

    starts: array[int]
    ranks: array[int]

    def among(self, mask: bytes) -> Iterator[tuple[int, int]]:
        """Yield rank and start of the places whose first seat a mask has 1 for."""
        chosen = map(mask.__getitem__, self.starts)
        return compress(zip(self.ranks, self.starts, strict=True), chosen)


class Geometry:
    """The rows of one plan."""

    def __init__(self, rows: Iterable[Row]) -> None:
        """Lay out rows that are in reading order."""
        self.rows = tuple(rows)
        self._starts = [row.start for row in self.rows]
        self.size = self.rows[-1].start + self.rows[-1].seats

    def ranked(self, places: int, count: int) -> Iterator[tuple[int, int]]:
        """Yield rank and start of places for `count` seats side by side, the best first.

        Args:
            places: their first seats; those from which the row is too short are left out.
            count: how many seats a place has.
        """
        return _order(self, count).among(to_mask(places, self.size))

    def section_of(self, index: int) -> int:
        """Return the index of the section that a seat belongs to."""
        return self.rows[bisect_right(self._starts, index) - 1].section

    def without_orphans(self, places: int, free: int, count: int) -> int:
        """Return those places for `count` seats that leave no single free seat beside them.

        Args:
            places: the first seats of free places.
            free: all free seats.
            count: how many seats a place has.
        """
        begins_gap = free & ~((free << BITS) & ~self._firsts)
        ends_gap = free & ~((free >> BITS) & ~self._lasts)
        # A place's neighbour is in the same row unless the place begins or ends the row.
        alone_before = (begins_gap << BITS) & ~self._firsts
        alone_after = (ends_gap & ~self._firsts) >> BITS * count
        return places & ~alone_before & ~alone_after

    @cached_property
    def _firsts(self) -> int:
        return self._set_of(row.start for row in self.rows)

    @cached_property
    def _lasts(self) -> int:
        return self._set_of(row.start + row.seats - 1 for row in self.rows)

    def _set_of(self, indexes: Iterable[int]) -> int:
        mask = bytearray(self.size)
        for index in indexes:
            mask[index] = 1
        return to_set(mask)


def to_set(mask: bytes | bytearray) -> int:
    """Return the set of seats that a mask has 1 for."""
    return int.from_bytes(mask, "little")


def to_mask(seats: int, size: int) -> bytes:
    """Return a mask of the first `size` seats, 1 for those of a set."""
    return (seats & ((1 << BITS * size) - 1)).to_bytes(size, "little")


def side_by_side(seats: int, count: int) -> int:
    """Return those of a set of seats that are followed by `count` - 1 others of it.

    Where one row ends and the next begins makes no difference here.
    """
    known = 1
    while known < count:
        step = min(known, count - known)
        seats &= seats >> BITS * step
        known += step
    return seats


@lru_cache(ORDERS_REMEMBERED)
def _order(geometry: Geometry, count: int) -> Order:
    rows = [row for row in geometry.rows if row.seats >= count]
    starts = [row.start + offset for row in rows for offset in range(row.seats - count + 1)]
    # Of places as near, those of the section that comes first are better.
    sections = geometry.rows[-1].section + 1
    ranks = [near * sections + row.section for row in rows for near in row.distances(count)]
    ranked = sorted(range(len(starts)), key=ranks.__getitem__)
    return Order(
        array("i", map(starts.__getitem__, ranked)), array("i", map(ranks.__getitem__, ranked))
    )

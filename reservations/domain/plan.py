"""The seats of an event as they were made: their ids, names and reading order.

A plan never changes. A seat's number in reading order (its index, from 0) and its
id are computed from each other, so a plan of 100,000 seats is as small as one of 10.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import ClassVar

from reservations.domain.geometry import Geometry, Row

SLUG_LENGTH = 40
"""Longest beginning of a seat id; with row and number an id stays below 64 characters."""


@dataclass(frozen=True, slots=True)
class Place:
    """The part of a seat that never changes."""

    id: str
    name: str
    section: str | None = None
    row: str | None = None
    number: int | None = None
    category: str | None = None


@dataclass(frozen=True)
class NumberedPlan:
    """Seats without sections, ids `1` to `count`."""

    count: int
    sections: ClassVar[tuple[Section, ...]] = ()

    def __len__(self) -> int:
        """Return the number of seats."""
        return self.count

    def place(self, index: int) -> Place:
        """Return the seat at `index`, 0 being the first."""
        return Place(str(index + 1), f"Seat #{index + 1}")

    def find(self, seat_id: str) -> int | None:
        """Return the index of the seat `seat_id`, or None if there is none."""
        number = _decimal(seat_id)
        return number - 1 if number is not None and number <= self.count else None

    def places(self) -> Iterator[Place]:
        """Yield all seats in reading order."""
        return map(self.place, range(self.count))

    def ids(self) -> Iterator[str]:
        """Yield the ids of all seats in reading order."""
        return map(str, range(1, self.count + 1))

    def matching(self, category: str | None, section: str | None) -> bytes:
        """Return one byte for each seat: none of them has a category or a section."""
        return bytes([category is None and section is None]) * self.count

    @property
    def categories(self) -> Mapping[str | None, int]:
        """How many seats there are of each category: none has one."""
        return {None: self.count}

    def category_of(self, _index: int) -> str | None:
        """Return the category of the seat at an index: none."""
        return None

    @cached_property
    def geometry(self) -> Geometry:
        """How the seats lie: in one long row, the best first."""
        return Geometry([Row(0, self.count, centred=False)])


@dataclass(frozen=True, slots=True)
class Section:
    """A block of rows of one length: `rows` rows of `seats_per_row` seats."""

    name: str
    rows: int
    seats_per_row: int
    category: str | None = None

    def __len__(self) -> int:
        """Return the number of seats."""
        return self.rows * self.seats_per_row

    @property
    def slug(self) -> str:
        """The beginning of the section's seat ids, such as `upper-circle`.

        Empty when no letter or digit of the name can be written in ASCII.
        """
        ascii_name = unicodedata.normalize("NFKD", self.name).encode("ascii", "ignore").decode()
        return re.sub(r"[^a-z0-9]+", "-", ascii_name.lower())[:SLUG_LENGTH].strip("-")


@dataclass(frozen=True)
class SectionedPlan:
    """Seats in sections, ids such as `stalls-C-12`: section, row, number in the row."""

    sections: tuple[Section, ...]

    def __len__(self) -> int:
        """Return the number of seats."""
        return self._ends[-1]

    def place(self, index: int) -> Place:
        """Return the seat at `index`, 0 being the first of the first row."""
        which = bisect_right(self._ends, index)
        section = self.sections[which]
        row, number = divmod(index - self._start(which), section.seats_per_row)
        return _place(section, self.slugs[which], row_name(row), number + 1)

    def find(self, seat_id: str) -> int | None:
        """Return the index of the seat `seat_id`, or None if there is none."""
        slug, _, rest = seat_id.rpartition("-")[0].rpartition("-")
        which = self._by_slug.get(slug)
        number = _decimal(seat_id.rpartition("-")[2])
        row = row_index(rest)
        if which is None or row is None or number is None:
            return None
        section = self.sections[which]
        if row >= section.rows or number > section.seats_per_row:
            return None
        return self._start(which) + row * section.seats_per_row + number - 1

    def places(self) -> Iterator[Place]:
        """Yield all seats in reading order."""
        for section, slug in zip(self.sections, self.slugs, strict=True):
            for row in map(row_name, range(section.rows)):
                for number in range(1, section.seats_per_row + 1):
                    yield _place(section, slug, row, number)

    def ids(self) -> Iterator[str]:
        """Yield the ids of all seats in reading order."""
        for section, slug in zip(self.sections, self.slugs, strict=True):
            for row in map(row_name, range(section.rows)):
                for number in range(1, section.seats_per_row + 1):
                    yield seat_id(slug, row, number)

    def matching(self, category: str | None, section: str | None) -> bytes:
        """Return one byte for each seat, 1 where it is of the category and in the section.

        Args:
            category: None for any.
            section: the name; None for any.
        """
        return b"".join(
            bytes([category in (None, each.category) and section in (None, each.name)]) * len(each)
            for each in self.sections
        )

    @cached_property
    def categories(self) -> Mapping[str | None, int]:
        """How many seats there are of each category; None for those that have none."""
        found: Counter[str | None] = Counter()
        for section in self.sections:
            found[section.category] += len(section)
        return found

    def category_of(self, index: int) -> str | None:
        """Return the category of the seat at an index."""
        return self.sections[bisect_right(self._ends, index)].category

    @cached_property
    def geometry(self) -> Geometry:
        """How the seats lie: in rows, one section after the other."""
        return Geometry(
            Row(self._start(which) + depth * each.seats_per_row, each.seats_per_row, which, depth)
            for which, each in enumerate(self.sections)
            for depth in range(each.rows)
        )

    @cached_property
    def slugs(self) -> tuple[str, ...]:
        """The beginning of the seat ids of each section; its ordinal where a name has none."""
        return tuple(
            section.slug or str(ordinal) for ordinal, section in enumerate(self.sections, start=1)
        )

    @cached_property
    def _ends(self) -> tuple[int, ...]:
        return tuple(accumulate(map(len, self.sections)))

    @cached_property
    def _by_slug(self) -> dict[str, int]:
        return {slug: which for which, slug in enumerate(self.slugs)}

    def _start(self, which: int) -> int:
        return self._ends[which - 1] if which else 0


SeatPlan = NumberedPlan | SectionedPlan


def row_name(index: int) -> str:
    """Return the letters of a row: A to Z, then AA, AB and so on."""
    letters = ""
    remaining = index + 1
    while remaining:
        remaining, letter = divmod(remaining - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return letters


def row_index(name: str) -> int | None:
    """Return the index of the row with these letters, 0 for A, or None if they name no row."""
    if not re.fullmatch(r"[A-Z]{1,6}", name):
        return None
    index = 0
    for letter in name:
        index = index * 26 + ord(letter) - ord("A") + 1
    return index - 1


def seat_id(slug: str, row: str, number: int) -> str:
    """Return the id of a seat in a section."""
    return f"{slug}-{row}-{number}"


def _place(section: Section, slug: str, row: str, number: int) -> Place:
    return Place(
        id=seat_id(slug, row, number),
        name=f"{section.name} {row}-{number}",
        section=section.name,
        row=row,
        number=number,
        category=section.category,
    )


_DECIMAL = re.compile(r"[1-9][0-9]{0,6}")


def _decimal(digits: str) -> int | None:
    """Read a positive number in its one canonical spelling: ASCII digits, no leading zero."""
    return int(digits) if _DECIMAL.fullmatch(digits) else None

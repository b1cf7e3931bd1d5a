"""Sets of seats, and where seats lie: against what is seen by looking at one seat at a time."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reservations.domain.geometry import (
    BITS,
    Geometry,
    Row,
    side_by_side,
    to_mask,
    to_set,
)

counts = st.integers(1, 9)
masks = st.lists(st.sampled_from([0, 1]), min_size=1, max_size=40).map(bytes)


@st.composite
def halls(draw: st.DrawFn) -> tuple[Geometry, bytes]:
    """Draw rows of several sections, and a mask of their seats."""
    rows: list[Row] = []
    for section in range(draw(st.integers(1, 3))):
        seats = draw(st.integers(1, 8))
        centred = draw(st.booleans())
        for depth in range(draw(st.integers(1, 3))):
            start = rows[-1].start + rows[-1].seats if rows else 0
            rows.append(Row(start, seats, section, depth, centred))
    geometry = Geometry(rows)
    ones = st.sampled_from([0, 1])
    return geometry, bytes(draw(st.lists(ones, min_size=geometry.size, max_size=geometry.size)))


def indexes(seats: int, size: int) -> set[int]:
    """Return the seats of a set, looked up one by one."""
    return {index for index in range(size) if seats >> BITS * index & 1}


def places_in(row: Row, count: int) -> list[range]:
    """Return the places for `count` seats in a row."""
    end = row.start + row.seats
    return [range(start, start + count) for start in range(row.start, end - count + 1)]


@settings(deadline=None)
@given(masks)
def test_a_set_and_its_mask_have_the_same_seats(mask: bytes) -> None:
    seats = to_set(mask)
    assert indexes(seats, len(mask)) == {index for index, one in enumerate(mask) if one}
    assert seats.bit_count() == sum(mask)
    assert to_mask(seats, len(mask)) == mask


@settings(deadline=None)
@given(masks, st.integers(0, 50))
def test_a_mask_has_as_many_seats_as_asked_for(mask: bytes, size: int) -> None:
    assert to_mask(to_set(mask), size) == mask[:size].ljust(size, b"\0")


def test_a_mask_can_be_a_bytearray() -> None:
    assert to_set(bytearray([0, 1])) == to_set(bytes([0, 1]))


@settings(deadline=None)
@given(masks, counts)
def test_seats_are_side_by_side_when_the_next_ones_are_there_too(mask: bytes, count: int) -> None:
    seats = indexes(to_set(mask), len(mask))
    assert indexes(side_by_side(to_set(mask), count), len(mask)) == {
        start for start in seats if seats.issuperset(range(start, start + count))
    }


@settings(deadline=None)
@given(halls(), counts)
def test_an_orphan_is_a_single_free_seat_beside_a_place(
    hall: tuple[Geometry, bytes], count: int
) -> None:
    geometry, mask = hall
    free = indexes(to_set(mask), geometry.size)
    places = {place for row in geometry.rows for place in places_in(row, count)}
    places = {place for place in places if free.issuperset(place)}

    def leaves_orphan(place: range, row: Row) -> bool:
        """Whether the free seats before or after a place are exactly one."""
        seats = range(row.start, row.start + row.seats)
        left = [each in free and each in seats for each in (place[0] - 1, place[0] - 2)]
        right = [each in free and each in seats for each in (place[-1] + 1, place[-1] + 2)]
        return [True, False] in (left, right)

    good = geometry.without_orphans(side_by_side(to_set(mask), count), to_set(mask), count)
    assert {start for _, start in geometry.ranked(good, count)} == {
        place[0]
        for row in geometry.rows
        for place in places_in(row, count)
        if place in places and not leaves_orphan(place, row)
    }


@settings(deadline=None)
@given(halls(), counts)
def test_places_are_ranked_by_distance_and_then_by_section(
    hall: tuple[Geometry, bytes], count: int
) -> None:
    geometry, mask = hall
    chosen = indexes(to_set(mask), geometry.size)
    near = {
        place[0]: (distance, row.section)
        for row in geometry.rows
        if row.seats >= count
        for place, distance in zip(places_in(row, count), row.distances(count), strict=True)
        if place[0] in chosen
    }
    ranked = list(geometry.ranked(to_set(mask), count))
    assert sorted(start for _, start in ranked) == sorted(near)
    in_order = [near[start] for _, start in ranked]
    assert in_order == sorted(in_order)
    assert len({rank for rank, _ in ranked}) == len(set(in_order))


@pytest.mark.parametrize(
    ("row", "count", "distances"),
    [
        pytest.param(Row(0, 5), 1, [4, 2, 0, 2, 4], id="the middle is best"),
        pytest.param(Row(0, 5), 2, [3, 1, 1, 3], id="two are as near to it"),
        pytest.param(Row(0, 5), 5, [0], id="the whole row"),
        pytest.param(Row(0, 5, depth=2), 3, [10, 8, 10], id="two rows further back"),
        pytest.param(Row(0, 5, centred=False), 3, [0, 2, 4], id="the beginning is best"),
        pytest.param(Row(0, 5), 6, [], id="too short"),
    ],
)
def test_distances_are_in_half_seats(row: Row, count: int, distances: list[int]) -> None:
    assert list(row.distances(count)) == distances


@settings(deadline=None)
@given(halls())
def test_every_seat_is_of_the_section_of_its_row(hall: tuple[Geometry, bytes]) -> None:
    geometry, _ = hall
    assert [geometry.section_of(index) for index in range(geometry.size)] == [
        row.section for row in geometry.rows for _ in range(row.seats)
    ]

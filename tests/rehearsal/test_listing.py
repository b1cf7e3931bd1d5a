"""How patrons find seats in a list."""

from __future__ import annotations

import json

import pytest

from reservations.rehearsal.listing import groups
from tests.rehearsal.chance import seeded

HOSTILE = '"id":"9"'


def listed(count: int, separators: tuple[str, str] = (",", ":")) -> bytes:
    seats = [{"id": str(number), "name": HOSTILE, "status": "free"} for number in range(1, count)]
    return json.dumps(seats, separators=separators).encode()


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
@pytest.mark.parametrize("party", [1, 2, 4])
def test_a_group_is_of_seats_that_follow_each_other(
    separators: tuple[str, str], party: int
) -> None:
    for seed in range(50):
        for group in groups(listed(200, separators), party, seeded(seed)):
            first = int(group[0])
            assert group == [str(first + number) for number in range(len(group))]
            assert len(group) == party or group[-1] == "199"


def test_what_only_looks_like_an_id_is_none() -> None:
    chance = seeded(1)
    found = {seat for _ in range(50) for group in groups(listed(4), 2, chance) for seat in group}
    assert found == {"1", "2", "3"}


def test_the_beginning_is_liked_best() -> None:
    chance = seeded(1)
    firsts = [int(group[0]) for _ in range(200) for group in groups(listed(1001), 1, chance)]
    assert sum(first <= 250 for first in firsts) > 2 * sum(first > 750 for first in firsts) > 0


def test_where_something_is_free_something_is_found() -> None:
    for seed in range(50):
        assert groups(listed(2), 4, seeded(seed))[0] == ["1"]


def test_where_nothing_is_free_there_is_no_group() -> None:
    assert groups(b"[]\n", 2, seeded(1)) == []

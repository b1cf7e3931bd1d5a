"""Who comes to a rehearsal, and when."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reservations.domain.event import Terms
from reservations.rehearsal.crowd import arrivals, most_seats, pace, temper
from tests.rehearsal.chance import seeded

MINUTE = timedelta(minutes=1)
SECTIONS = ["Stalls", "Balcony"]


class TestArrivals:
    @pytest.mark.parametrize("patrons", [1, 2, 3, 1000])
    def test_each_arrives_once_in_order_within_the_time(self, patrons: int) -> None:
        times = arrivals(patrons, 60, seeded(1))
        assert len(times) == patrons
        assert times == sorted(times)
        assert 0 <= times[0] <= times[-1] <= 42

    @pytest.mark.parametrize("patrons", [1, 2, 3, 1000])
    def test_half_arrive_in_the_first_tenth(self, patrons: int) -> None:
        early = [time for time in arrivals(patrons, 60, seeded(1)) if time <= 6]
        assert len(early) == (patrons + 1) // 2

    def test_of_the_others_ever_fewer_arrive(self) -> None:
        later = [time for time in arrivals(10_000, 10, seeded(1)) if time > 1]
        by_third = [sum(1 + 2 * n <= time < 3 + 2 * n for time in later) for n in range(3)]
        assert by_third[0] > by_third[1] > by_third[2] > 0

    def test_a_seed_decides(self) -> None:
        assert arrivals(50, 10, seeded(1)) == arrivals(50, 10, seeded(1))
        assert arrivals(50, 10, seeded(1)) != arrivals(50, 10, seeded(2))


def test_patrons_think_faster_in_a_short_sale_and_never_slower_than_people() -> None:
    assert pace(80) == pytest.approx(0.1)
    assert pace(800) == 1
    assert pace(86_400) == 1


@pytest.mark.parametrize(
    ("user_limit", "total_limit", "most"), [(4, None, 4), (4, 2, 2), (4, 9, 4), (1, None, 1)]
)
def test_a_patron_may_have_as_many_seats_as_both_limits_allow(
    user_limit: int, total_limit: int | None, most: int
) -> None:
    assert most_seats(Terms(MINUTE, MINUTE, user_limit, total_limit)) == most


class TestTempers:
    @pytest.mark.parametrize(("limit", "parties"), [(1, {1}), (3, {1, 2, 3}), (50, {1, 2, 3, 4})])
    def test_parties_are_of_all_sizes_up_to_the_limit(self, limit: int, parties: set[int]) -> None:
        chance = seeded(1)
        assert {temper(limit, [], chance).party for _ in range(500)} == parties

    def test_there_are_all_kinds_and_most_buy(self) -> None:
        chance = seeded(1)
        crowd = [temper(4, SECTIONS, chance) for _ in range(1000)]
        for trait in ("picks", "lets_go", "leaves", "wants_too_much", "refreshes"):
            assert 0 < sum(getattr(each, trait) for each in crowd) < 500, trait
        assert not any(each.lets_go and each.leaves for each in crowd)
        assert {each.section for each in crowd} == {None, *SECTIONS}

    def test_where_there_is_one_section_nobody_asks_for_it(self) -> None:
        chance = seeded(1)
        assert {temper(4, ["Stalls"], chance).section for _ in range(100)} == {None}

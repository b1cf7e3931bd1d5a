"""Plans: ids, names and reading order, the way back from an id, and what seats are like."""

from __future__ import annotations

from collections import Counter

import pytest

from reservations.domain.geometry import Row
from reservations.domain.plan import (
    NumberedPlan,
    Place,
    SeatPlan,
    Section,
    SectionedPlan,
    row_index,
    row_name,
)

HALL = SectionedPlan(
    (
        Section("Stalls", rows=2, seats_per_row=3, category="A"),
        Section("Upper Circle", rows=28, seats_per_row=2),
        Section("桟敷", rows=1, seats_per_row=1),
    )
)


@pytest.mark.parametrize("plan", [NumberedPlan(250), HALL])
def test_every_seat_is_found_by_its_id_at_its_place_in_reading_order(plan: SeatPlan) -> None:
    places = list(plan.places())
    assert len(places) == len(plan)
    assert [plan.find(place.id) for place in places] == list(range(len(plan)))
    assert [plan.place(index) for index in range(len(plan))] == places
    assert list(plan.ids()) == [place.id for place in places]


def test_numbered_seats_are_named_by_their_number() -> None:
    assert NumberedPlan(250).place(249) == Place("250", "Seat #250")


def test_seats_in_sections_say_section_row_and_number() -> None:
    assert HALL.place(5) == Place("stalls-B-3", "Stalls B-3", "Stalls", "B", 3, "A")
    assert HALL.place(6 + 2 * 26).id == "upper-circle-AA-1"


def test_a_section_that_ascii_cannot_name_is_named_by_its_ordinal() -> None:
    assert HALL.place(len(HALL) - 1).id == "3-A-1"


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Stalls", "stalls"),
        ("  Parkett  Rechts! ", "parkett-rechts"),
        ("Orchestre côté jardin", "orchestre-cote-jardin"),
        ("x" * 100, "x" * 40),
        ("x" * 39 + " y", "x" * 39),
        ("桟敷", ""),
    ],
)
def test_slugs_are_lower_case_ascii(name: str, slug: str) -> None:
    assert Section(name, 1, 1).slug == slug


@pytest.mark.parametrize(
    "seat_id",
    ["", "0", "251", "01", "+1", "1 ", "-1", "1.0", "١", "²", "1" * 5000, "A-1", "stalls-A-1"],
)
def test_numbered_plans_know_no_other_ids(seat_id: str) -> None:
    assert NumberedPlan(250).find(seat_id) is None


@pytest.mark.parametrize(
    "seat_id",
    [
        "",
        "-",
        "--",
        "1",
        "stalls",
        "stalls-A",
        "stalls-A-0",
        "stalls-A-4",
        "stalls-C-1",
        "stalls-a-1",
        "stalls-A-01",
        "stalls--1",
        "stalls-A-",
        "Stalls-A-1",
        "stalls-AAAAAAAAAA-1",
        "circle-A-1",
        "upper-circle-AC-1",
    ],
)
def test_sectioned_plans_know_no_other_ids(seat_id: str) -> None:
    assert HALL.find(seat_id) is None


def test_rows_go_on_after_z_with_two_letters() -> None:
    assert [row_name(index) for index in (0, 25, 26, 51, 52, 701, 702)] == [
        "A",
        "Z",
        "AA",
        "AZ",
        "BA",
        "ZZ",
        "AAA",
    ]
    assert all(row_index(row_name(index)) == index for index in range(20_000))
    assert row_index("a") is None


def test_the_longest_possible_id_is_short_enough() -> None:
    plan = SectionedPlan((Section("x" * 100, rows=100_000, seats_per_row=1),))
    assert max(len(place.id) for place in plan.places()) <= 64


class TestMatching:
    @pytest.mark.parametrize(
        ("category", "section", "seats"),
        [
            (None, None, {"stalls": 6, "upper-circle": 56, "3": 1}),
            ("A", None, {"stalls": 6}),
            (None, "Upper Circle", {"upper-circle": 56}),
            ("A", "Stalls", {"stalls": 6}),
            ("A", "Upper Circle", {}),
            ("B", None, {}),
            (None, "upper-circle", {}),
        ],
    )
    def test_sections_have_a_name_and_perhaps_a_category(
        self, category: str | None, section: str | None, seats: dict[str, int]
    ) -> None:
        mask = HALL.matching(category, section)
        assert len(mask) == len(HALL)
        matching = [HALL.place(index).id for index, one in enumerate(mask) if one]
        assert Counter(seat_id.rsplit("-", 2)[0] for seat_id in matching) == seats

    @pytest.mark.parametrize(
        ("category", "section", "mask"),
        [(None, None, b"\1\1"), ("A", None, b"\0\0"), (None, "1", b"\0\0"), ("A", "1", b"\0\0")],
    )
    def test_numbered_seats_have_neither(
        self, category: str | None, section: str | None, mask: bytes
    ) -> None:
        assert NumberedPlan(2).matching(category, section) == mask


@pytest.mark.parametrize(
    ("plan", "categories"),
    [
        (NumberedPlan(250), {None: 250}),
        (HALL, {"A": 6, None: 57}),
        (SectionedPlan((Section("1", 1, 2, "A"), Section("2", 1, 3, "A"))), {"A": 5}),
    ],
)
def test_categories_are_counted(plan: SeatPlan, categories: dict[str | None, int]) -> None:
    assert plan.categories == categories
    of_each = [plan.category_of(index) for index in range(len(plan))]
    assert of_each == [place.category for place in plan.places()]
    assert Counter(of_each) == categories


class TestGeometry:
    def test_rows_lie_one_behind_the_other_in_each_section(self) -> None:
        plan = SectionedPlan((Section("Stalls", 2, 3), Section("Circle", 1, 4)))
        assert plan.geometry.rows == (
            Row(start=0, seats=3, section=0, depth=0),
            Row(start=3, seats=3, section=0, depth=1),
            Row(start=6, seats=4, section=1, depth=0),
        )
        assert plan.geometry.size == len(plan)

    def test_numbered_seats_lie_in_one_row_the_first_of_which_is_best(self) -> None:
        assert NumberedPlan(250).geometry.rows == (Row(start=0, seats=250, centred=False),)

    @pytest.mark.parametrize("plan", [NumberedPlan(250), HALL])
    def test_it_is_laid_out_once(self, plan: SeatPlan) -> None:
        assert plan.geometry is plan.geometry

"""Plans: ids, names and reading order, and the way back from an id to its seat."""

from __future__ import annotations

import pytest

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

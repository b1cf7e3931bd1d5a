"""The best of the free seats, as pictures of a hall.

A line is a row, the first one the front; `.` is a free seat, `x` one that is taken and
`#` one that is chosen. So each picture shows a choice, and what it was made of. A blank
line ends a section; `Stalls/A` names the one that follows, and its category.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reservations.domain.best_available import Best, Together, Wish, best_available
from reservations.domain.errors import NotEnoughSeats, NotEnoughTogether
from reservations.domain.plan import NumberedPlan, SeatPlan, Section, SectionedPlan
from tests.domain.all_choices import all_choices

DRAWS = 200


def hall(picture: str) -> tuple[SectionedPlan, bytes]:
    """Return the plan of a picture, and which of its seats are not taken."""
    sections, free = [], b""
    for ordinal, rows in enumerate(map(str.split, picture.split("\n\n")), start=1):
        heading = rows.pop(0) if rows[0][0].isupper() else str(ordinal)
        name, _, category = heading.partition("/")
        sections.append(Section(name, len(rows), len(rows[0]), category or None))
        free += bytes(seat != "x" for row in rows for seat in row)
    return SectionedPlan(tuple(sections)), free


def shown(picture: str, best: Best) -> str:
    """Return the picture with the seats chosen that are best."""
    rows = re.finditer(r"^[.x]+$", picture, re.MULTILINE)
    seats = [at for row in rows for at in range(*row.span())]
    chosen = {seats[index] for index in best.seats}
    return "".join("#" if at in chosen else drawn for at, drawn in enumerate(picture))


def before(picture: str) -> str:
    """Return the picture before seats were chosen."""
    return picture.replace("#", ".")


def choice(picture: str, count: int, *, spread: int = 1, **wish: str) -> tuple[str, bool]:
    """Return the picture with the best seats chosen, and whether they are together."""
    best = best_available(*hall(picture), Wish(count, **wish), spread)  # type: ignore[arg-type]
    return shown(picture, best), best.together


@pytest.mark.parametrize("together", Together)
@pytest.mark.parametrize(
    "picture",
    [
        pytest.param("...#...\n.......", id="one"),
        pytest.param("..##..\n......", id="two"),
        pytest.param("..###..\n.......", id="three"),
        pytest.param("..########..\n............", id="eight"),
        pytest.param("####\n....", id="a whole row"),
        pytest.param("#", id="the only seat"),
        pytest.param("xxxxxxx\n..###..", id="the next row when the front is taken"),
        pytest.param("..###xxxx\n.........", id="one seat aside rather than a row back"),
        pytest.param("...xxxxxx\n...###...", id="a row back rather than three seats aside"),
        pytest.param("xx.x..\n.x..xx\nxx####", id="where there is room"),
        pytest.param("..\n..\n\n#####", id="where the rows are long enough"),
        pytest.param("..##..\n......\n\n......", id="the first of several sections"),
        pytest.param("xxxx\n..xx\n\n..##..", id="the middle of another section"),
    ],
)
def test_a_group_sits_together_near_the_front_and_the_centre(
    picture: str, together: Together
) -> None:
    chosen = choice(before(picture), picture.count("#"), together=together)
    assert chosen == (picture, True)


@pytest.mark.parametrize("together", Together)
@pytest.mark.parametrize(
    "picture",
    [
        pytest.param("x##..", id="at the end of the row"),
        pytest.param("x#####..", id="of a long group"),
        pytest.param("x...x##..", id="towards a seat that is taken"),
        pytest.param("##x...", id="rather than nearer to the centre"),
        pytest.param("#x..", id="by one who comes alone"),
        pytest.param("....\n###x", id="rather than nearer to the front"),
        pytest.param("....\n....\n....\nx###", id="but in the last row"),
        pytest.param("....\n....\n\n###", id="but in another section"),
        pytest.param(".x##..", id="who was not alone before"),
    ],
)
def test_nobody_is_left_a_single_seat_beside_the_group(picture: str, together: Together) -> None:
    chosen = choice(before(picture), picture.count("#"), together=together)
    assert chosen == (picture, True)


@pytest.mark.parametrize("together", Together)
@pytest.mark.parametrize(
    "picture",
    [
        pytest.param("x###.", id="at the end of the row"),
        pytest.param("xx.###x..", id="towards a seat that is taken"),
        pytest.param("xxxxx\nx###.\nx....", id="nearest to the front and the centre"),
        pytest.param("Stalls\n.###x\n\nCircle\n..x..", id="whatever else is free"),
    ],
)
def test_a_single_seat_is_left_rather_than_the_group_divided(
    picture: str, together: Together
) -> None:
    chosen = choice(before(picture), picture.count("#"), together=together)
    assert chosen == (picture, True)


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(".x#x#x#x.", id="near to the centre"),
        pytest.param("#x#\n.x.\n.x.", id="near to the front"),
        pytest.param("Stalls\n.x.x\n\nCircle\n#x#x#x", id="where a section has enough"),
        pytest.param("Stalls\n#x\nx#\n\nCircle\n.x", id="though another has a nearer seat"),
        pytest.param("xx#\n#xx", id="not across the end of a row"),
    ],
)
def test_a_group_that_cannot_sit_together_stays_in_one_section(picture: str) -> None:
    assert choice(before(picture), picture.count("#")) == (picture, False)


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param("Stalls\n#x\n\nCircle\nx#", id="one each"),
        pytest.param("Stalls\n#x\n\nCircle\n#x\n\nBox\nx#x.x", id="the nearest of all"),
        pytest.param("xx#\n\n#xx", id="not across the end of a section"),
        pytest.param("##\n\n##", id="two and two"),
    ],
)
def test_a_group_that_no_section_has_room_for_is_divided(picture: str) -> None:
    assert choice(before(picture), picture.count("#")) == (picture, False)


@pytest.mark.parametrize(
    ("picture", "wish"),
    [
        ("Stalls/A\n..##..\n\nCircle/B\n......", {"category": "A"}),
        ("Stalls/A\n......\n\nCircle/B\n..##..", {"category": "B"}),
        ("Stalls/A\n......\n\nCircle/B\n..##..", {"section": "Circle"}),
        ("Stalls\n......\n\nCircle\n..##..", {"section": "Circle"}),
        ("Stalls/A\nxxxxxx\n\nCircle/B\n......\n\nBox/A\n..##..", {"category": "A"}),
        ("Stalls/A\n..##..\n\nBox/A\n......", {"category": "A", "section": "Stalls"}),
        ("Stalls/A\n......\n\nBox/A\n..##..", {"category": "A", "section": "Box"}),
        ("Stalls/A\n......\n\nCircle/B\n##", {"category": "B"}),
    ],
)
def test_only_seats_that_are_wished_for_are_chosen(picture: str, wish: dict[str, str]) -> None:
    assert choice(before(picture), 2, **wish) == (picture, True)


@pytest.mark.parametrize(
    ("picture", "wish"),
    [
        ("Stalls/A\n#x#\n\nCircle/B\n....", {"category": "A"}),
        ("Stalls/A\n#x#x\n\nCircle/A\n....", {"section": "Stalls"}),
        ("Stalls/A\n#x\n\nCircle/B\n....\n\nBox/A\nx#", {"category": "A"}),
    ],
)
def test_a_group_is_divided_rather_than_put_elsewhere(picture: str, wish: dict[str, str]) -> None:
    assert choice(before(picture), picture.count("#"), **wish) == (picture, False)


@pytest.mark.parametrize(
    ("picture", "count", "wish", "free"),
    [
        ("..x", 3, {}, 2),
        ("x", 1, {}, 0),
        ("..\n..\n\n..", 8, {}, 6),
        ("Stalls/A\n....\n\nCircle/B\n.x..", 4, {"category": "B"}, 3),
        ("Stalls/A\n....\n\nCircle/B\n.x..", 4, {"section": "Circle"}, 3),
        ("Stalls/A\n....\n\nCircle/B\n.x..", 1, {"category": "C"}, 0),
        ("Stalls/A\n....\n\nCircle/B\n.x..", 1, {"category": "A", "section": "Circle"}, 0),
    ],
)
@pytest.mark.parametrize("together", Together)
def test_where_too_few_seats_are_free_the_refusal_says_how_many(
    picture: str, count: int, wish: dict[str, str], free: int, together: Together
) -> None:
    with pytest.raises(NotEnoughSeats) as refusal:
        choice(picture, count, together=together, **wish)
    assert refusal.value.free == free


@pytest.mark.parametrize(
    ("picture", "count", "wish", "free"),
    [
        ("..x..", 3, {}, 4),
        ("..\n..", 3, {}, 4),
        ("xx.\n.xx", 2, {}, 2),
        ("xx.\n\n.xx", 2, {}, 2),
        ("Stalls/A\n.x.\n\nCircle/B\n....", 2, {"category": "A"}, 2),
        ("Stalls/A\n.x.\n\nCircle/B\n....", 2, {"section": "Stalls"}, 2),
    ],
)
def test_where_a_group_has_to_sit_together_it_is_not_divided(
    picture: str, count: int, wish: dict[str, str], free: int
) -> None:
    with pytest.raises(NotEnoughTogether) as refusal:
        choice(picture, count, together=Together.REQUIRED, **wish)
    assert refusal.value.free == free


@pytest.mark.parametrize(
    ("picture", "together"),
    [
        ("#....", True),
        ("##....", True),
        ("x##...", True),
        ("########..", True),
        ("####", True),
        ("...x##", True),
        ("##x..", True),
        ("###.", True),
        ("#x#x.", False),
    ],
)
def test_of_seats_without_rows_the_first_are_best(picture: str, together: bool) -> None:
    free = bytes(seat != "x" for seat in picture)
    best = best_available(NumberedPlan(len(picture)), free, Wish(picture.count("#")))
    assert (shown(before(picture), best), best.together) == (picture, together)


@pytest.mark.parametrize(
    "alike",
    [
        pytest.param({"##x..", "..x##"}, id="left and right"),
        pytest.param({"..#...", "...#.."}, id="either in the middle"),
        pytest.param({"#xxxx\n.....", ".xxxx\n..#.."}, id="two seats aside and a row back"),
        pytest.param({".###", "###."}, id="left and right with a single seat left"),
    ],
)
@pytest.mark.parametrize("spread", [1, 2])
def test_of_places_that_are_alike_any_may_be_chosen(alike: set[str], spread: int) -> None:
    picture = max(alike)
    draws = [choice(before(picture), picture.count("#"), spread=spread) for _ in range(DRAWS)]
    assert {chosen for chosen, _ in draws} == alike


class TestSpreading:
    """Choosing among more than the best place when many ask at once."""

    @pytest.mark.parametrize("places", [2, 3, 4, 6])
    @pytest.mark.parametrize("picture", ["......\n......\n......", "x....x\n.x...x", "....\n..x."])
    def test_any_of_so_many_places_apart_is_chosen_or_one_as_good_as_the_last(
        self, picture: str, places: int
    ) -> None:
        plan, free = hall(picture)
        ranks = all_choices(plan, free, Wish(count=2))
        kind = min(ranks.values()).kind
        apart: list[tuple[int, ...]] = []
        for seats in sorted((s for s in ranks if ranks[s].kind == kind), key=ranks.__getitem__):
            if not any(set(seats) & set(better) for better in apart):
                apart.append(seats)
        worst = ranks[apart[:places][-1]]
        draws = {best_available(plan, free, Wish(2), 2 * places).seats for _ in range(DRAWS)}
        assert draws == {seats for seats in apart if ranks[seats] <= worst}

    def test_groups_that_are_spread_leave_no_remnants_between_them(self) -> None:
        plan, free = hall("............")
        seated = bytearray(free)
        for _ in range(3):
            for index in best_available(plan, bytes(seated), Wish(count=4), spread=100).seats:
                seated[index] = 0
        assert not any(seated)

    def test_a_group_that_is_divided_gets_seats_of_one_section_that_are_about_as_good(
        self,
    ) -> None:
        plan, free = hall("x.x.x.x.x.x.x")
        draws = {best_available(plan, free, Wish(count=2), spread=4).seats for _ in range(DRAWS)}
        assert draws == {(5, 7), (3, 7), (3, 9)}, "seat 6 is the centre"

    @pytest.mark.parametrize("spread", [1, 2, 4])
    def test_a_larger_section_further_away_is_no_reason_to_leave_a_near_one(
        self, spread: int
    ) -> None:
        plan, free = hall(".x.x.\n\n" + ".x" * 10 + "x" * 40)
        draws = {best_available(plan, free, Wish(count=2), spread).seats for _ in range(DRAWS)}
        assert any(max(seats) < 5 for seats in draws)
        assert spread > 3 or all(max(seats) < 5 for seats in draws)

    @pytest.mark.parametrize(
        ("picture", "count", "choices"),
        [("x..x", 2, {(1, 2)}), ("x.x.", 2, {(1, 3)}), (".x\n\n.x", 1, {(0,), (2,)})],
    )
    def test_where_there_are_fewer_any_of_them_is_chosen(
        self, picture: str, count: int, choices: set[tuple[int, ...]]
    ) -> None:
        plan, free = hall(picture)
        draws = {best_available(plan, free, Wish(count), spread=1000).seats for _ in range(DRAWS)}
        assert draws == choices

    def test_a_group_in_several_sections_gets_seats_that_are_about_as_good(self) -> None:
        plan, free = hall("\n\n".join(["x.x"] * 5))
        draws = {best_available(plan, free, Wish(count=2), spread=3).seats for _ in range(DRAWS)}
        assert draws == {(1, 4), (4, 7), (7, 10)}


rows = st.tuples(st.integers(1, 3), st.integers(1, 5), st.sampled_from(["A", "B", None]))


def sectioned(drawn: list[tuple[int, int, str | None]]) -> SectionedPlan:
    """Return a plan of sections that have rows, seats in each of them, and a category."""
    return SectionedPlan(tuple(Section(str(n), *each) for n, each in enumerate(drawn, start=1)))


plans = st.integers(1, 12).map(NumberedPlan) | st.lists(rows, min_size=1, max_size=3).map(sectioned)
wishes = st.builds(
    Wish,
    count=st.integers(1, 5),
    together=st.sampled_from(Together),
    category=st.sampled_from([None, None, "A", "B"]),
)


@st.composite
def halls(draw: st.DrawFn) -> tuple[SeatPlan, bytes]:
    """Draw a small plan, and which of its seats are free."""
    plan = draw(plans.filter(lambda plan: len(plan) <= 14))
    some_free = st.sampled_from([[0, 1], [0, 1, 1, 1, 1]]).flatmap(st.sampled_from)
    return plan, bytes(draw(st.lists(some_free, min_size=len(plan), max_size=len(plan))))


@settings(deadline=None, max_examples=300)
@given(halls(), wishes, st.integers(1, 4))
def test_no_choice_would_have_been_better(
    drawn: tuple[SeatPlan, bytes], wish: Wish, spread: int
) -> None:
    plan, free = drawn
    ranks = all_choices(plan, free, wish)
    ranked = sorted(ranks.values())
    if not ranks:
        with pytest.raises(NotEnoughSeats):
            best_available(plan, free, wish, spread)
    elif wish.together is Together.REQUIRED and ranked[0].divided:
        with pytest.raises(NotEnoughTogether):
            best_available(plan, free, wish, spread)
    else:
        best = best_available(plan, free, wish, spread)
        chosen = ranks[best.seats]
        alike = [rank for rank in ranked if rank.kind == ranked[0].kind]
        assert best.together is not chosen.divided
        assert chosen.kind == ranked[0].kind
        if best.together or spread == 1:
            # Each place that is chosen before it can rule out those that overlap it.
            before = max(1, spread // wish.count) * (2 * wish.count - 1)
            assert chosen <= alike[min(before if spread > 1 else 1, len(alike)) - 1]

"""Events: what can be changed of them, and when their seats are sold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reservations.domain.errors import InvalidTerms, NotOnSale
from reservations.domain.event import Event, EventStatus, Terms, contradictions

NOW = datetime(2027, 1, 1, 20, tzinfo=UTC)
SECOND = timedelta(seconds=1)
TERMS = Terms(hold_time=60 * SECOND, hold_max=600 * SECOND, seat_user_limit=4)
LIMITED = replace(
    TERMS, hold_max=100 * SECOND, on_sale_from=NOW - 10 * SECOND, on_sale_until=NOW + 10 * SECOND
)
EVENT = Event(id="e", name="Opening night", terms=TERMS, created_at=NOW, location="Main hall")

TOO_SHORT = {"hold_max": ["Must not be shorter than hold_time."]}
NEVER_ON_SALE = {"on_sale_until": ["Must be later than on_sale_from."]}


@pytest.mark.parametrize(
    "members",
    [
        {"name": "Closing night"},
        {"description": "The last one.", "location": None},
        {"date": NOW, "status": EventStatus.CLOSED},
        {},
    ],
)
def test_an_events_own_members_change_alone(members: Mapping[str, Any]) -> None:
    assert EVENT.changed(members) == replace(EVENT, **members)


def test_members_of_its_terms_change_along_with_its_own() -> None:
    assert EVENT.changed({"name": "Closing night", "seat_user_limit": 9}) == replace(
        EVENT, name="Closing night", terms=replace(TERMS, seat_user_limit=9)
    )


@pytest.mark.parametrize(
    ("terms", "members", "hold_max"),
    [
        pytest.param(TERMS, {"hold_time": 30 * SECOND}, 300, id="default, hold time shorter"),
        pytest.param(TERMS, {"hold_time": 90 * SECOND}, 900, id="default, hold time longer"),
        pytest.param(TERMS, {"seat_user_limit": 5}, 600, id="default, others change"),
        pytest.param(TERMS, {"hold_max": 90 * SECOND}, 90, id="changed"),
        pytest.param(
            TERMS, {"hold_time": 5 * SECOND, "hold_max": 600 * SECOND}, 600, id="kept on purpose"
        ),
        pytest.param(LIMITED, {"hold_time": 90 * SECOND}, 100, id="not the default"),
        pytest.param(LIMITED, {"hold_time": 100 * SECOND}, 100, id="as long as the hold time"),
    ],
)
def test_hold_max_follows_the_hold_time_while_it_is_the_default(
    terms: Terms, members: Mapping[str, Any], hold_max: int
) -> None:
    assert terms.changed(members) == replace(terms, **{**members, "hold_max": hold_max * SECOND})


@pytest.mark.parametrize(
    ("terms", "members", "errors"),
    [
        (TERMS, {"hold_max": 59 * SECOND}, TOO_SHORT),
        (LIMITED, {"hold_time": 101 * SECOND}, TOO_SHORT),
        (LIMITED, {"on_sale_until": LIMITED.on_sale_from}, NEVER_ON_SALE),
        (LIMITED, {"on_sale_from": LIMITED.on_sale_until}, NEVER_ON_SALE),
        (LIMITED, {"on_sale_from": NOW + SECOND, "on_sale_until": NOW}, NEVER_ON_SALE),
        (LIMITED, {"hold_time": 200 * SECOND, "on_sale_until": NOW - 60 * SECOND}, TOO_SHORT),
    ],
)
def test_terms_that_would_contradict_themselves_are_refused(
    terms: Terms, members: Mapping[str, Any], errors: Mapping[str, list[str]]
) -> None:
    for change in (terms.changed, replace(EVENT, terms=terms).changed):
        with pytest.raises(InvalidTerms) as refusal:
            change(members)
        assert refusal.value.errors == errors


@pytest.mark.parametrize("end", ["on_sale_from", "on_sale_until"])
def test_either_end_of_the_sales_window_can_be_taken_away(end: str) -> None:
    terms = LIMITED.changed({end: None})
    assert terms == replace(LIMITED, **{end: None})


@pytest.mark.parametrize(
    ("hold_time", "hold_max", "opens", "ends", "members"),
    [
        (None, None, None, None, []),
        (60, 60, 1, 2, []),
        (60, 59, 1, 2, ["hold_max"]),
        (None, 59, None, 2, []),
        (60, None, 1, None, []),
        (60, 600, 2, 2, ["on_sale_until"]),
        (60, 600, 3, 2, ["on_sale_until"]),
        (60, 59, 3, 2, ["hold_max", "on_sale_until"]),
    ],
)
def test_contradictions_are_all_found(
    hold_time: int | None,
    hold_max: int | None,
    opens: int | None,
    ends: int | None,
    members: list[str],
) -> None:
    durations = [None if each is None else each * SECOND for each in (hold_time, hold_max)]
    instants = [None if each is None else NOW + each * SECOND for each in (opens, ends)]
    assert [member for member, _ in contradictions(*durations, *instants)] == members


@pytest.mark.parametrize(
    ("terms", "status", "words"),
    [
        (TERMS, "on_sale", None),
        (LIMITED, "on_sale", None),
        (replace(LIMITED, on_sale_from=NOW), "on_sale", None),
        (replace(LIMITED, on_sale_from=NOW + SECOND), "on_sale", "The sale has not begun."),
        (replace(LIMITED, on_sale_until=NOW), "on_sale", "The sale has ended."),
        (replace(LIMITED, on_sale_until=NOW + SECOND), "on_sale", None),
        (TERMS, "closed", "The event is closed."),
        (TERMS, "cancelled", "The event is cancelled."),
        (replace(LIMITED, on_sale_until=NOW), "closed", "The event is closed."),
    ],
)
def test_seats_are_sold_while_the_event_is_on_sale_and_inside_its_window(
    terms: Terms, status: str, words: str | None
) -> None:
    event = replace(EVENT, terms=terms, status=EventStatus(status))
    if words is None:
        event.check_on_sale(NOW)
        return
    with pytest.raises(NotOnSale) as refusal:
        event.check_on_sale(NOW)
    assert str(refusal.value) == words

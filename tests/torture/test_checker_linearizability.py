"""The search for an order: small histories as tables, and against trying all orders."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.torture.all_orders import Grant, explains
from torture.checker import seat_model as model
from torture.checker import seat_reads as reads
from torture.checker.history import FOREVER
from torture.checker.linearizability import Undecided, contradiction_in
from torture.checker.seat_model import Life, SeatOperation

LATER = 10**9


def write(invoked: int, returned: int, step: model.Step, required: bool = True) -> SeatOperation:
    return SeatOperation(invoked, returned, required, step, None, None)


def read(invoked: int, returned: int, holds: reads.Holds) -> SeatOperation:
    return SeatOperation(invoked, returned, True, None, holds, None)


def hold(patron: str, end: int = LATER, doubtful: bool = False) -> model.Step:
    latest = FOREVER if doubtful else end + 1
    return model.hold(patron, Life(end, end - 1, latest, doubtful), FOREVER, FOREVER)


IS_FREE = reads.has_status("free")
IS_HELD = reads.has_status("held")
IS_RESERVED = reads.has_status("reserved")

CAN_HAVE_BEEN: dict[str, list[SeatOperation]] = {
    "nothing at all": [],
    "a hold, then seen": [write(0, 1, hold("a")), read(2, 3, IS_HELD)],
    "a hold under way is seen, or is not": [
        write(0, 9, hold("a")),
        read(1, 2, IS_FREE),
        read(3, 4, IS_HELD),
    ],
    "two holds, the first of which was let go": [
        write(0, 1, hold("a")),
        write(2, 9, model.release("a")),
        write(3, 8, hold("b")),
    ],
    "an end within its tolerance, seen as held and then as free": [
        write(0, 1, hold("a", 10)),
        read(11, 11, IS_HELD),
        read(11, 12, IS_FREE),
    ],
    "an end just before another hold": [write(0, 1, hold("a", 10)), write(9, 9, hold("b"))],
    "a refresh that moves the end": [
        write(0, 1, hold("a", 10)),
        write(2, 3, hold("a", 20)),
        read(15, 16, IS_HELD),
    ],
    "a reservation has no end": [
        write(0, 1, hold("a", 10)),
        write(2, 3, model.reserve("a", "r")),
        read(50, 51, IS_RESERVED),
    ],
    "what nobody answered comes late": [
        write(0, FOREVER, hold("a"), required=False),
        read(5, 6, IS_FREE),
        read(7, 8, IS_HELD),
    ],
    "what nobody answered never comes": [
        write(0, FOREVER, hold("a"), required=False),
        write(5, 6, hold("b")),
    ],
    "a list by a clock that was off": [
        write(0, 1, hold("a", 10, doubtful=True)),
        read(2, 3, reads.listed(["free"], IS_FREE)),
        read(4, 5, IS_HELD),
    ],
    "a hold by a clock that was off ends late": [
        write(0, 1, hold("a", 10, doubtful=True)),
        read(90, 91, IS_HELD),
        read(92, 93, IS_FREE),
    ],
}

CANNOT_HAVE_BEEN: dict[str, tuple[list[SeatOperation], int]] = {
    "seen as free after a hold": ([write(0, 1, hold("a")), read(2, 3, IS_FREE)], 1),
    "two holds": ([write(0, 1, hold("a")), write(2, 3, hold("b"))], 1),
    "two holds at one time": ([write(0, 9, hold("a")), write(1, 8, hold("b"))], 0),
    "two reservations": (
        [
            write(0, 1, hold("a")),
            write(2, 5, model.reserve("a", "r1")),
            write(3, 6, model.reserve("a", "r2")),
        ],
        2,
    ),
    "there after its end": ([write(0, 1, hold("a", 10)), read(12, 13, IS_HELD)], 1),
    "gone before its end": ([write(0, 1, hold("a", 10)), read(7, 8, IS_FREE)], 1),
    "reserved after its end": (
        [write(0, 1, hold("a", 10)), write(12, 13, model.reserve("a", "r"))],
        1,
    ),
    "new, then old": (
        [write(0, 9, hold("a")), read(1, 2, IS_HELD), read(3, 4, IS_FREE)],
        2,
    ),
    "a wrong end is told": (
        [
            write(0, 1, hold("a", 10)),
            read(2, 3, lambda state: reads.ends_at(state, 11)),
        ],
        1,
    ),
    "what nobody answered happens twice": (
        [
            write(0, FOREVER, hold("a"), required=False),
            read(1, 2, IS_HELD),
            write(3, 4, model.release("a")),
            read(5, 6, IS_HELD),
        ],
        3,
    ),
    "it comes before it was asked for": (
        [read(0, 1, IS_HELD), write(2, FOREVER, hold("a"), required=False)],
        0,
    ),
    "longer than a seat can be held on end": (
        [
            write(0, 1, model.hold("a", Life(10, 9, 11), 1, 15)),
            write(2, 3, model.hold("a", Life(20, 19, 21), 3, 15)),
        ],
        1,
    ),
    "its key says otherwise, whatever lists say": (
        [
            write(0, 1, hold("a", 10, doubtful=True)),
            read(2, 3, IS_FREE),
        ],
        1,
    ),
}


@pytest.mark.parametrize("name", CAN_HAVE_BEEN)
def test_what_can_have_been_is_no_contradiction(name: str) -> None:
    assert contradiction_in(CAN_HAVE_BEEN[name]) is None


@pytest.mark.parametrize("name", CANNOT_HAVE_BEEN)
def test_what_cannot_have_been_is_found_where_it_shows(name: str) -> None:
    operations, culprit = CANNOT_HAVE_BEEN[name]
    found = contradiction_in(operations)
    assert found is not None
    assert found.culprit == culprit


def test_a_budget_that_is_used_up_is_no_verdict() -> None:
    with pytest.raises(Undecided):
        contradiction_in([write(0, 1, hold("a")), write(2, 3, hold("b"))], budget=1)


def test_a_thousand_unanswered_holds_of_one_patron_cost_little() -> None:
    unanswered = [write(n, FOREVER, hold("a"), required=False) for n in range(20)]
    looks = [read(100 + n, 101 + n, IS_FREE) for n in range(0, 2000, 2)]
    assert contradiction_in([*unanswered, *looks]) is None


PATRONS = st.sampled_from(["a", "b"])
WRITES = st.one_of(
    st.builds(lambda who: ("reserve", model.reserve(who, None)), PATRONS),
    st.builds(lambda who: ("release", model.release(who)), PATRONS),
    st.builds(lambda who: ("release all", model.if_possible(model.release(who))), PATRONS),
    st.just(("cancel", model.cancel(None))),
    st.just(("block", model.block)),
    st.just(("unblock", model.unblock)),
)
READS = st.one_of(
    st.sampled_from([IS_FREE, IS_HELD, IS_RESERVED, reads.has_status("held", "reserved")]),
    PATRONS.map(reads.is_held_by),
    PATRONS.map(reads.can_be_had),
)


@st.composite
def histories(draw: Any) -> tuple[list[SeatOperation], list[Grant]]:
    operations, grants = [], []
    ends = draw(st.permutations(range(4, 24)))
    for _ in range(draw(st.integers(1, 5))):
        invoked, lasted = draw(st.integers(0, 18)), draw(st.integers(0, 8))
        kind = draw(st.sampled_from(["hold", "hold", "write", "read", "read"]))
        required = kind == "read" or draw(st.integers(0, 3)) > 0
        returned = invoked + lasted if required or draw(st.booleans()) else FOREVER
        if kind == "read":
            operations.append(read(invoked, returned, draw(READS)))
        elif kind == "write":
            operations.append(write(invoked, returned, draw(WRITES)[1], required))
        elif (end := ends.pop()) > invoked:
            # No later than the end that it has: see the projection.
            step = hold(draw(PATRONS), end)
            operations.append(write(invoked, min(returned, end + 1), step, required))
            grants.append(Grant(operations[-1], end - 1, end + 1))
    operations.sort(key=lambda each: each.invoked)
    return operations, grants


@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories())
def test_the_verdict_is_that_of_trying_all_orders(
    history: tuple[list[SeatOperation], list[Grant]],
) -> None:
    operations, grants = history
    assert (contradiction_in(operations) is None) == explains(operations, grants)

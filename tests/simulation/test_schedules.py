"""Whoever goes first, whatever breaks: nobody gets what another has, and nobody is misled."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

import pytest

from tests.simulation.deeds import HOLD_TIME, Deed
from tests.simulation.mutants import MUTANTS, Mutant
from tests.simulation.schedule import Plan, every_way, play_by_chance

HOLD_MS = int(HOLD_TIME.total_seconds() * 1000)
TICKS = (HOLD_MS - 1, HOLD_MS)
SEEDS = 2000
SEEDS_A_TEST = 250

ANN_HOLDS = (Deed("hold", "ann", ("1",)),)
ANN_HAS = (*ANN_HOLDS, Deed("reserve", "ann"))

ONE = {
    "hold": ((), Deed("hold", "ann", ("1", "2"))),
    "refresh": (ANN_HOLDS, Deed("hold", "ann", ("1",))),
    "best": ((), Deed("best", "ann")),
    "reserve": (ANN_HOLDS, Deed("reserve", "ann", ("1",))),
    "release": (ANN_HOLDS, Deed("release", "ann", ("1",))),
    "cancel": (ANN_HAS, Deed("cancel", "ann")),
    "move": (ANN_HAS, Deed("move", "ann", ("1", "2"))),
    "block": ((), Deed("block", "admin", ("1", "3"))),
    "refusal": (ANN_HOLDS, Deed("hold", "bob", ("1",))),
}
TWO = {
    "two hold one seat": ((), Deed("hold", "ann", ("1",)), Deed("hold", "bob", ("1",))),
    "two hold the same two": (
        (),
        Deed("hold", "ann", ("1", "2")),
        Deed("hold", "bob", ("2", "1")),
    ),
    "one holds up to the limit, twice": (
        ANN_HOLDS,
        Deed("hold", "ann", ("2",)),
        Deed("hold", "ann", ("3",)),
    ),
    "two want the best": ((), Deed("best", "ann"), Deed("best", "bob")),
    "one reserves what another waits for": (
        ANN_HOLDS,
        Deed("reserve", "ann", ("1",)),
        Deed("hold", "bob", ("1",)),
    ),
    "one reserves twice": (ANN_HOLDS, Deed("reserve", "ann"), Deed("reserve", "ann", ("1",))),
    "one reserves and lets go": (ANN_HOLDS, Deed("reserve", "ann"), Deed("release", "ann")),
    "one refreshes what another waits for": (
        ANN_HOLDS,
        Deed("hold", "ann", ("1",)),
        Deed("hold", "bob", ("1",)),
    ),
    "one cancels what another waits for": (
        ANN_HAS,
        Deed("cancel", "ann"),
        Deed("hold", "bob", ("1",)),
    ),
    "one moves and cancels": (ANN_HAS, Deed("move", "ann", ("1", "2")), Deed("cancel", "ann")),
    "one moves to what another wants": (
        ANN_HAS,
        Deed("move", "ann", ("1", "2")),
        Deed("hold", "bob", ("2",)),
    ),
    "what is blocked is wanted": ((), Deed("block", "admin", ("1",)), Deed("hold", "ann", ("1",))),
    "one looks while another holds": ((), Deed("look", "ann"), Deed("hold", "bob", ("1",))),
}


@pytest.mark.parametrize("first", range(0, SEEDS, SEEDS_A_TEST))
def test_three_clients_do_anything_in_any_order(first: int) -> None:
    for seed in range(first, first + SEEDS_A_TEST):
        run = play_by_chance(seed)
        assert not run.wrongs, f"play_by_chance({seed})\n{run}"


def test_a_seed_stands_for_all_that_happens() -> None:
    traces = [[play_by_chance(seed).trace for seed in range(40)] for _ in range(2)]
    assert traces[0] == traces[1]
    assert len({tuple(trace) for trace in traces[0]}) == 40


@pytest.mark.parametrize("named", [False, True], ids=["unnamed", "named"])
@pytest.mark.parametrize("what", ONE)
def test_a_connection_may_break_anywhere(what: str, named: bool) -> None:
    ways = 0
    outcomes = set()
    for path, run in every_way(_alone(what, named)):
        assert not run.wrongs, f"{path}\n{run}"
        ways += 1
        outcomes.add(run.sale.told[-1].outcome)
    assert ways >= 15
    if named:
        # Whoever sends it again comes to know.
        expected = {"seat_held", "before"} if what == "refusal" else {"done", "before"}
        assert outcomes == expected


@pytest.mark.parametrize("tick", TICKS)
@pytest.mark.parametrize("what", TWO)
def test_two_go_in_every_order_while_a_hold_may_end(what: str, tick: int) -> None:
    ways = 0
    for path, run in every_way(_both(what, tick)):
        assert not run.wrongs, f"{path}\n{run}"
        ways += 1
    assert ways >= 10


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_it_is_noticed_when(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant(monkeypatch)
    plans = [_alone(what, named=False) for what in ONE]
    plans += [_both(what, tick) for tick in TICKS for what in TWO]
    plans += [_alone(what, named=True) for what in ONE]
    enumerated = (run for plan in plans for _, run in every_way(plan))
    assert any(run.wrongs for run in chain(enumerated, map(play_by_chance, range(SEEDS))))


def _alone(what: str, named: bool) -> Plan:
    taken, deed = ONE[what]
    return Plan({"client": (replace(deed, named=named),)}, taken, cuts=1)


def _both(what: str, tick: int) -> Plan:
    taken, one, other = TWO[what]
    return Plan({"one": (one,), "other": (other,)}, taken, ticks=(tick,))

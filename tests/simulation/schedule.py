"""One sale from beginning to end, as a seed or a list of choices has it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.simulation.deeds import HOLD_TIME, Deed, Sale
from tests.simulation.spec import Witness, wrongs
from tests.simulation.standins import living_in
from tests.simulation.world import Choose, World

HOLD_MS = int(HOLD_TIME.total_seconds() * 1000)


@dataclass(frozen=True)
class Plan:
    """What is to be done, and what may go wrong meanwhile.

    Attributes:
        deeds: of each client, one after the other.
        taken: what was done before.
        cuts: how many connections may break.
        ticks: how much time may pass, each once at most, in milliseconds.
        parts: whether messages may arrive in parts.
    """

    deeds: Mapping[str, tuple[Deed, ...]]
    taken: tuple[Deed, ...] = ()
    cuts: int = 0
    ticks: tuple[int, ...] = ()
    parts: bool = False


@dataclass
class Run:
    """What became of a plan.

    Attributes:
        trace: what happened, a line each.
        wrongs: what should not have.
    """

    trace: list[str]
    wrongs: list[str]
    sale: Sale = field(repr=False)

    def __str__(self) -> str:
        """Tell it, so that somebody can follow it."""
        return "\n".join([*self.trace, "Wrong:", *self.wrongs])


def play(plan: Plan, choose: Choose) -> Run:
    """Play a plan."""
    world = World(choose, cuts=plan.cuts, ticks=plan.ticks, parts=plan.parts)
    sale = Sale(world)
    with living_in(world):
        sale.begin(plan.taken)
        witness = Witness(world, sale.event_id)
        world.happened = witness.see
        sale.now = lambda: len(witness.states)
        world.run({name: sale.client(name, deeds) for name, deeds in plan.deeds.items()})
        return Run(world.trace, list(wrongs(sale, witness)), sale)


def play_by_chance(seed: int) -> Run:
    """Play a plan of three clients, which is made by a seed, as is what happens."""
    chance = random.Random(seed)  # noqa: S311
    state = random.getstate()
    random.seed(seed)
    try:
        # What comes first among the choices is what is most usual.
        return play(
            plan_by_chance(chance), lambda number: min(chance.randrange(number) for _ in "12")
        )
    finally:
        random.setstate(state)


def plan_by_chance(chance: random.Random) -> Plan:
    """Make a plan of three clients, two of whom are often the same patron."""
    patrons = chance.choice([("ann", "ann", "bob"), ("ann", "bob", "eve")])
    deeds = {
        f"client-{number}": tuple(_any_deed(chance, patron) for _ in range(chance.randint(1, 3)))
        for number, patron in enumerate(patrons, start=1)
    }
    taken = chance.choice(
        [
            (),
            (Deed("hold", "ann", ("1",)),),
            (Deed("hold", "ann", ("1", "2")),),
            (Deed("hold", "ann", ("1",)), Deed("reserve", "ann"), Deed("hold", "bob", ("2",))),
        ]
    )
    ticks = tuple(chance.sample([1, 500, HOLD_MS - 1, HOLD_MS], chance.randrange(3)))
    has_reservation = {deed.patron for deed in taken if deed.kind == "reserve"}
    return Plan(
        {
            name: tuple(_possible(deed, has_reservation) for deed in some)
            for name, some in deeds.items()
        },
        taken,
        cuts=chance.randrange(3),
        ticks=ticks,
        parts=chance.random() < 0.3,
    )


def _any_deed(chance: random.Random, patron: str) -> Deed:
    kind = chance.choice(
        ["hold", "hold", "hold", "best", "reserve", "reserve", "release", "cancel", "move", "block"]
        + ["look"]
    )
    named = kind != "look" and chance.random() < 0.5
    seats: tuple[str, ...] = tuple(chance.sample(["1", "2", "3"], chance.choice([1, 1, 2])))
    match kind:
        case "move":
            seats = ("1", chance.choice(["2", "3"]))
        case "best" | "cancel" | "look":
            seats = ()
        case "block":
            patron = "admin"
        case "reserve" | "release" if chance.random() < 0.3:
            seats = ()
    return Deed(kind, patron, seats, named)


def _possible(deed: Deed, has_reservation: set[str]) -> Deed:
    """Return a deed, or another if it is about a reservation that nobody has."""
    if deed.kind in {"cancel", "move"} and deed.patron not in has_reservation:
        return Deed("hold", deed.patron, deed.seats or ("1",), deed.named)
    return deed


def every_way(plan: Plan) -> Iterator[tuple[list[int], Run]]:
    """Play a plan in every way in which it can go, one after the other."""
    path: list[int] = []
    while True:
        taken = _Path(path)
        yield taken.choices, play(plan, taken)
        path = taken.next()
        if not path:
            return


class _Path:
    """Takes the choices that are given, then the first of each, and remembers them all."""

    def __init__(self, given: Sequence[int]) -> None:
        self._given = given
        self.choices: list[int] = []
        self._numbers: list[int] = []

    def __call__(self, number: int) -> int:
        place = len(self.choices)
        choice = self._given[place] if place < len(self._given) else 0
        self.choices.append(choice)
        self._numbers.append(number)
        return choice

    def next(self) -> list[int]:
        """Return the choices that lead to the next way; nothing after the last."""
        for place in reversed(range(len(self.choices))):
            if self.choices[place] + 1 < self._numbers[place]:
                return [*self.choices[:place], self.choices[place] + 1]
        return []

"""Matching: who can have done what, so that as much as possible is explained."""

from __future__ import annotations

from collections.abc import Sequence


def matched(choices: Sequence[Sequence[int]]) -> dict[int, int]:
    """Give each of several choosers at most one thing, to as many of them as can be.

    Kuhn's algorithm ("The Hungarian Method for the Assignment Problem", 1955): whoever
    finds all its choices taken asks their takers to choose otherwise.

    Args:
        choices: of each chooser the things that it can have.

    Returns:
        By thing, the index of the chooser that has it.
    """
    taken: dict[int, int] = {}

    def choose(chooser: int, asked: set[int]) -> bool:
        for thing in choices[chooser]:
            if thing not in asked:
                asked.add(thing)
                if thing not in taken or choose(taken[thing], asked):
                    taken[thing] = chooser
                    return True
        return False

    for chooser in range(len(choices)):
        choose(chooser, set())
    return taken

"""Whether what was seen of one seat can have happened one operation after the other.

The search of Wing and Gong ("Testing and Verifying Concurrent Objects", 1993) with Lowe's
improvements ("Testing for Linearizability", 2017): operations are put in their place just
in time, when the first of them has returned; and what was reached once is not searched
again. It carries all configurations forward in time, so a long history costs no more than
its operations, as long as few of them overlap.

A configuration is a state of the seat, and which of the operations that are under way have
had their effect. Three facts keep them few:

- A read that fits a state at its invocation has no further say there: it may have happened
  at once.
- The order in which operations had their effect matters only once one of them has
  returned, so nothing is tried before.
- Of two configurations with the same state, the one that needs fewer operations that nobody
  knows of, and has more reads behind it, can do all that the other can.

A hold's end is an operation that is invoked at `may_end_from` and has returned at `ends_by`.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from torture.checker.history import FOREVER
from torture.checker.seat_model import FREE, SeatOperation, SeatState, ended

Configuration = tuple[SeatState, int]
"""A state, and the operations under way that have had their effect, as bits."""

BUDGET = 300_000
"""Configurations that are looked at for one seat before it is given up as undecided."""


class Undecided(Exception):
    """The budget was used up."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Nothing that can have happened before explains this operation.

    Attributes:
        culprit: index of the operation.
        states: what the seat can have been.
        under_way: indices of the operations that had not returned.
    """

    culprit: int
    states: tuple[SeatState, ...]
    under_way: tuple[int, ...]


def contradiction_in(
    operations: Sequence[SeatOperation], budget: int = BUDGET, initial: SeatState = FREE
) -> Contradiction | None:
    """Return the first contradiction in what was seen of a seat; None if there is none.

    Args:
        operations: all of one seat, in the order of their invocation.
        budget: how many configurations may be looked at.
        initial: what the seat was at first.

    Raises:
        Undecided: the budget was used up.
    """
    return _Search(operations, budget, initial).run()


def _is_over(end: int, state: SeatState, _mask: int) -> bool:
    return state.ends_by > end


class _Search:
    def __init__(
        self, operations: Sequence[SeatOperation], budget: int, initial: SeatState
    ) -> None:
        self._operations = operations
        self._budget = budget
        self._configurations: set[Configuration] = {(initial, 0)}
        self._bit_of: dict[int, int] = {}
        """Of the operations that are under way, by their index."""
        self._unused_bits: list[int] = []
        self._reads = self._optional = 0
        self._returns: list[tuple[int, int]] = []
        self._next_end = FOREVER
        self._set({(initial, 0)})

    def run(self) -> Contradiction | None:
        for index, operation in enumerate(self._operations):
            invoked = operation.invoked
            if self._returns and self._returns[0][0] < invoked and not self._return_until(invoked):
                return self._contradiction
            if self._next_end < invoked:
                self._let_end(invoked)
            self._invoke(index, operation)
        return None if self._return_until(FOREVER) else self._contradiction

    def _return_until(self, time: int) -> bool:
        """Let operations return that did so before a time; False at a contradiction."""
        while self._returns and self._returns[0][0] < time:
            returned, index = heapq.heappop(self._returns)
            if self._next_end < returned:
                self._let_end(returned)
            before = self._configurations
            self._return(index, returned)
            if not self._configurations:
                states = tuple(dict.fromkeys(state for state, _ in before))
                self._contradiction = Contradiction(index, states, tuple(self._bit_of))
                return False
        return True

    def _invoke(self, index: int, operation: SeatOperation) -> None:
        holds = operation.holds
        if holds is not None:
            fitting = [holds(state) for state, _ in self._configurations]
            if all(fitting):
                return
            bit = self._begin(index, operation)
            self._reads |= bit
            if any(fitting):
                self._configurations = {
                    (state, mask | bit if fits else mask)
                    for (state, mask), fits in zip(self._configurations, fitting, strict=True)
                }
        else:
            bit = self._begin(index, operation)
            if not operation.required:
                self._optional |= bit

    def _begin(self, index: int, operation: SeatOperation) -> int:
        bit = self._unused_bits.pop() if self._unused_bits else 1 << len(self._bit_of)
        self._bit_of[index] = bit
        if operation.returned < FOREVER:
            heapq.heappush(self._returns, (operation.returned, index))
        return bit

    def _return(self, index: int, now: int) -> None:
        operation, bit = self._operations[index], self._bit_of[index]
        holds = operation.holds
        if holds is not None:
            reached = self._reach(
                self._configurations, lambda state, mask: bool(mask & bit) or holds(state), now
            )
        else:
            reached = self._reach(self._configurations, lambda _, mask: bool(mask & bit), now)
            if not operation.required:
                reached |= self._configurations
        del self._bit_of[index]
        self._unused_bits.append(bit)
        self._reads &= ~bit
        self._optional &= ~bit
        self._set({(state, mask & ~bit) for state, mask in reached})

    def _let_end(self, time: int) -> None:
        """End the holds that must have ended before a time."""
        while self._next_end < time:
            end = self._next_end
            self._set(self._reach(self._configurations, partial(_is_over, end), end))

    def _set(self, configurations: set[Configuration]) -> None:
        if len(configurations) > 1:
            configurations = self._without_the_dominated(configurations)
        self._configurations = configurations
        self._next_end = min((state.ends_by for state, _ in configurations), default=FOREVER)

    def _reach(
        self, starts: Iterable[Configuration], wanted: Callable[[SeatState, int], bool], now: int
    ) -> set[Configuration]:
        """Return the first configurations that are as wanted, on all ways that lead there."""
        under_way = [(bit, self._operations[index]) for index, bit in self._bit_of.items()]
        writes = [(bit, each.step) for bit, each in under_way if each.step is not None]
        reads = [(bit, each.holds) for bit, each in under_way if each.holds is not None]
        stack = list(starts)
        seen = set(stack)
        found = set()
        while stack:
            state, mask = configuration = stack.pop()
            if wanted(state, mask):
                found.add(configuration)
                continue
            self._budget -= 1
            if self._budget < 0:
                raise Undecided
            for bit, holds in reads:
                if not mask & bit and holds(state):
                    mask |= bit
            nexts = [
                (after, mask | bit)
                for bit, step in writes
                if not mask & bit
                for after in step(state)
            ]
            if state.may_end_from <= now:
                nexts.append((ended(state), mask))
            for each in nexts:
                if each not in seen:
                    seen.add(each)
                    stack.append(each)
        return found

    def _without_the_dominated(self, configurations: set[Configuration]) -> set[Configuration]:
        by_kind: dict[tuple[SeatState, int], list[int]] = {}
        undirected = ~(self._reads | self._optional)
        for state, mask in configurations:
            by_kind.setdefault((state, mask & undirected), []).append(mask)
        kept = set()
        for (state, _), masks in by_kind.items():
            for mask in masks:
                if not any(other != mask and self._dominates(other, mask) for other in masks):
                    kept.add((state, mask))
        return kept

    def _dominates(self, one: int, other: int) -> bool:
        lacks_reads = other & self._reads & ~one
        needs_more = one & self._optional & ~other
        return not lacks_reads and not needs_more

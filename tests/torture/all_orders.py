"""Whether a seat's history can have been, decided by trying every order there is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, combinations
from typing import NamedTuple

from torture.checker.seat_model import FREE, SeatOperation, SeatState


class Grant(NamedTuple):
    """A hold, with the bounds of its end."""

    operation: SeatOperation
    may_end_from: int
    ends_by: int


class Item(NamedTuple):
    """An operation, or the end of a hold."""

    invoked: int
    returned: int
    operation: SeatOperation | None
    ends: Grant | None


def explains(operations: Sequence[SeatOperation], grants: Sequence[Grant]) -> bool:
    """Whether there is an order, with or without what may have happened, that explains all."""
    optional = [each for each in operations if not each.required]
    for absent in chain.from_iterable(
        combinations(optional, count) for count in range(len(optional) + 1)
    ):
        there = [each for each in operations if each not in absent]
        items = [Item(each.invoked, each.returned, each, None) for each in there]
        items += [
            Item(grant.may_end_from, grant.ends_by, None, grant)
            for grant in grants
            if grant.operation in there
        ]
        if _has_order(FREE, items):
            return True
    return False


def _has_order(state: SeatState, items: Sequence[Item]) -> bool:
    if not items:
        return True
    for index, item in enumerate(items):
        if any(other.returned < item.invoked for other in items):
            continue
        others = [*items[:index], *items[index + 1 :]]
        if any(_has_order(after, others) for after in _after(state, item, others)):
            return True
    return False


def _after(state: SeatState, item: Item, others: Sequence[Item]) -> Iterator[SeatState]:
    if item.ends is not None:
        life = (item.ends.may_end_from, item.ends.ends_by)
        over = state.status == "held" and (state.may_end_from, state.ends_by) == life
        # A hold does not come after its own end.
        if not any(other.operation is item.ends.operation for other in others):
            yield FREE if over else state
    elif item.operation is not None and item.operation.holds is not None:
        if item.operation.holds(state):
            yield state
    elif item.operation is not None and item.operation.step is not None:
        yield from item.operation.step(state)

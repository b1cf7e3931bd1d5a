"""How many seats a change changes, for those who count what is done all day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from reservations.domain.changes import Change, ChangeKind
from reservations.domain.seat import SeatStatus

REFRESHED = "refreshed"
"""A hold that its patron had already: to the change log, it is held once more."""

DEEDS = (*map(str, ChangeKind), REFRESHED)
"""All that can be done with a seat."""


def tally(change: Change, now: datetime) -> Mapping[str, int]:
    """Count the seats of a change by what is done with them, in the words of `DEEDS`.

    Args:
        change: what is done.
        now: of the situation in which it was decided.

    Returns:
        Numbers of seats. One that is moved counts once, though two seats change by it.
    """
    counted: dict[str, int] = {}
    for step in change.steps:
        for seat in step.seats:
            deed: str = step.kind
            if step.kind is ChangeKind.HELD and seat.first_held_at != now:
                deed = REFRESHED
            elif step.kind is ChangeKind.MOVED and seat.status is SeatStatus.FREE:
                continue
            counted[deed] = counted.get(deed, 0) + 1
    return counted

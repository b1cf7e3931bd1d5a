"""Lists of seats as a patron reads them: to find some that it likes.

A list of 20,000 seats is two megabytes. If each of thousands of patrons took all of it
apart, that is what would be measured; so they search it from some place on.
"""

from __future__ import annotations

import re
from random import Random

GROUPS = 3
"""A patron who loses the race for some seats has seen as many others, less one."""

_ID = re.compile(rb'"id":\s*"([^"\\]+)"')


def groups(listed: bytes, party: int, chance: Random) -> list[list[str]]:
    """Return some groups of free seats, each of seats that follow each other in the list.

    The beginning of the list, where the best seats are, is liked best. Near the end of the
    list a group can be smaller than the party; there is none only if nothing is free.

    Args:
        listed: the list, as JSON.
        party: how many seats a group should have.
        chance: decides.
    """
    found = [_from(listed, int(len(listed) * chance.random() ** 2), party) for _ in range(GROUPS)]
    if not any(found):
        found = [_from(listed, 0, party)]
    return [group for group in found if group]


def _from(listed: bytes, place: int, party: int) -> list[str]:
    seats: list[str] = []
    while len(seats) < party and (found := _ID.search(listed, place)):
        seats.append(found[1].decode())
        place = found.end()
    return seats

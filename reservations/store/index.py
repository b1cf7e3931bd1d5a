"""Lists of an event's reservations: which there are, by patron and by reference.

One sorted set, all of whose scores are 0, so that its members lie in the order of their
bytes (https://redis.io/docs/latest/commands/zadd/#elements-with-the-same-score). Each
reservation has a member in each list that it is in: `LIST ID`. Ids sort by instant.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2s

from reservations.domain.reservation import Reservation
from reservations.store import keys
from reservations.store.connections import Command

ALL = "a"


def members(reservation: Reservation) -> Iterator[str]:
    """Yield a reservation's members of the index."""
    yield f"{ALL} {reservation.id}"
    yield f"{of_patron(reservation.patron)} {reservation.id}"
    if reservation.reference is not None:
        yield f"{of_reference(reservation.reference)} {reservation.id}"


def of_patron(patron: str) -> str:
    """Name the list of a patron's reservations."""
    return f"p {patron}"


def of_reference(reference: str) -> str:
    """Name the list of reservations that have a reference."""
    return f"f {blake2s(reference.encode(), digest_size=12).hexdigest()}"


def newest(event_id: str, name: str, limit: int, before: str | None = None) -> Command:
    """Return the command for members of a list, those made last first.

    Args:
        event_id: the event.
        name: of the list.
        limit: how many at most.
        before: id of a reservation; only those made before it.
    """
    # "!" is what follows the space.
    start = f"({name}!" if before is None else f"({name} {before}"
    end = f"[{name} "
    return ("ZRANGE", keys.index(event_id), start, end, "BYLEX", "REV", "LIMIT", 0, limit)


def count(event_id: str) -> Command:
    """Return the command for the number of an event's reservations."""
    return ("ZLEXCOUNT", keys.index(event_id), f"[{ALL} ", f"({ALL}!")


def id_of(member: bytes) -> str:
    """Return the id of the reservation that a member stands for."""
    return member.rpartition(b" ")[2].decode()

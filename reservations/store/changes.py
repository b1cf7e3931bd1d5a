"""An event's change log, for whoever follows it: what it has told stays told."""

from __future__ import annotations

from collections.abc import Sequence

from reservations.domain.errors import CursorExpired, EventNotFound
from reservations.store import keys
from reservations.store.connections import Connections
from reservations.store.records import LogEntry, decode_entry

MOST_STEPS = 100
"""Entries that one change can have: an admin's release of seats that are each another's."""


class ChangeLog:
    """The change logs of all events."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def newest(self, event_id: str) -> str:
        """Return the id of the newest entry.

        Raises:
            EventNotFound, StoreUnavailable
        """
        (entries,) = self._connections.confirmed(
            ("XREVRANGE", keys.log(event_id), "+", "-", "COUNT", 1)
        )
        if not entries:
            raise EventNotFound(event_id)
        return decode_entry(*entries[0]).id

    def lengths(self, event_ids: Sequence[str]) -> list[int]:
        """Return how many entries each of the events' logs has.

        Raises:
            StoreUnavailable
        """
        return self._connections.read(*(("XLEN", keys.log(event_id)) for event_id in event_ids))

    def after(self, event_id: str, entry_id: str, limit: int) -> list[LogEntry]:
        """Return up to `limit` entries that came after one, in the order of commit.

        Those of one change are not parted, so there may be some more.

        Raises:
            EventNotFound, StoreUnavailable
            CursorExpired: the log no longer has that entry, and may lack later ones.
        """
        exists, entries = self._connections.confirmed(
            ("EXISTS", keys.event(event_id)),
            # From that entry on, inclusive: that it is there shows that none was trimmed.
            ("XRANGE", keys.log(event_id), entry_id, "+", "COUNT", limit + 1 + MOST_STEPS),
        )
        if not exists:
            raise EventNotFound(event_id)
        found = [decode_entry(*entry) for entry in entries]
        if not found or found[0].id != entry_id:
            raise CursorExpired
        end = limit + 1
        while end < len(found) and found[end].mark == found[end - 1].mark:
            end += 1
        return found[1:end]

"""Reservations, read one by one or as lists, those made last first.

Whoever asks may want to know what became of a request: so all is confirmed.
"""

from __future__ import annotations

from collections.abc import Iterator

from reservations.domain.errors import EventNotFound
from reservations.domain.reservation import Reservation
from reservations.store import index, keys
from reservations.store.connections import Connections
from reservations.store.records import decode_reservation

RESERVATIONS_A_READ = 500


class ReservationStore:
    """The reservations of all events."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def get(self, event_id: str, reservation_id: str) -> Reservation | None:
        """Read one reservation.

        Raises:
            EventNotFound, StoreUnavailable
        """
        exists, record = self._connections.confirmed(
            ("EXISTS", keys.event(event_id)),
            ("GET", keys.reservation(event_id, reservation_id)),
        )
        if not exists:
            raise EventNotFound(event_id)
        return decode_reservation(record)

    def count(self, event_id: str) -> int:
        """Return how many there are.

        Raises:
            StoreUnavailable
        """
        (found,) = self._connections.confirmed(index.count(event_id))
        return int(found)

    def newest(
        self,
        event_id: str,
        patron: str | None = None,
        reference: str | None = None,
        before: str | None = None,
        at_once: int = RESERVATIONS_A_READ,
    ) -> Iterator[Reservation]:
        """Yield reservations, those made last first, in constant memory.

        One that is cancelled meanwhile may be left out; one that is made meanwhile is.

        Args:
            event_id: the event.
            patron: only this patron's.
            reference: only those with this reference.
            before: id of a reservation; only those made before it.
            at_once: how many are read in one go.

        Raises:
            EventNotFound, StoreUnavailable
        """
        name = index.ALL
        if reference is not None:
            # The shorter list: few reservations have the same reference.
            name = index.of_reference(reference)
        elif patron is not None:
            name = index.of_patron(patron)
        while True:
            exists, members = self._connections.confirmed(
                ("EXISTS", keys.event(event_id)),
                index.newest(event_id, name, at_once, before),
            )
            if not exists:
                raise EventNotFound(event_id)
            ids = [index.id_of(member) for member in members]
            if not ids:
                return
            records = self._connections.confirmed(
                *(("GET", keys.reservation(event_id, each)) for each in ids)
            )
            for found in map(decode_reservation, records):
                if found is not None and _matches(found, patron, reference):
                    yield found
            before = ids[-1]
            if len(ids) < at_once:
                return


def _matches(found: Reservation, patron: str | None, reference: str | None) -> bool:
    return patron in (None, found.patron) and reference in (None, found.reference)

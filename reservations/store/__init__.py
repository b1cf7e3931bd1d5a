"""Where events and seats are kept: the only package that imports redis.

`transaction.py` carries every write, `keys.py` names every key, `records.py` says
how values are written down. May import the domain, nothing above it.
"""

from __future__ import annotations

from datetime import timedelta

from reservations.store.audit import Audit
from reservations.store.changes import ChangeLog
from reservations.store.connections import Connections
from reservations.store.deletion import Deletion
from reservations.store.events import EventStore
from reservations.store.idempotency import AnsweredBefore, Claims, Once
from reservations.store.observer import Observer
from reservations.store.readiness import check_ready
from reservations.store.records import LogEntry
from reservations.store.reservations import ReservationStore
from reservations.store.revocations import Revocations
from reservations.store.seats import SeatStore
from reservations.store.servers import Durability
from reservations.store.transaction import Transactions
from reservations.store.view import Counts, SeatList
from reservations.store.views import SeatViews

__all__ = [
    "AnsweredBefore",
    "Counts",
    "Durability",
    "LogEntry",
    "Observer",
    "Once",
    "SeatList",
    "Store",
]


class Store:
    """All that one process keeps in, and knows of, the store at one URL."""

    def __init__(
        self,
        url: str,
        *,
        durability: Durability,
        connections: int,
        log_length: int,
        longest_token_lifetime: timedelta,
    ) -> None:
        """Prepare to talk to the store; nothing is sent before it is needed.

        Args:
            url: `redis://`, `rediss://` or `unix://`, as redis-py reads them, or
                `redis+sentinel://` or `redis+cluster://` as in `addresses.py`.
            durability: how many replicas have to confirm each change.
            connections: how many may be open at once, to each server.
            log_length: entries kept in each event's change log, about.
            longest_token_lifetime: after which a revocation can be forgotten.
        """
        self._connections = Connections(url, connections, durability)
        transactions = self._transactions = Transactions(self._connections)
        claims = Claims(self._connections, transactions)
        self.events = EventStore(self._connections, transactions, claims)
        self.deletion = Deletion(self._connections, transactions)
        self.views = SeatViews(self._connections, self.events.plan)
        self.seats = SeatStore(self._connections, transactions, self.views, claims, log_length)
        self.reservations = ReservationStore(self._connections)
        self.changes = ChangeLog(self._connections)
        self.audit = Audit(self._connections)
        self.revocations = Revocations(self._connections, longest_token_lifetime)

    def observe(self, observer: Observer) -> None:
        """Tell an observer, from now on, what is done here."""
        self._transactions.observer = observer

    def check_ready(self) -> None:
        """Check that what is written here will be kept.

        Raises:
            StoreUnavailable, StoreNotReady
        """
        check_ready(self._connections)

    def close(self) -> None:
        """Close all connections."""
        self._connections.close()

"""Revoked tokens: a stream that every worker follows.

A worker asks for what is new at most once a second, so a revocation reaches all
within about a second, and a request costs no round trip of its own. While the store
cannot be asked nobody is let in.
"""

from __future__ import annotations

import time
from datetime import timedelta
from threading import Lock

from reservations.domain.errors import OutcomeUnknown, StoreUnavailable
from reservations.store import keys
from reservations.store.connections import Connections
from reservations.store.instants import from_time, to_ms

REFRESH_SECONDS = 1.0


class Revocations:
    """The ids of tokens that are no longer good."""

    def __init__(self, connections: Connections, longest_lifetime: timedelta) -> None:
        """Remember each for `longest_lifetime`, after which the token has expired by itself."""
        self._connections = connections
        self._longest_lifetime = longest_lifetime
        self._revoked: dict[str, int] = {}
        self._cursor = "-"
        self._refresh_at = 0.0
        self._lock = Lock()

    def revoke(self, jti: str) -> None:
        """Revoke a token; doing it twice does no harm.

        Raises:
            StoreUnavailable: it is not revoked.
            OutcomeUnknown: it may be.
        """
        # By the clock of the server that numbers the entries.
        time_reply, _ = self._connections.read(("TIME",), ("EXISTS", keys.REVOCATIONS))
        oldest = self._oldest_of_use(time_reply)
        entry = ("XADD", keys.REVOCATIONS, "MINID", "~", oldest, "*", "jti", jti)
        try:
            self._connections.confirmed(entry)
        except StoreUnavailable as error:
            raise OutcomeUnknown from error
        self._refresh_at = 0.0

    def is_revoked(self, jti: str) -> bool:
        """Whether the token was revoked, as of at most a second ago.

        Raises:
            StoreUnavailable: it cannot be told.
        """
        if time.monotonic() >= self._refresh_at:
            self._refresh()
        return jti in self._revoked

    def _refresh(self) -> None:
        asked_at = time.monotonic()
        time_reply, entries = self._connections.read(
            ("TIME",), ("XRANGE", keys.REVOCATIONS, self._cursor, "+")
        )
        with self._lock:
            for entry_id, (_, jti) in entries:
                self._revoked[jti.decode()] = int(entry_id.partition(b"-")[0])
                self._cursor = entry_id.decode()
            self._forget_before(self._oldest_of_use(time_reply))
            self._refresh_at = asked_at + REFRESH_SECONDS

    def _forget_before(self, oldest: int) -> None:
        self._revoked = {jti: at for jti, at in self._revoked.items() if at >= oldest}

    def _oldest_of_use(self, time_reply: list[bytes]) -> int:
        return to_ms(from_time(time_reply) - self._longest_lifetime)

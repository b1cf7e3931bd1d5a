"""The primary that sentinels name (https://redis.io/docs/latest/develop/reference/sentinel-clients/).

They are asked once a second, and at once when the primary fails. So a primary that was
cut off from the sentinels, and knows of no other, is asked for a second at most while a
sentinel that knows better can be reached. One that is a replica is never asked: when it
becomes one all its connections are closed, and a new one is used only after ROLE.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from threading import Lock
from typing import Any

from redis.connection import AbstractConnection
from redis.exceptions import ConnectionError as LinkError
from redis.exceptions import RedisError, ResponseError

from reservations.domain.errors import StoreUnavailable
from reservations.store.addresses import Address, Several
from reservations.store.servers import (
    Command,
    Durability,
    Server,
    Share,
    client_at,
    pool_at,
    pool_options,
)

DEFAULT_PORT = 26379
FRESH_SECONDS = 1.0
"""How long what the sentinels said is taken for true."""

STALE_SECONDS = 2.0
"""How long it may still be, while somebody asks them."""

PAUSE_SECONDS = 0.05
"""Between two questions about a primary that fails."""

MISSED, REPLACING = "s_down", {"o_down", "failover_in_progress"}
"""What a sentinel says of a primary that does not answer it; and that enough of them agree
about, or that one of them is replacing."""

SHUNNED_SECONDS = 5.0
"""How long a sentinel that did not answer is not asked, if another answers."""

SHUNNED_AT_FIRST_SECONDS = 0.5
"""The same for one that answered the last time. Whoever learns of a new primary writes that
to disk before it answers again, and may be the only one who knows it."""


class SentinelServers:
    """One primary, and who takes its place."""

    def __init__(self, url: str, size: int, durability: Durability) -> None:
        """Make room for `size` connections; nobody is asked before it is needed."""
        several = Several.of(url, DEFAULT_PORT)
        self._name, *database = several.path
        self._options = {
            **pool_options(size),
            **several.credentials,
            "db": int(*database),
            "redis_connect_func": _connect_to_primary,
        }
        self._sentinels = [_Sentinel(address) for address in several.addresses]
        self._durability = durability
        self._address: Address | None = None
        self._server: Server | None = None
        self._is_missed = False
        self._asked_at = float("-inf")
        self._lock = Lock()

    def of(self, key: str) -> Server:
        """Return the primary."""
        age = time.monotonic() - self._asked_at
        server = self._server
        if server is None or age > STALE_SECONDS or (server.is_suspect and age > PAUSE_SECONDS):
            with self._lock:
                self._ask(PAUSE_SECONDS)
        elif age > FRESH_SECONDS and self._lock.acquire(blocking=False):
            try:
                self._ask(FRESH_SECONDS)
            finally:
                self._lock.release()
        if self._server is None:
            raise StoreUnavailable("no sentinel knows the primary")
        if self._is_missed:
            raise StoreUnavailable("sentinels miss the primary, and may be replacing it")
        return self._server

    def shares(self, commands: Sequence[Command]) -> Sequence[Share]:
        """Leave commands together."""
        return ()

    def learn(self, redirect: ResponseError) -> bool:
        """Leave a primary that was made a replica."""
        with self._lock:
            if self._server is not None:
                self._server.close()
            self._server = None
            self._ask(pause=0.0)
        return True

    def an_own_key(self, key: str) -> list[str]:
        """Return the key."""
        return [key]

    def close(self) -> None:
        """Close all connections."""
        if self._server is not None:
            self._server.close()
        for sentinel in self._sentinels:
            sentinel.client.close()

    def _ask(self, pause: float) -> None:
        """Ask all sentinels that can be asked, unless somebody did so just now."""
        if time.monotonic() - self._asked_at < pause:
            return
        known = [state for each in self._sentinels if (state := each.state_of(self._name))]
        if not known:
            for sentinel in self._sentinels:
                sentinel.shunned_until = 0.0
        else:
            newest = max(known, key=_newness)
            self._put(newest)
            self._is_missed = _is_missed([each for each in known if _names_as(each, newest)])
            if self._is_missed and self._server is not None:
                self._server.is_suspect = True
        self._asked_at = time.monotonic()

    def _put(self, state: dict[str, Any]) -> None:
        address = state["ip"], int(state["port"])
        confirmations = self._durability.confirmations(int(state["num-slaves"]))
        if self._server is not None and address == self._address:
            self._server.confirmations = confirmations
            if self._server.is_suspect:
                self._server.reconnect()
                self._server.is_suspect = False
            return
        if self._server is not None:
            self._server.close()
        self._address = address
        self._server = Server(pool_at(address, self._options), confirmations)


class _Sentinel:
    """One sentinel."""

    def __init__(self, address: Address) -> None:
        self.client = client_at(address, {})
        self.shunned_until = 0.0
        self._is_silent = False

    def state_of(self, name: str) -> dict[str, Any] | None:
        """Return what the sentinel knows of a primary; None if it cannot be asked."""
        if time.monotonic() < self.shunned_until:
            return None
        try:
            state: dict[str, Any] = self.client.sentinel_master(name)  # type: ignore[assignment]
        except (RedisError, OSError):
            seconds = SHUNNED_SECONDS if self._is_silent else SHUNNED_AT_FIRST_SECONDS
            self.shunned_until = time.monotonic() + seconds
            self._is_silent = True
            return None
        self._is_silent = False
        return state


def _newness(state: dict[str, Any]) -> tuple[int, bool]:
    """Tell how much a sentinel knows of the last failover.

    They learn of it one after another. The one that carries it out names the old primary until
    all replicas follow the new one, which can take until its `failover-timeout`.
    """
    return int(state["config-epoch"]), not _flags(state) & REPLACING


def _names_as(state: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two sentinels name the same primary: what one says of another one is past."""
    return (state["ip"], state["port"]) == (other["ip"], other["port"])


def _flags(state: dict[str, Any]) -> set[str]:
    return set(state["flags"].split(","))


def _is_missed(states: list[dict[str, Any]]) -> bool:
    """Whether sentinels miss the primary: all of them, or so many that one may replace it.

    When it comes back it may be replaced all the same, and for a moment still have a replica
    that confirms what it does.
    """
    flags = list(map(_flags, states))
    return any(each & REPLACING for each in flags) or all(MISSED in each for each in flags)


def _connect_to_primary(connection: AbstractConnection) -> None:
    connection.on_connect()  # type: ignore[no-untyped-call]
    connection.send_command("ROLE")  # type: ignore[no-untyped-call]
    role, *_ = connection.read_response()
    if role != b"master":
        raise LinkError("the server is no primary")

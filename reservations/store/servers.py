"""One server: its bounded pool of connections, and what is known of its moods.

redis-py's own retries are off: it would repeat a command whose reply was lost,
which for a commit means to do it twice.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from enum import Enum
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Any, Protocol

from redis import Redis
from redis.backoff import NoBackoff
from redis.connection import AbstractConnection, BlockingConnectionPool
from redis.exceptions import ConnectionError as LinkError
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as LinkTimeout
from redis.retry import Retry

from reservations.domain.errors import StoreUnavailable
from reservations.store.addresses import Address

Command = tuple[str | bytes | int, ...]
Reply = Any
"""What Redis answers: bytes, an int, None, a list of these, or a ResponseError."""

LINK_FAILURES = (LinkError, LinkTimeout, OSError)
"""What a broken, refused or silent connection raises."""

CONNECT_TIMEOUT_SECONDS = 0.5
REPLY_TIMEOUT_SECONDS = 1.0
ASK_TIMEOUT_SECONDS = 0.3
"""How long those are waited for that only tell who is to be asked: there are others."""

SILENCE_SECONDS = 0.5
"""How long nobody is let wait for a store that has just kept somebody waiting."""


class Durability(Enum):
    """How many replicas have to confirm a change before it is called done."""

    LOCAL = "local"
    ONE = "one"
    ALL = "all"

    def confirmations(self, replicas: int) -> int:
        """Return the number for a primary that should have so many replicas.

        Never none where replicas are wanted: that there are none confirms nothing.
        """
        return {"local": 0, "one": 1, "all": max(1, replicas)}[self.value]


class Silence:
    """Remembers that the store has just let somebody wait in vain.

    While it is silent every request would hold a thread for a whole timeout, and those
    behind it would wait for many. So one at a time tries, and the others are told at once.
    """

    def __init__(self, what: str = "it did not answer") -> None:
        """Tell the others `what` it was that somebody waited for in vain."""
        self._what = what
        self._until: float | None = None
        self._lock = Lock()

    def check(self) -> None:
        """Let a caller try, unless another did so in vain a moment ago or is trying now.

        Raises:
            StoreUnavailable
        """
        with self._lock:
            if self._until is None:
                return
            if time.monotonic() < self._until:
                raise StoreUnavailable(f"{self._what} a moment ago")
            self._until = time.monotonic() + CONNECT_TIMEOUT_SECONDS + REPLY_TIMEOUT_SECONDS

    def note(self, silent: bool) -> None:
        """Note whether the store let a caller wait in vain."""
        with self._lock:
            self._until = time.monotonic() + SILENCE_SECONDS if silent else None


class Pool(BlockingConnectionPool):
    """redis-py's pool, without what that counts and locks for purposes that are not ours.

    Attributes:
        places: connections that nobody uses, and None for each more that may be made. They
            are lent in turns, so all come to be made.
    """

    def reset(self) -> None:
        """Begin with no connection."""
        super().reset()  # type: ignore[no-untyped-call]
        self.places: SimpleQueue[AbstractConnection | None] = SimpleQueue()
        for _ in range(self.max_connections):
            self.places.put(None)

    def get_connection(self) -> AbstractConnection:  # type: ignore[override]
        """Return a connection that is known to be open.

        Raises:
            ConnectionError, TimeoutError, OSError: none can be had.
        """
        try:
            found = self.places.get(timeout=self.timeout)
        except Empty as error:
            raise LinkError("all connections are in use") from error
        connection: AbstractConnection = found or self.make_connection()  # type: ignore[no-untyped-call]
        try:
            if not _is_open(connection):
                connection.disconnect()  # type: ignore[no-untyped-call]
                connection.connect()  # type: ignore[no-untyped-call]
        except BaseException:
            self.release(connection)
            raise
        return connection

    def release(self, connection: AbstractConnection) -> None:  # type: ignore[override]
        """Take a connection back."""
        self.places.put(connection)


def _is_open(connection: AbstractConnection) -> bool:
    """Whether a connection that nobody uses can be used."""
    try:
        # Nothing is to be read but that the server has closed it.
        return connection.is_connected and not connection.can_read()
    except LINK_FAILURES:
        return False


class Server:
    """The connections of one process to one server.

    Attributes:
        confirmations: how many of its replicas have to confirm a change.
        silence: of the server.
        unconfirmed: silence of its replicas.
        confirmed_at: an instant of the monotonic clock; enough replicas have confirmed all
            that it had then.
        is_suspect: it may be the wrong one to ask: it failed, or said so itself.
    """

    def __init__(self, pool: Pool, confirmations: int) -> None:
        self._pool = pool
        self._is_closed = False
        self.confirmations = confirmations
        self.silence = Silence()
        self.unconfirmed = Silence("too few replicas confirmed a change")
        self.confirmed_at = float("-inf")
        self.is_suspect = False

    def take(self, *, insist: bool) -> AbstractConnection:
        """Return a connection that is known to be open.

        Args:
            insist: try also while the server is silent.

        Raises:
            StoreUnavailable: there is none to be had; nothing was sent.
        """
        if not insist:
            try:
                self.silence.check()
            except StoreUnavailable:
                self.is_suspect = True
                raise
        try:
            return self._pool.get_connection()
        except (RedisError, OSError) as error:
            self.is_suspect = True
            self.silence.note(isinstance(error, LinkTimeout))
            raise StoreUnavailable(error) from error

    def give_back(self, connection: AbstractConnection, *, reusable: bool) -> None:
        """Take a connection back, and close it if it is of no more use."""
        if not reusable or self._is_closed:
            connection.disconnect()  # type: ignore[no-untyped-call]
        self._pool.release(connection)

    def reconnect(self) -> None:
        """Close those connections that nobody uses just now; the next are made anew."""
        # The pool's own way closes some that were lent meanwhile. Between WATCH and EXEC
        # they would then be opened again, with nothing watched.
        for connection in list(self._take_idle()):
            if connection is not None:
                connection.disconnect()  # type: ignore[no-untyped-call]
            self._pool.places.put(connection)

    def _take_idle(self) -> Iterator[AbstractConnection | None]:
        """Take all connections, and places for some, that nobody uses."""
        with contextlib.suppress(Empty):
            while True:
                yield self._pool.places.get_nowait()

    def close(self) -> None:
        """Close all connections: those in use as soon as they come back."""
        self._is_closed = True
        self.reconnect()


Share = tuple[str, list[int]]
"""A key that one server has, and the places of those commands that it is sent."""


class Servers(Protocol):
    """Who is asked about which key."""

    def of(self, key: str) -> Server:
        """Return the primary that has a key.

        Raises:
            StoreUnavailable: none is known.
        """

    def shares(self, commands: Sequence[Command]) -> Sequence[Share]:
        """Part commands by the server that is asked; nothing where there is only one."""

    def learn(self, redirect: ResponseError) -> bool:
        """Learn from a server that another is to be asked; False if that is of no use."""

    def an_own_key(self, key: str) -> list[str]:
        """Return a key of each primary, made from one; the first is the one given itself."""

    def close(self) -> None:
        """Close all connections."""


class OneServer:
    """A server that is always the right one to ask."""

    def __init__(self, url: str, size: int, durability: Durability) -> None:
        """Make room for `size` connections; none is opened before it is needed."""
        pool = Pool.from_url(url, **pool_options(size))
        self._server = Server(pool, durability.confirmations(replicas=0))

    def of(self, key: str) -> Server:
        """Return the server."""
        return self._server

    def shares(self, commands: Sequence[Command]) -> Sequence[Share]:
        """Leave commands together."""
        return ()

    def learn(self, redirect: ResponseError) -> bool:
        """Learn nothing."""
        return False

    def an_own_key(self, key: str) -> list[str]:
        """Return the key."""
        return [key]

    def close(self) -> None:
        """Close all connections."""
        self._server.close()


def pool_at(address: Address, options: dict[str, Any]) -> Pool:
    """Return a pool of connections to an address."""
    host, port = address
    return Pool(host=host, port=port, **options)  # type: ignore[no-untyped-call]


def client_at(address: Address, credentials: dict[str, Any]) -> Redis:
    """Return a client for asking who is to be asked."""
    timeouts = ("timeout", "socket_timeout", "socket_connect_timeout")
    options = {**pool_options(1), **credentials, **dict.fromkeys(timeouts, ASK_TIMEOUT_SECONDS)}
    return Redis.from_pool(pool_at(address, options))


def pool_options(size: int) -> dict[str, Any]:
    """Return how all pools are made, for redis-py."""
    return {
        "max_connections": size,
        "timeout": REPLY_TIMEOUT_SECONDS,
        "socket_connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "socket_timeout": REPLY_TIMEOUT_SECONDS,
        "retry": Retry(NoBackoff(), 0),
        # With RESP3, redis-py hands out connections that the server has closed.
        "protocol": 2,
        "driver_info": None,
    }


def key_of(command: Command) -> str:
    """Return the first key of a command, empty if it has none."""
    return str(command[1]) if len(command) > 1 else ""

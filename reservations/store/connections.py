"""Connections to the store: a bounded pool, and one packed write with its replies.

redis-py's own retries are off: it would repeat a command whose reply was lost,
which for a commit means to do it twice.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any

from redis.backoff import NoBackoff
from redis.connection import AbstractConnection, BlockingConnectionPool
from redis.exceptions import ConnectionError as LinkError
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as LinkTimeout
from redis.retry import Retry

from reservations.domain.errors import StoreUnavailable

Command = Sequence[str | bytes | int]
Reply = Any
"""What Redis answers: bytes, an int, None, a list of these, or a ResponseError."""

LINK_FAILURES = (LinkError, LinkTimeout, OSError)
"""What a broken, refused or silent connection raises."""

CONNECT_TIMEOUT_SECONDS = 0.5
REPLY_TIMEOUT_SECONDS = 1.0
SILENCE_SECONDS = 0.5
"""How long nobody is let wait for a store that has just kept somebody waiting."""


class Link:
    """One connection, lent to one caller."""

    def __init__(self, connection: AbstractConnection) -> None:
        self._connection = connection
        self.ended_cleanly = True

    def exchange(self, commands: Sequence[Command]) -> list[Reply]:
        """Send all commands in one write and return one reply for each, in order.

        A command that Redis refuses has a `ResponseError` for its reply.

        Raises:
            ConnectionError, TimeoutError, OSError: the connection broke on the way
                (see `LINK_FAILURES`); any part of the commands may have been run.
        """
        self.ended_cleanly = False
        packed = self._connection.pack_commands(commands)  # type: ignore[no-untyped-call]
        self._connection.send_packed_command(packed)  # type: ignore[no-untyped-call]
        replies = [self._reply() for _ in commands]
        self.ended_cleanly = True
        return replies

    def _reply(self) -> Reply:
        try:
            return self._connection.read_response()
        except ResponseError as refusal:
            return refusal


class Silence:
    """Remembers that the store has just let somebody wait in vain.

    While it is silent every request would hold a thread for a whole timeout, and those
    behind it would wait for many. So one at a time tries, and the others are told at once.
    """

    def __init__(self) -> None:
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
                raise StoreUnavailable("it did not answer a moment ago")
            self._until = time.monotonic() + CONNECT_TIMEOUT_SECONDS + REPLY_TIMEOUT_SECONDS

    def note(self, silent: bool) -> None:
        """Note whether the store let a caller wait in vain."""
        with self._lock:
            self._until = time.monotonic() + SILENCE_SECONDS if silent else None


class Connections:
    """The connections of one process to the store at one URL."""

    def __init__(self, url: str, size: int) -> None:
        """Make room for `size` connections; none is opened before it is needed."""
        self._silence = Silence()
        self._pool = BlockingConnectionPool.from_url(
            url,
            max_connections=size,
            timeout=REPLY_TIMEOUT_SECONDS,
            socket_connect_timeout=CONNECT_TIMEOUT_SECONDS,
            socket_timeout=REPLY_TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 0),
            # With RESP3, redis-py hands out connections that the server has closed.
            protocol=2,
            driver_info=None,
        )

    @contextmanager
    def link(self, *, insist: bool = False) -> Iterator[Link]:
        """Lend a connection that is known to be open.

        One on which replies may still be under way is closed before it goes back.

        Args:
            insist: try also while the store is silent.

        Raises:
            StoreUnavailable: there is none to be had; nothing was sent.
        """
        if not insist:
            self._silence.check()
        try:
            connection = self._pool.get_connection()  # type: ignore[no-untyped-call]
        except (RedisError, OSError) as error:
            self._silence.note(isinstance(error, LinkTimeout))
            raise StoreUnavailable(error) from error
        link = Link(connection)
        try:
            yield link
        except LinkTimeout:
            self._silence.note(True)
            raise
        finally:
            if link.ended_cleanly:
                self._silence.note(False)
            else:
                connection.disconnect()
            self._pool.release(connection)  # type: ignore[no-untyped-call]

    def read(self, *commands: Command, insist: bool = False) -> list[Reply]:
        """Send commands that change nothing, or may safely be sent again.

        Args:
            commands: answered in this order.
            insist: try also while the store is silent.

        Raises:
            StoreUnavailable: the connection broke, or Redis refused a command.
        """
        try:
            with self.link(insist=insist) as link:
                return checked(link.exchange(commands))
        except LINK_FAILURES as error:
            raise StoreUnavailable(error) from error

    def close(self) -> None:
        """Close all connections."""
        self._pool.disconnect()


def checked(replies: list[Reply]) -> list[Reply]:
    """Return the replies if Redis refused none of the commands.

    Raises:
        StoreUnavailable: it refused one.
    """
    for reply in replies:
        if isinstance(reply, ResponseError):
            raise StoreUnavailable(reply)
    return replies

"""Connections to the store: a bounded pool, and one packed write with its replies.

redis-py's own retries are off: it would repeat a command whose reply was lost,
which for a commit means to do it twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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


class Connections:
    """The connections of one process to the store at one URL."""

    def __init__(self, url: str, size: int) -> None:
        """Make room for `size` connections; none is opened before it is needed."""
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
    def link(self) -> Iterator[Link]:
        """Lend a connection that is known to be open.

        One on which replies may still be under way is closed before it goes back.

        Raises:
            StoreUnavailable: there is none to be had; nothing was sent.
        """
        try:
            connection = self._pool.get_connection()  # type: ignore[no-untyped-call]
        except (RedisError, OSError) as error:
            raise StoreUnavailable(error) from error
        link = Link(connection)
        try:
            yield link
        finally:
            if not link.ended_cleanly:
                connection.disconnect()
            self._pool.release(connection)  # type: ignore[no-untyped-call]

    def read(self, *commands: Command) -> list[Reply]:
        """Send commands that change nothing, or may safely be sent again.

        Raises:
            StoreUnavailable: the connection broke, or Redis refused a command.
        """
        try:
            with self.link() as link:
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

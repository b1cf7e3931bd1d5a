"""What stands in for the world outside, in the service's own code."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol
from unittest import mock

from redis.exceptions import ResponseError

from reservations import store as stores
from reservations.service import reservations as selling
from reservations.store import Durability, Store, connections, seats, servers, transaction, views
from reservations.store.connections import Command, Connections
from reservations.store.servers import OneServer, Reply
from reservations.store.servers import Server as ServerAsked
from tests.simulation.server import Server, Session


class Outside(Protocol):
    """Where messages go.

    Attributes:
        server: that runs them.
        clock: whose time it is.
        label: names what is done just now.
        made_by: the label under which each random word was made.
    """

    server: Server
    clock: Clock
    made_by: dict[str, str]

    @property
    def label(self) -> str: ...

    def deliver(self, message: Message) -> Exception | None:
        """Wait until something has become of a message; return how it broke, if it did."""


@dataclass(eq=False)
class Message:
    """Commands on their way to the server, over one connection."""

    session: Session
    commands: deque[Command]
    replies: list[Reply]


class Connection:
    """Stands in for redis-py's: what is sent with it is delivered when the world says so."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._session: Session | None = None
        self._replies: deque[Reply] = deque()
        self._failure: Exception | None = None

    @property
    def is_connected(self) -> bool:
        """Whether it is open."""
        return self._session is not None

    def connect(self) -> None:
        """Open it, unless it is open."""
        if self._session is None:
            self._session = self._outside.server.connect()

    def send_packed_command(self, packed: Sequence[Sequence[Command]]) -> None:
        """Send commands, and wait until something has become of them."""
        assert self._session is not None, "the connection is closed"
        (commands,) = packed
        message = Message(self._session, deque(commands), [])
        self._failure = self._outside.deliver(message)
        self._replies = deque(message.replies)
        if self._failure is not None:
            self._session = None

    def read_response(self) -> Reply:
        """Return the next reply that has arrived."""
        if not self._replies:
            assert self._failure is not None, "more replies are read than there were commands"
            raise self._failure
        reply = self._replies.popleft()
        if isinstance(reply, ResponseError):
            raise reply
        return reply

    def disconnect(self) -> None:
        """Close the connection."""
        if self._session is not None:
            self._outside.server.disconnect(self._session)
            self._session = None


class Pool:
    """Stands in for redis-py's pool."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._idle: list[Connection] = []

    def get_connection(self) -> Connection:
        """Lend a connection, an open one."""
        connection = self._idle.pop() if self._idle else Connection(self._outside)
        connection.connect()
        return connection

    def release(self, connection: Connection) -> None:
        """Take one back."""
        self._idle.append(connection)


class Clock:
    """Stands in for the module `time` in the service's code."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.waited = 0.0

    def monotonic(self) -> float:
        """Return the server's time and what clients have waited."""
        return self._server.keyspace.now_ms / 1000 + self.waited

    def sleep(self, seconds: float) -> None:
        """Wait, while nothing happens."""
        self.waited += seconds


class _Simulated(Connections):
    def __init__(self, outside: Outside) -> None:
        self._confirms = False
        self._servers = _Asked(outside)


class _Asked(OneServer):
    def __init__(self, outside: Outside) -> None:
        self._server = ServerAsked(Pool(outside), 0)  # type: ignore[arg-type]


class _Secrets:
    """Stands in for the module `secrets`, and remembers who has asked."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside

    def token_hex(self, size: int) -> str:
        made_by = self._outside.made_by
        word = f"{len(made_by) + 1:0{2 * size}x}"
        made_by[word] = self._outside.label
        return word


def store_of(outside: Outside) -> Store:
    """Return a worker's own store."""
    with mock.patch.object(stores, "Connections", lambda *_: _Simulated(outside)):
        return Store(
            "",
            durability=Durability.LOCAL,
            connections=1,
            log_length=100_000,
            longest_token_lifetime=timedelta(days=30),
        )


@contextmanager
def living_in(outside: Outside) -> Iterator[None]:
    """Let the service's code have a world's time, and nothing that is left to chance."""
    with ExitStack() as patched:
        # Commands are delivered as they are.
        patched.enter_context(mock.patch.object(connections, "pack", list))
        for module in (connections, servers, transaction, views):
            patched.enter_context(mock.patch.object(module, "time", outside.clock))
        secrets = _Secrets(outside)
        for module in (seats, selling):
            patched.enter_context(mock.patch.object(module, "secrets", secrets))
        yield

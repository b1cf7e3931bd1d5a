"""Connections to the store: one packed write with its replies, at the server that is asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self, TypeVar

from hiredis import pack_command
from redis.connection import AbstractConnection
from redis.exceptions import ConnectionError as LinkError
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as LinkTimeout

from reservations.domain.errors import StoreUnavailable
from reservations.store import keys
from reservations.store.cluster import ClusterServers
from reservations.store.replies import DOUBTS, Redirected, Unconfirmed, checked, refused
from reservations.store.sentinel import SentinelServers
from reservations.store.servers import (
    LINK_FAILURES,
    Command,
    Durability,
    OneServer,
    Reply,
    Server,
    Servers,
    key_of,
)

__all__ = ["LINK_FAILURES", "Command", "Connections", "Link", "Reply", "checked", "refused"]

T = TypeVar("T")

CONFIRM_MILLISECONDS = 800
"""How long replicas are waited for: less than a reply, since a request has one of each."""

MARK_MILLISECONDS = 1000

SURE_SECONDS = 0.5
"""How long a primary whose replicas have confirmed something is taken for the primary.
No other can be there so soon if the others miss a primary for longer before they replace
it: `down-after-milliseconds` of a sentinel, `cluster-node-timeout` of a cluster."""

PROMPT_SECONDS = 1.0
"""How long a primary may keep one caller in all, to be taken for the primary still. One that
stands still for longer may have been replaced, and not know it: what it then executes
can be confirmed by a replica that has not been told either, and is lost with it."""

PAUSES_SECONDS = (0.0, 0.01, 0.02, 0.04, 0.08, 0.16)
"""Before each further question, while servers send each other's callers back and forth."""


class Link:
    """One connection to one server, lent to one caller within its context.

    One on which replies may still be under way is closed before it goes back.
    """

    def __init__(self, connection: AbstractConnection, server: Server, asked_at: float) -> None:
        """Begin to use a connection.

        Args:
            connection: is open, and nobody else's.
            server: whose it is.
            asked_at: an instant of the monotonic clock, at which the server was known to be
                the right one.
        """
        self._connection = connection
        self._server = server
        self._asked_at = asked_at
        self.ended_cleanly = True

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the connection back, and let others know how the server does."""
        if isinstance(error, LinkTimeout):
            self._server.silence.note(True)
        if self.ended_cleanly:
            self._server.silence.note(False)
        else:
            self._server.is_suspect = True
        self._server.give_back(self._connection, reusable=self.ended_cleanly)

    def exchange(self, commands: Sequence[Command]) -> list[Reply]:
        """Send all commands in one write and return one reply for each, in order.

        A command that Redis refuses has a `ResponseError` for its reply.

        Raises:
            ConnectionError, TimeoutError, OSError: the connection broke on the way
                (see `LINK_FAILURES`); any part of the commands may have been run.
        """
        if not self._connection.is_connected:
            # It would be opened again, with nothing watched.
            raise LinkError("the connection was closed meanwhile")
        self.ended_cleanly = False
        self._connection.send_packed_command([pack(commands)])  # type: ignore[no-untyped-call]
        replies = [self._reply() for _ in commands]
        self.ended_cleanly = True
        return replies

    def change(self, commands: Sequence[Command]) -> tuple[list[Reply], bool]:
        """Exchange commands that change something; say too whether enough replicas confirmed.

        WAIT rides along (https://redis.io/docs/latest/commands/wait/), and waits for what
        was written over this connection.

        Raises:
            StoreUnavailable: replicas did not confirm a moment ago, or the server may have
                been replaced meanwhile; nothing was sent.
            ConnectionError, TimeoutError, OSError: as `exchange`.
        """
        wanted = self._server.confirmations
        if not wanted:
            return self.exchange(commands), True
        if not self._is_prompt():
            raise StoreUnavailable("it stood still, and may have been replaced")
        self._server.unconfirmed.check()
        began = time.monotonic()
        wait = ("WAIT", wanted, CONFIRM_MILLISECONDS)
        is_confirmed = False
        try:
            *replies, confirmations = self.exchange([*commands, wait])
            # A server that was made a replica meanwhile refuses to wait.
            is_confirmed = not isinstance(confirmations, ResponseError) and confirmations >= wanted
        finally:
            self._server.unconfirmed.note(not is_confirmed)
        if not (is_confirmed and self._is_prompt()):
            return replies, False
        self._server.confirmed_at = max(began, self._server.confirmed_at)
        return replies, True

    def _is_prompt(self) -> bool:
        is_prompt = time.monotonic() - self._asked_at < PROMPT_SECONDS
        if not is_prompt:
            self._server.is_suspect = True
        return is_prompt

    def _reply(self) -> Reply:
        try:
            return self._connection.read_response()
        except ResponseError as refusal:
            if isinstance(refusal, DOUBTS):
                self._server.is_suspect = True
            return refusal


def pack(commands: Sequence[Command]) -> bytes:
    """Write commands down as Redis reads them.

    redis-py's own packer asks of each command whether its name is of several words.
    """
    # Its types know only tuples of one; it takes those of any length.
    return b"".join(map(pack_command, commands))  # type: ignore[arg-type]


class Connections:
    """The connections of one process to the store at one URL."""

    def __init__(self, url: str, size: int, durability: Durability = Durability.LOCAL) -> None:
        """Make room for `size` connections to a server; none is opened before it is needed.

        Args:
            url: as `Settings.redis_url`.
            size: connections to each server.
            durability: how many replicas have to confirm a change.
        """
        self._confirms = durability is not Durability.LOCAL
        self._servers: Servers
        if url.startswith("redis+sentinel:"):
            self._servers = SentinelServers(url, size, durability)
        elif url.startswith("redis+cluster:"):
            self._servers = ClusterServers(url, size, durability)
        else:
            self._servers = OneServer(url, size, durability)

    def link(self, key: str = "", *, insist: bool = False) -> Link:
        """Lend a connection that is known to be open.

        Args:
            key: to the primary that has this key.
            insist: try also while the store is silent.

        Raises:
            StoreUnavailable: there is none to be had; nothing was sent.
        """
        asked_at = time.monotonic()
        server = self._servers.of(key)
        return Link(server.take(insist=insist), server, asked_at)

    def read(self, *commands: Command, insist: bool = False) -> list[Reply]:
        """Send commands that change nothing, or may safely be sent again.

        Args:
            commands: answered in this order. If they change something, all their keys lie
                in one slot.
            insist: try also while the store is silent.

        Raises:
            StoreUnavailable: the connection broke, or Redis refused a command.
        """
        return self.following(lambda: self._read(commands, insist))

    def confirmed(self, *commands: Command, insist: bool = False) -> list[Reply]:
        """Send commands that may safely be sent again, and have replicas confirm.

        Confirmed is also what the commands only find, whoever wrote it: what no replica
        has can be gone with the primary.

        Args:
            commands: answered in this order; all keys lie in one slot.
            insist: try also while the store is silent.

        Raises:
            StoreUnavailable: the connection broke, Redis refused a command, or too few
                replicas confirmed in time.
        """
        if not self._confirms:
            return self.read(*commands, insist=insist)
        # WAIT asks for what this connection wrote, so it has to write something.
        mark = ("SET", keys.mark(key_of(commands[0])), "", "PX", MARK_MILLISECONDS)
        return self.following(lambda: self._write([*commands, mark], insist))[:-1]

    def confirm(self, key: str, read_at: float = float("inf")) -> None:
        """Have replicas confirm what was read of a key, unless they have done so since.

        Args:
            key: of the slot that was read.
            read_at: when, by the monotonic clock.

        Raises:
            StoreUnavailable: too few replicas confirm it in time.
        """
        if self._confirms:
            confirmed_at = self._servers.of(key).confirmed_at
            if confirmed_at < max(read_at, time.monotonic() - SURE_SECONDS):
                self.confirmed(("EXISTS", key))

    def following(self, ask: Callable[[], T]) -> T:
        """Ask anew, for as long as servers say that another one is to be asked.

        Args:
            ask: raises `Redirected` when it has changed nothing.
        """
        for pause in PAUSES_SECONDS:
            try:
                return ask()
            except Redirected as redirected:
                if not self._servers.learn(redirected.redirect):
                    raise
                time.sleep(pause)
        return ask()

    def an_own_key(self, key: str) -> list[str]:
        """Return a key of each primary, made from one; the first is the one given itself."""
        return self._servers.an_own_key(key)

    def close(self) -> None:
        """Close all connections."""
        self._servers.close()

    def _read(self, commands: Sequence[Command], insist: bool) -> list[Reply]:
        shares = self._servers.shares(commands)
        if not shares:
            return self._ask("", commands, insist)
        replies: list[Reply] = [None] * len(commands)
        for key, places in shares:
            answered = self._ask(key, [commands[place] for place in places], insist)
            for place, reply in zip(places, answered, strict=True):
                replies[place] = reply
        return replies

    def _ask(self, key: str, commands: Sequence[Command], insist: bool) -> list[Reply]:
        try:
            with self.link(key, insist=insist) as link:
                return checked(link.exchange(commands))
        except LINK_FAILURES as error:
            raise StoreUnavailable(error) from error

    def _write(self, commands: Sequence[Command], insist: bool) -> list[Reply]:
        try:
            with self.link(key_of(commands[0]), insist=insist) as link:
                replies, confirmed = link.change(commands)
        except LINK_FAILURES as error:
            raise StoreUnavailable(error) from error
        answered = checked(replies)
        if not confirmed:
            raise Unconfirmed
        return answered

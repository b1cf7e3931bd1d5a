"""A world in which nothing happens by itself: who goes on, and what breaks, is chosen.

Each client is a worker of its own: the service's real code in a thread of its own, of which
one runs at a time. It stops wherever it waits for a reply. Then it is chosen whose message
arrives, wholly or in part, which connection breaks, or how much time passes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Protocol

from redis.exceptions import ConnectionError as LinkError
from redis.exceptions import TimeoutError as LinkTimeout

from tests.simulation.server import Server
from tests.simulation.standins import Clock, Message

PATIENCE_SECONDS = 0.6
"""What a client waits between two requests: longer than it is told of the store's silence."""

TIMEOUT_MS = 1000


class Choose(Protocol):
    """Decides what happens next."""

    def __call__(self, number: int) -> int:
        """Return a number from 0 up to, not including, another."""


class Client:
    """A worker that waits for its turn.

    Attributes:
        message: what it has sent, and nothing has become of.
        cut: what became of it otherwise than by a reply.
        label: names what it is about to do.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.label = name
        self.message: Message | None = None
        self.cut: Exception | None = None
        self.turn = threading.Semaphore(0)
        self.crash: BaseException | None = None


class World:
    """A server, its clients, and what is on its way between them.

    Attributes:
        trace: what has happened, a line each.
        happened: called whenever the server may have changed.
        made_by: the label of the client that made each random word.
    """

    def __init__(self, choose: Choose, *, cuts: int, ticks: Sequence[int], parts: bool) -> None:
        """Begin with an empty server.

        Args:
            choose: decides what happens next.
            cuts: how many connections break at most.
            ticks: how much time passes, each once at most, in milliseconds.
            parts: whether messages may arrive in parts.
        """
        self.server = Server()
        self.clock = Clock(self.server)
        self.trace: list[str] = []
        self.made_by: dict[str, str] = {}
        self.happened: Callable[[], None] = lambda: None
        self._choose = choose
        self._cuts = cuts
        self._ticks = list(ticks)
        self._parts = parts
        self._clients: list[Client] = []
        self._late: list[Message] = []
        self._running: Client | None = None
        self._turn = threading.Semaphore(0)

    @property
    def label(self) -> str:
        """Names what the client that runs is about to do."""
        return "" if self._running is None else self._running.label

    @label.setter
    def label(self, label: str) -> None:
        assert self._running is not None, "nobody runs"
        self._running.label = label

    def deliver(self, message: Message) -> Exception | None:
        """Wait until something has become of a message; return how it broke, if it did."""
        client = self._running
        if client is None:
            self._arrive(message, len(message.commands))
            return None
        client.message = message
        self._turn.release()
        client.turn.acquire()
        cut, client.cut = client.cut, None
        return cut

    def run(self, deeds: dict[str, Callable[[], None]]) -> None:
        """Let clients do their deeds, until all is done and nothing is on its way.

        Raises:
            BaseException: what a client has met with, if it should not have.
        """
        for name, deed in deeds.items():
            client = Client(name)
            self._clients.append(client)
            threading.Thread(target=self._live, args=(client, deed), daemon=True).start()
            self._go_on(client)
        while choices := list(self._choices()):
            self._pick(choices)()
            for client in self._clients:
                if client.crash is not None:
                    raise client.crash

    def _live(self, client: Client, deed: Callable[[], None]) -> None:
        client.turn.acquire()
        try:
            deed()
        except BaseException as crash:  # noqa: BLE001 - told by who runs the world
            client.crash = crash
        self._turn.release()

    def _go_on(self, client: Client) -> None:
        """Let a client run until it waits again, or is done."""
        self._running = client
        client.turn.release()
        self._turn.acquire()
        self._running = None

    def _pick(self, choices: list[Callable[[], None]]) -> Callable[[], None]:
        return choices[self._choose(len(choices)) if len(choices) > 1 else 0]

    # What can happen

    def _choices(self) -> Iterator[Callable[[], None]]:
        waiting = [client for client in self._clients if client.message is not None]
        yield from (partial(self._answer, client) for client in waiting)
        yield from (partial(self._arrive_late, message) for message in self._late)
        if waiting:
            yield from (partial(self._tick, milliseconds) for milliseconds in self._ticks)
        if self._parts:
            yield from (partial(self._arrive_in_part, c) for c in waiting if self._is_long(c))
        if self._cuts:
            yield from (partial(self._cut, client) for client in waiting)

    def _answer(self, client: Client) -> None:
        message = self._message_of(client)
        self._arrive(message, len(message.commands))
        self.trace.append(f"{client.name} is answered")
        client.message = None
        self._go_on(client)

    def _arrive_in_part(self, client: Client) -> None:
        message = self._message_of(client)
        number = 1 + self._choose(len(message.commands) - 1)
        self._arrive(message, number)
        self.trace.append(f"{number} of what {client.name} sends has arrived")

    def _arrive_late(self, message: Message) -> None:
        self._late.remove(message)
        self._arrive(message, len(message.commands))
        self.server.disconnect(message.session)
        self.trace.append("what was late has arrived")

    def _tick(self, milliseconds: int) -> None:
        self._ticks.remove(milliseconds)
        self._pass_time(milliseconds)
        self.trace.append(f"{milliseconds} ms pass")

    def _cut(self, client: Client) -> None:
        """Break a connection when a part of a message has arrived: none of it, or all."""
        self._cuts -= 1
        message = self._message_of(client)
        number = len(message.commands) - self._choose(len(message.commands) + 1)
        is_all = number == len(message.commands)
        self._arrive(message, number)
        how = self._choose(3)
        if how == 0:
            self.server.disconnect(message.session)
            client.cut = LinkError("the connection is cut")
            message.replies.clear()
            self.trace.append(f"{client.name} is cut off after {number} have arrived")
        elif how == 1 and is_all:
            self.server.disconnect(message.session)
            client.cut = LinkError("the connection is cut")
            message.replies.pop()
            self.trace.append(f"{client.name} gets all replies but the last")
        else:
            self._late.append(Message(message.session, message.commands, []))
            client.cut = LinkTimeout("no reply")
            message.replies = []
            self._pass_time(TIMEOUT_MS)
            self.trace.append(f"{client.name} waits in vain, {number} have arrived")
        client.message = None
        self._go_on(client)

    def _is_long(self, client: Client) -> bool:
        return len(self._message_of(client).commands) > 1

    def _pass_time(self, milliseconds: int) -> None:
        self.server.keyspace.pass_time(milliseconds)
        self.happened()

    def _message_of(self, client: Client) -> Message:
        assert client.message is not None, f"{client.name} sends nothing"
        return client.message

    def _arrive(self, message: Message, number: int) -> None:
        for _ in range(number):
            command = message.commands.popleft()
            message.replies.append(self.server.run(message.session, command))
        self.happened()

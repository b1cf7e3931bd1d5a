"""A proxy between the service and its store that misbehaves on demand."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

Misbehaviour = Callable[["Passage", bytes], bool]
"""Is shown what a client sends; whether to go on and pass it to the server."""


class Passage:
    """One client's connection, and the proxy's own to the server.

    Attributes:
        loses_reply: whether the next reply is lost, and the connection with it.
    """

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client = client
        self.server = server
        self.loses_reply = False

    def cut(self) -> None:
        """Close both ends."""
        for end in (self.client, self.server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class Proxy:
    """Listens on a port of loopback and passes everything on to a unix socket."""

    def __init__(self, server_path: str) -> None:
        self.misbehave: Misbehaviour | None = None
        self._server_path = server_path
        self._passages: list[Passage] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))

    @property
    def url(self) -> str:
        """Where clients connect to."""
        return f"redis://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        """Begin to listen."""
        self._spawn(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Cut everything."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for passage in self._passages:
            passage.cut()
        for thread in self._threads:
            thread.join(5)
        for passage in self._passages:
            passage.client.close()
            passage.server.close()

    def _spawn(self, run: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=run, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._server_path)
            passage = Passage(client, server)
            self._passages.append(passage)
            self._spawn(self._pass_requests, passage)
            self._spawn(self._pass_replies, passage)

    def _pass_requests(self, passage: Passage) -> None:
        with contextlib.suppress(OSError):
            while sent := passage.client.recv(65_536):
                if self.misbehave is None or self.misbehave(passage, sent):
                    passage.server.sendall(sent)
        passage.cut()

    def _pass_replies(self, passage: Passage) -> None:
        with contextlib.suppress(OSError):
            while (replied := passage.server.recv(65_536)) and not passage.loses_reply:
                passage.client.sendall(replied)
        passage.cut()


def on_commit(act: Callable[[Passage, bytes], bool]) -> Misbehaviour:
    """Misbehave with the first commit only, and with nothing else."""
    waiting = [True]

    def misbehave(passage: Passage, sent: bytes) -> bool:
        if b"EXEC" not in sent or not waiting:
            return True
        waiting.clear()
        return act(passage, sent)

    return misbehave


def lose_reply(passage: Passage, _sent: bytes) -> bool:
    """Let the server commit, but cut the connection instead of its reply."""
    passage.loses_reply = True
    return True


def lose_request(passage: Passage, _sent: bytes) -> bool:
    """Cut the connection before the server sees the commit."""
    passage.cut()
    return False


def swallow(_passage: Passage, _sent: bytes) -> bool:
    """Pass the commit to nobody, and say nothing."""
    return False


class Delay:
    """Keeps what is sent from the server until it is let go, and cuts the client's connection."""

    def __init__(self) -> None:
        self._server: socket.socket | None = None
        self._sent = b""

    def __call__(self, passage: Passage, sent: bytes) -> bool:
        """Keep what is sent."""
        self._server, self._sent = passage.server, sent
        # The way to the server stays open when the client's is cut.
        passage.server, other_end = socket.socketpair()
        other_end.close()
        return False

    def let_go(self) -> None:
        """Send to the server what was kept."""
        assert self._server is not None, "nothing was sent"
        self._server.sendall(self._sent)

    def close(self) -> None:
        """Close the connection to the server."""
        if self._server is not None:
            self._server.close()


def lose_reply_and_go_silent(proxy: Proxy) -> Misbehaviour:
    """Let the server commit, and then be cut off, so that nobody can ask what happened."""

    def act(passage: Passage, sent: bytes) -> bool:
        proxy.misbehave = lambda later, _sent: later.cut() is not None
        return lose_reply(passage, sent)

    return on_commit(act)

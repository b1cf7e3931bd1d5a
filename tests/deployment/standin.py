"""What listens where nginx expects the service, and keeps what nginx sends it."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Thread
from typing import Any, Self

WELL = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
WELL_AND_KEPT = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class StandIn:
    """Answers every request alike, and hangs up unless it answers `WELL_AND_KEPT`.

    Attributes:
        path: of its socket.
        connections: how many it has accepted.
        hung_up: on how many of them the other side has hung up.
        requests: all that it was sent, whole.
        done: how many answers it is rid of.
        answer: what it answers; each part after as many seconds.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.connections = 0
        self.hung_up = 0
        self.requests: list[bytes] = []
        self.done = 0
        self.answer: Sequence[tuple[float, bytes]] = [(0, WELL)]
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(1024)
        self._thread = Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        # What waits in accept() is woken by this, not by close().
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def headers(self) -> list[str]:
        """Return the headers of the last request, a line each."""
        return self.requests[-1].partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection = self._listener.accept()[0]
                self.connections += 1
                Thread(target=self._answer, args=(connection,)).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(10)
            is_kept = True
            while is_kept and (request := _whole(connection)):
                self.requests.append(request)
                is_kept = self.answer == [(0, WELL_AND_KEPT)]
                for pause, part in self.answer:
                    time.sleep(pause)
                    connection.sendall(part)
                self.done += 1
            self.hung_up += is_kept


def _whole(connection: socket.socket) -> bytes:
    """Read a request whose body has its length before it, as nginx sends it, or nothing."""
    received = b""
    while b"\r\n\r\n" not in received:
        if not (some := connection.recv(65536)):
            return b""
        received += some
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    length = int(lengths[0].partition(b":")[2]) if lengths else 0
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body

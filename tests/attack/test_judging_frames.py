"""What the judge of the framing corpus would report."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from attack.framing import NotReplies, fault_of, judge, read_replies
from attack.framing_corpus import HIDDEN_PATH, Case

REFUSED = Case("refused", b"GET / HTTP/1.1\r\n\r\n")
TAKEN = Case("taken", b"GET / HTTP/1.1\r\n\r\n", is_refused=False)
PROBLEM = b'{"status":400,"code":"bad_request"}'


def answer(status: int, body: bytes = b"ok") -> bytes:
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.mark.parametrize(
    ("case", "received"),
    [
        (REFUSED, b""),
        (REFUSED, answer(400, PROBLEM)),
        (TAKEN, answer(200)),
        (TAKEN, b"HTTP/1.1 100 Continue\r\n\r\n" + answer(200)),
        (TAKEN, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
        (Case("old", b"GET /\r\n"), PROBLEM),
    ],
)
def test_an_honest_answer_is_no_fault(case: Case, received: bytes) -> None:
    assert judge(case, received) is None


@pytest.mark.parametrize(
    ("case", "received", "fault"),
    [
        (REFUSED, answer(200), "had to be refused"),
        (REFUSED, answer(400, PROBLEM) * 2, "2 answers to 1 requests"),
        (TAKEN, answer(200) * 2, "2 answers to 1 requests"),
        (TAKEN, answer(500, PROBLEM), "status 500"),
        (TAKEN, answer(502, PROBLEM), "status 502"),
        (REFUSED, answer(400, b"<html>"), "without its problem"),
        (REFUSED, PROBLEM, "not HTTP"),
        (TAKEN, answer(200) + b"x", "not HTTP"),
        (TAKEN, answer(200)[:-1], "not HTTP"),
    ],
)
def test_any_other_answer_is_a_fault(case: Case, received: bytes, fault: str) -> None:
    assert fault in str(judge(case, received))


@pytest.mark.parametrize("received", [b"HTTP/2 200\r\n\r\n", b"HTTP/1.1 200 OK\r\nx\r\n\r\n"])
def test_what_is_no_answer_is_not_read_as_one(received: bytes) -> None:
    with pytest.raises(NotReplies):
        read_replies(received)


@contextmanager
def server(reply: Callable[[bytes], bytes]) -> Iterator[Callable[[], socket.socket]]:
    """Run a server that answers each connection's first bytes, and yield how to connect."""

    def serve() -> None:
        while True:
            connection = listener.accept()[0]
            with connection:
                received = connection.recv(65536)
                if not received:
                    return
                connection.sendall(reply(received))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=serve)
        thread.start()
        yield lambda: socket.create_connection(listener.getsockname(), timeout=5)
        socket.create_connection(listener.getsockname()).close()
        thread.join()


def health(received: bytes) -> bytes:
    lines = received.decode().split("\r\n")
    (own_id,) = [line for line in lines if line.startswith("X-Request-ID")] or ["X: y"]
    return answer(200).replace(b"\r\n\r\n", f"\r\n{own_id}\r\n\r\n".encode(), 1)


def test_a_hidden_request_that_was_carried_out_is_found(tmp_path: Path) -> None:
    log = tmp_path / "paths.log"
    log.write_text("/health\n")

    def smuggle(received: bytes) -> bytes:
        with log.open("a") as paths:
            paths.write(f"{HIDDEN_PATH}\n")
        return health(received)

    with server(health) as connect:
        assert fault_of(TAKEN, connect, "token", log) is None
    with server(smuggle) as connect:
        assert "was carried out" in str(fault_of(TAKEN, connect, "token", log))


def test_an_answer_that_goes_to_somebody_else_is_found(tmp_path: Path) -> None:
    log = tmp_path / "paths.log"
    log.touch()
    with server(lambda _received: answer(200)) as connect:
        assert "got another's answer" in str(fault_of(TAKEN, connect, "token", log))

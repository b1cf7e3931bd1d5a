"""Sends the framing corpus, and judges what came of each case."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from attack.framing_corpus import CORPUS, HIDDEN_PATH, TOKEN, Case
from attack.outcome import Outcome
from attack.target import Target

SILENCE_SECONDS = 0.7
"""Who says nothing for so long, waits for more of the request."""
PATIENCE_SECONDS = 10
STATUS_LINE = re.compile(rb"HTTP/1\.[0-9] ([1-5][0-9]{2}) [ -~]*")
HEADER = re.compile(rb"([A-Za-z0-9-]+): ?([ -~]*)")
CHUNK_SIZE = re.compile(rb"[0-9a-fA-F]{1,8}")
REFUSALS = frozenset({400, 405, 411, 413, 414, 417, 431, 501, 505})
TAKEN_BY_GUNICORN = frozenset(
    {
        # It knows no hosts, and the service uses none.
        "headers: no host",
        "headers: a host with a path",
        "headers: a host with a space",
        # There is nothing at such an address, and nobody whom it would connect to.
        "line: CONNECT",
    }
)
"""What nginx refuses, but gunicorn takes for one request, which it is."""

Connect = Callable[[], socket.socket]


@dataclass(frozen=True)
class Reply:
    """One answer of those that came, with its body out of its framing."""

    status: int
    body: bytes


class NotReplies(Exception):
    """What came is not a row of well-formed answers; the message says why."""


def attack(target: Target, _seconds: int) -> Outcome:
    """Send each case to nginx, and straight to gunicorn."""
    findings = []
    for whom, connect in (("nginx", to_port(target.port)), ("gunicorn", to_socket(target.socket))):
        for case in CORPUS:
            fault = fault_of(
                case, connect, target.sold.admin, target.paths_log, is_direct=whom == "gunicorn"
            )
            if fault:
                findings.append(f"{whom}: {case.name}: {fault}")
    # What comes late is no less carried out.
    if HIDDEN_PATH in _lines_of(target.paths_log):
        findings.append("a hidden request was carried out")
    return Outcome.of(findings, f"{len(CORPUS)} cases, each sent twice")


def to_port(port: int) -> Connect:
    """Return how to connect to a port of loopback."""
    return lambda: socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)


def to_socket(path: Path) -> Connect:
    """Return how to connect to a unix socket."""

    def connect() -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(PATIENCE_SECONDS)
        connection.connect(str(path))
        return connection

    return connect


def fault_of(
    case: Case, connect: Connect, token: str, paths_log: Path, *, is_direct: bool = False
) -> str | None:
    """Send a case, and tell what is wrong with what came of it, if anything is.

    Args:
        case: to send.
        connect: to whom.
        token: an admin's.
        paths_log: where the service writes the path of each request, one a line.
        is_direct: whether it goes to gunicorn past nginx.
    """
    if is_direct and case.name in TAKEN_BY_GUNICORN:
        case = replace(case, is_refused=False)
    before = len(_lines_of(paths_log))
    received = exchange(connect, case.sent.replace(TOKEN, token.encode()))
    fault = judge(case, received) or _fault_of_next(connect)
    carried_out = _lines_of(paths_log)[before:]
    return "the hidden request was carried out" if HIDDEN_PATH in carried_out else fault


def exchange(connect: Connect, sent: bytes) -> bytes:
    """Send bytes, and return what comes until the connection ends, or is silent."""
    received = b""
    with connect() as connection:
        # Who refuses a request may hang up before it has read all of it.
        with contextlib.suppress(ConnectionError):
            connection.sendall(sent)
        connection.settimeout(SILENCE_SECONDS)
        with contextlib.suppress(ConnectionError, TimeoutError):
            while some := connection.recv(65536):
                received += some
    return received


def judge(case: Case, received: bytes) -> str | None:
    """Tell what is wrong with the answers to a case, if anything is."""
    if not case.has_version and _is_problem(received, 400):
        # The answer to a request of HTTP/0.9 is nothing but a body.
        return None
    is_head = case.sent.startswith(b"HEAD ")
    try:
        replies = read_replies(received, is_head=is_head)
    except NotReplies as error:
        return f"not HTTP: {error}"
    if len(replies) > case.requests:
        return f"{len(replies)} answers to {case.requests} requests"
    for reply in replies:
        if reply.status >= 500 and reply.status not in REFUSALS:
            return f"status {reply.status}"
        if reply.status >= 400 and not is_head and not _is_problem(reply.body, reply.status):
            return f"status {reply.status} without its problem"
    if case.is_refused and replies and replies[-1].status not in REFUSALS:
        return f"status {replies[-1].status}, but this had to be refused"
    return None


def read_replies(received: bytes, *, is_head: bool = False) -> Sequence[Reply]:
    """Read answers that came one after the other.

    Args:
        received: all that came.
        is_head: whether they answer HEAD, and so have no bodies.

    Raises:
        NotReplies: they cannot be told apart.
    """
    replies = []
    while received:
        head, end, received = received.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        status_line = STATUS_LINE.fullmatch(first)
        headers = [HEADER.fullmatch(line) for line in lines]
        if not (end and status_line and all(headers)):
            raise NotReplies(f"{head[:80]!r}")
        status = int(status_line[1])
        named = [(header[1].lower(), header[2]) for header in headers if header]
        if status >= 200:
            bodyless = is_head or status in {204, 304}
            body, received = (b"", received) if bodyless else _body(dict(named), received)
            replies.append(Reply(status, body))
    return replies


def _body(headers: dict[bytes, bytes], received: bytes) -> tuple[bytes, bytes]:
    """Return a body, and what comes after it."""
    if headers.get(b"transfer-encoding") == b"chunked":
        return _chunks(received)
    if b"content-length" not in headers:
        return received, b""
    length = int(headers[b"content-length"])
    if len(received) < length:
        raise NotReplies(f"{len(received)} bytes of {length}")
    return received[:length], received[length:]


def _chunks(received: bytes) -> tuple[bytes, bytes]:
    body = b""
    while True:
        size, end, received = received.partition(b"\r\n")
        if not (end and CHUNK_SIZE.fullmatch(size)):
            raise NotReplies(f"a chunk of size {size[:80]!r}")
        length = int(size, 16)
        if received[length : length + 2] != b"\r\n":
            raise NotReplies("a chunk without an end")
        body, received = body + received[:length], received[length + 2 :]
        if length == 0:
            return body, received


def _is_problem(body: bytes, status: int) -> bool:
    try:
        members = json.loads(body)
    except ValueError:
        return False
    return isinstance(members, dict) and members.get("status") == status and "code" in members


def _fault_of_next(connect: Connect) -> str | None:
    """Tell what is wrong with the answer to the next who asks, if anything is."""
    own_id = f"next-{time.monotonic_ns()}"
    connection = http.client.HTTPConnection("h")
    connection.sock = connect()
    try:
        connection.request("GET", "/health", headers={"X-Request-ID": own_id})
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        return f"the next request was not answered: {error!r}"
    finally:
        connection.close()
    if answer.status != 200 or answer.headers["X-Request-ID"] != own_id or b"ok" not in body:
        return f"the next request got another's answer: {answer.status} {body[:80]!r}"
    return None


def _lines_of(log: Path) -> Sequence[str]:
    return log.read_text().splitlines()

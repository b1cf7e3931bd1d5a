"""One line a request, on standard output.

Written past `logging` and `json`, which would take three times as long as all of this, and
each request pays for it. A line is shorter than what a pipe takes at once (PIPE_BUF, see
pipe(7)), so those of several workers are never mixed.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from json.encoder import encode_basestring_ascii as escaped
from threading import Lock
from typing import NamedTuple

from reservations.observability.discretion import without_tokens
from reservations.observability.logs import timestamp

MAX_PATH_LENGTH = 200
MAX_EVENT_LENGTH = 40
MAX_REASON_LENGTH = 400
"""In characters. Those of clients can take 12 bytes of a line each."""


LEVELS = {each: logging.getLevelName(each) for each in (10, 20, 30, 40)}


class RequestLine(NamedTuple):
    """What a line tells of a request, with nothing in it that must not be told.

    Attributes:
        request_id: as the client was told.
        method: one that the service knows, or `other`.
        route: the pattern of the address, or `unmatched`.
        path: the address without its query; None if it was not read.
        status: of the answer.
        code: of the problem, if it is one.
        patron: id of the caller, if it showed a good token.
        event: id of the event that is asked for, if one is.
        seconds: from its beginning until the answer was made.
        reason: why the store could not do it, if it could not.
    """

    request_id: str
    method: str
    route: str
    path: str | None
    status: int
    code: str | None
    patron: str | None
    event: str | None
    seconds: float
    reason: str | None = None


class RequestLog:
    """Writes a line for each request that matters at the level of the log."""

    def __init__(self, log_level: str, *, development: bool) -> None:
        """Write lines from a level on, readable ones in development."""
        self._threshold = logging.getLevelNamesMapping()[log_level]
        self._render: Callable[[str, str, RequestLine], str] = _text if development else _json
        self._lock = Lock()

    def write(self, line: RequestLine, *, is_probe: bool) -> None:
        """Write what became of a request.

        Args:
            line: tells it.
            is_probe: whether a machine asks all day: while all is well, it is not told.
        """
        level = _level(line.status, is_probe=is_probe)
        if level < self._threshold:
            return
        text = self._render(timestamp(time.time()), LEVELS[level], line)
        try:
            with self._lock:
                sys.stdout.write(text)
                sys.stdout.flush()
        except (OSError, ValueError):
            # Whoever read the log is gone, which is no reason to fail a request.
            return


def told(text: str | None, length: int) -> str | None:
    """Return as much of a text as may be told, of at most so many characters."""
    return None if text is None else without_tokens(text)[:length]


def _level(status: int, *, is_probe: bool) -> int:
    if status >= 500:
        return logging.WARNING if status == 503 else logging.ERROR
    return logging.DEBUG if is_probe else logging.INFO


def _json(at: str, level: str, line: RequestLine) -> str:
    reason = "" if line.reason is None else f', "reason": {escaped(line.reason)}'
    return (
        f'{{"at": "{at}", "level": "{level}", "request_id": {escaped(line.request_id)}, '
        f'"method": "{line.method}", "route": {escaped(line.route)}, "path": {_member(line.path)}, '
        f'"status": {line.status}, "code": {_member(line.code)}, "patron": {_member(line.patron)}, '
        f'"event": {_member(line.event)}, "seconds": {line.seconds:.6f}{reason}}}\n'
    )


def _member(text: str | None) -> str:
    return "null" if text is None else escaped(text)


def _text(at: str, level: str, line: RequestLine) -> str:
    path = escaped(line.path or "-")[1:-1]
    told = [at, level, line.request_id, line.method, path, str(line.status)]
    told += [each for each in (line.code, line.patron, line.reason) if each is not None]
    return f"{' '.join(told)} {line.seconds * 1000:.1f} ms\n"

"""How logs are written: JSON lines in production, readable ones in development.

Those of requests have a way of their own, see `request_log.py`, because there are so many.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from functools import lru_cache

from pythonjsonlogger.json import JsonFormatter

from reservations.observability.discretion import without_tokens
from reservations.observability.request_ids import current_request_id

MEMBERS = {"asctime": "at", "levelname": "level", "name": "logger", "exc_info": "exception"}
"""What the members of a line are called that logging has other names for."""


class JsonLines(JsonFormatter):
    """Writes each record as one line of JSON, whatever is in it."""

    def __init__(self) -> None:
        super().__init__(
            "{asctime}{levelname}{request_id}{name}{message}", style="{", rename_fields=MEMBERS
        )

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        """Return when it was, as in all of the service's answers."""
        return timestamp(record.created)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without tokens."""
        return without_tokens(super().format(record))


class TextLines(logging.Formatter):
    """Writes records for somebody who looks on."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(request_id)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text, without tokens."""
        record.request_id = getattr(record, "request_id", None) or "-"
        return without_tokens(super().format(record))


def formatter(*, development: bool) -> logging.Formatter:
    """Return what writes records."""
    return TextLines() if development else JsonLines()


def set_up(logger: logging.Logger, level: str, *, development: bool) -> None:
    """Have a logger write to standard error, from a level on."""
    handler = logging.StreamHandler()
    handler.addFilter(add_request_id)
    handler.setFormatter(formatter(development=development))
    logger.handlers = [handler]
    logger.setLevel(level)


def add_request_id(record: logging.LogRecord) -> bool:
    """Let a record bear the id of the request that it is about, if there is one."""
    record.request_id = current_request_id()
    return True


def timestamp(seconds: float) -> str:
    """Return an instant, given in seconds since 1970, as RFC 3339 has it."""
    whole = int(seconds)
    return f"{_to_the_second(whole)}.{int((seconds - whole) * 1000):03}Z"


@lru_cache(maxsize=8)
def _to_the_second(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"

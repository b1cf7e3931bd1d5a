"""Instants as Redis keeps them: whole milliseconds since 1970, UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def from_ms(milliseconds: int) -> datetime:
    """Return the instant that many milliseconds after 1970."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


def to_ms(instant: datetime) -> int:
    """Return the milliseconds from 1970 to an instant, rounded down."""
    return (instant - _EPOCH) // _MILLISECOND


def from_time(reply: list[bytes]) -> datetime:
    """Return the instant in Redis' reply to TIME, rounded down to a millisecond."""
    seconds, microseconds = reply
    return from_ms(int(seconds) * 1000 + int(microseconds) // 1000)

"""Instants on the wire: RFC 3339 in UTC with milliseconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from marshmallow import fields

RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?"
    r"([Zz]|[+-][0-2][0-9]:[0-5][0-9])"
)


def format_timestamp(instant: datetime) -> str:
    """Write an instant like `2027-01-01T20:00:00.000Z`."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_timestamp(text: str) -> datetime:
    """Read an instant with any offset; what is finer than a millisecond is dropped.

    Raises:
        ValueError: it is none, or lies outside of the years 1 to 9999.
    """
    if not RFC_3339.fullmatch(text):
        raise ValueError(f"{text!r} is not an RFC 3339 timestamp")
    try:
        instant = datetime.fromisoformat(text.upper()).astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text!r} is out of range") from error
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


class Timestamp(fields.DateTime):
    """An instant in a schema."""

    def _serialize(self, value: datetime | None, *_args: Any, **_kwargs: Any) -> str | None:
        return None if value is None else format_timestamp(value)

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> datetime:
        if not isinstance(value, str):
            raise self.make_error("invalid", input=value, obj_type="timestamp")
        try:
            return parse_timestamp(value)
        except ValueError as error:
            raise self.make_error("invalid", input=value, obj_type="timestamp") from error

"""Lists that can grow: opaque cursors, and the header that leads to the next page."""

from __future__ import annotations

import re
from typing import Any

from flask import request, url_for
from marshmallow import ValidationError, fields

from reservations.domain.reservation import ID_PATTERN

CURSOR = re.compile(r"c([0-9a-f]{1,12})")
ID_CURSOR = re.compile(f"r({ID_PATTERN.pattern})")
LINK = {
    "Link": {"description": 'The next page: `<path>; rel="next"`.', "schema": {"type": "string"}}
}
LOG_CURSOR = re.compile(r"l([0-9a-f]{1,12})\.([0-9a-f]{1,12})")


class Cursor(fields.Field[int]):
    """A place in a list: an ordinal inside, a text without meaning outside."""

    def _serialize(self, value: int | None, *_args: Any, **_kwargs: Any) -> str | None:
        return encode_cursor(value)

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> int:
        found = CURSOR.fullmatch(str(value))
        if found is None:
            raise ValidationError("Not a cursor that an earlier page gave.")
        return int(found[1], 16)


def encode_cursor(ordinal: int | None) -> str | None:
    """Write a place in a list down; None, which is its end, as None."""
    return None if ordinal is None else f"c{ordinal:x}"


class IdCursor(fields.Field[str]):
    """A place in a list of reservations: an id inside, a text without meaning outside."""

    def _serialize(self, value: str | None, *_args: Any, **_kwargs: Any) -> str | None:
        return encode_id_cursor(value)

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> str:
        found = ID_CURSOR.fullmatch(str(value))
        if found is None:
            raise ValidationError("Not a cursor that an earlier page gave.")
        return found[1]


def encode_id_cursor(reservation_id: str | None) -> str | None:
    """Write a place in a list of reservations down; None, which is its end, as None."""
    return None if reservation_id is None else f"r{reservation_id}"


def link_to_next(after: str | None, **query: str | int | None) -> dict[str, str]:
    """Return the header that names the next page of the current list (RFC 8288), if any.

    Args:
        after: the cursor of the next page; None if there is none.
        **query: the parameters that the current list was asked for with.
    """
    if after is None or request.endpoint is None:
        return {}
    path = {name: str(value) for name, value in (request.view_args or {}).items()}
    given = {name: str(value) for name, value in query.items() if value is not None}
    given["after"] = after
    address = url_for(request.endpoint, **path, **given)  # type: ignore[arg-type]
    return {"Link": f'<{address}>; rel="next"'}


class LogCursor(fields.Field[str]):
    """A place in a change log: the id of its entry inside, a text without meaning outside."""

    def _serialize(self, value: str | None, *_args: Any, **_kwargs: Any) -> str | None:
        return None if value is None else encode_log_cursor(value)

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> str:
        found = LOG_CURSOR.fullmatch(str(value))
        if found is None:
            raise ValidationError("Not a cursor that an earlier answer gave.")
        return f"{int(found[1], 16)}-{int(found[2], 16)}"


def encode_log_cursor(entry_id: str) -> str:
    """Write a place in a change log down."""
    milliseconds, _, ordinal = entry_id.partition("-")
    return f"l{int(milliseconds):x}.{int(ordinal):x}"

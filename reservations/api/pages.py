"""Lists that can grow: opaque cursors, and the header that leads to the next page."""

from __future__ import annotations

import re
from typing import Any

from flask import request, url_for
from marshmallow import ValidationError, fields

CURSOR = re.compile(r"c([0-9a-f]{1,12})")


class Cursor(fields.Field[int]):
    """A place in a list: an ordinal inside, a text without meaning outside."""

    def _serialize(self, value: int | None, *_args: Any, **_kwargs: Any) -> str | None:
        return None if value is None else encode_cursor(value)

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> int:
        found = CURSOR.fullmatch(str(value))
        if found is None:
            raise ValidationError("Not a cursor that an earlier page gave.")
        return int(found[1], 16)


def encode_cursor(ordinal: int) -> str:
    """Write a place in a list down."""
    return f"c{ordinal:x}"


def link_to_next(limit: int, after: int | None) -> dict[str, str]:
    """Return the header that names the next page of the current list (RFC 8288), if any."""
    if after is None or request.endpoint is None:
        return {}
    path = {name: str(value) for name, value in (request.view_args or {}).items()}
    place = {"limit": str(limit), "after": encode_cursor(after)}
    address = url_for(request.endpoint, **path, **place)  # type: ignore[arg-type]
    return {"Link": f'<{address}>; rel="next"'}

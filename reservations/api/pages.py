"""Lists that can grow: opaque cursors, and the header that leads to the next page."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from flask import request, url_for
from marshmallow import fields


class Cursor(fields.String):
    """A place in a list: an ordinal inside, a text without meaning outside."""

    def _serialize(self, value: int | None, *_args: Any, **_kwargs: Any) -> str | None:
        if value is None:
            return None
        return base64.urlsafe_b64encode(str(value).encode()).decode().rstrip("=")

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, *args, **kwargs)
        try:
            decoded = base64.b64decode(text + "=" * (-len(text) % 4), altchars="-_", validate=True)
            if not decoded.isdigit() or len(decoded) > 15:
                raise ValueError("not an ordinal")
        except (binascii.Error, ValueError) as error:
            raise self.make_error("invalid") from error
        return int(decoded)


def link_to_next(limit: int, after: int | None) -> dict[str, str]:
    """Return the header that names the next page of the current list (RFC 8288), if any."""
    if after is None or request.endpoint is None:
        return {}
    cursor = Cursor()._serialize(after)
    address = url_for(request.endpoint, **(request.view_args or {}), limit=limit, after=cursor)
    return {"Link": f'<{address}>; rel="next"'}

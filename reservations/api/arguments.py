"""Arguments of views: parts of a request, validated by schemas."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from flask import Request, request
from marshmallow import Schema
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest

from reservations.api.bodies import Malformed, load_object, sent_body

MAX_REMEMBERED_BYTES = 128
REMEMBERED = 256
"""How many different ones are remembered of each view."""

SENT: dict[str, Callable[[], bytes]] = {
    "json": sent_body,
    "query": lambda: request.query_string,
}
"""The bytes that say all that there is in a part of the current request."""


class ArgumentsParser(FlaskParser):
    """webargs' parser for Flask, with a stricter reading of JSON."""

    def read(self, schema: Schema, location: str) -> Any:
        """Return what a part of the current request says.

        Raises:
            HTTPException: it is not what the schema describes.
        """
        return self.parse(schema, location=location)

    def remembering(self, schema: Schema, location: str) -> Callable[[], Any]:
        """Return a reader of what many say in the same few bytes, which are read only once.

        Args:
            schema: makes of the same bytes the same values, which nobody changes.
            location: one of `SENT`.
        """
        sent_by_client = SENT[location]

        @lru_cache(REMEMBERED)
        def read_anew(_sent: bytes) -> Any:
            return self.read(schema, location)

        def read() -> Any:
            sent = sent_by_client()
            if len(sent) > MAX_REMEMBERED_BYTES:
                return self.read(schema, location)
            return read_anew(sent)

        return read

    def _raw_load_json(self, req: Request) -> dict[str, Any]:
        try:
            return load_object(sent_body())
        except Malformed as error:
            raise BadRequest(str(error)) from error

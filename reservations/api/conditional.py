"""Answers that a client need not be sent again, or not in full (RFC 9110, sections 12, 13)."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from flask import Response, request
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header


def conditional(tag: str, answer: Callable[[], Response]) -> Response:
    """Answer 304 if the client has what `tag` stands for; else what is made then.

    The tag is weak, because what it stands for may be compressed, here or by a proxy.
    """
    known = "If-None-Match" in request.headers and request.if_none_match.contains_weak(tag)
    response = Response(status=304) if known else answer()
    response.set_etag(tag, weak=True)
    # To be kept, if at all, by the one client, and asked for again before each use.
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Authorization, Accept-Encoding"
    return response


@lru_cache(256)
def takes_gzip(accept_encoding: str | None) -> bool:
    """Whether a client takes an answer that is compressed with gzip, by its header."""
    return parse_accept_header(accept_encoding, Accept)["gzip"] > 0

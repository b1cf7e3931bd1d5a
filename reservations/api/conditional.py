"""Answers that a client need not be sent again (RFC 9110, section 13)."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, request


def conditional(tag: str, answer: Callable[[], Response]) -> Response:
    """Answer 304 if the client has what `tag` stands for; else what is made then.

    The tag is weak, because what it stands for may be compressed, here or by a proxy.
    """
    known = request.if_none_match.contains_weak(tag)
    response = Response(status=304) if known else answer()
    response.set_etag(tag, weak=True)
    # To be kept, if at all, by the one client, and asked for again before each use.
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Authorization, Accept-Encoding"
    return response

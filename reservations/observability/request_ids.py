"""Request ids: each request has one, its own if it sent a sane one."""

from __future__ import annotations

import re
import uuid

from flask import g, has_request_context, request

REQUEST_ID = "X-Request-ID"
SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


def new_request_id() -> str:
    """Return an id that no other request has."""
    return uuid.uuid4().hex


def take_request_id() -> None:
    """Give the current request its id."""
    given = request.headers.get(REQUEST_ID, "")
    g.request_id = given if SANE_REQUEST_ID.fullmatch(given) else new_request_id()


def current_request_id() -> str | None:
    """Return the current request's id; None outside of requests."""
    found: str | None = g.get("request_id") if has_request_context() else None
    return found

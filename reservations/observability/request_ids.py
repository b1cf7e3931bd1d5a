"""Request ids: each request has one, its own if it sent a sane one."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING

from flask import has_request_context, request

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

REQUEST_ID = "X-Request-ID"
TAKEN = "reservations.request_id"
"""Where the WSGI environment has the id that a request was given."""
SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


def new_request_id() -> str:
    """Return an id that no other request has."""
    return uuid.uuid4().hex


def take_request_id(environ: WSGIEnvironment) -> str:
    """Give a request its id, and return it."""
    given = environ.get("HTTP_X_REQUEST_ID", "")
    request_id: str = given if SANE_REQUEST_ID.fullmatch(given) else new_request_id()
    environ[TAKEN] = request_id
    return request_id


def current_request_id() -> str | None:
    """Return the current request's id; None outside of requests."""
    return request.environ.get(TAKEN) if has_request_context() else None

"""What can be seen of the service from outside: request ids, and what is logged."""

from __future__ import annotations

import logging
import re
import uuid
from http import HTTPStatus

from flask import Flask, Response, g, has_request_context, request

REQUEST_ID = "X-Request-ID"
SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


def init_app(app: Flask, log_level: str) -> None:
    """Give each request an id, its own if it is sane, and log with it."""
    app.before_request(_take_request_id)
    app.after_request(_complete_headers)
    handler = logging.StreamHandler()
    handler.addFilter(_add_request_id)
    handler.setFormatter(
        logging.Formatter("%(asctime)s %(levelname)s %(request_id)s %(name)s: %(message)s")
    )
    app.logger.handlers = [handler]
    app.logger.setLevel(log_level)


def new_request_id() -> str:
    """Return an id that no other request has."""
    return uuid.uuid4().hex


def _take_request_id() -> None:
    given = request.headers.get(REQUEST_ID, "")
    g.request_id = given if SANE_REQUEST_ID.fullmatch(given) else new_request_id()


def _complete_headers(response: Response) -> Response:
    response.headers.add(REQUEST_ID, g.request_id)
    response.headers.add("X-Content-Type-Options", "nosniff")
    if "ETag" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    if response.status_code == HTTPStatus.NO_CONTENT:
        del response.headers["Content-Type"]
    return response


def _add_request_id(record: logging.LogRecord) -> bool:
    record.request_id = g.get("request_id", "-") if has_request_context() else "-"
    return True

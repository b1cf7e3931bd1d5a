"""Problems of requests that are no HTTP: gunicorn refuses them, no view ever sees them."""

from __future__ import annotations

import json
import socket
from functools import partial

from gunicorn import util

from reservations.api.problems import CONTENT_TYPE, ProblemKind, code_of, problem_members
from reservations.observability import REQUEST_ID, count_unread, new_request_id


def answer_with_problems(app: object) -> None:
    """Have this process' gunicorn worker refuse requests in the shape of all other errors.

    Args:
        app: what the worker serves; logs and counts these requests too, if it is ours.
    """
    # gunicorn has no setting for its own error page, which is HTML.
    util.write_error = partial(write_problem, app)


def write_problem(
    app: object, client: socket.socket, status: int, reason: str, _message: str
) -> None:
    """Answer a request that could not be read, and say that the connection ends.

    What gunicorn says of it in detail repeats what was sent, so it is left out.
    """
    request_id, code = new_request_id(), code_of(reason)
    count_unread(app, request_id, status, code)
    kind = ProblemKind(status, f"{reason}.")
    members = problem_members(code, kind, kind.title, request_id)
    body = json.dumps(members).encode() + b"\n"
    headers = {
        "Connection": "close",
        "Content-Type": CONTENT_TYPE,
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
        REQUEST_ID: request_id,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    util.write_nonblock(client, f"HTTP/1.1 {status} {reason}\r\n{head}\r\n".encode() + body)

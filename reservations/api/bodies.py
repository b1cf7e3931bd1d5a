"""Reading request bodies: JSON objects in UTF-8, and nothing that JSON leaves open.

Python's parser takes duplicate members (the last wins), NaN, lone surrogates, and
other encodings, and runs out of stack or patience on some inputs. Here each is an
answer with a reason (RFC 8259, RFC 7493).
"""

from __future__ import annotations

import json
import math
from contextlib import suppress
from functools import lru_cache
from typing import Any, NoReturn

from flask import Request, Response, g, request
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    RequestEntityTooLarge,
    UnsupportedMediaType,
)
from werkzeug.http import parse_options_header

MAX_BODY_BYTES = 64 * 1024
MAX_EVENT_BODY_BYTES = 4 * 1024 * 1024
PIECE_BYTES = 64 * 1024
ANNOUNCED = frozenset({"CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING"})
"""What tells that a request has a body, as WSGI calls it."""
MAX_DEPTH = 32
MAX_NUMBER_LENGTH = 1000
"""Characters of one number. Python's own limit is higher, and an environment can lift it."""


class Malformed(ValueError):
    """The body is not an acceptable JSON object; the message says why."""


def sent_body() -> bytes:
    """Return the body of the current request, all of it.

    Raises:
        HTTPException: it is not said to be JSON, is too long, or breaks off.
    """
    if "sent_body" not in g:
        g.sent_body = _read()
    body: bytes = g.sent_body
    return body


def sent_object() -> dict[str, Any] | None:
    """Return the object that the current request's body is; None if no view has asked for it."""
    return load_object(sent_body()) if "sent_body" in g else None


def _read() -> bytes:
    asked = request._get_current_object()  # type: ignore[attr-defined]
    if not _is_json(asked.content_type):
        raise UnsupportedMediaType("The body must be application/json in UTF-8.")
    length = asked.content_length
    try:
        return _unannounced(asked) if length is None else _announced(asked, length)
    except (OSError, ParseException) as error:
        raise BadRequest("The body cannot be read.") from error


def _announced(asked: Request, length: int) -> bytes:
    longest = asked.max_content_length
    if longest is not None and length > longest:
        raise RequestEntityTooLarge
    # Werkzeug's streams, which find an end that is not announced, cost more than to read.
    body: bytes = asked.environ["wsgi.input"].read(length)
    if len(body) < length:
        # Whoever was cut off in the middle may have meant to say more.
        raise BadRequest("The body is shorter than its Content-Length.")
    return body


def _unannounced(asked: Request) -> bytes:
    body = asked.get_data(cache=False)
    # Werkzeug cuts a body whose length was not announced off at the limit, silently.
    terminated = asked.environ.get("wsgi.input_terminated")
    if terminated and asked.environ["wsgi.input"].read(1):
        raise RequestEntityTooLarge
    return body


def read_to_the_end(response: Response) -> Response:
    """Read what nobody wanted of the body, as far as it may reach.

    Else the connection is closed on whoever still sends, and a proxy takes that for no
    answer at all.
    """
    if "sent_body" not in g and not ANNOUNCED.isdisjoint(request.environ):
        with suppress(OSError, ParseException, HTTPException):
            stream = request.stream
            while stream.read(PIECE_BYTES):
                pass
    return response


def load_object(body: bytes) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        Malformed
    """
    try:
        text = body.decode("utf-8")
        value = _DECODER.decode(text)
        if "\\u" in text:
            # Half a surrogate pair can be written with an escape, but not in UTF-8.
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except Malformed:
        raise
    except UnicodeError as error:
        raise Malformed("The body is not UTF-8.") from error
    except RecursionError as error:
        raise Malformed("The body nests too deep.") from error
    except json.JSONDecodeError as error:
        raise Malformed(f"The body is not JSON: {error}.") from error
    if not isinstance(value, dict):
        raise Malformed("The body is not a JSON object.")
    if text.count("[") + text.count("{") > MAX_DEPTH and _is_deeper(value, MAX_DEPTH):
        raise Malformed("The body nests too deep.")
    return value


def _unique(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        raise Malformed("The body repeats a member.")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise Malformed(f"{name} is not JSON.")


def _integer(text: str) -> int:
    _check_length(text)
    return int(text)


def _fraction(text: str) -> float:
    _check_length(text)
    number = float(text)
    if math.isinf(number):
        # It could not be written as JSON again (RFC 7493, section 2.2).
        raise Malformed("The body has a number that is too large.")
    return number


def _check_length(number: str) -> None:
    if len(number) > MAX_NUMBER_LENGTH:
        raise Malformed("The body has a number that is too long.")


# Made once: json.loads would make a decoder for each body.
_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_constant=_refuse_constant,
    parse_int=_integer,
    parse_float=_fraction,
)


def _is_deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, (dict, list)):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(each, levels - 1) for each in inner)


@lru_cache(64)
def _is_json(content_type: str | None) -> bool:
    media_type, parameters = parse_options_header(content_type)
    charset = parameters.get("charset", "utf-8").lower()
    return media_type.lower() == "application/json" and charset in {"utf-8", "utf8"}

"""Reading request bodies: JSON objects in UTF-8, and nothing that JSON leaves open.

Python's parser takes duplicate members (the last wins), NaN, lone surrogates, and
other encodings, and runs out of stack or patience on some inputs. Here each is an
answer with a reason (RFC 8259, RFC 7493).
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

from flask import Request
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

MAX_BODY_BYTES = 64 * 1024
MAX_EVENT_BODY_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 32


class Malformed(ValueError):
    """The body is not an acceptable JSON object; the message says why."""


class BodyParser(FlaskParser):
    """webargs' parser for Flask, with a stricter reading of JSON."""

    def _raw_load_json(self, req: Request) -> dict[str, Any]:
        _check_media_type(req)
        try:
            return load_object(req.get_data(cache=False))
        except Malformed as error:
            raise BadRequest(str(error)) from error


def load_object(body: bytes) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        Malformed
    """
    try:
        text = body.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)
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
    except ValueError as error:
        raise Malformed("The body has a number that is too long.") from error
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


def _is_deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, (dict, list)):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(each, levels - 1) for each in inner)


def _check_media_type(req: Request) -> None:
    charset = req.mimetype_params.get("charset", "utf-8").lower()
    if req.mimetype != "application/json" or charset not in {"utf-8", "utf8"}:
        raise UnsupportedMediaType("The body must be application/json in UTF-8.")

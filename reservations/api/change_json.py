"""Changes as JSON: there can be thousands, too many for marshmallow to be quick."""

from __future__ import annotations

import json
from typing import Any

from flask import Response

from reservations.api.pages import encode_log_cursor
from reservations.api.timestamps import format_timestamp
from reservations.domain.caller import Caller
from reservations.domain.changes import Step
from reservations.service import Changes
from reservations.store import LogEntry

_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def render(found: Changes, caller: Caller) -> Response:
    """Return changes as `caller` may see them."""
    expiry = found.next_expiry
    answer = {
        "cursor": encode_log_cursor(found.cursor),
        "changes": [
            _change(entry, entry.step, caller) for entry in found.entries if entry.step is not None
        ],
        "next_expiry": None if expiry is None else format_timestamp(expiry),
    }
    return Response(_ENCODE(answer) + "\n", mimetype="application/json")


def _change(entry: LogEntry, step: Step, caller: Caller) -> dict[str, Any]:
    first = step.seats[0]
    members = {
        "at": format_timestamp(entry.at),
        "kind": step.kind,
        "seats": [seat.id for seat in step.seats],
        "status": first.status,
    }
    optional: dict[str, Any] = {}
    if first.expires_at is not None:
        optional["expires_at"] = format_timestamp(first.expires_at)
    if caller.is_admin:
        optional |= {"patron": step.patron, "reservation_id": step.reservation_id}
    return members | {name: value for name, value in optional.items() if value is not None}

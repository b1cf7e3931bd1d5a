"""The service with a protection taken out, to see that a rehearsal notices.

Each function makes an application for gunicorn.
"""

from __future__ import annotations

from collections import deque

from flask import Flask

from reservations.api.seat_json import Selection
from reservations.app import create_app
from reservations.config import Settings
from reservations.domain.rules import holds, reservations


def selling_twice() -> Flask:
    """List all seats as free, and let none stand in the way of whoever wants it."""
    Selection.chosen = lambda _self, seats: b"\1" * len(seats.free)  # type: ignore[method-assign]
    for rules in (holds, reservations):
        rules.refuse = deque(maxlen=0).extend  # type: ignore[attr-defined]
    return create_app(Settings.from_env())

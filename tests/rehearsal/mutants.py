"""The service with a protection taken out, to see that a rehearsal notices.

Each function makes an application for gunicorn.
"""

from __future__ import annotations

from collections import deque

from flask import Flask

from reservations.app import create_app
from reservations.config import Settings
from reservations.domain.rules import holds, reservations


def selling_twice() -> Flask:
    """Let no seat stand in the way of whoever wants it, whosever it is."""
    for rules in (holds, reservations):
        rules.refuse = deque(maxlen=0).extend  # type: ignore[attr-defined]
    return create_app(Settings.from_env())

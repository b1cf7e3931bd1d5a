"""The service with one of its protections taken out, to see that a test misses it.

Each function makes an application for gunicorn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext

from flask import Flask

from reservations.app import create_app
from reservations.config import Settings
from reservations.service.crowd import Crowd
from reservations.service.rivals import Rivals
from reservations.store import connections
from reservations.store.connections import Command, Link, Reply


def without_watch() -> Flask:
    """Commit whatever others did in between."""
    return _watching(lambda _key: False)


def without_patron_watched() -> Flask:
    """Watch the seats, but not what the patron has."""
    return _watching(lambda key: "}:p:" not in key)


def without_crowd() -> Flask:
    """Let all who ask at once try for the very best places, out of turn."""
    Crowd.turn = lambda *_: nullcontext()  # type: ignore[method-assign]
    Crowd.spread = lambda *_: 1  # type: ignore[method-assign]
    return create_app(Settings.from_env())


def without_rivals() -> Flask:
    """Let all who are after the same seats try at once."""
    Rivals.awaited = lambda *_: nullcontext()  # type: ignore[method-assign]
    return create_app(Settings.from_env())


def _watching(is_watched: Callable[[str], bool]) -> Flask:
    class Unprotected(Link):
        def exchange(self, commands: Sequence[Command]) -> list[Reply]:
            return super().exchange([_less_watched(command) for command in commands])

    def _less_watched(command: Command) -> Command:
        if command[0] != "WATCH":
            return command
        return ("WATCH", "nobody-writes-this", *filter(is_watched, map(str, command[1:])))

    connections.Link = Unprotected  # type: ignore[misc]
    return create_app(Settings.from_env())

"""The service with one of its protections taken out, to see that a test misses it.

Each function makes an application for gunicorn.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from flask import Flask

import reservations.store
from reservations.app import create_app
from reservations.config import Settings
from reservations.store.connections import Command, Link, Reply
from reservations.store.transaction import Transactions


def without_watch() -> Flask:
    """Commit whatever others did in between."""

    class Unprotected(Transactions):
        def _begin(
            self, link: Link, _watch: Sequence[str], reads: Sequence[Command]
        ) -> tuple[datetime, list[Reply]]:
            return super()._begin(link, ["nobody-writes-this"], reads)

    return _served(Unprotected)


def without_patron_watched() -> Flask:
    """Watch the seats, but not what the patron has."""

    class Unprotected(Transactions):
        def _begin(
            self, link: Link, watch: Sequence[str], reads: Sequence[Command]
        ) -> tuple[datetime, list[Reply]]:
            return super()._begin(link, [key for key in watch if "}:p:" not in key], reads)

    return _served(Unprotected)


def _served(transactions: type[Transactions]) -> Flask:
    reservations.store.Transactions = transactions  # type: ignore[misc]
    return create_app(Settings.from_env())

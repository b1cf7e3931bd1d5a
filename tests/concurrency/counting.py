"""The service with its transactions counted, attempts that failed included.

Each function makes an application for gunicorn. Each attempt is a byte at the end of the
file that the environment names as ATTEMPTS, so that those of all workers add up.
"""

from __future__ import annotations

import os
from typing import Any

from flask import Flask

import reservations.store
from reservations.app import create_app
from reservations.config import Settings
from reservations.store.transaction import Transactions
from tests.concurrency.mutants import without_crowd, without_rivals


def counting_attempts() -> Flask:
    """Count attempts."""
    _count_attempts()
    return create_app(Settings.from_env())


def counting_attempts_without_crowd() -> Flask:
    """Count attempts, where all who ask at once try for the very best places, out of turn."""
    _count_attempts()
    return without_crowd()


def counting_attempts_without_rivals() -> Flask:
    """Count attempts, where all who are after the same seats try at once."""
    _count_attempts()
    return without_rivals()


def _count_attempts() -> None:
    attempts = os.open(os.environ["ATTEMPTS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    class Counting(Transactions):
        def _attempt(self, *args: Any) -> Any:
            os.write(attempts, b".")
            return super()._attempt(*args)

    reservations.store.Transactions = Counting  # type: ignore[misc]

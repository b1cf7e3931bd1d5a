"""Commands for admins: `flask tokens ...`, `flask events ...` and `flask rehearse`.

Exit codes: 0 done; 1 refused, the reason on standard error; 2 wrong usage; 3 the
store did not answer or did not confirm, so trying again may help.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask

from reservations.cli.events import events_group
from reservations.cli.rehearse import rehearse_command
from reservations.cli.tokens import tokens_group
from reservations.embedded import EmbeddedStore
from reservations.service import ReservationService


def init_app(
    app: Flask, service: ReservationService, embedded_data_dir: Path | None, service_url: str
) -> None:
    """Add the commands to an application.

    Args:
        app: the application.
        service: does the work.
        embedded_data_dir: where the embedded store is, which a command starts for its
            own duration if it does not run; None with a store of its own.
        service_url: where the settings let the service listen.
    """

    @contextmanager
    def running_store() -> Iterator[None]:
        if embedded_data_dir is None:
            yield
            return
        with _quiet(EmbeddedStore.__module__), EmbeddedStore(embedded_data_dir):
            yield

    app.cli.add_command(tokens_group(service, running_store))
    app.cli.add_command(events_group(service, running_store))
    app.cli.add_command(rehearse_command(service, running_store, service_url))


@contextmanager
def _quiet(logger_name: str) -> Iterator[None]:
    """Leave standard error to the command, which tells in its own words what failed."""
    logger = logging.getLogger(logger_name)
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)

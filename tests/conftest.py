"""What tests stand on: a real server, started once for the run, and those who use it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner

from reservations import tokens
from reservations.app import create_app, open_store
from reservations.config import Settings
from reservations.domain.caller import Role
from reservations.embedded import EmbeddedStore
from reservations.service import ReservationService
from reservations.store import Store
from tests.actors import Actor

JWT_SECRET = "7XU0nJr0Ff1nqzB5pYyGvW3mJpV8sKcQ2dTtLhAeRo4"  # noqa: S105


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where everything is installed that tests want, none may be skipped."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true":
        report.outcome = "failed"
    return report


@pytest.fixture(scope="session")
def store_url() -> Iterator[str]:
    """Where a server listens that is the run's own."""
    with running_store() as url:
        yield url


@contextmanager
def running_store() -> Iterator[str]:
    """Run a server of its own for as long as it is wanted."""
    # Not pytest's own folder: its name can be too long for a socket.
    folder = Path(tempfile.mkdtemp(prefix="reservations-"))
    with EmbeddedStore(folder) as server:
        yield server.url
    shutil.rmtree(folder)


@pytest.fixture
def raw(store_url: str) -> Iterator[redis.Redis]:
    """A plain client of the emptied server, to look behind the store's back."""
    client = redis.Redis.from_url(store_url, protocol=2)
    client.flushdb()
    yield client
    client.close()


@pytest.fixture
def settings(store_url: str, tmp_path: Path) -> Settings:
    """Settings of a development instance."""
    return Settings(
        development=True,
        host="127.0.0.1",
        port=9000,
        workers=2,
        threads=8,
        worker_cpu_affinity="auto",
        data_dir=tmp_path / "data",
        redis_url=store_url,
        durability="local",
        jwt_secret=JWT_SECRET,
        jwt_accepted_secrets=(),
        jwt_public_keys=None,
        jwt_issuer="reservations",
        jwt_audience="reservations",
        jwt_max_lifetime_seconds=30 * 86_400,
        seat_hold_time_seconds=60,
        seat_user_limit=4,
        tokens_per_minute=1_000_000,
        keyed_requests_per_hour=1_000_000,
        cors_origins=(),
        change_log_length=10_000,
        log_level="INFO",
    )


@pytest.fixture
def store(settings: Settings, raw: redis.Redis) -> Iterator[Store]:
    """The store, empty."""
    opened = open_store(settings)
    yield opened
    opened.close()


@pytest.fixture
def service(store: Store) -> ReservationService:
    """The service on the empty store."""
    return ReservationService(store, hold_time=timedelta(seconds=60), seat_user_limit=4)


@pytest.fixture
def app(settings: Settings, store: Store) -> Flask:
    """The application in development mode, on the empty store."""
    made = create_app(settings, store)
    made.testing = True
    return made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client without a token."""
    return app.test_client()


@pytest.fixture
def runner(app: Flask) -> FlaskCliRunner:
    """Runs the application's commands."""
    return app.test_cli_runner()


@pytest.fixture
def actor(app: Flask) -> Callable[..., Actor]:
    """Make somebody who acts on the service with a token of its own."""

    def make(subject: str, role: Role = Role.PATRON, name: str | None = None) -> Actor:
        with app.app_context():
            token = tokens.issue(subject, role, name, timedelta(hours=1))
        return Actor(app.test_client(), token)

    return make


@pytest.fixture
def admin(actor: Callable[..., Actor]) -> Actor:
    """The admin who runs events."""
    return actor("box-office", Role.ADMIN)


@pytest.fixture
def alice(actor: Callable[..., Actor]) -> Actor:
    """A patron."""
    return actor("alice")


@pytest.fixture
def bob(actor: Callable[..., Actor]) -> Actor:
    """Another patron."""
    return actor("bob")


@pytest.fixture
def event(admin: Actor) -> dict[str, Any]:
    """An event of 12 seats."""
    return admin.create_event(seats=12)

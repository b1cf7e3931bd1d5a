"""One application and one emptied store for each file: hostile requests change nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import redis
from flask import Flask

from reservations import tokens
from reservations.app import create_app, open_store
from reservations.config import Settings
from reservations.domain.caller import Role
from reservations.store import Store
from tests.actors import Actor
from tests.conftest import JWT_SECRET


@pytest.fixture(scope="module")
def raw(store_url: str) -> Iterator[redis.Redis]:
    """A plain client of the server, which was emptied before the file's first test."""
    client = redis.Redis.from_url(store_url, protocol=2)
    client.flushdb()
    yield client
    client.close()


@pytest.fixture(scope="module")
def settings(store_url: str) -> Settings:
    """Settings of a development instance."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MODE", "development")
        environment.setenv("JWT_SECRET", JWT_SECRET)
        environment.setenv("REDIS_URL", store_url)
        return Settings.from_env()


@pytest.fixture(scope="module")
def store(settings: Settings, raw: redis.Redis) -> Iterator[Store]:
    """The store."""
    opened = open_store(settings)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def app(settings: Settings, store: Store) -> Flask:
    """The application in development mode; what it does not foresee is not turned into a 500."""
    made = create_app(settings, store)
    made.testing = True
    return made


@pytest.fixture(scope="module")
def event(app: Flask) -> dict[str, Any]:
    """An event of 12 seats, the last of which is off sale."""
    with app.app_context():
        token = tokens.issue("box-office", Role.ADMIN, None, timedelta(hours=1))
    admin = Actor(app.test_client(), token)
    made = admin.create_event(seats=12)
    assert admin.block(made, "12").status_code == 200
    return made

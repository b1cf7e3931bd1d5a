"""The service behind a proxy that misbehaves on demand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from urllib.parse import unquote, urlsplit

import pytest
import redis

from reservations.app import open_store
from reservations.config import Settings
from reservations.domain.plan import NumberedPlan
from reservations.service import NewEvent, ReservationService
from reservations.store import Store
from tests.faults.proxy import Proxy


@pytest.fixture
def proxy(store_url: str, raw: redis.Redis) -> Iterator[Proxy]:
    """A proxy before the emptied server."""
    with Proxy(unquote(urlsplit(store_url).path)) as running:
        yield running


@pytest.fixture
def store_behind_proxy(settings: Settings, proxy: Proxy) -> Iterator[Store]:
    """A store, every word to which goes through the proxy."""
    store = open_store(replace(settings, redis_url=proxy.url))
    yield store
    store.close()


@pytest.fixture
def behind_proxy(store_behind_proxy: Store) -> ReservationService:
    """The service on that store."""
    return ReservationService(
        store_behind_proxy, hold_time=timedelta(seconds=60), seat_user_limit=4
    )


@pytest.fixture
def event_id(service: ReservationService) -> str:
    """An event of 10 seats."""
    return service.create_event(NewEvent("Opening night", NumberedPlan(10))).event.id

"""The service is ready only on a store that keeps what it is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import redis

from reservations.app import create_app
from reservations.config import Settings
from reservations.embedded import EmbeddedStore


@pytest.fixture
def own_store_url(tmp_path: Path) -> Iterator[str]:
    """A server whose settings a test may spoil."""
    with EmbeddedStore(tmp_path / "own") as server:
        yield server.url


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (("CONFIG", "SET", "maxmemory-policy", "allkeys-lru"), "may evict"),
        (("CONFIG", "SET", "appendonly", "no"), "append-only file is off"),
        (("CONFIG", "SET", "maxmemory", "1"), "takes no transactions"),
        (("ACL", "SETUSER", "default", "-multi"), "takes no transactions"),
        (("ACL", "SETUSER", "default", "-info"), "does not tell"),
    ],
)
def test_a_store_that_could_lose_something_is_not_ready(
    settings: Settings, own_store_url: str, spoil: tuple[str, ...], reason: str
) -> None:
    client = create_app(replace(settings, redis_url=own_store_url)).test_client()
    assert client.get("/ready").json == {"status": "ready"}
    with redis.Redis.from_url(own_store_url) as raw:
        raw.execute_command(*spoil)
    answer = client.get("/ready")
    assert (answer.status_code, answer.json["code"]) == (503, "not_ready")
    assert reason in answer.json["reasons"][0]

"""The store of a run: its clock, its front, and the proxy that loses commits."""

from __future__ import annotations

import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from torture.clock import why_no_clock
from torture.processes import Group
from torture.store import StandaloneStore

REDIS_MISSING = "install redis-server: apt-get install redis-server"


@pytest.fixture(scope="module")
def store() -> Iterator[StandaloneStore]:
    """A running store."""
    # Not pytest's own folder: its name can be too long for a socket.
    folder = Path(tempfile.mkdtemp(prefix="torture-"))
    with Group() as group:
        running = StandaloneStore(folder, group)
        running.start()
        yield running
        running.close()
    shutil.rmtree(folder)


def client_of(store: StandaloneStore) -> redis.Redis:
    """A client that goes the way that the service does."""
    path = store.url.removeprefix("unix://")
    never_again = Retry(NoBackoff(), 0)
    return redis.Redis(unix_socket_path=path, socket_timeout=1, retry=never_again, protocol=2)


@pytest.mark.skipif(shutil.which("redis-server") is None, reason=REDIS_MISSING)
@pytest.mark.skipif(why_no_clock() is not None, reason=f"a clock that jumps {why_no_clock()}")
@pytest.mark.parametrize("seconds", [3600, -3600])
def test_its_clock_jumps_and_comes_back(store: StandaloneStore, seconds: int) -> None:
    store.jump(seconds)
    whole, _ = store.client().time()
    store.jump(0)
    assert whole == pytest.approx(time.time() + seconds, abs=5)
    assert store.client().time()[0] == pytest.approx(time.time(), abs=5)


def test_what_it_has_said_to_have_survives_a_kill(store: StandaloneStore) -> None:
    client = client_of(store)
    client.set("kept", "yes")
    store.kill()
    assert not store.is_running()
    store.start()
    assert client_of(store).get("kept") == b"yes"


def test_behind_the_proxy_commits_get_lost_and_nothing_else_does(store: StandaloneStore) -> None:
    failed = 0
    with store.behind_proxy(random.Random(1), share=1):  # noqa: S311
        for number in range(12):
            client = client_of(store)
            assert client.ping()
            try:
                with client.pipeline(transaction=True) as commit:
                    commit.incr("commits").execute()
            except (redis.ConnectionError, redis.TimeoutError):
                failed += 1
            client.close()
            assert client_of(store).set("number", number)
    assert failed > 3
    happened = int(client_of(store).get("commits") or 0)
    assert 0 < happened < 12


def test_without_the_proxy_nothing_is_lost(store: StandaloneStore) -> None:
    with client_of(store).pipeline(transaction=True) as commit:
        assert commit.set("a", 1).execute() == [True]

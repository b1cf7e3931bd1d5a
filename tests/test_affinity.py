"""Each worker has a core of its own, also after others have taken its place."""

from __future__ import annotations

import os
import signal
from collections import Counter
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from reservations.affinity import core_for_another, keep_to, usable_cores
from tests.live import LiveService, has_ended, live_service, wait_for
from tests.workers import replace_workers, workers

CORES = usable_cores()
needs_cores = pytest.mark.skipif(not CORES, reason="only Linux tells which cores may be used")


def test_workers_are_spread_evenly() -> None:
    taken: list[int | None] = []
    for _ in range(6):
        taken.append(core_for_another({4, 7, 9}, 6, taken))
    assert Counter(taken) == {4: 2, 7: 2, 9: 2}


def test_who_comes_for_another_gets_its_core() -> None:
    assert core_for_another({0, 1, 2}, 3, taken=[2, 0]) == 1


@pytest.mark.parametrize(("cores", "workers"), [(8, 2), (2, 3), (3, 4), (2, 1), (0, 2)])
def test_no_core_gets_more_workers_than_another(cores: int, workers: int) -> None:
    assert core_for_another(range(cores), workers, taken=[]) is None


@needs_cores
def test_a_core_that_is_gone_is_not_insisted_on() -> None:
    keep_to(max(CORES) + 1_000)
    keep_to(None)
    assert usable_cores() == CORES


def cores_of(service: LiveService) -> list[frozenset[int]]:
    """Return on which cores each worker may run; more than one answer if its threads differ."""
    found: list[frozenset[int]] = []
    for worker in workers(service):
        # One that ends meanwhile is none any more.
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            found += {frozenset(os.sched_getaffinity(each.id)) for each in worker.threads()}
    return sorted(found, key=sorted)


@needs_cores
def test_each_worker_keeps_to_a_core_also_when_all_are_replaced(
    store_url: str, tmp_path: Path
) -> None:
    each_one = sorted((frozenset({core}) for core in CORES), key=sorted)
    with live_service(tmp_path, REDIS_URL=store_url, WEB_CONCURRENCY=len(CORES)) as service:
        wait_for(lambda: cores_of(service) == each_one)
        for _ in range(2):
            replace_workers(service)
            wait_for(lambda: cores_of(service) == each_one)
        # When one has died.
        victim = workers(service)[0]
        victim.kill()
        wait_for(lambda: has_ended(victim))
        wait_for(lambda: cores_of(service) == each_one)
        # And when the oldest has made room for one that keeps to none.
        os.kill(service.process.pid, signal.SIGTTIN)
        wait_for(lambda: len(cores_of(service)) == len(CORES) + 1)
        os.kill(service.process.pid, signal.SIGTTOU)
        wait_for(lambda: len(cores_of(service)) == len(CORES))
        replace_workers(service)
        wait_for(lambda: cores_of(service) == each_one)


@needs_cores
@pytest.mark.parametrize(
    "given", [{"WORKER_CPU_AFFINITY": "off"}, {"WEB_CONCURRENCY": len(CORES) + 1}]
)
def test_workers_run_anywhere_where_that_is_wanted_or_cores_would_differ(
    store_url: str, tmp_path: Path, given: dict[str, object]
) -> None:
    if len(CORES) == 1:
        pytest.skip("there is one core only")
    settings = {"WEB_CONCURRENCY": len(CORES), "REDIS_URL": store_url, **given}
    with live_service(tmp_path, **settings) as service:
        assert set(cores_of(service)) == {CORES}

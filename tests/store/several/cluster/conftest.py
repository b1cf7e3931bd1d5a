"""A cluster, and an event on each of its primaries."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reservations.service import ReservationService
from tests.store.sale import new_event
from torture.topologies import ClusterTopology


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterTopology]:
    """Three primaries with two replicas each."""
    with ClusterTopology(tmp_path_factory.mktemp("cluster")) as topology:
        yield topology


@pytest.fixture(scope="package")
def store_url(running: ClusterTopology) -> str:
    """Where the cluster is, instead of a single server."""
    return running.url


@pytest.fixture
def events(topology: ClusterTopology, service: ReservationService) -> list[str]:
    """An event on each of the three primaries."""
    found: dict[int, str] = {}
    while len(found) < 3:
        event = new_event(service)
        found[topology.primary_of(event).pid] = event
    return list(found.values())

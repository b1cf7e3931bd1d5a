"""Several servers of one store, whichever they are: who runs them says so with `running`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reservations.config import Settings
from reservations.service import ReservationService
from tests.store.sale import service_on
from torture.topologies import ClusterTopology, SentinelTopology

HEALTHY_SECONDS = 40

Topology = SentinelTopology | ClusterTopology


@pytest.fixture
def topology(running: Topology) -> Topology:
    """The servers, in good health."""
    running.wait_until_healthy(HEALTHY_SECONDS)
    return running


@pytest.fixture
def service(topology: Topology, settings: Settings) -> Iterator[ReservationService]:
    """A worker that has one replica confirm."""
    with service_on(topology, settings) as opened:
        yield opened

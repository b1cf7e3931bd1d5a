"""Replicas that take the place of a primary: how soon, and what others notice of it."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

import pytest

from reservations.config import Settings
from reservations.service import ReservationService
from tests.store.sale import Sale, again, service_on
from tests.store.several.conftest import HEALTHY_SECONDS
from tests.store.several.needs import NEEDS_REDIS
from torture.nodes import Node
from torture.topologies import ClusterTopology

GAP_SECONDS = 5
"""How long nothing of an event is sold when its primary fails, which is missed after two."""
UNDISTURBED = 0.5
"""How long others may wait, measured by who waits for a new primary: two seconds and more."""

pytestmark = [pytest.mark.alone, NEEDS_REDIS]


def test_a_replica_takes_over_from_a_killed_primary_and_other_events_are_sold_on(
    topology: ClusterTopology, service: ReservationService, events: list[str]
) -> None:
    event, *others = events
    primary = topology.primary_of(event)
    with Sale(service, events) as sale:
        primary.kill()
        sale.await_failover(topology, event, primary)
    primary.restart()
    for other in others:
        assert sale.longest_gap(other) < UNDISTURBED * sale.longest_gap(event)
        assert sale.errors(other) == []
    sale.check(service)


@pytest.mark.parametrize(("fail", "mend"), [(Node.kill, Node.restart), (Node.stop, Node.cont)])
def test_events_are_sold_again_within_five_seconds(
    fail: Callable[[Node], None],
    mend: Callable[[Node], None],
    topology: ClusterTopology,
    service: ReservationService,
    events: list[str],
) -> None:
    gaps = []
    for event in events:
        topology.wait_until_healthy(HEALTHY_SECONDS)
        primary = topology.primary_of(event)
        with Sale(service, [event]) as sale:
            fail(primary)
            sale.await_failover(topology, event, primary)
        mend(primary)
        sale.check(service)
        gaps.append(sale.longest_gap(event))
    # Replicas wait for a random half second before they ask to be elected.
    assert median(gaps) < GAP_SECONDS


def test_a_primary_that_was_stopped_for_long_is_left_even_by_who_slept_meanwhile(
    topology: ClusterTopology,
    service: ReservationService,
    settings: Settings,
    events: list[str],
) -> None:
    event = events[0]
    primary = topology.primary_of(event)
    with service_on(topology, settings) as sleeper:
        sleeper.seats(event)
        with Sale(service, [event]) as sale:
            primary.stop()
            sale.await_failover(topology, event, primary)
        primary.cont()
        again(lambda: sleeper.seats(event))
        sale.check(sleeper)

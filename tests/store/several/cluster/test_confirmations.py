"""Replicas that confirm what was done: what none confirms is not called done, and none is lost."""

from __future__ import annotations

import time

import pytest

from reservations.config import Settings
from reservations.domain.errors import OutcomeUnknown, StoreUnavailable
from reservations.service import ReservationService
from tests.store.sale import Sale, again, service_on
from tests.store.several.cluster.nodes import replicates
from tests.store.several.needs import NEEDS_PARTITIONS, NEEDS_REDIS
from torture.nodes import Node
from torture.processes import wait_until
from torture.topologies import ClusterTopology

pytestmark = [pytest.mark.alone, NEEDS_REDIS]


def test_a_primary_that_wakes_up_while_it_is_replaced_confirms_nothing(
    topology: ClusterTopology, service: ReservationService, events: list[str]
) -> None:
    event = events[0]
    primary = topology.primary_of(event)
    replicas = [node for node in topology.nodes if replicates(node, primary)]
    with Sale(service, [event]) as sale:
        primary.stop()
        wait_until(lambda: not all(map(Node.is_replica, replicas)), "a new primary", 20)
        primary.cont()
        sale.await_failover(topology, event, primary)
    sale.check(service)


@NEEDS_PARTITIONS
def test_a_primary_that_was_cut_off_confirms_nothing_and_is_left(
    topology: ClusterTopology, service: ReservationService, events: list[str]
) -> None:
    event = events[0]
    primary = topology.primary_of(event)
    with Sale(service, [event]) as sale:
        topology.partition(primary)
        sale.await_failover(topology, event, primary)
    topology.heal(primary)
    sale.check(service)


@NEEDS_PARTITIONS
def test_without_confirmations_a_primary_that_was_cut_off_loses_what_it_called_done(
    topology: ClusterTopology, settings: Settings, events: list[str]
) -> None:
    event = events[0]
    primary = topology.primary_of(event)
    with service_on(topology, settings, "local") as service:
        with Sale(service, [event]) as sale:
            topology.partition(primary)
            sale.await_failover(topology, event, primary)
        topology.heal(primary)
        with pytest.raises(AssertionError, match="was lost"):
            sale.check(service)


def test_what_no_replica_confirms_is_not_called_done(
    topology: ClusterTopology, service: ReservationService, events: list[str]
) -> None:
    event, other, _ = events
    primary = topology.primary_of(event)
    replicas = [node for node in topology.nodes if replicates(node, primary)]
    for node in replicas:
        node.stop()
    try:
        began = time.monotonic()
        with pytest.raises(OutcomeUnknown):
            service.hold_seats(event, ["1"], "alice")
        assert time.monotonic() - began < 2
        with pytest.raises(StoreUnavailable, match="Nothing was changed"):
            service.hold_seats(event, ["2"], "bob")
        service.hold_seats(other, ["1"], "alice")
    finally:
        for node in replicas:
            node.cont()
    again(lambda: service.hold_seats(event, ["3"], "carol"))


def test_all_replicas_are_as_many_as_there_should_be(
    topology: ClusterTopology, settings: Settings, events: list[str]
) -> None:
    event = events[0]
    primary = topology.primary_of(event)
    replica = next(node for node in topology.nodes if replicates(node, primary))
    with service_on(topology, settings, "all") as strict, service_on(topology, settings) as less:
        strict.hold_seats(event, ["1"], "alice")
        replica.kill()
        with pytest.raises(OutcomeUnknown):
            strict.hold_seats(event, ["2"], "bob")
        less.hold_seats(event, ["3"], "carol")
        replica.restart()
        again(lambda: strict.hold_seats(event, ["4"], "dave"))

"""Selling events on the primaries of a cluster, and on the replicas that take their places."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from statistics import median

import pytest
from redis.crc import key_slot

from reservations.app import open_store
from reservations.config import Settings
from reservations.domain.caller import Caller, Role
from reservations.domain.errors import OutcomeUnknown, StoreUnavailable
from reservations.domain.plan import NumberedPlan
from reservations.domain.seat import SeatStatus
from reservations.service import NewEvent, ReservationService
from reservations.store import AnsweredBefore, Once
from tests.store.sale import Sale, again, new_event, service_on
from torture.nodes import PORT, Node
from torture.processes import wait_until
from torture.topologies import ClusterTopology

HEALTHY_SECONDS = 40
GAP_SECONDS = 5
"""How long nothing of an event is sold when its primary fails, which is missed after two."""
UNDISTURBED = 0.5
"""How long others may wait, measured by who waits for a new primary: two seconds and more."""
ONCE = Once("patron|alice|once-1", "fingerprint", lambda outcome: f"answer {outcome!r}")

NEEDS_ROOT = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("iptables") is None,
    reason="needs root and iptables: apt-get install iptables",
)
pytestmark = [
    pytest.mark.alone,
    pytest.mark.skipif(shutil.which("redis-server") is None, reason="apt-get install redis-server"),
]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterTopology]:
    """Three primaries with two replicas each."""
    with ClusterTopology(tmp_path_factory.mktemp("cluster")) as topology:
        yield topology


@pytest.fixture
def topology(running: ClusterTopology) -> ClusterTopology:
    """The same, in good health."""
    running.wait_until_healthy(HEALTHY_SECONDS)
    return running


@pytest.fixture(scope="module")
def store_url(running: ClusterTopology) -> str:
    """Where the cluster is, instead of a single server."""
    return running.url


@pytest.fixture
def service(topology: ClusterTopology, settings: Settings) -> Iterator[ReservationService]:
    """A worker that has one replica confirm."""
    with service_on(topology, settings) as opened:
        yield opened


@pytest.fixture
def events(topology: ClusterTopology, service: ReservationService) -> list[str]:
    """An event on each of the three primaries."""
    found: dict[int, str] = {}
    while len(found) < 3:
        event = new_event(service)
        found[topology.primary_of(event).pid] = event
    return list(found.values())


def test_whatever_the_service_does_it_does_on_several_primaries(
    service: ReservationService, events: list[str]
) -> None:
    service.check_ready()
    for event in events:
        service.hold_seats(event, ["1", "2"], "alice")
        made = service.reserve_seats(event, None, "alice")
        alice = Caller("alice", Role.PATRON)
        service.move_reservation(event, made.reservation.id, alice, "2", "3")
        assert service.seat(event, "3").seat.status is SeatStatus.RESERVED
        service.hold_seats(event, ["4"], "bob")
        service.release_seats(event, None, "bob")
        assert service.event_with_counts(event).counts[SeatStatus.RESERVED] == 2
        assert service.verify_event(event) == []
        service.cancel_reservation(event, made.reservation.id, alice)
    listed = {each.event.id for each in service.events(100).items}
    assert set(events) <= listed, "they are read from all primaries"
    service.revoke_token("6c1f0a7e")
    assert service.is_token_revoked("6c1f0a7e")
    service.delete_event(events[0])
    assert events[0] not in {each.event.id for each in service.events(100).items}


def test_an_event_is_made_once_however_often_that_is_asked(service: ReservationService) -> None:
    new = NewEvent("Opening night", NumberedPlan(10))
    service.create_event(new, ONCE)
    made = len(service.events(100).items)
    with pytest.raises(AnsweredBefore):
        service.create_event(new, ONCE)
    assert len(service.events(100).items) == made


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


@NEEDS_ROOT
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


@NEEDS_ROOT
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


def test_a_slot_that_moves_during_the_sale_loses_nothing(
    topology: ClusterTopology, service: ReservationService, events: list[str]
) -> None:
    event, other, _ = events
    source, target = topology.primary_of(event), topology.primary_of(other)
    with Sale(service, [event, other], shoppers=4) as sale:
        for giver, taker in ((source, target), (target, source), (source, target)):
            move_slot(topology, key_slot(f"{{e:{event}}}".encode()), giver, taker)
            sale.await_sales(event, time.monotonic())
    assert topology.primary_of(event) is target
    assert not any(isinstance(error, OutcomeUnknown) for error in sale.errors(event))
    assert sale.errors(other) == []
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


def test_where_no_node_answers_that_is_said_at_once(settings: Settings) -> None:
    store = open_store(replace(settings, redis_url="redis+cluster://127.0.0.1:1,127.0.0.1:2"))
    with pytest.raises(StoreUnavailable) as refusal:
        store.check_ready()
    assert refusal.value.reason.startswith("no node knows a primary")
    store.close()


def replicates(node: Node, primary: Node) -> bool:
    """Whether a node is a replica of another."""
    role = node.ask("ROLE")
    return isinstance(role, list) and role[:2] == ["slave", primary.host]


def move_slot(topology: ClusterTopology, slot: int, source: Node, target: Node) -> None:
    """Move a slot with all its keys, as the operator's tools do, slowly."""
    names = topology.node_id(source), topology.node_id(target)
    target.ask("CLUSTER SETSLOT", slot, "IMPORTING", names[0])
    source.ask("CLUSTER SETSLOT", slot, "MIGRATING", names[1])
    while found := source.ask("CLUSTER GETKEYSINSLOT", slot, 50):
        assert isinstance(found, list)
        source.ask("MIGRATE", target.host, PORT, "", 0, 1000, "KEYS", *found)
        time.sleep(0.01)
    for node in (target, source):
        node.ask("CLUSTER SETSLOT", slot, "NODE", names[1])

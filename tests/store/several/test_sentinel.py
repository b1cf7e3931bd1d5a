"""Selling on a primary that sentinels name, and on the replica that takes its place."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from reservations.app import open_store
from reservations.config import Settings
from reservations.domain.errors import OutcomeUnknown, SeatReserved, StoreNotReady, StoreUnavailable
from reservations.service import ReservationService
from reservations.store import AnsweredBefore, Once
from tests.store.sale import Sale, again, new_event, service_on
from tests.store.several.needs import NEEDS_PARTITIONS, NEEDS_REDIS
from torture.nodes import Node
from torture.processes import wait_until
from torture.topologies import SentinelTopology

ONCE = Once("patron|alice|once-1", "fingerprint", lambda outcome: f"answer {outcome!r}")

pytestmark = [pytest.mark.alone, NEEDS_REDIS]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SentinelTopology]:
    """A primary, two replicas and three sentinels."""
    with SentinelTopology(tmp_path_factory.mktemp("sentinel")) as topology:
        yield topology


@pytest.fixture(scope="module")
def store_url(running: SentinelTopology) -> str:
    """Where the sentinels are, instead of a single server."""
    return running.url


@pytest.fixture
def event_id(service: ReservationService) -> str:
    """An event with many seats."""
    return new_event(service)


def test_a_replica_takes_over_from_a_killed_primary_and_nothing_is_lost(
    topology: SentinelTopology, service: ReservationService, event_id: str
) -> None:
    primary = topology.primary_of(event_id)
    with Sale(service, [event_id]) as sale:
        primary.kill()
        sale.await_failover(topology, event_id, primary)
    primary.restart()
    sale.check(service)


def test_a_primary_that_was_stopped_for_long_is_left_even_by_who_slept_meanwhile(
    topology: SentinelTopology,
    service: ReservationService,
    settings: Settings,
    event_id: str,
) -> None:
    primary = topology.primary_of(event_id)
    with service_on(topology, settings) as sleeper:
        sleeper.seats(event_id)
        with Sale(service, [event_id]) as sale:
            primary.stop()
            sale.await_failover(topology, event_id, primary)
        primary.cont()
        sale.check(sleeper)


def test_a_primary_that_wakes_up_while_it_is_replaced_confirms_nothing(
    topology: SentinelTopology, service: ReservationService, event_id: str
) -> None:
    primary = topology.primary_of(event_id)
    replicas = [node for node in topology.nodes if node is not primary]
    with Sale(service, [event_id]) as sale:
        primary.stop()
        # One of them is made the primary; the other follows the old one for a moment more.
        wait_until(lambda: not all(map(Node.is_replica, replicas)), "a new primary", 20)
        primary.cont()
        sale.await_failover(topology, event_id, primary)
    sale.check(service)


@NEEDS_PARTITIONS
def test_a_primary_that_was_cut_off_confirms_nothing_and_is_left(
    topology: SentinelTopology, service: ReservationService, event_id: str
) -> None:
    primary = topology.primary_of(event_id)
    with Sale(service, [event_id]) as sale:
        topology.partition(primary)
        sale.await_failover(topology, event_id, primary)
        with primary.client() as client:
            assert client.role()[0] == "master", "it does not know"
    topology.heal(primary)
    sale.check(service)


@NEEDS_PARTITIONS
def test_a_primary_that_sentinels_miss_is_not_asked_until_they_find_it(
    topology: SentinelTopology, settings: Settings
) -> None:
    with service_on(topology, settings, "local") as service:
        event_id = new_event(service)
        primary = topology.primary_of(event_id)
        # More of them than there are would have to agree, so nobody takes its place.
        topology.tell_sentinels("SENTINEL SET", "seats", "quorum", 9)
        try:
            topology.partition(primary)
            wait_until(topology.is_missed_by_all, "sentinels that miss the primary", 20)
            time.sleep(2)
            with pytest.raises(StoreUnavailable, match="Nothing was changed"):
                service.hold_seats(event_id, ["1"], "alice")
            topology.heal(primary)
            again(lambda: service.hold_seats(event_id, ["2"], "alice"))
            assert topology.primary_of(event_id) is primary
        finally:
            topology.heal(primary)
            # Those that miss it still would replace it, now that they suffice.
            wait_until(lambda: not topology.is_missed_by_any(), "sentinels that find it", 20)
            topology.tell_sentinels("SENTINEL SET", "seats", "quorum", 2)


def test_a_primary_that_was_made_a_replica_is_left_at_once(
    topology: SentinelTopology, service: ReservationService, event_id: str
) -> None:
    primary = topology.primary_of(event_id)
    service.hold_seats(event_id, ["1"], "alice")
    primary.ask("REPLICAOF", "127.0.0.1", 1)
    with pytest.raises(StoreUnavailable):
        service.hold_seats(event_id, ["2"], "alice")
    with pytest.raises(StoreUnavailable):
        service.seats(event_id)
    primary.ask("REPLICAOF", "NO", "ONE")
    again(lambda: service.hold_seats(event_id, ["2"], "alice"))


def test_what_no_replica_confirms_is_not_called_done(
    topology: SentinelTopology, service: ReservationService, event_id: str
) -> None:
    primary = topology.primary_of(event_id)
    replicas = [node for node in topology.nodes if node is not primary]
    service.seats(event_id)
    for node in replicas:
        node.stop()
    try:
        began = time.monotonic()
        with pytest.raises(OutcomeUnknown):
            service.hold_seats(event_id, ["1"], "alice", once=ONCE)
        assert time.monotonic() - began < 2
        with pytest.raises(StoreUnavailable, match="Nothing was changed"):
            service.hold_seats(event_id, ["2"], "bob")
        time.sleep(0.6)
        with pytest.raises(StoreNotReady, match="replicas"):
            service.check_ready()
        with pytest.raises(OutcomeUnknown):
            service.hold_seats(event_id, ["1"], "alice", once=ONCE)
    finally:
        for node in replicas:
            node.cont()
    again(lambda: service.hold_seats(event_id, ["3"], "carol"))
    with pytest.raises(AnsweredBefore):
        service.hold_seats(event_id, ["1"], "alice", once=ONCE)
    service.check_ready()


def test_what_no_replica_confirms_is_not_told(
    topology: SentinelTopology, service: ReservationService, settings: Settings, event_id: str
) -> None:
    primary = topology.primary_of(event_id)
    replicas = [node for node in topology.nodes if node is not primary]
    service.hold_seats(event_id, ["1"], "alice")
    tellings: list[Callable[[ReservationService], object]] = [
        lambda worker: worker.seats(event_id),
        lambda worker: worker.seat(event_id, "1"),
        lambda worker: worker.event_with_counts(event_id),
        lambda worker: worker.holds(event_id, "alice"),
        lambda worker: worker.reservations(event_id, 10),
        lambda worker: worker.changes(event_id, None, 10),
        lambda worker: worker.hold_seats(event_id, ["1"], "bob"),
        lambda worker: worker.release_seats(event_id, None, "carol"),
    ]
    for node in replicas:
        node.stop()
    try:
        with pytest.raises(OutcomeUnknown):
            service.reserve_seats(event_id, ["1"], "alice")
        for telling in tellings:
            # Another worker, which has not met with silence.
            with service_on(topology, settings) as worker:
                assert worker.event(event_id).event.id == event_id
                with pytest.raises((StoreUnavailable, OutcomeUnknown)):
                    telling(worker)
    finally:
        for node in replicas:
            node.cont()
    again(lambda: service.seats(event_id))
    with pytest.raises(SeatReserved):
        service.hold_seats(event_id, ["1"], "bob")


def test_all_replicas_are_as_many_as_there_should_be(
    topology: SentinelTopology, settings: Settings, event_id: str
) -> None:
    replica = next(node for node in topology.nodes if node is not topology.primary_of(event_id))
    with service_on(topology, settings, "all") as strict, service_on(topology, settings) as less:
        strict.hold_seats(event_id, ["1"], "alice")
        replica.kill()
        with pytest.raises(OutcomeUnknown):
            strict.hold_seats(event_id, ["2"], "bob")
        less.hold_seats(event_id, ["3"], "carol")
        replica.restart()
        again(lambda: strict.hold_seats(event_id, ["4"], "dave"))


def test_where_no_sentinel_answers_that_is_said_at_once(settings: Settings) -> None:
    nowhere = "redis+sentinel://127.0.0.1:1,127.0.0.1:2/seats"
    store = open_store(replace(settings, redis_url=nowhere))
    with pytest.raises(StoreUnavailable) as refusal:
        store.check_ready()
    assert refusal.value.reason == "no sentinel knows the primary"
    store.close()

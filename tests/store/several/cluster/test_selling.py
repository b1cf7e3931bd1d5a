"""Selling events on several primaries, between which a slot moves."""

from __future__ import annotations

import time
from dataclasses import replace

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
from tests.store.sale import Sale
from tests.store.several.needs import NEEDS_REDIS
from torture.nodes import PORT, Node
from torture.topologies import ClusterTopology

ONCE = Once("patron|alice|once-1", "fingerprint", lambda outcome: f"answer {outcome!r}")

pytestmark = [pytest.mark.alone, NEEDS_REDIS]


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


def test_where_no_node_answers_that_is_said_at_once(settings: Settings) -> None:
    store = open_store(replace(settings, redis_url="redis+cluster://127.0.0.1:1,127.0.0.1:2"))
    with pytest.raises(StoreUnavailable) as refusal:
        store.check_ready()
    assert refusal.value.reason.startswith("no node knows a primary")
    store.close()


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

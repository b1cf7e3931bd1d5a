"""Deleting an event: no seat of it can be had from then on, and nothing of it is left."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import redis

from reservations.app import open_store
from reservations.config import Settings
from reservations.domain.errors import (
    EventHasReservations,
    EventNotFound,
    OutcomeUnknown,
    StoreUnavailable,
)
from reservations.domain.plan import NumberedPlan, Section, SectionedPlan
from reservations.service import NewEvent, ReservationService
from reservations.store import Once, keys
from reservations.store.deletion import Deletion
from reservations.store.transaction import Attempt, Transactions


@pytest.fixture
def other(settings: Settings, raw: redis.Redis) -> Iterator[ReservationService]:
    """The service in another worker."""
    store = open_store(settings)
    yield ReservationService(store, hold_time=timedelta(seconds=60), seat_user_limit=4)
    store.close()


@pytest.fixture
def event_id(service: ReservationService) -> str:
    return service.create_event(NewEvent("Opening night", NumberedPlan(10))).event.id


def keys_left(raw: redis.Redis, event_id: str) -> list[bytes]:
    return raw.keys(f"*{event_id}*")


def test_nothing_is_left_of_it(
    service: ReservationService, raw: redis.Redis, event_id: str
) -> None:
    service.hold_seats(event_id, ["1", "2"], "alice")
    service.reserve_seats(event_id, None, "alice", reference="A-1")
    service.hold_seats(event_id, ["3"], "bob")
    service.block_seats(event_id, ["4"], "Camera")
    service.delete_event(event_id, force=True)
    bobs = keys.patron(event_id, "bob").encode()
    assert keys_left(raw, event_id) == [bobs]
    assert raw.ttl(bobs) > 0, "it goes with the hold that it was about"
    assert service.events(10).items == []


def test_what_requests_were_answered_is_kept_for_its_day(
    service: ReservationService, raw: redis.Redis, event_id: str
) -> None:
    once = Once("patron|alice|order-1", "asked", repr)
    service.hold_seats(event_id, ["1"], "alice", once=once)
    service.reserve_seats(event_id, None, "alice")
    service.delete_event(event_id, force=True)
    record = keys.once(event_id, once.key).encode()
    assert keys_left(raw, event_id) == [record]
    assert raw.ttl(record) > 0
    with pytest.raises(EventNotFound):
        service.hold_seats(event_id, ["2"], "alice", once=Once("patron|alice|2", "asked", repr))
    assert keys_left(raw, event_id) == [record]


def test_reserved_seats_stand_in_the_way(service: ReservationService, event_id: str) -> None:
    service.hold_seats(event_id, ["1", "2"], "alice")
    service.reserve_seats(event_id, None, "alice")
    with pytest.raises(EventHasReservations) as refusal:
        service.delete_event(event_id)
    assert refusal.value.reservations == 1
    assert len(list(service.every_reservation(event_id))) == 1


def test_no_worker_knows_it_any_more(
    service: ReservationService, other: ReservationService, event_id: str
) -> None:
    other.seats(event_id)
    other.hold_seats(event_id, ["1"], "alice")
    service.delete_event(event_id)
    for ask in (
        lambda: other.event(event_id),
        lambda: other.seats(event_id),
        lambda: other.seat(event_id, "1"),
        lambda: other.hold_seats(event_id, ["1"], "alice"),
        lambda: other.holds(event_id, "alice"),
        lambda: other.changes(event_id, None, 10),
        lambda: list(other.every_reservation(event_id)),
        lambda: other.change_event(event_id, {}),
        lambda: other.verify_event(event_id),
        lambda: other.delete_event(event_id),
    ):
        with pytest.raises(EventNotFound):
            ask()


def test_a_deletion_that_was_cut_off_is_ended_by_repeating_it(
    service: ReservationService,
    other: ReservationService,
    raw: redis.Redis,
    event_id: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service.hold_seats(event_id, ["1"], "alice")
    service.reserve_seats(event_id, None, "alice")

    def fail(*_: Any) -> None:
        raise StoreUnavailable("it was cut off")

    with monkeypatch.context() as patch, pytest.raises(OutcomeUnknown):
        patch.setattr(Deletion, "_sweep", fail)
        service.delete_event(event_id, force=True)
    with pytest.raises(EventNotFound):
        other.event(event_id)
    assert other.events(10).items == []
    assert keys_left(raw, event_id)
    service.delete_event(event_id)
    assert not keys_left(raw, event_id)
    with pytest.raises(EventNotFound):
        service.delete_event(event_id)


def test_a_reservation_made_meanwhile_stands_in_the_way(
    service: ReservationService,
    other: ReservationService,
    event_id: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other.hold_seats(event_id, ["1"], "alice")
    run = Transactions.run

    def slowly(self: Transactions, watch: Any, reads: Any, decide: Any) -> Any:
        def decide_late(attempt: Attempt) -> Any:
            commit = decide(attempt)
            if attempt.number == 0:
                monkeypatch.setattr(Transactions, "run", run)
                other.reserve_seats(event_id, None, "alice")
            return commit

        return run(self, watch, reads, decide_late)

    monkeypatch.setattr(Transactions, "run", slowly)
    with pytest.raises(EventHasReservations):
        service.delete_event(event_id)
    assert other.event(event_id)


def test_a_large_event_is_deleted_too(service: ReservationService, raw: redis.Redis) -> None:
    hall = SectionedPlan((Section("Arena", rows=400, seats_per_row=250),))
    event_id = service.create_event(NewEvent("Stadium", hall)).event.id
    for row in ("A", "OJ"):
        service.hold_seats(event_id, [f"arena-{row}-{n}" for n in range(1, 5)], row)
        service.reserve_seats(event_id, None, row)
    service.delete_event(event_id, force=True)
    assert not keys_left(raw, event_id)

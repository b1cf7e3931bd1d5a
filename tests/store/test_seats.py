"""Seats in the store: who has what is told by keys, and their expiry is the end of a hold."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest
import redis

from reservations.domain.changes import Change, Look, Situation
from reservations.domain.errors import (
    EventNotFound,
    NotOnSale,
    SeatBlocked,
    SeatHeld,
    SeatNotFound,
)
from reservations.domain.event import EventStatus
from reservations.domain.plan import NumberedPlan, Section, SectionedPlan
from reservations.domain.rules.holds import hold
from reservations.domain.seat import SeatStatus
from reservations.service import NewEvent, ReservationService
from reservations.store import Store, keys
from reservations.store.instants import to_ms
from reservations.store.records import encode_event
from tests.live import wait_for


@pytest.fixture
def event_id(service: ReservationService) -> str:
    return service.create_event(NewEvent("Opening night", NumberedPlan(10))).event.id


def test_all_keys_of_an_event_lie_in_one_slot(
    service: ReservationService, raw: redis.Redis, event_id: str
) -> None:
    service.hold_seats(event_id, ["1", "2"], "alice")
    made = service.reserve_seats(event_id, ["1"], "alice").reservation
    found = {key.decode() for key in raw.keys()}
    assert found == {
        "events",
        "events:count",
        keys.event(event_id),
        keys.plan(event_id),
        keys.log(event_id),
        keys.patron(event_id, "alice"),
        keys.seat(event_id, "1"),
        keys.seat(event_id, "2"),
        keys.reservation(event_id, made.id),
        keys.index(event_id),
    }
    of_event = [key for key in found if event_id in key]
    assert all(key.startswith(f"{{e:{event_id}}}:") for key in of_event)


def test_a_hold_is_a_key_that_dies_at_the_instant_the_hold_ends(
    service: ReservationService, raw: redis.Redis, event_id: str
) -> None:
    (held,) = service.hold_seats(event_id, ["1"], "alice").seats
    assert held.seat.expires_at is not None
    last_millisecond = raw.pexpiretime(keys.seat(event_id, "1"))
    assert last_millisecond == to_ms(held.seat.expires_at) - 1
    # The allowance that the hold takes from has to be remembered for longer.
    assert raw.pexpiretime(keys.patron(event_id, "alice")) > last_millisecond


def test_a_reservation_is_a_key_that_stays(
    service: ReservationService, raw: redis.Redis, event_id: str
) -> None:
    service.hold_seats(event_id, ["1"], "alice")
    service.reserve_seats(event_id, ["1"], "alice")
    assert raw.ttl(keys.seat(event_id, "1")) == -1
    assert raw.ttl(keys.patron(event_id, "alice")) == -1


def test_a_release_leaves_nothing_behind_but_what_it_took_of_the_allowance(
    service: ReservationService, raw: redis.Redis, event_id: str
) -> None:
    service.hold_seats(event_id, ["1"], "alice")
    service.release_seats(event_id, ["1"], "alice")
    assert not raw.exists(keys.seat(event_id, "1"))
    # A hold of some milliseconds is made up for soon.
    wait_for(lambda: not raw.exists(keys.patron(event_id, "alice")))


def test_several_seats_are_held_all_or_none(service: ReservationService, event_id: str) -> None:
    service.hold_seats(event_id, ["2"], "bob")
    with pytest.raises(SeatHeld):
        service.hold_seats(event_id, ["1", "2"], "alice")
    assert service.seat(event_id, "1").seat.status is SeatStatus.FREE
    held = service.hold_seats(event_id, ["3", "1"], "alice").seats
    assert [each.place.id for each in held] == ["3", "1"]
    assert held[0].seat.expires_at == held[1].seat.expires_at


def test_a_blocked_seat_is_refused(
    service: ReservationService, raw: redis.Redis, event_id: str
) -> None:
    raw.set(keys.seat(event_id, "1"), "blocked")
    with pytest.raises(SeatBlocked):
        service.hold_seats(event_id, ["1"], "alice")
    assert service.seat(event_id, "1").seat.status is SeatStatus.BLOCKED


def test_a_deleted_event_takes_no_more_changes(
    service: ReservationService, raw: redis.Redis, event_id: str
) -> None:
    service.seat(event_id, "1")
    raw.delete(*raw.keys(f"*{event_id}*"))
    with pytest.raises(EventNotFound):
        service.hold_seats(event_id, ["1"], "alice")
    with pytest.raises(EventNotFound):
        service.seat(event_id, "1")
    with pytest.raises(EventNotFound):
        service.seats(event_id)
    assert not raw.keys(f"*{event_id}*")


def test_an_unknown_seat_costs_no_write(
    service: ReservationService, raw: redis.Redis, event_id: str
) -> None:
    before = raw.xlen(keys.log(event_id)), set(raw.keys())
    with pytest.raises(SeatNotFound):
        service.hold_seats(event_id, ["11"], "alice")
    assert (raw.xlen(keys.log(event_id)), set(raw.keys())) == before


def test_no_seat_is_sold_on_terms_that_were_changed_meanwhile(
    service: ReservationService, store: Store, raw: redis.Redis, event_id: str
) -> None:
    attempts = []

    def slow_hold(situation: Situation) -> Change | Look:
        attempts.append(situation.event)
        if len(attempts) == 1:
            closed = replace(situation.event, status=EventStatus.CLOSED)
            raw.set(keys.event(event_id), encode_event(closed))
        return hold(situation, "alice", ["1"])

    with pytest.raises(NotOnSale):
        store.seats.change(event_id, slow_hold, result=repr, seats=["1"], patron="alice")
    assert len(attempts) == 2
    assert not raw.exists(keys.seat(event_id, "1"))


def test_a_hold_is_watch_multi_and_exec_and_no_script(
    service: ReservationService, raw: redis.Redis, event_id: str
) -> None:
    service.seat(event_id, "1")
    with raw.monitor() as monitor:
        service.hold_seats(event_id, ["1"], "alice")
        expected = ["UNWATCH", "WATCH", "TIME", "MGET"]
        expected += ["MULTI", "SET", "SET", "XADD", "EXEC"]
        commands = [monitor.next_command()["command"] for _ in expected]
    assert [command.split(" ")[0].upper() for command in commands] == expected


def test_the_size_of_an_event_in_the_store_does_not_depend_on_its_seats(
    service: ReservationService, raw: redis.Redis
) -> None:
    hall = SectionedPlan((Section("Arena", rows=400, seats_per_row=250),))
    event_id = service.create_event(NewEvent("Stadium", hall)).event.id
    found = raw.keys(f"*{event_id}*")
    assert len(found) == 3
    assert sum(raw.memory_usage(key) for key in found) < 8_000, "most of it the empty log"
    (held,) = service.hold_seats(event_id, ["arena-OJ-250"], "alice").seats
    assert held.place.number == 250
    assert service.seats(event_id).free.count(1) == 99_999


def test_the_log_has_one_entry_a_change_and_is_trimmed(
    service: ReservationService, store: Store, raw: redis.Redis, event_id: str
) -> None:
    service.hold_seats(event_id, ["1", "2"], "alice")
    service.reserve_seats(event_id, ["2"], "alice")
    service.release_seats(event_id, ["1"], "alice")
    kinds = [fields[b"kind"] for _, fields in raw.xrange(keys.log(event_id))]
    assert kinds == [b"created", b"held", b"reserved", b"released"]
    store.seats._log_length = 10
    for _ in range(300):
        service.hold_seats(event_id, ["1"], "alice")
    assert raw.xlen(keys.log(event_id)) < 200


def test_the_limit_forgets_holds_that_ran_out(service: ReservationService) -> None:
    new = NewEvent("Matinee", NumberedPlan(10), hold_time=timedelta(seconds=1), seat_user_limit=2)
    event_id = service.create_event(new).event.id
    service.hold_seats(event_id, ["1", "2"], "alice")
    time.sleep(0.4)
    service.hold_seats(event_id, ["2"], "alice")
    while service.seat(event_id, "1").seat.status is SeatStatus.HELD:
        time.sleep(0.005)
    assert service.hold_seats(event_id, ["3"], "alice")

"""Verification: silent while all agrees, also during a sale, and precise when it does not."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
import redis

from reservations.domain.best_available import Wish
from reservations.domain.caller import Caller, Role
from reservations.domain.errors import EventNotFound, ReservationError
from reservations.domain.plan import NumberedPlan
from reservations.domain.reservation import Reservation
from reservations.domain.seat import SeatStatus
from reservations.service import NewEvent, ReservationService
from reservations.store import Store, index, keys
from reservations.store.records import encode_reservation

ADMIN = Caller("box-office", Role.ADMIN)


@pytest.fixture
def event_id(service: ReservationService) -> str:
    """An event where alice has reserved seats 1 and 2, bob holds 3, and 4 is blocked."""
    new = NewEvent("Opening night", NumberedPlan(20), seat_user_limit=10)
    found = service.create_event(new).event.id
    service.hold_seats(found, ["1", "2"], "alice")
    service.reserve_seats(found, None, "alice", reference="A-1")
    service.hold_seats(found, ["3"], "bob")
    service.block_seats(found, ["4"], "Camera")
    return found


def reservation_id(service: ReservationService, event_id: str) -> str:
    (found,) = service.every_reservation(event_id)
    return found.id


def do_everything(service: ReservationService, event_id: str) -> None:
    """Change seats in every way that there is."""
    first = reservation_id(service, event_id)
    service.hold_seats(event_id, ["3"], "bob")
    service.hold_seats(event_id, Wish(3), "carol")
    service.hold_seats(event_id, ["10", "11"], "carol")
    service.release_seats(event_id, ["3", "10"], "box-office", anybodys=True)
    service.move_reservation(event_id, first, ADMIN, "1", "12")
    second = service.reserve_seats(event_id, ["11"], "carol", reference="C-1").reservation
    service.hold_seats(event_id, ["13"], "carol")
    service.move_reservation(event_id, second.id, ADMIN, "11", "13")
    service.cancel_reservation(event_id, first, ADMIN)
    service.unblock_seats(event_id, ["4"])
    service.block_seats(event_id, ["15", "16"], None)
    service.hold_seats(event_id, ["17"], "dave", bound=False)
    service.release_seats(event_id, None, "dave")


@pytest.mark.parametrize("log_length", [10_000, 1])
def test_what_agrees_is_nothing_to_speak_of(
    service: ReservationService, store: Store, raw: redis.Redis, event_id: str, log_length: int
) -> None:
    do_everything(service, event_id)
    raw.xtrim(keys.log(event_id), maxlen=log_length, approximate=False)
    assert service.verify_event(event_id) == []


def test_a_hold_that_ran_out_is_no_disagreement(service: ReservationService) -> None:
    new = NewEvent("Matinee", NumberedPlan(10), hold_time=timedelta(seconds=1))
    event_id = service.create_event(new).event.id
    service.hold_seats(event_id, ["1", "2"], "alice")
    service.reserve_seats(event_id, ["2"], "alice")
    while service.seat(event_id, "1").seat.status is SeatStatus.HELD:
        assert service.verify_event(event_id) == []
    assert service.verify_event(event_id) == []


def test_an_event_that_is_not_there_cannot_be_verified(service: ReservationService) -> None:
    with pytest.raises(EventNotFound):
        service.verify_event("0123456789abcdef")


Damage = Callable[[redis.Redis, str, str], object]
"""Writes in the books of an event behind the service's back, given alice's reservation."""


def sell_again(raw: redis.Redis, event_id: str, _: str) -> None:
    """Sell seat 1 to mallory too."""
    sold = Reservation("f" * 22, "mallory", ("1",), datetime.now(UTC))
    raw.set(keys.reservation(event_id, sold.id), encode_reservation(sold))
    raw.zadd(keys.index(event_id), dict.fromkeys(index.members(sold), 0))


DAMAGES: dict[str, tuple[Damage, list[str]]] = {
    "a reserved seat is free": (
        lambda raw, e, _r: raw.delete(keys.seat(e, "1")),
        ["Reservation", "Seat 1 is free; the log says reserved by alice"],
    ),
    "a reserved seat is another's": (
        lambda raw, e, r: raw.set(keys.seat(e, "1"), f"reserved mallory {r}"),
        ["Reservation", "Seat 1 is reserved by mallory"],
    ),
    "a hold is another's": (
        lambda raw, e, _r: raw.set(
            keys.seat(e, "3"), raw.get(keys.seat(e, "3")).replace(b"bob", b"eve")
        ),
        ["Patron eve is not known to hold seat 3", "Seat 3 is held by eve"],
    ),
    "a seat is taken and nobody logged it": (
        lambda raw, e, _r: raw.set(keys.seat(e, "9"), "blocked"),
        ["Seat 9 is blocked; no log entry says so"],
    ),
    "a blocked seat is free": (
        lambda raw, e, _r: raw.delete(keys.seat(e, "4")),
        ["Seat 4 is free; the log says blocked (Camera)"],
    ),
    "a reservation is gone": (
        lambda raw, e, r: raw.delete(keys.reservation(e, r)),
        [
            "Patron alice has 0 reserved seats, counted as 2",
            "Seat 1",
            "Seat 2",
            *3 * ["The index lists"],
        ],
    ),
    "a reservation lacks a seat": (
        lambda raw, e, r: raw.set(
            keys.reservation(e, r),
            raw.get(keys.reservation(e, r)).replace(b'["1","2"]', b'["1"]'),
        ),
        ["Patron alice has 1 reserved seats, counted as 2", "Seat 2 is reserved"],
    ),
    "a seat was sold twice": (
        sell_again,
        [
            "Patron mallory has 1 reserved seats, counted as 0",
            "Reservation ffffffffffffffffffffff of mallory has seat 1, which is reserved by alice",
        ],
    ),
    "a reserved seat names another reservation": (
        lambda raw, e, _r: raw.set(keys.seat(e, "1"), f"reserved alice {'0' * 22}"),
        [
            "Reservation",
            f"Seat 1 is reserved by alice in reservation {'0' * 22}, which there is not",
            f"Seat 1 is reserved by alice in reservation {'0' * 22}; the log says",
        ],
    ),
    "a block has another reason": (
        lambda raw, e, _r: raw.set(keys.seat(e, "4"), "blocked Pillar"),
        ["Seat 4 is blocked (Pillar); the log says blocked (Camera)"],
    ),
    "a list lacks a reservation": (
        lambda raw, e, r: raw.zrem(keys.index(e), f"{index.of_patron('alice')} {r}"),
        ["The index does not list 'p alice"],
    ),
    "a list has one too many": (
        lambda raw, e, _r: raw.zadd(keys.index(e), {f"{index.ALL} {'0' * 22}": 0}),
        [f"The index lists 'a {'0' * 22}'"],
    ),
    "reserved seats are miscounted": (
        lambda raw, e, _r: raw.set(
            keys.patron(e, "alice"),
            raw.get(keys.patron(e, "alice")).replace(b'"reserved":2', b'"reserved":1'),
        ),
        ["Patron alice has 2 reserved seats, counted as 1"],
    ),
    "a patron's record is gone": (
        lambda raw, e, _r: raw.delete(keys.patron(e, "bob")),
        ["Patron bob is not known to hold seat 3"],
    ),
    "the log tells of a seat that there is not": (
        lambda raw, e, _r: raw.xadd(
            keys.log(e), {"kind": "released", "seats": "99", "status": "free", "mark": "m"}
        ),
        ["The event has no seat 99"],
    ),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_each_disagreement_is_named(
    service: ReservationService, raw: redis.Redis, event_id: str, name: str
) -> None:
    damage, beginnings = DAMAGES[name]
    assert service.verify_event(event_id) == []
    damage(raw, event_id, reservation_id(service, event_id))
    found = service.verify_event(event_id)
    assert len(found) == len(beginnings), found
    for sentence, beginning in zip(found, beginnings, strict=True):
        assert sentence.startswith(beginning)


@pytest.mark.parametrize("name", ["a reservation is gone", "a seat was sold twice"])
def test_reservations_are_verified_even_where_the_log_was_trimmed(
    service: ReservationService, raw: redis.Redis, event_id: str, name: str
) -> None:
    damage, beginnings = DAMAGES[name]
    raw.xtrim(keys.log(event_id), maxlen=1, approximate=False)
    damage(raw, event_id, reservation_id(service, event_id))
    assert len(service.verify_event(event_id)) == len(beginnings)


def test_during_a_sale_nothing_is_reported_that_is_not_so(
    service: ReservationService, event_id: str
) -> None:
    ends_at = time.monotonic() + 2
    reports, cancelled = [], []

    def sell(patron: str) -> None:
        seat_ids = [str(number) for number in range(5, 21)]
        while time.monotonic() < ends_at:
            with suppress(ReservationError):
                service.hold_seats(event_id, random.sample(seat_ids, 2), patron)
                made = service.reserve_seats(event_id, None, patron).reservation
                service.cancel_reservation(event_id, made.id, ADMIN)
                cancelled.append(made.id)
                service.hold_seats(event_id, random.sample(seat_ids, 2), patron)
                service.release_seats(event_id, None, patron)

    sellers = [threading.Thread(target=sell, args=(f"patron-{n}",)) for n in range(4)]
    for seller in sellers:
        seller.start()
    while time.monotonic() < ends_at:
        reports += service.verify_event(event_id)
    for seller in sellers:
        seller.join()
    assert reports == []
    assert cancelled, "there was a sale"
    assert service.verify_event(event_id) == []

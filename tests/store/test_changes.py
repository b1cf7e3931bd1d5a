"""Following a log: in order, without a gap, each entry once, or told that it is too late."""

from __future__ import annotations

import threading

import pytest
import redis

from reservations.domain.caller import Caller, Role
from reservations.domain.errors import CursorExpired, EventNotFound
from reservations.domain.plan import NumberedPlan
from reservations.service import NewEvent, ReservationService
from reservations.store import keys

ADMIN = Caller("box-office", Role.ADMIN)


@pytest.fixture
def event_id(service: ReservationService) -> str:
    return service.create_event(NewEvent("Opening night", NumberedPlan(10))).event.id


def test_without_a_cursor_there_is_the_newest_and_nothing_else(
    service: ReservationService, event_id: str
) -> None:
    service.hold_seats(event_id, ["1"], "alice")
    found = service.changes(event_id, None, 10)
    assert found.entries == []
    assert service.changes(event_id, found.cursor, 10).entries == []


def test_pages_have_each_entry_once_while_the_log_is_written(
    service: ReservationService, raw: redis.Redis, event_id: str
) -> None:
    start = service.changes(event_id, None, 1).cursor

    def sell(seat_id: str) -> None:
        for _ in range(50):
            service.hold_seats(event_id, [seat_id], seat_id)
            service.release_seats(event_id, [seat_id], seat_id)

    sellers = [threading.Thread(target=sell, args=(seat,)) for seat in ("1", "2", "3")]
    for seller in sellers:
        seller.start()
    seen, cursor = [], start
    while len(seen) < 300:
        found = service.changes(event_id, cursor, 3)
        assert len(found.entries) <= 3
        assert cursor != found.cursor or not found.entries
        seen += [entry.id for entry in found.entries]
        cursor = found.cursor
    for seller in sellers:
        seller.join()
    assert seen == [entry_id.decode() for entry_id, _ in raw.xrange(keys.log(event_id))][1:]


def test_a_move_is_two_entries_next_to_each_other(
    service: ReservationService, event_id: str
) -> None:
    service.hold_seats(event_id, ["1"], "alice")
    made = service.reserve_seats(event_id, None, "alice").reservation
    cursor = service.changes(event_id, None, 1).cursor
    service.move_reservation(event_id, made.id, ADMIN, "1", "2")
    left, taken = service.changes(event_id, cursor, 10).entries
    assert left.step is not None and taken.step is not None
    assert [seat.id for seat in (*left.step.seats, *taken.step.seats)] == ["1", "2"]
    assert left.step.reservation_id == taken.step.reservation_id == made.id


def test_entries_of_one_change_are_not_parted(service: ReservationService, event_id: str) -> None:
    service.hold_seats(event_id, ["1"], "alice")
    made = service.reserve_seats(event_id, None, "alice").reservation
    for seat_id, patron in (("3", "bob"), ("4", "carol"), ("5", "dave")):
        service.hold_seats(event_id, [seat_id], patron)
    cursor = service.changes(event_id, None, 1).cursor
    service.move_reservation(event_id, made.id, ADMIN, "1", "2")
    service.release_seats(event_id, ["3", "4", "5"], "box-office", anybodys=True)
    service.hold_seats(event_id, ["1"], "alice")
    pages = []
    while entries := (found := service.changes(event_id, cursor, 1)).entries:
        pages.append([seat.id for each in entries if each.step for seat in each.step.seats])
        cursor = found.cursor
    assert pages == [["1", "2"], ["3", "4", "5"], ["1"]]


def test_a_cursor_of_another_event_has_expired(
    service: ReservationService, raw: redis.Redis, event_id: str
) -> None:
    another = service.create_event(NewEvent("Matinee", NumberedPlan(10))).event.id
    mine = {entry_id.decode() for entry_id, _ in raw.xrange(keys.log(event_id))}
    service.hold_seats(another, ["1"], "alice")
    while (cursor := service.changes(another, None, 1).cursor) in mine:
        service.hold_seats(another, ["1"], "alice")
    with pytest.raises(CursorExpired):
        service.changes(event_id, cursor, 10)


def test_a_cursor_whose_entry_was_trimmed_has_expired(
    service: ReservationService, raw: redis.Redis, event_id: str
) -> None:
    cursor = service.changes(event_id, None, 1).cursor
    for seat_id in ("1", "2"):
        service.hold_seats(event_id, [seat_id], "alice")
    assert len(service.changes(event_id, cursor, 10).entries) == 2
    raw.xtrim(keys.log(event_id), maxlen=2, approximate=False)
    with pytest.raises(CursorExpired):
        service.changes(event_id, cursor, 10)
    assert service.seats(event_id).taken.keys() == {0, 1}


@pytest.mark.parametrize("cursor", ["0-0", "1-1", "281474976710655-0"])
def test_a_cursor_that_this_log_never_had_has_expired(
    service: ReservationService, event_id: str, cursor: str
) -> None:
    with pytest.raises(CursorExpired):
        service.changes(event_id, cursor, 10)


def test_an_event_that_is_not_there_has_no_log(service: ReservationService) -> None:
    for cursor in (None, "1-1"):
        with pytest.raises(EventNotFound):
            service.changes("0123456789abcdef", cursor, 10)

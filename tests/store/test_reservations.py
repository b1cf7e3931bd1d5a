"""Lists of reservations: by event, by patron, by reference, in order and by pages."""

from __future__ import annotations

from itertools import islice

import pytest
import redis

from reservations.domain.caller import Caller, Role
from reservations.domain.errors import EventNotFound
from reservations.domain.plan import NumberedPlan
from reservations.service import NewEvent, ReservationService
from reservations.store import Store, keys

ADMIN = Caller("box-office", Role.ADMIN)
NAMESAKES = ["alice", "alice:bob", "alice.", "alic", "alice@home"]


@pytest.fixture
def event_id(service: ReservationService) -> str:
    return service.create_event(NewEvent("Opening night", NumberedPlan(100))).event.id


def reserve(
    service: ReservationService, event_id: str, seat: int, patron: str, reference: str | None = None
) -> str:
    service.hold_seats(event_id, [str(seat)], patron)
    return service.reserve_seats(event_id, None, patron, reference=reference).reservation.id


def seats_of(found: object) -> list[str]:
    return [reservation.seats[0] for reservation in found]  # type: ignore[attr-defined]


def test_those_made_last_come_first(service: ReservationService, event_id: str) -> None:
    made = [reserve(service, event_id, number, f"patron-{number}") for number in range(1, 6)]
    assert [each.id for each in service.every_reservation(event_id)] == sorted(made)[::-1]


def test_a_patron_s_are_its_own_whatever_others_are_called(
    service: ReservationService, event_id: str
) -> None:
    for seat, patron in enumerate(NAMESAKES, start=1):
        reserve(service, event_id, seat, patron)
    for seat, patron in enumerate(NAMESAKES, start=1):
        assert seats_of(service.every_reservation(event_id, patron)) == [str(seat)]
    assert list(service.every_reservation(event_id, "nobody")) == []


def test_by_reference_and_by_both(service: ReservationService, event_id: str) -> None:
    reserve(service, event_id, 1, "alice", "order 1")
    reserve(service, event_id, 2, "bob", "order 1")
    reserve(service, event_id, 3, "alice", "order 2")
    reserve(service, event_id, 4, "alice")
    assert set(seats_of(service.every_reservation(event_id, reference="order 1"))) == {"1", "2"}
    assert seats_of(service.every_reservation(event_id, "alice", "order 1")) == ["1"]
    assert list(service.every_reservation(event_id, reference="order")) == []


@pytest.mark.parametrize("limit", [1, 2, 3, 10])
def test_pages_have_each_once_whatever_is_made_and_cancelled_meanwhile(
    service: ReservationService, event_id: str, limit: int
) -> None:
    made = [reserve(service, event_id, number, f"patron-{number}") for number in range(1, 11)]
    seen: list[str] = []
    after, late = None, 50
    while True:
        page = service.reservations(event_id, limit, after)
        seen += [each.reservation.id for each in page.items]
        if page.next is None:
            break
        after, late = page.next, late + 1
        reserve(service, event_id, late, "late")
        service.cancel_reservation(event_id, seen[-1], ADMIN)
    # Those that were made late are newer than all pages to come, or of the same millisecond.
    assert set(made) <= set(seen)
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize("filters", [{"patron": "alice"}, {"reference": "order 1"}])
def test_pages_of_a_list_have_what_is_in_that_list_only(
    service: ReservationService, event_id: str, filters: dict[str, str]
) -> None:
    made = [reserve(service, event_id, number, "alice", "order 1") for number in range(1, 6)]
    for number in range(6, 11):
        reserve(service, event_id, number, "alice:bob", "order 10")
    seen: list[str] = []
    after = None
    while True:
        page = service.reservations(event_id, 2, after, **filters)
        seen += [each.reservation.id for each in page.items]
        if page.next is None:
            break
        after = page.next
    assert seen == sorted(made)[::-1]


def test_many_are_read_in_several_goes(
    service: ReservationService, store: Store, event_id: str
) -> None:
    for number in range(1, 8):
        reserve(service, event_id, number, "alice", "odd" if number % 2 else "even")
    found = list(store.reservations.newest(event_id, "alice", at_once=2))
    assert len(found) == 7
    odd = store.reservations.newest(event_id, "alice", "odd", at_once=2)
    assert len(list(islice(odd, 10))) == 4


def test_cancelling_takes_it_from_all_lists(
    service: ReservationService, raw: redis.Redis, event_id: str
) -> None:
    made = reserve(service, event_id, 1, "alice", "order 1")
    assert service.count_reservations(event_id) == 1
    assert raw.zcard(keys.index(event_id)) == 3
    service.cancel_reservation(event_id, made, ADMIN)
    assert not raw.exists(keys.index(event_id), keys.reservation(event_id, made))
    assert service.count_reservations(event_id) == 0


def test_an_event_that_is_not_there_has_none(service: ReservationService) -> None:
    with pytest.raises(EventNotFound):
        service.reservations("0123456789abcdef", 10)

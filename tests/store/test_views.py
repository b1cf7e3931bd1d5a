"""Views: whatever happened to a log, a list shows the seats as they are."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import redis

from reservations.app import open_store
from reservations.config import Settings
from reservations.domain.plan import NumberedPlan
from reservations.domain.seat import Seat, SeatStatus
from reservations.service import NewEvent, ReservationService
from reservations.store import SeatList, keys
from reservations.store.views import SeatsView


@pytest.fixture
def other(settings: Settings, raw: redis.Redis) -> Iterator[ReservationService]:
    """The service in another worker."""
    store = open_store(settings)
    yield ReservationService(store, hold_time=timedelta(seconds=60), seat_user_limit=4)
    store.close()


@pytest.fixture
def event_id(service: ReservationService) -> str:
    return service.create_event(NewEvent("Opening night", NumberedPlan(10))).event.id


def taken(seats: SeatList) -> dict[str, tuple[SeatStatus, str | None]]:
    return {seat.id: (seat.status, seat.patron) for seat in seats.taken.values()}


def test_a_list_shows_what_another_worker_did_before_it(
    service: ReservationService, other: ReservationService, event_id: str
) -> None:
    assert taken(service.seats(event_id)) == {}
    other.hold_seats(event_id, ["1"], "alice")
    assert taken(service.seats(event_id)) == {"1": (SeatStatus.HELD, "alice")}
    other.reserve_seats(event_id, ["1"], "alice")
    assert taken(service.seats(event_id)) == {"1": (SeatStatus.RESERVED, "alice")}
    other.hold_seats(event_id, ["2"], "bob")
    other.release_seats(event_id, ["2"], "bob")
    assert taken(service.seats(event_id)) == {"1": (SeatStatus.RESERVED, "alice")}


def test_a_worker_that_comes_late_sees_the_same(
    service: ReservationService, other: ReservationService, event_id: str, raw: redis.Redis
) -> None:
    service.seats(event_id)
    service.hold_seats(event_id, ["1", "2"], "alice")
    service.reserve_seats(event_id, ["2"], "alice")
    raw.set(keys.seat(event_id, "3"), "blocked")
    late = other.seats(event_id)
    assert late.counts == {
        SeatStatus.FREE: 7,
        SeatStatus.HELD: 1,
        SeatStatus.RESERVED: 1,
        SeatStatus.BLOCKED: 1,
    }
    raw.delete(keys.seat(event_id, "3"))
    seats = service.seats(event_id)
    assert taken(seats).keys() == {"1", "2"}
    assert seats.taken[1].reservation_id


def test_a_view_whose_log_was_trimmed_is_read_afresh(
    service: ReservationService, other: ReservationService, event_id: str, raw: redis.Redis
) -> None:
    service.seats(event_id)
    other.hold_seats(event_id, ["1"], "alice")
    other.hold_seats(event_id, ["2"], "bob")
    raw.xtrim(keys.log(event_id), maxlen=1, approximate=False)
    assert taken(service.seats(event_id)).keys() == {"1", "2"}


def test_a_hold_is_listed_until_it_ends_and_not_longer(
    service: ReservationService, other: ReservationService
) -> None:
    new = NewEvent("Matinee", NumberedPlan(10), hold_time=timedelta(seconds=1))
    event_id = service.create_event(new).event.id
    (held,) = service.hold_seats(event_id, ["1"], "alice")
    before = service.seats(event_id)
    assert before.counts[SeatStatus.HELD] == 1
    while service.seat(event_id, "1").seat.status is SeatStatus.HELD:
        time.sleep(0.001)
    after = service.seats(event_id)
    assert after.counts[SeatStatus.HELD] == 0
    assert after.free_digest != before.free_digest
    assert other.seats(event_id).free_digest == after.free_digest


def test_a_refreshed_hold_does_not_end_at_its_former_end(service: ReservationService) -> None:
    new = NewEvent("Matinee", NumberedPlan(10), hold_time=timedelta(seconds=1))
    event_id = service.create_event(new).event.id
    service.hold_seats(event_id, ["1"], "alice")
    service.seats(event_id)
    time.sleep(0.6)
    service.hold_seats(event_id, ["1"], "alice")
    time.sleep(0.6)
    assert service.seats(event_id).counts[SeatStatus.HELD] == 1


def test_what_did_not_change_is_not_made_again(service: ReservationService, event_id: str) -> None:
    assert service.seats(event_id) is service.seats(event_id)


def test_a_view_frees_a_seat_at_the_instant_its_hold_ends_and_not_before() -> None:
    ends = datetime(2027, 1, 1, 20, tzinfo=UTC)
    view = SeatsView(NumberedPlan(10), "1-0")
    view.put(Seat("1", SeatStatus.HELD, "alice", expires_at=ends))
    view.let_holds_run_out(ends - timedelta(milliseconds=1))
    assert view.seats().counts[SeatStatus.HELD] == 1
    view.let_holds_run_out(ends)
    assert view.seats().counts[SeatStatus.HELD] == 0

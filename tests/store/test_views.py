"""Views: whatever happened to a log, a list shows the seats as they are."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis

from reservations.app import open_store
from reservations.config import Settings
from reservations.domain.errors import Busy
from reservations.domain.plan import NumberedPlan
from reservations.domain.seat import Seat, SeatStatus
from reservations.service import NewEvent, ReservationService
from reservations.store import SeatList, keys, views
from reservations.store.view import BYTES_A_TAKEN_SEAT, SeatsView
from reservations.store.views import SeatViews


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


def held(seats: SeatList) -> int:
    return sum(seat.status is SeatStatus.HELD for seat in seats.taken.values())


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
    assert late.free.count(1) == 7
    assert other.event_with_counts(event_id).counts == {
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
    service.hold_seats(event_id, ["1"], "alice")
    before = service.seats(event_id)
    assert held(before) == 1
    while service.seat(event_id, "1").seat.status is SeatStatus.HELD:
        time.sleep(0.001)
    after = service.seats(event_id)
    assert held(after) == 0
    assert after.free_digest != before.free_digest
    assert other.seats(event_id).free_digest == after.free_digest


def test_a_refreshed_hold_does_not_end_at_its_former_end(service: ReservationService) -> None:
    new = NewEvent("Matinee", NumberedPlan(10), hold_time=timedelta(seconds=1))
    event_id = service.create_event(new).event.id
    (first,) = service.hold_seats(event_id, ["1"], "alice").seats
    service.seats(event_id)
    assert first.seat.expires_at is not None
    view = service._store.views._views[event_id]
    view.put(replace(first.seat, expires_at=first.seat.expires_at + timedelta(seconds=1)))
    view.let_holds_run_out(first.seat.expires_at)
    assert held(view.seats()) == 1


def test_what_did_not_change_is_not_made_again(service: ReservationService, event_id: str) -> None:
    assert service.seats(event_id) is service.seats(event_id)


def test_a_view_frees_a_seat_at_the_instant_its_hold_ends_and_not_before() -> None:
    ends = datetime(2027, 1, 1, 20, tzinfo=UTC)
    view = SeatsView(NumberedPlan(10), "1-0")
    view.put(Seat("1", SeatStatus.HELD, "alice", expires_at=ends))
    view.let_holds_run_out(ends - timedelta(milliseconds=1))
    assert held(view.seats()) == 1
    view.let_holds_run_out(ends)
    assert held(view.seats()) == 0


def test_a_view_that_is_far_behind_is_read_afresh(
    service: ReservationService,
    other: ReservationService,
    event_id: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service.seats(event_id)
    monkeypatch.setattr(views, "MIN_ENTRIES_A_READ", 3)
    for _ in range(10):
        other.hold_seats(event_id, ["1"], "alice")
    known = service._store.views._views[event_id]
    assert taken(service.seats(event_id)).keys() == {"1"}
    assert service._store.views._views[event_id] is not known


def test_a_log_that_is_trimmed_all_the_time_makes_lists_busy_and_not_endless(
    service: ReservationService, event_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SeatViews, "_follow", lambda *_: None)
    with pytest.raises(Busy):
        service.seats(event_id)


def test_many_who_ask_first_make_one_of_them_read(
    service: ReservationService, event_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = []
    read_afresh = SeatViews._read_afresh

    def slowly(self: SeatViews, *which: Any) -> SeatsView:
        reads.append(which)
        time.sleep(0.05)
        return read_afresh(self, *which)

    monkeypatch.setattr(SeatViews, "_read_afresh", slowly)
    with ThreadPoolExecutor(8) as crowd:
        lists = list(crowd.map(service.seats, [event_id] * 8))
    assert len(reads) == 1
    assert len({seats.free_digest for seats in lists}) == 1


def test_holds_that_came_and_went_do_not_pile_up_in_a_view() -> None:
    view = SeatsView(NumberedPlan(10), "1-0")
    ends = datetime(2027, 1, 1, 20, tzinfo=UTC)
    for number in range(20_000):
        seat = Seat("1", SeatStatus.HELD, "alice", expires_at=ends + timedelta(seconds=number))
        view.put(seat)
        view.put(Seat("1"))
    view.put(seat)
    assert len(view._expiries) < 2_000
    view.let_holds_run_out(ends + timedelta(days=1))
    assert view.counts() == {None: {**dict.fromkeys(SeatStatus, 0), SeatStatus.FREE: 10}}


def test_the_next_expiry_is_that_of_a_live_hold() -> None:
    view = SeatsView(NumberedPlan(10), "1-0")
    ends = datetime(2027, 1, 1, 20, tzinfo=UTC)
    assert view.next_expiry() is None
    for number in (3, 1, 2):
        expires_at = ends + timedelta(seconds=number)
        view.put(Seat(str(number), SeatStatus.HELD, "alice", expires_at=expires_at))
    assert view.next_expiry() == ends + timedelta(seconds=1)
    view.put(Seat("1"))
    assert view.next_expiry() == ends + timedelta(seconds=2)
    view.put(Seat("2", SeatStatus.RESERVED, "alice", reservation_id="r"))
    view.let_holds_run_out(ends + timedelta(seconds=3))
    assert view.next_expiry() is None


def test_the_least_recently_used_views_go_when_all_take_too_much(
    service: ReservationService, event_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.hold_seats(event_id, ["1", "2", "3"], "alice")
    service.seats(event_id)
    known = service._store.views._views
    size = known.currsize
    assert size > 3 * BYTES_A_TAKEN_SEAT
    monkeypatch.setattr(known, "_Cache__maxsize", size + 20)
    another = service.create_event(NewEvent("Matinee", NumberedPlan(30))).event.id
    service.seats(another)
    assert list(known) == [another]
    assert taken(service.seats(event_id)).keys() == {"1", "2", "3"}

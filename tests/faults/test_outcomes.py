"""Whatever breaks, the answer says truly what happened: done, not done, or unknown."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import redis

from reservations.app import open_store
from reservations.config import Settings
from reservations.domain.errors import OutcomeUnknown, StoreUnavailable
from reservations.domain.plan import NumberedPlan
from reservations.domain.seat import SeatStatus
from reservations.embedded import EmbeddedStore
from reservations.service import NewEvent, ReservationService
from tests.faults.proxy import Delay, Passage, Proxy, lose_reply, lose_request, on_commit, swallow

NEW_HOLD_TIME = timedelta(seconds=60)
NEW_EVENT = NewEvent("Opening night", NumberedPlan(10))


def status_of(service: ReservationService, event_id: str, seat_id: str) -> SeatStatus:
    return service.seat(event_id, seat_id).seat.status


def hold_at_last(service: ReservationService, event_id: str) -> None:
    """See that the service goes on by itself, within moments."""
    deadline = time.monotonic() + 10
    while True:
        try:
            service.hold_seats(event_id, ["1"], "alice")
            return
        except StoreUnavailable:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_a_change_is_two_writes_whatever_the_number_of_seats(
    behind_proxy: ReservationService, proxy: Proxy, event_id: str
) -> None:
    behind_proxy.seat(event_id, "1")
    writes = []
    proxy.misbehave = lambda _passage, sent: not writes.append(sent)
    behind_proxy.hold_seats(event_id, ["1", "2", "3"], "alice")
    assert ["EXEC" in sent.decode() for sent in writes] == [False, True]


def test_a_commit_whose_reply_was_lost_is_found_to_have_happened(
    behind_proxy: ReservationService, service: ReservationService, proxy: Proxy, event_id: str
) -> None:
    proxy.misbehave = on_commit(lose_reply)
    (held,) = behind_proxy.hold_seats(event_id, ["1"], "alice").seats
    assert held.seat == service.seat(event_id, "1").seat
    proxy.misbehave = on_commit(lose_reply)
    (reserved,) = behind_proxy.reserve_seats(event_id, ["1"], "alice").seats
    assert reserved.seat == service.seat(event_id, "1").seat


def test_a_release_whose_reply_was_lost_is_found_to_have_happened(
    behind_proxy: ReservationService, proxy: Proxy, event_id: str
) -> None:
    behind_proxy.hold_seats(event_id, ["1"], "alice")
    proxy.misbehave = on_commit(lose_reply)
    (released,) = behind_proxy.release_seats(event_id, ["1"], "alice").seats
    assert released.seat.status is SeatStatus.FREE


def test_an_event_whose_creation_was_not_confirmed_is_found_to_exist(
    behind_proxy: ReservationService, service: ReservationService, proxy: Proxy
) -> None:
    proxy.misbehave = on_commit(lose_reply)
    created = behind_proxy.create_event(NEW_EVENT)
    assert service.event(created.event.id) == created
    assert [found.event.id for found in service.events(10).items] == [created.event.id]


@pytest.mark.parametrize("misbehave", [lose_request, swallow])
def test_a_commit_that_left_no_trace_has_an_unknown_outcome(
    behind_proxy: ReservationService,
    service: ReservationService,
    proxy: Proxy,
    event_id: str,
    misbehave: object,
) -> None:
    proxy.misbehave = on_commit(misbehave)  # type: ignore[arg-type]
    with pytest.raises(OutcomeUnknown):
        behind_proxy.hold_seats(event_id, ["1"], "alice")
    assert status_of(service, event_id, "1") is SeatStatus.FREE
    hold_at_last(behind_proxy, event_id)


def test_a_commit_that_lands_late_was_not_called_undone(
    behind_proxy: ReservationService, service: ReservationService, proxy: Proxy, event_id: str
) -> None:
    late = Delay()
    proxy.misbehave = on_commit(late)
    with pytest.raises(OutcomeUnknown):
        behind_proxy.hold_seats(event_id, ["1"], "alice")
    assert status_of(service, event_id, "1") is SeatStatus.FREE
    late.let_go()
    while status_of(service, event_id, "1") is SeatStatus.FREE:
        time.sleep(0.01)
    late.close()


def test_when_nobody_can_be_asked_what_happened_the_outcome_is_unknown(
    behind_proxy: ReservationService, service: ReservationService, proxy: Proxy, event_id: str
) -> None:
    def lose_reply_and_all_after_it(passage: Passage, sent: bytes) -> bool:
        proxy.misbehave = lambda later, _sent: later.cut() is not None
        return lose_reply(passage, sent)

    proxy.misbehave = on_commit(lose_reply_and_all_after_it)
    with pytest.raises(OutcomeUnknown):
        behind_proxy.hold_seats(event_id, ["1"], "alice")
    assert status_of(service, event_id, "1") is SeatStatus.HELD


def test_an_event_that_could_not_be_made_is_not_listed(
    behind_proxy: ReservationService, service: ReservationService, proxy: Proxy
) -> None:
    service.create_event(NEW_EVENT)
    for command in (b"INCR", b"ZADD", b"WATCH"):
        proxy.misbehave = lambda passage, sent, cut=command: cut not in sent or passage.cut()
        with pytest.raises(StoreUnavailable):
            behind_proxy.create_event(NEW_EVENT)
    page = service.events(1)
    assert (page.items, page.next) == ([], 3), "the entry of the last one, without its event"
    assert len(service.events(10).items) == 1


def test_a_revocation_whose_reply_was_lost_may_have_happened(
    behind_proxy: ReservationService, proxy: Proxy
) -> None:
    proxy.misbehave = lambda passage, sent: b"XADD" not in sent or lose_reply(passage, sent)
    with pytest.raises(OutcomeUnknown):
        behind_proxy.revoke_token("6c1f0a7e")


def test_a_store_that_is_cut_off_is_not_ready(
    behind_proxy: ReservationService, proxy: Proxy
) -> None:
    behind_proxy.check_ready()
    proxy.misbehave = lambda passage, sent: b"INFO" not in sent or passage.cut() is not None
    with pytest.raises(StoreUnavailable):
        behind_proxy.check_ready()


def test_when_the_first_write_fails_nothing_was_changed(
    behind_proxy: ReservationService, service: ReservationService, proxy: Proxy, event_id: str
) -> None:
    proxy.misbehave = lambda passage, sent: b"WATCH" not in sent and not passage.cut()
    with pytest.raises(StoreUnavailable):
        behind_proxy.hold_seats(event_id, ["1"], "alice")
    assert status_of(service, event_id, "1") is SeatStatus.FREE


def test_a_store_without_room_takes_no_change_and_says_so(
    service: ReservationService, raw: redis.Redis, event_id: str
) -> None:
    raw.config_set("maxmemory", 1)
    try:
        with pytest.raises(StoreUnavailable, match="Nothing was changed") as refusal:
            service.hold_seats(event_id, ["1"], "alice")
    finally:
        raw.config_set("maxmemory", 0)
    assert "maxmemory" in refusal.value.reason
    assert status_of(service, event_id, "1") is SeatStatus.FREE


def test_a_store_that_is_silent_is_given_up_after_a_second(
    settings: Settings, tmp_path: Path
) -> None:
    with EmbeddedStore(tmp_path / "own") as server:
        store = open_store(replace(settings, redis_url=server.url))
        service = ReservationService(store, hold_time=NEW_HOLD_TIME, seat_user_limit=4)
        event_id = service.create_event(NEW_EVENT).event.id
        process_id = redis.Redis.from_url(server.url).info("server")["process_id"]
        os.kill(process_id, signal.SIGSTOP)
        try:
            began = time.monotonic()
            with pytest.raises(StoreUnavailable):
                service.hold_seats(event_id, ["1"], "alice")
            for _ in range(50):
                with pytest.raises(StoreUnavailable):
                    service.hold_seats(event_id, ["1"], "alice")
            assert time.monotonic() - began < 5, "only one at a time waits for it"
        finally:
            os.kill(process_id, signal.SIGCONT)
        hold_at_last(service, event_id)
        store.close()


def test_reservations_survive_the_death_of_the_store(settings: Settings, tmp_path: Path) -> None:
    with EmbeddedStore(tmp_path / "own") as server:
        store = open_store(replace(settings, redis_url=server.url))
        service = ReservationService(store, hold_time=NEW_HOLD_TIME, seat_user_limit=10)
        event_id = service.create_event(NEW_EVENT).event.id
        for seat_id in ("1", "2", "3"):
            service.hold_seats(event_id, [seat_id], "alice")
            service.reserve_seats(event_id, [seat_id], "alice")
        os.kill(redis.Redis.from_url(server.url).info("server")["process_id"], signal.SIGKILL)
        deadline = time.monotonic() + 10
        while True:
            try:
                counts = service.event_with_counts(event_id).counts
                break
            except StoreUnavailable:
                assert time.monotonic() < deadline
                time.sleep(0.02)
        assert counts[SeatStatus.RESERVED] == 3
        store.close()

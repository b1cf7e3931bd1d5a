"""After a commit whose outcome is unknown, the same request with its key tells what happened."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import redis

from reservations import tokens
from reservations.app import create_app
from reservations.config import Settings
from reservations.domain.best_available import Wish
from reservations.domain.caller import Caller, Role
from reservations.domain.errors import OutcomeUnknown, StoreUnavailable
from reservations.domain.plan import NumberedPlan
from reservations.domain.seat import SeatStatus
from reservations.service import NewEvent, ReservationService
from reservations.store import AnsweredBefore, Once, Store, keys
from tests.actors import Actor
from tests.faults.proxy import (
    Delay,
    Misbehaviour,
    Passage,
    Proxy,
    lose_reply_and_go_silent,
    lose_request,
    on_commit,
)
from tests.live import wait_for

ALICE = Caller("alice", Role.PATRON)
REQUEST = Once("patron|alice|once-1", "fingerprint", lambda outcome: f"answer {outcome!r}")

Ask = Callable[[ReservationService, str, str], Any]
"""Sends a request for an event in which alice holds seat 1 and has reserved seat 2."""

REQUESTS: dict[str, Ask] = {
    "hold": lambda s, e, _: s.hold_seats(e, ["3", "4"], "alice", once=REQUEST),
    "best available": lambda s, e, _: s.hold_seats(e, Wish(2), "alice", once=REQUEST),
    "release": lambda s, e, _: s.release_seats(e, None, "alice", once=REQUEST),
    "reserve": lambda s, e, _: s.reserve_seats(e, None, "alice", once=REQUEST),
    "cancel": lambda s, e, r: s.cancel_reservation(e, r, ALICE, REQUEST),
    "move": lambda s, e, r: s.move_reservation(e, r, ALICE, "2", "5", REQUEST),
    "block": lambda s, e, _: s.block_seats(e, ["6"], None, REQUEST),
}

Prepared = tuple[str, str]


@pytest.fixture
def prepared(service: ReservationService, event_id: str) -> Prepared:
    """The event's id, and that of alice's reservation."""
    service.hold_seats(event_id, ["2"], "alice")
    made = service.reserve_seats(event_id, None, "alice").reservation
    service.hold_seats(event_id, ["1"], "alice")
    return event_id, made.id


def cut_off_after_the_commit(proxy: Proxy) -> Misbehaviour:
    return lose_reply_and_go_silent(proxy)


def cut_off_before_the_commit(_proxy: Proxy) -> Misbehaviour:
    return on_commit(lose_request)


@pytest.mark.parametrize("name", REQUESTS)
def test_the_repeat_of_what_was_done_gets_the_first_answer(
    behind_proxy: ReservationService,
    service: ReservationService,
    proxy: Proxy,
    prepared: Prepared,
    raw: redis.Redis,
    name: str,
) -> None:
    event_id, _ = prepared
    behind_proxy.seats(event_id)
    before = raw.xlen(keys.log(event_id))
    proxy.misbehave = cut_off_after_the_commit(proxy)
    with pytest.raises(OutcomeUnknown):
        REQUESTS[name](behind_proxy, *prepared)
    proxy.misbehave = None
    # The server commits what it was sent, though nobody waits for it any more.
    wait_for(lambda: raw.xlen(keys.log(event_id)) > before)
    done = raw.xlen(keys.log(event_id))
    record = raw.get(keys.once(event_id, REQUEST.key))
    for _ in range(2):
        with pytest.raises(AnsweredBefore) as repeat:
            REQUESTS[name](service, *prepared)
        assert f"fingerprint {repeat.value.answer}" == record.decode()
    assert raw.xlen(keys.log(event_id)) == done, "it was done once"
    assert service.verify_event(event_id) == []


@pytest.mark.parametrize("name", REQUESTS)
def test_the_repeat_of_what_was_not_done_does_it(
    behind_proxy: ReservationService,
    service: ReservationService,
    proxy: Proxy,
    prepared: Prepared,
    raw: redis.Redis,
    name: str,
) -> None:
    event_id, _ = prepared
    behind_proxy.seats(event_id)
    before = raw.xlen(keys.log(event_id))
    proxy.misbehave = cut_off_before_the_commit(proxy)
    with pytest.raises(OutcomeUnknown):
        REQUESTS[name](behind_proxy, *prepared)
    assert raw.xlen(keys.log(event_id)) == before
    REQUESTS[name](service, *prepared)
    done = raw.xlen(keys.log(event_id))
    assert done > before
    with pytest.raises(AnsweredBefore):
        REQUESTS[name](service, *prepared)
    assert raw.xlen(keys.log(event_id)) == done, "it was done once"
    assert service.verify_event(event_id) == []


def test_a_refusal_that_may_not_be_remembered_is_not_told(
    behind_proxy: ReservationService, service: ReservationService, proxy: Proxy, event_id: str
) -> None:
    service.hold_seats(event_id, ["3"], "bob")
    proxy.misbehave = on_commit(lose_request)
    with pytest.raises(OutcomeUnknown):
        REQUESTS["hold"](behind_proxy, event_id, "")
    service.release_seats(event_id, ["3"], "bob")
    assert REQUESTS["hold"](service, event_id, ""), "nobody was told that it cannot be had"


def test_that_there_was_nothing_to_do_is_not_told_before_it_is_remembered(
    behind_proxy: ReservationService, service: ReservationService, proxy: Proxy, event_id: str
) -> None:
    service.block_seats(event_id, ["6"], None)
    proxy.misbehave = on_commit(lose_request)
    with pytest.raises(OutcomeUnknown):
        REQUESTS["block"](behind_proxy, event_id, "")
    REQUESTS["block"](service, event_id, "")
    service.unblock_seats(event_id, ["6"])
    with pytest.raises(AnsweredBefore):
        REQUESTS["block"](service, event_id, "")
    assert service.seat(event_id, "6").seat.status is SeatStatus.FREE


@pytest.mark.parametrize("name", REQUESTS)
def test_a_commit_that_lands_after_its_repeat_changes_nothing(
    behind_proxy: ReservationService,
    service: ReservationService,
    proxy: Proxy,
    prepared: Prepared,
    raw: redis.Redis,
    name: str,
) -> None:
    event_id, _ = prepared
    behind_proxy.seats(event_id)
    late = Delay()
    proxy.misbehave = on_commit(late)
    with pytest.raises(OutcomeUnknown):
        REQUESTS[name](behind_proxy, *prepared)
    REQUESTS[name](service, *prepared)
    done, answered = raw.xlen(keys.log(event_id)), raw.get(keys.once(event_id, REQUEST.key))
    raw.config_resetstat()
    late.let_go()
    while "cmdstat_exec" not in raw.info("commandstats"):
        time.sleep(0.01)
    late.close()
    assert raw.xlen(keys.log(event_id)) == done
    assert raw.get(keys.once(event_id, REQUEST.key)) == answered
    assert service.verify_event(event_id) == []


@pytest.mark.parametrize("name", REQUESTS)
def test_what_never_reached_the_store_is_not_remembered_and_the_repeat_does_it(
    behind_proxy: ReservationService,
    proxy: Proxy,
    prepared: Prepared,
    raw: redis.Redis,
    name: str,
) -> None:
    event_id, _ = prepared
    behind_proxy.seats(event_id)
    before = raw.xlen(keys.log(event_id))
    proxy.misbehave = lambda passage, sent: b"WATCH" not in sent or passage.cut() is not None
    with pytest.raises(StoreUnavailable):
        REQUESTS[name](behind_proxy, *prepared)
    assert not raw.exists(keys.once(event_id, REQUEST.key))
    assert raw.xlen(keys.log(event_id)) == before
    proxy.misbehave = None
    REQUESTS[name](behind_proxy, *prepared)
    assert raw.xlen(keys.log(event_id)) > before
    with pytest.raises(AnsweredBefore):
        REQUESTS[name](behind_proxy, *prepared)


@pytest.mark.parametrize("cut", [b"once:", b"INCR", b"ZADD", b"WATCH"])
def test_an_event_whose_creation_failed_half_way_is_made_by_the_repeat(
    behind_proxy: ReservationService, service: ReservationService, proxy: Proxy, cut: bytes
) -> None:
    new = NewEvent("Opening night", NumberedPlan(10))
    proxy.misbehave = lambda passage, sent: cut not in sent or passage.cut() is not None
    with pytest.raises(StoreUnavailable):
        behind_proxy.create_event(new, REQUEST)
    assert service.events(10).items == []
    proxy.misbehave = None
    made = behind_proxy.create_event(new, REQUEST)
    with pytest.raises(AnsweredBefore) as repeat:
        behind_proxy.create_event(new, REQUEST)
    assert repeat.value.answer == REQUEST.answer(made)
    assert [each.event.id for each in service.events(10).items] == [made.event.id]


@pytest.mark.parametrize("cut_off", [cut_off_after_the_commit, cut_off_before_the_commit])
def test_an_event_whose_creation_is_repeated_is_made_once(
    behind_proxy: ReservationService,
    service: ReservationService,
    proxy: Proxy,
    cut_off: Callable[[Proxy], Misbehaviour],
) -> None:
    new = NewEvent("Opening night", NumberedPlan(10))
    proxy.misbehave = cut_off(proxy)
    with pytest.raises(OutcomeUnknown):
        behind_proxy.create_event(new, REQUEST)
    if cut_off is cut_off_before_the_commit:
        service.create_event(new, REQUEST)
    (listed,) = service.events(10).items
    with pytest.raises(AnsweredBefore) as repeat:
        service.create_event(new, REQUEST)
    assert listed.event.id in repeat.value.answer
    assert len(service.events(10).items) == 1


def test_a_creation_that_another_overtook_is_not_answered_otherwise(
    behind_proxy: ReservationService, service: ReservationService, proxy: Proxy
) -> None:
    new = NewEvent("Opening night", NumberedPlan(10))
    made = []

    def overtake(passage: Passage, sent: bytes) -> bool:
        time.sleep(0.01)  # The event would be some milliseconds younger.
        made.append(service.create_event(new, REQUEST))
        return lose_request(passage, sent)

    proxy.misbehave = on_commit(overtake)
    with pytest.raises(OutcomeUnknown):
        behind_proxy.create_event(new, REQUEST)
    with pytest.raises(AnsweredBefore) as repeat:
        behind_proxy.create_event(new, REQUEST)
    assert repeat.value.answer == REQUEST.answer(made[0])


def test_an_event_keeps_the_place_in_lists_that_its_first_creation_took(
    behind_proxy: ReservationService, service: ReservationService, proxy: Proxy
) -> None:
    new = NewEvent("Opening night", NumberedPlan(10))
    proxy.misbehave = on_commit(lose_request)
    with pytest.raises(OutcomeUnknown):
        behind_proxy.create_event(new, REQUEST)
    later = service.create_event(new).event.id
    made = service.create_event(new, REQUEST).event.id
    assert [each.event.id for each in service.events(10).items] == [later, made]


@pytest.fixture
def actor_behind_proxy(settings: Settings, store_behind_proxy: Store) -> Callable[..., Actor]:
    """Make somebody whose application's store is behind the proxy."""
    app = create_app(settings, store_behind_proxy)

    def make(subject: str, role: Role = Role.PATRON) -> Actor:
        with app.app_context():
            token = tokens.issue(subject, role, None, timedelta(hours=1))
        return Actor(app.test_client(), token)

    return make


def test_over_http_the_repeat_has_the_first_answer_byte_for_byte(
    actor_behind_proxy: Callable[..., Actor], proxy: Proxy, event_id: str, alice: Actor
) -> None:
    alice_behind_proxy = actor_behind_proxy("alice")
    path, key = f"/v1/events/{event_id}/holds", {"Idempotency-Key": "order-1"}
    body = {"best_available": {"count": 2}}
    alice_behind_proxy.get(f"/v1/events/{event_id}/seats")
    proxy.misbehave = cut_off_after_the_commit(proxy)
    unknown = alice_behind_proxy.request("POST", path, json=body, headers=key)
    assert (unknown.status_code, unknown.json["code"]) == (503, "outcome_unknown")
    proxy.misbehave = None
    first, second = (alice.request("POST", path, json=body, headers=key) for _ in range(2))
    assert first.status_code == 200
    assert first.headers["Idempotency-Replayed"] == "true"
    assert first.data == second.data
    held = json.loads(alice.get(path).data)["seats"]
    assert held == first.json["seats"], "what was held is what the repeat tells"


def test_over_http_an_event_that_was_made_unseen_is_told_by_the_repeat(
    actor_behind_proxy: Callable[..., Actor], proxy: Proxy, admin: Actor
) -> None:
    body, key = {"name": "Opening night", "seats": 10}, {"Idempotency-Key": "event-1"}
    admin_behind_proxy = actor_behind_proxy("box-office", Role.ADMIN)
    proxy.misbehave = cut_off_after_the_commit(proxy)
    unknown = admin_behind_proxy.request("POST", "/v1/events", json=body, headers=key)
    assert (unknown.status_code, unknown.json["code"]) == (503, "outcome_unknown")
    proxy.misbehave = None
    repeat = admin.request("POST", "/v1/events", json=body, headers=key)
    assert (repeat.status_code, repeat.headers["Idempotency-Replayed"]) == (201, "true")
    (listed,) = admin.get("/v1/events").json["items"]
    assert listed["id"] == repeat.json["id"]
    assert repeat.headers["Location"] == f"/v1/events/{listed['id']}"

"""A request that has a name is done once, and answered the same however often it is sent."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
import redis

from reservations.domain.errors import (
    Busy,
    EventNotFound,
    IdempotencyKeyReused,
    SeatHeld,
    SeatNotFound,
)
from reservations.domain.plan import NumberedPlan
from reservations.service import NewEvent, ReservationService
from reservations.store import AnsweredBefore, Once, keys, transaction
from reservations.store.idempotency import Claims
from reservations.store.transaction import Transactions

DAY_SECONDS = 24 * 3600
NEW_EVENT = NewEvent("Opening night", NumberedPlan(10))


def named(name: str = "order-1", fingerprint: str = "asked", who: str = "patron|alice") -> Once:
    """Name a request; what it is answered is the representation of its outcome."""
    return Once(f"{who}|{name}", fingerprint, repr)


@pytest.fixture
def event_id(service: ReservationService) -> str:
    return service.create_event(NEW_EVENT).event.id


def answer_of(service: ReservationService, event_id: str, once: Once, *seats: str) -> str:
    """Hold seats for alice, and return the answer, the first or that of before."""
    try:
        return once.answer(service.hold_seats(event_id, seats, "alice", once=once))
    except AnsweredBefore as before:
        return before.answer
    except SeatHeld as refusal:
        return once.answer(refusal)


def test_a_repeat_gets_the_first_answer_and_changes_nothing(
    service: ReservationService, raw: redis.Redis, event_id: str
) -> None:
    first = service.hold_seats(event_id, ["1"], "alice", once=named())
    entries = raw.xlen(keys.log(event_id))
    with pytest.raises(AnsweredBefore) as repeat:
        service.hold_seats(event_id, ["1"], "alice", once=named())
    assert repeat.value.answer == repr(first)
    assert raw.xlen(keys.log(event_id)) == entries


def test_the_answer_is_written_in_the_transaction_of_the_change_and_for_a_day(
    service: ReservationService, raw: redis.Redis, event_id: str
) -> None:
    service.seat(event_id, "1")
    record = keys.once(event_id, named().key)
    with raw.monitor() as monitor:
        service.hold_seats(event_id, ["1"], "alice", once=named())
        seen = []
        while not seen or seen[-1] != "EXEC":
            seen.append(monitor.next_command()["command"])
    watched = next(command for command in seen if command.startswith("WATCH"))
    assert f"{keys.event(event_id)} {record}" in watched
    commit = seen[seen.index("MULTI") :]
    assert sum(command.startswith(f"SET {record} ") for command in commit) == 1
    assert seen.count("MULTI") == 1
    assert DAY_SECONDS <= raw.ttl(record) <= DAY_SECONDS + 60


def test_another_request_of_the_same_name_is_refused_and_changes_nothing(
    service: ReservationService, raw: redis.Redis, event_id: str
) -> None:
    service.hold_seats(event_id, ["1"], "alice", once=named())
    entries = raw.xlen(keys.log(event_id))
    with pytest.raises(IdempotencyKeyReused):
        service.hold_seats(event_id, ["2"], "alice", once=named(fingerprint="asked-otherwise"))
    assert raw.xlen(keys.log(event_id)) == entries


def test_a_refusal_is_remembered_even_when_its_reason_is_gone(
    service: ReservationService, event_id: str
) -> None:
    service.hold_seats(event_id, ["1"], "bob")
    with pytest.raises(SeatHeld) as refusal:
        service.hold_seats(event_id, ["1"], "alice", once=named())
    service.release_seats(event_id, ["1"], "bob")
    with pytest.raises(AnsweredBefore) as repeat:
        service.hold_seats(event_id, ["1"], "alice", once=named())
    assert repeat.value.answer == repr(refusal.value)


def test_what_fails_before_a_rule_is_asked_is_not_remembered(
    service: ReservationService, raw: redis.Redis, event_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transaction, "FIRST_PAUSE_SECONDS", 0)
    with pytest.raises(SeatNotFound):
        service.hold_seats(event_id, ["11"], "alice", once=named())
    with monkeypatch.context() as patch, pytest.raises(Busy):
        patch.setattr(Transactions, "_commit", lambda *_: False)
        service.hold_seats(event_id, ["1"], "alice", once=named())
    assert not raw.keys(keys.once(event_id, "*"))
    assert service.hold_seats(event_id, ["1"], "alice", once=named())


def test_a_name_is_its_caller_s_own(service: ReservationService, event_id: str) -> None:
    service.hold_seats(event_id, ["1"], "alice", once=named())
    for number, who in enumerate(("patron|bob", "admin|alice", "patron|alice|order"), start=2):
        assert service.hold_seats(event_id, [str(number)], who[7:], once=named(who=who))


class TestOtherEvents:
    @pytest.fixture
    def other_id(self, service: ReservationService) -> str:
        return service.create_event(NEW_EVENT).event.id

    def test_a_name_stands_for_one_event_only(
        self, service: ReservationService, event_id: str, other_id: str
    ) -> None:
        service.hold_seats(event_id, ["1"], "alice", once=named())
        with pytest.raises(IdempotencyKeyReused):
            service.hold_seats(other_id, ["1"], "alice", once=named(fingerprint="other"))
        with pytest.raises(IdempotencyKeyReused):
            service.create_event(NEW_EVENT, named(fingerprint="new"))
        with pytest.raises(AnsweredBefore):
            service.hold_seats(event_id, ["1"], "alice", once=named())

    def test_a_request_that_failed_lets_another_have_its_name(
        self, service: ReservationService, event_id: str, other_id: str
    ) -> None:
        with pytest.raises(EventNotFound):
            service._store.seats._claims.claim(named(), "0123456789abcdef")
            service.hold_seats("0123456789abcdef", ["1"], "alice", once=named())
        service.hold_seats(other_id, ["1"], "alice", once=named())
        with pytest.raises(IdempotencyKeyReused):
            service.hold_seats(event_id, ["1"], "alice", once=named(fingerprint="other"))

    def test_of_two_creations_that_take_the_name_of_a_failed_request_one_is_done(
        self, service: ReservationService, event_id: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        claims = service._store.events._claims
        claims.claim(named(), event_id)
        both_have_looked = Barrier(2, timeout=1)
        answer = Claims._answer

        def slowly(self: Claims, once: Once, where: str) -> bytes | None:
            found = answer(self, once, where)
            with suppress(BrokenBarrierError):
                both_have_looked.wait()
            return found

        monkeypatch.setattr(Claims, "_answer", slowly)

        def ask(_: int) -> str:
            try:
                return repr(service.create_event(NEW_EVENT, named()))
            except AnsweredBefore as before:
                return before.answer

        with ThreadPoolExecutor(2) as pair:
            answers = set(pair.map(ask, range(2)))
        assert len(answers) == 1
        assert len(service.events(10).items) == 2, "that of before, and one more"

    def test_a_name_is_kept_as_long_as_the_answer_of_a_late_repeat(
        self, service: ReservationService, raw: redis.Redis, event_id: str
    ) -> None:
        claim = keys.claim(named().key)
        raw.set(claim, event_id, ex=5)
        service.hold_seats(event_id, ["1"], "alice", once=named())
        assert raw.ttl(claim) > DAY_SECONDS - 60

    def test_where_both_were_done_in_a_race_each_is_known(
        self, service: ReservationService, raw: redis.Redis, event_id: str, other_id: str
    ) -> None:
        for where in (event_id, other_id):
            raw.delete(keys.claim(named().key))
            service.hold_seats(where, ["1"], "alice", once=named(fingerprint=where))
        for where in (event_id, other_id):
            with pytest.raises(AnsweredBefore):
                service.hold_seats(where, ["1"], "alice", once=named(fingerprint=where))

    def test_the_name_of_a_creation_is_known_in_the_event_that_it_made(
        self, service: ReservationService, event_id: str
    ) -> None:
        made = service.create_event(NEW_EVENT, named(fingerprint="new")).event.id
        for where in (made, event_id):
            with pytest.raises(IdempotencyKeyReused):
                service.hold_seats(where, ["1"], "alice", once=named())

    def test_a_creation_does_not_write_over_the_event_of_a_failed_request(
        self, service: ReservationService, event_id: str
    ) -> None:
        service._store.seats._claims.claim(named(), event_id)
        service.hold_seats(event_id, ["1"], "bob")
        made = service.create_event(NewEvent("Another", NumberedPlan(12)), named()).event.id
        assert made != event_id
        assert service.event(event_id).event.name == "Opening night"

    def test_of_many_that_come_at_once_for_two_events_each_keeps_its_own_answer(
        self, service: ReservationService, raw: redis.Redis, event_id: str, other_id: str
    ) -> None:
        def ask(where: str) -> str | None:
            try:
                return answer_of(service, where, named(), "1")
            except IdempotencyKeyReused:
                return None

        with ThreadPoolExecutor(8) as crowd:
            answers = list(crowd.map(ask, [event_id, other_id] * 4))
        assert any(answers)
        for where, answered in ((event_id, answers[::2]), (other_id, answers[1::2])):
            known = set(answered) - {None}
            assert raw.xlen(keys.log(where)) == 1 + len(known), "it was done once, or not at all"
            assert not known or known == {answer_of(service, where, named(), "1")}


@pytest.mark.parametrize("taken_by", [None, "bob"])
def test_of_many_that_come_at_once_one_is_done_and_all_get_its_answer(
    service: ReservationService, raw: redis.Redis, event_id: str, taken_by: str | None
) -> None:
    if taken_by is not None:
        service.hold_seats(event_id, ["1"], taken_by)
    entries = raw.xlen(keys.log(event_id))

    def ask(_: int) -> str:
        return answer_of(service, event_id, named(), "1")

    with ThreadPoolExecutor(8) as crowd:
        answers = set(crowd.map(ask, range(8)))
    assert len(answers) == 1
    assert raw.xlen(keys.log(event_id)) == entries + (taken_by is None)


class TestCreation:
    def test_the_same_again_is_the_same_event(self, service: ReservationService) -> None:
        made = service.create_event(NEW_EVENT, named())
        with pytest.raises(AnsweredBefore) as repeat:
            service.create_event(NEW_EVENT, named())
        assert repeat.value.answer == repr(made)
        assert [each.event.id for each in service.events(10).items] == [made.event.id]

    def test_a_repeat_does_not_change_the_order_of_events(
        self, service: ReservationService
    ) -> None:
        first = service.create_event(NEW_EVENT, named()).event.id
        second = service.create_event(NEW_EVENT).event.id
        with pytest.raises(AnsweredBefore):
            service.create_event(NEW_EVENT, named())
        assert [each.event.id for each in service.events(10).items] == [second, first]

    def test_another_event_of_the_same_name_is_refused(self, service: ReservationService) -> None:
        service.create_event(NEW_EVENT, named())
        with pytest.raises(IdempotencyKeyReused):
            service.create_event(NEW_EVENT, named(fingerprint="asked-otherwise"))
        assert len(service.events(10).items) == 1

    def test_many_at_once_make_one(self, service: ReservationService) -> None:
        def ask(_: int) -> str:
            try:
                return repr(service.create_event(NEW_EVENT, named()))
            except AnsweredBefore as before:
                return before.answer

        with ThreadPoolExecutor(8) as crowd:
            answers = set(crowd.map(ask, range(8)))
        assert len(answers) == 1
        assert len(service.events(10).items) == 1

    def test_a_deleted_event_does_not_come_back(self, service: ReservationService) -> None:
        event_id = service.create_event(NEW_EVENT, named()).event.id
        service.delete_event(event_id)
        with pytest.raises(AnsweredBefore):
            service.create_event(NEW_EVENT, named())
        with pytest.raises(EventNotFound):
            service.event(event_id)

    def test_what_is_forgotten_is_another_event(
        self, service: ReservationService, raw: redis.Redis
    ) -> None:
        first = service.create_event(NEW_EVENT, named()).event.id
        claim, record = keys.claim(named().key), keys.once(first, named().key)
        assert 0 < raw.ttl(claim) < raw.ttl(record), "the claim is forgotten first"
        raw.delete(claim)
        second: Any = service.create_event(NEW_EVENT, named())
        assert second.event.id != first

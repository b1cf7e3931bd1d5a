"""Refusals say in one sentence what stands in the way, and carry the facts."""

from __future__ import annotations

import inspect

import pytest

from reservations.domain import errors
from reservations.domain.caller import Caller, Role
from reservations.domain.errors import ReservationError

REFUSALS = [
    errors.EventNotFound("e"),
    errors.SeatNotFound("1"),
    errors.NotOnSale("The event is closed."),
    errors.HoldLimitReached(limit=4, held=4),
    errors.SeatHeld("1", retry_at=None),
    errors.SeatReserved("1", reserved_by_me=True),
    errors.SeatBlocked("1"),
    errors.SeatNotHeld("1"),
    errors.Busy(attempts=6),
    errors.StoreUnavailable("connection refused"),
    errors.OutcomeUnknown(),
    errors.StoreNotReady(["it takes no writes", "its append-only file is off"]),
]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.code)
def test_a_refusal_is_a_sentence_for_a_person(refusal: ReservationError) -> None:
    assert str(refusal)[0].isupper()
    assert str(refusal).endswith(".")


def test_every_refusal_has_a_code_of_its_own() -> None:
    kinds = {
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, ReservationError) and kind is not ReservationError
    }
    assert {type(refusal) for refusal in REFUSALS} == kinds
    assert len({kind.code for kind in kinds}) == len(kinds)


def test_what_the_network_said_is_not_told_to_clients() -> None:
    refusal = errors.StoreUnavailable("connection to 10.0.0.7 refused")
    assert refusal.reason == "connection to 10.0.0.7 refused"
    assert "10.0.0.7" not in str(refusal)


def test_only_admins_are_admins() -> None:
    assert Caller("a", Role.ADMIN).is_admin
    assert not Caller("b", Role.PATRON).is_admin

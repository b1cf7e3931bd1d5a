"""Refusals say in one sentence what stands in the way, and carry the facts."""

from __future__ import annotations

import inspect
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from reservations.domain import errors
from reservations.domain.errors import Conflict, ReservationError, SeatConflict, refuse

NOW = datetime(2027, 1, 1, 20, tzinfo=UTC)

IN_THE_WAY = [
    errors.SeatHeld("1", retry_at=NOW),
    errors.SeatReserved("1", reserved_by_me=True),
    errors.SeatReserved("1", reserved_by_me=False),
    errors.SeatBlocked("1"),
    errors.SeatNotHeld("1"),
    errors.SeatNotHeld("1", by_anybody=True),
    errors.SeatNotReserved("1"),
]
REFUSALS = [
    *IN_THE_WAY,
    errors.EventNotFound("e"),
    errors.SeatNotFound("1"),
    errors.ReservationNotFound("r"),
    errors.NotOnSale("The event is closed."),
    errors.HoldLimitReached(limit=4, held=4),
    errors.TooManyRequests("You have asked too often.", timedelta(seconds=30)),
    errors.HeldTooLong(timedelta(seconds=30)),
    errors.NothingHeld(),
    errors.NotEnoughSeats(free=1),
    errors.NotEnoughTogether(free=120),
    errors.EventHasReservations(reservations=2),
    errors.InvalidTerms("hold_max", "Must not be shorter than hold_time."),
    errors.IdempotencyKeyReused(),
    errors.CursorExpired(),
    errors.Busy(attempts=6),
    errors.StoreUnavailable("connection refused"),
    errors.OutcomeUnknown(),
    errors.StoreNotReady(["it takes no writes", "its append-only file is off"]),
]
KINDS = {type(refusal) for refusal in REFUSALS}


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.code)
def test_a_refusal_is_a_sentence_for_a_person(refusal: ReservationError) -> None:
    # What is said of one member begins with its name, as in all validation.
    sentence = str(refusal).removeprefix("hold_max: ")
    assert sentence[0].isupper()
    assert sentence.endswith(".")


def test_every_refusal_is_in_these_tables() -> None:
    found = {kind for _, kind in inspect.getmembers(errors, inspect.isclass)}
    assert KINDS == {
        kind for kind in found if issubclass(kind, ReservationError) and hasattr(kind, "code")
    }


def test_every_refusal_has_a_code_of_its_own_but_two() -> None:
    shared = Counter(kind.code for kind in KINDS) - Counter({kind.code for kind in KINDS})
    # To hold none of the seats named, and none at all, is the same to a client; and so is
    # whatever it has had too much of.
    assert shared == {"seat_not_held": 1, "too_many_requests": 1}
    assert errors.NothingHeld.code == errors.SeatNotHeld.code
    assert errors.HeldTooLong.code == errors.TooManyRequests.code


@pytest.mark.parametrize("refusal", IN_THE_WAY, ids=str)
def test_a_seat_in_the_way_is_named_with_the_code_of_its_refusal(refusal: SeatConflict) -> None:
    retry_at = NOW if isinstance(refusal, errors.SeatHeld) else None
    assert refusal.conflicts == [Conflict("1", refusal.code, retry_at)]
    assert "seat 1" in str(refusal).lower()


@pytest.mark.parametrize("mine", [True, False])
def test_whose_a_reserved_seat_is_is_said_as_far_as_it_is_mine(mine: bool) -> None:
    refusal = errors.SeatReserved("1", reserved_by_me=mine)
    assert refusal.reserved_by_me is mine
    assert ("by you" in str(refusal)) is mine


def test_the_facts_are_attributes() -> None:
    assert vars(errors.HoldLimitReached(limit=4, held=3)) == {"limit": 4, "held": 3}
    assert vars(errors.NotEnoughSeats(free=1)) == {"free": 1}
    assert vars(errors.NotEnoughTogether(free=120)) == {"free": 120}
    assert vars(errors.EventHasReservations(reservations=2)) == {"reservations": 2}
    assert vars(errors.InvalidTerms("hold_max", "No.")) == {"errors": {"hold_max": ["No."]}}
    assert vars(errors.NothingHeld()) == {"conflicts": []}
    assert vars(errors.StoreNotReady(["a", "b"])) == {"reasons": ["a", "b"]}


class TestRefusing:
    def test_several_is_done_by_the_first_which_names_them_all(self) -> None:
        first, second = errors.SeatBlocked("2"), errors.SeatHeld("3", retry_at=NOW)
        with pytest.raises(errors.SeatBlocked) as refusal:
            refuse([None, first, None, second])
        assert refusal.value is first
        assert first.conflicts == [
            Conflict("2", "seat_blocked"),
            Conflict("3", "seat_held", retry_at=NOW),
        ]

    @pytest.mark.parametrize("found", [[], [None], [None, None]])
    def test_nothing_refuses_nothing(self, found: list[None]) -> None:
        refuse(found)


def test_what_the_network_said_is_not_told_to_clients() -> None:
    refusal = errors.StoreUnavailable("connection to 10.0.0.7 refused")
    assert refusal.reason == "connection to 10.0.0.7 refused"
    assert "10.0.0.7" not in str(refusal)
    assert [name for name in vars(refusal) if not name.startswith("_")] == []

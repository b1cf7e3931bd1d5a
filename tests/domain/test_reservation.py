"""Reservations: made of drafts, and the seats that belong to them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from reservations.domain.reservation import ID_PATTERN, Draft, Reservation
from reservations.domain.seat import Seat, SeatStatus

NOW = datetime(2027, 1, 1, 20, tzinfo=UTC)
DRAFT = Draft("0123456789", "order 7", {"name": "Alice"})

salts = st.text("0123456789abcdef", min_size=10, max_size=10)
instants = st.datetimes(datetime(1970, 1, 1), datetime(9900, 1, 1), timezones=st.just(UTC))


def made(salt: str, now: datetime) -> Reservation:
    return Reservation.make(Draft(salt), "alice", ("1",), now)


def test_a_reservation_says_what_its_draft_says_and_whose_it_is() -> None:
    assert Reservation.make(DRAFT, "alice", ("2", "1"), NOW) == Reservation(
        id="01a2d2d676000123456789",
        patron="alice",
        seats=("2", "1"),
        reserved_at=NOW,
        reference="order 7",
        data={"name": "Alice"},
    )


def test_its_seats_are_reserved_without_end_in_the_order_asked_for() -> None:
    reservation = Reservation.make(DRAFT, "alice", ("2", "1"), NOW)
    assert reservation.reserved_seats == tuple(
        Seat(seat_id, SeatStatus.RESERVED, "alice", reservation_id=reservation.id)
        for seat_id in ("2", "1")
    )


@settings(deadline=None)
@given(salts, instants)
def test_ids_look_like_ids(salt: str, now: datetime) -> None:
    assert ID_PATTERN.fullmatch(made(salt, now).id)


@settings(deadline=None)
@given(salts, salts, instants, st.integers(1, 10**12))
def test_ids_sort_in_the_order_of_their_instants(
    salt: str, other_salt: str, now: datetime, milliseconds: int
) -> None:
    later = now + timedelta(milliseconds=milliseconds)
    assert made(salt, now).id < made(other_salt, later).id

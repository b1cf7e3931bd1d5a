"""Whatever two patrons do in whatever order, the rules keep what they promise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st

from reservations.domain.changes import Change, Look, Situation, hold, release, reserve
from reservations.domain.errors import ReservationError
from reservations.domain.event import Event, Terms
from reservations.domain.seat import Holdings, Seat, SeatStatus

BEGIN = datetime(2027, 1, 1, 20, tzinfo=UTC)
LIMIT, TOTAL_LIMIT = 2, 3
TERMS = Terms(timedelta(seconds=10), timedelta(seconds=25), LIMIT, TOTAL_LIMIT)
EVENT = Event("e", "Opening night", TERMS, BEGIN)

RULES = {"hold": hold, "reserve": partial(reserve, reservation_id="r"), "release": release}
PATRONS = ("alice", "bob")
SEAT_IDS = ("1", "2", "3", "4", "5")

step = st.tuples(
    st.sampled_from(sorted(RULES)),
    st.sampled_from(PATRONS),
    st.lists(st.sampled_from(SEAT_IDS), min_size=1, max_size=3, unique=True),
    st.integers(min_value=0, max_value=7),
)


@settings(deadline=None)
@given(st.lists(step, max_size=40))
def test_no_seat_changes_hands_and_no_limit_is_exceeded(
    steps: list[tuple[str, str, list[str], int]],
) -> None:
    now = BEGIN
    seats = {seat_id: Seat(seat_id) for seat_id in SEAT_IDS}
    holdings = dict.fromkeys(PATRONS, Holdings())
    for name, patron, wanted, seconds in steps:
        now += timedelta(seconds=seconds)
        before = {seat_id: _as_of(now, seat) for seat_id, seat in seats.items()}
        asked = tuple(before[seat_id] for seat_id in wanted)
        situation = Situation(EVENT, now, patron, asked, holdings[patron])
        try:
            answer: Change | Look = RULES[name](situation)
            if isinstance(answer, Look):
                others = tuple(before[seat_id] for seat_id in answer.seat_ids)
                answer = RULES[name](situation.having_seen(others))
        except ReservationError:
            continue
        assert isinstance(answer, Change)
        assert all(before[seat.id].patron in (None, patron) for seat in answer.seats)
        assert all(before[seat.id].status is not SeatStatus.RESERVED for seat in answer.seats)
        seats = before | {seat.id: seat for seat in answer.seats}
        holdings[patron] = answer.holdings
        mine = [seat for seat in seats.values() if seat.patron == patron]
        held = [seat for seat in mine if seat.status is SeatStatus.HELD]
        assert len(held) <= LIMIT
        assert len(mine) <= TOTAL_LIMIT
        assert {seat.id for seat in held} <= set(answer.holdings.held)
        assert answer.holdings.reserved == len(mine) - len(held)
        assert all(seat.expires_at - seat.first_held_at <= TERMS.hold_max for seat in held)


def _as_of(now: datetime, seat: Seat) -> Seat:
    """Return the seat as the store has it: without a hold that has run out."""
    ran_out = seat.expires_at is not None and seat.expires_at <= now
    return Seat(seat.id) if ran_out else seat

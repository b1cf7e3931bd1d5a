"""The copy of an event on which a rehearsal is played."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reservations.domain.errors import EventNotFound, StoreUnavailable
from reservations.domain.event import EventStatus
from reservations.domain.plan import Section, SectionedPlan
from reservations.domain.seat import SeatStatus
from reservations.rehearsal.stage import CopyLeft, books, copied
from reservations.service import NewEvent, ReservationService

HALL = SectionedPlan((Section("Stalls", 2, 5, "A"), Section("Balcony", 1, 4)))
NIGHT = datetime(2027, 1, 1, 20, tzinfo=UTC)


@pytest.fixture
def event_id(service: ReservationService) -> str:
    """An event that is not on sale yet, and closed; alice has been sold a seat by phone."""
    new = NewEvent(
        "Opening night",
        HALL,
        date=NIGHT,
        hold_time=timedelta(seconds=30),
        seat_user_limit=3,
        seat_total_limit=5,
        on_sale_from=NIGHT - timedelta(days=1),
        on_sale_until=NIGHT,
    )
    found = service.create_event(new).event.id
    service.hold_seats(found, ["stalls-A-1"], "alice", bound=False)
    service.reserve_seats(found, None, "alice", bound=False)
    service.change_event(found, {"status": EventStatus.CLOSED})
    return found


def test_it_has_the_plan_and_terms_of_the_original_and_is_on_sale_at_once(
    service: ReservationService, event_id: str
) -> None:
    original = service.event(event_id)
    with copied(service, event_id, keep=False) as copy:
        event = copy.event
        assert event.id != event_id
        assert (event.name, event.status) == ("Rehearsal of Opening night", EventStatus.ON_SALE)
        assert copy.plan == original.plan
        no_window = replace(original.event.terms, on_sale_from=None, on_sale_until=None)
        assert event.terms == no_window
        service.hold_seats(event.id, ["stalls-A-1"], "bob")
    assert service.event(event_id) == original


def test_a_long_name_is_cut(service: ReservationService) -> None:
    long = service.create_event(NewEvent("x" * 200, HALL)).event.id
    with copied(service, long, keep=False) as copy:
        assert copy.event.name == "Rehearsal of " + "x" * 187


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_it_is_deleted_whatever_happens(
    service: ReservationService, event_id: str, error: type[BaseException]
) -> None:
    with pytest.raises(error), copied(service, event_id, keep=False) as copy:
        service.hold_seats(copy.event.id, ["stalls-A-1"], "bob")
        service.reserve_seats(copy.event.id, None, "bob")
        raise error
    assert [item.event.id for item in service.events(10).items] == [event_id]


def test_it_is_kept_on_demand(service: ReservationService, event_id: str) -> None:
    with copied(service, event_id, keep=True) as copy:
        pass
    assert service.event(copy.event.id) == copy


def test_that_somebody_else_deletes_it_does_no_harm(
    service: ReservationService, event_id: str
) -> None:
    with copied(service, event_id, keep=False) as copy:
        service.delete_event(copy.event.id)


def test_one_that_is_left_is_named(
    service: ReservationService, event_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object, **_options: object) -> None:
        raise StoreUnavailable("gone")

    with pytest.raises(CopyLeft) as left, copied(service, event_id, keep=False) as copy:
        monkeypatch.setattr(ReservationService, "delete_event", fail)
    assert f"DELETE /v1/events/{copy.event.id}?force=true" in str(left.value)


def test_of_an_event_that_is_not_there_no_copy_is_made(service: ReservationService) -> None:
    with pytest.raises(EventNotFound), copied(service, "0000000000000000", keep=False):
        pass
    assert service.events(10).items == []


def test_its_books_are_all_that_the_service_knows(
    service: ReservationService, event_id: str
) -> None:
    found = books(service, event_id)
    (reservation,) = found.reservations
    assert (reservation.patron, reservation.seats) == ("alice", ("stalls-A-1",))
    assert (found.seats, found.terms) == (14, service.event(event_id).event.terms)
    assert (found.counts[SeatStatus.RESERVED], found.counts[SeatStatus.FREE]) == (1, 13)
    assert found.disagreements == []

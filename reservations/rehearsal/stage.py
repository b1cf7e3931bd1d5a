"""The copy of an event on which a rehearsal is played: made, read, and deleted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from reservations.domain.errors import Busy, EventNotFound, OutcomeUnknown, StoreUnavailable
from reservations.rehearsal.proof import Books
from reservations.service import EventWithSeats, NewEvent, ReservationService

PREFIX = "Rehearsal of "
NAME_LENGTH = 200


class CopyLeft(Exception):
    """The copy could not be deleted."""

    def __init__(self, event_id: str) -> None:
        super().__init__(
            f"The copy {event_id} could not be deleted, as the store does not answer; "
            f"DELETE /v1/events/{event_id}?force=true deletes it."
        )


@contextmanager
def copied(service: ReservationService, event_id: str, keep: bool) -> Iterator[EventWithSeats]:
    """Make a copy of an event, with all its seats free and on sale at once.

    Args:
        service: has the event.
        event_id: the event.
        keep: whether to leave the copy when it is done with.

    Raises:
        EventNotFound, StoreUnavailable, OutcomeUnknown
        CopyLeft: the copy should have been deleted, but is left.
    """
    original = service.event(event_id)
    event, terms = original.event, original.event.terms
    copy = service.create_event(
        NewEvent(
            name=(PREFIX + event.name)[:NAME_LENGTH],
            plan=original.plan,
            description="Patrons of flask rehearse buy its seats.",
            date=event.date,
            location=event.location,
            hold_time=terms.hold_time,
            hold_max=terms.hold_max,
            seat_user_limit=terms.seat_user_limit,
            seat_total_limit=terms.seat_total_limit,
        )
    )
    try:
        yield copy
    finally:
        if not keep:
            _delete(service, copy.event.id)


def books(service: ReservationService, event_id: str) -> Books:
    """Read all that the service knows of an event whose sale is over.

    Raises:
        EventNotFound, Busy, StoreUnavailable
    """
    found = service.event_with_counts(event_id)
    return Books(
        seats=len(found.plan),
        terms=found.event.terms,
        reservations=list(service.every_reservation(event_id)),
        counts=found.counts,
        disagreements=service.verify_event(event_id),
    )


def _delete(service: ReservationService, event_id: str) -> None:
    try:
        service.delete_event(event_id, force=True)
    except EventNotFound:
        # Somebody else was faster.
        return
    except (Busy, StoreUnavailable, OutcomeUnknown) as error:
        raise CopyLeft(event_id) from error

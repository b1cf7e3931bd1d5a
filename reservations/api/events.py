"""Events: made, changed and deleted by admins, seen by all."""

from __future__ import annotations

from typing import Any

from flask import url_for

from reservations.api.auth import requires
from reservations.api.examples import COUNTED_EVENT, EVENT, EVENT_PAGE, NEW_EVENTS
from reservations.api.idempotency import idempotent, once
from reservations.api.openapi.decorators import Blueprint, takes_long_bodies
from reservations.api.pages import LINK, encode_cursor, link_to_next
from reservations.api.schemas.events import (
    CountedEventSchema,
    DeletionQuery,
    EventChangesSchema,
    EventPageSchema,
    EventSchema,
    NewEventSchema,
)
from reservations.api.schemas.pages import PageQuery
from reservations.api.wiring import service
from reservations.domain.caller import Role
from reservations.domain.errors import Busy, EventHasReservations, EventNotFound, OutcomeUnknown
from reservations.service import CountedEvent, EventPage, EventWithSeats, NewEvent

events = Blueprint("events", __name__, description="What is sold.")

LOCATION = {"Location": {"description": "Path of the event.", "schema": {"type": "string"}}}


def _located(created: EventWithSeats) -> tuple[EventWithSeats, dict[str, str]]:
    return created, {"Location": url_for("events.get_event", event_id=created.event.id)}


@events.route("", methods=["POST", "PUT"])
@takes_long_bodies
@requires(Role.ADMIN)
@events.arguments(NewEventSchema, examples=NEW_EVENTS)
@events.response(
    201, EventSchema, shows=_located, description="The event.", example=EVENT, headers=LOCATION
)
@events.refuses(OutcomeUnknown)
@idempotent(events)
def create_event(new: NewEvent) -> EventWithSeats:
    """Create an event

    All its seats are free. Say which they are by `seats`, or by `sections`.
    """
    return service().create_event(new, once())


@events.route("")
@requires()
@events.arguments(PageQuery, location="query")
@events.response(200, EventPageSchema, description="A page.", example=EVENT_PAGE, headers=LINK)
def list_events(page: dict[str, Any]) -> tuple[EventPage, dict[str, str]]:
    """List the events, newest first"""
    found = service().events(page["limit"], page["after"])
    return found, link_to_next(encode_cursor(found.next), limit=page["limit"])


@events.route("/<event_id>")
@requires()
@events.response(200, CountedEventSchema, description="The event.", example=COUNTED_EVENT)
@events.refuses(EventNotFound, Busy)
def get_event(event_id: str) -> CountedEvent:
    """Get an event, with the numbers of its seats"""
    return service().event_with_counts(event_id)


@events.route("/<event_id>", methods=["PATCH"])
@requires(Role.ADMIN)
@events.arguments(EventChangesSchema, example={"status": "closed"})
@events.response(200, EventSchema, description="The event.", example=EVENT | {"status": "closed"})
@events.refuses(EventNotFound, Busy, OutcomeUnknown)
def change_event(members: dict[str, Any], event_id: str) -> EventWithSeats:
    """Change, close or cancel an event, or put it on sale again

    What is not given stays as it is. The terms hold from now on: holds that there are
    keep their ends until they are refreshed, reservations stay in any case.
    """
    return service().change_event(event_id, members)


@events.route("/<event_id>", methods=["DELETE"])
@requires(Role.ADMIN)
@events.arguments(DeletionQuery, location="query")
@events.response(204, description="There is no such event any more.")
@events.refuses(EventNotFound, EventHasReservations, Busy, OutcomeUnknown)
def delete_event(query: dict[str, Any], event_id: str) -> None:
    """Delete an event for good, with all its holds, and by force its reservations"""
    service().delete_event(event_id, force=query["force"])

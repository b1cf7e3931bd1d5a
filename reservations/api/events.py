"""Events: made by admins, seen by all."""

from __future__ import annotations

from typing import Any

from flask import url_for

from reservations.api.auth import requires
from reservations.api.examples import EVENT, EVENT_PAGE, NEW_EVENTS
from reservations.api.openapi.decorators import Blueprint
from reservations.api.pages import link_to_next
from reservations.api.schemas.events import (
    CountedEventSchema,
    EventPageSchema,
    EventSchema,
    NewEventSchema,
)
from reservations.api.schemas.pages import PageQuery
from reservations.api.wiring import service
from reservations.domain.caller import Role
from reservations.domain.errors import Busy, EventNotFound, OutcomeUnknown
from reservations.service import CountedEvent, EventPage, EventWithSeats, NewEvent

events = Blueprint("events", __name__, description="What is sold.")

LOCATION = {"Location": {"description": "Path of the event.", "schema": {"type": "string"}}}
LINK = {
    "Link": {"description": 'The next page: `<path>; rel="next"`.', "schema": {"type": "string"}}
}


@events.route("", methods=["POST", "PUT"])
@requires(Role.ADMIN)
@events.arguments(NewEventSchema, examples=NEW_EVENTS)
@events.response(201, EventSchema, description="The event.", example=EVENT, headers=LOCATION)
@events.refuses(OutcomeUnknown)
def create_event(new: NewEvent) -> tuple[EventWithSeats, dict[str, str]]:
    """Create an event

    All its seats are free. Say which they are by `seats`, or by `sections`.
    """
    created = service().create_event(new)
    return created, {"Location": url_for("events.get_event", event_id=created.event.id)}


@events.route("")
@requires()
@events.arguments(PageQuery, location="query")
@events.response(200, EventPageSchema, description="A page.", example=EVENT_PAGE, headers=LINK)
def list_events(page: dict[str, Any]) -> tuple[EventPage, dict[str, str]]:
    """List the events, newest first"""
    found = service().events(page["limit"], page["after"])
    return found, link_to_next(page["limit"], found.next)


@events.route("/<event_id>")
@requires()
@events.response(
    200,
    CountedEventSchema,
    description="The event.",
    example=EVENT | {"counts": {"free": 248, "held": 2, "reserved": 0, "blocked": 0, "total": 250}},
)
@events.refuses(EventNotFound, Busy)
def get_event(event_id: str) -> CountedEvent:
    """Get an event, with the numbers of its seats"""
    return service().event_with_counts(event_id)

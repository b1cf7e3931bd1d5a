"""Seats: listed, held, refreshed, reserved and released."""

from __future__ import annotations

from typing import Any

from flask import Response

from reservations.api.auth import caller, requires
from reservations.api.conditional import conditional
from reservations.api.examples import FREE_SEAT, HELD_SEAT, SEATS
from reservations.api.openapi.decorators import Blueprint
from reservations.api.schemas.seats import ACTIONS, SeatActionSchema, SeatSchema, SeatsQuery
from reservations.api.seat_json import Selection, entity_tag, seat_members
from reservations.api.wiring import seat_lists, service
from reservations.domain.errors import (
    Busy,
    EventNotFound,
    HoldLimitReached,
    NotOnSale,
    OutcomeUnknown,
    SeatBlocked,
    SeatHeld,
    SeatNotFound,
    SeatNotHeld,
    SeatReserved,
)

seats = Blueprint("seats", __name__, description="What patrons hold and reserve.")

IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": "`ETag` of the list that the client has.",
    "schema": {"type": "string"},
}
ETAG = {"ETag": {"description": "Changes whenever the list does.", "schema": {"type": "string"}}}


@seats.route("/<event_id>/seats")
@requires()
@seats.arguments(SeatsQuery, location="query")
@seats.response(
    200, SeatSchema(many=True), description="The seats.", example=[FREE_SEAT], headers=ETAG
)
@seats.alt_response(304, description="The client's list is current.", success=True, headers=ETAG)
@seats.doc(parameters=[IF_NONE_MATCH])
@seats.refuses(EventNotFound, Busy)
def list_seats(query: dict[str, Any], event_id: str) -> Response:
    """List the free seats, or those of other status, in reading order"""
    selection = Selection.of_query(**query)
    found = service().seats(event_id)
    return conditional(
        entity_tag(found, selection, caller()),
        lambda: seat_lists().render(event_id, found, selection, caller()),
    )


@seats.route("/<event_id>/seats/<seat_id>")
@requires()
@seats.response(200, SeatSchema, description="The seat.", example=HELD_SEAT)
@seats.refuses(EventNotFound, SeatNotFound)
def get_seat(event_id: str, seat_id: str) -> dict[str, Any]:
    """Get a seat"""
    found = service().seat(event_id, seat_id)
    return seat_members(found.place, found.seat, caller())


@seats.route("/<event_id>/seats/<seat_id>", methods=["PATCH"])
@requires()
@seats.arguments(SeatActionSchema, example={"action": "hold"})
@seats.response(200, SeatSchema, description="The seat as it is now.", examples=SEATS)
@seats.refuses(EventNotFound, SeatNotFound, NotOnSale, HoldLimitReached)
@seats.refuses(SeatHeld, SeatReserved, SeatBlocked, SeatNotHeld, Busy, OutcomeUnknown)
def change_seat(body: dict[str, str], event_id: str, seat_id: str) -> dict[str, Any]:
    """Hold, refresh, reserve or release a seat

    - `hold` holds a free seat, or refreshes the caller's own hold. A hold ends by itself
      at `expires_at`: from that instant the seat is free for everybody.
    - `reserve` makes the caller's hold a reservation, which does not end.
    - `release` ends the caller's hold.
    """
    change = ACTIONS[body["action"]]
    (changed,) = change(service(), event_id, [seat_id], caller().id)
    return seat_members(changed.place, changed.seat, caller())

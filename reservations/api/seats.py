"""Seats: listed, held, refreshed, reserved and released one by one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Response, request

from reservations.api.auth import acting_for, caller, is_anybodys, is_bound, requires
from reservations.api.conditional import conditional, takes_gzip
from reservations.api.examples import FREE_SEAT, HELD_SEAT, SEATS
from reservations.api.idempotency import idempotent, once
from reservations.api.openapi.decorators import Blueprint
from reservations.api.schemas.seats import Action, SeatActionSchema, SeatSchema, SeatsQuery
from reservations.api.seat_json import Selection, dump_seat, entity_tag
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
from reservations.service import ChangedSeats, PlacedReservation, PlacedSeat
from reservations.store import SeatList

seats = Blueprint("seats", __name__, description="What patrons hold and reserve.")

IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": "`ETag` of the list that the client has.",
    "schema": {"type": "string"},
}
JSON = "application/json"
ETAG = {"ETag": {"description": "Changes whenever the list does.", "schema": {"type": "string"}}}


def _hold(event_id: str, seat_id: str, patron: str | None) -> ChangedSeats:
    who, bound = acting_for(patron), is_bound(patron)
    return service().hold_seats(event_id, [seat_id], who, bound=bound, once=once())


def _reserve(event_id: str, seat_id: str, patron: str | None) -> PlacedReservation:
    who, bound = acting_for(patron), is_bound(patron)
    return service().reserve_seats(event_id, [seat_id], who, bound=bound, once=once())


def _release(event_id: str, seat_id: str, patron: str | None) -> ChangedSeats:
    who, anybodys = acting_for(patron), is_anybodys(patron)
    return service().release_seats(event_id, [seat_id], who, anybodys=anybodys, once=once())


ACTIONS: dict[Action, Callable[..., ChangedSeats | PlacedReservation]] = {
    Action.HOLD: _hold,
    Action.RESERVE: _reserve,
    Action.RELEASE: _release,
}


def _seat(found: PlacedSeat) -> Response:
    return Response(dump_seat(found.place, found.seat, caller()) + b"\n", mimetype=JSON)


def _only_seat(changed: ChangedSeats | PlacedReservation) -> Response:
    return _seat(changed.seats[0])


def _listed(event_id: str, found: SeatList, selection: Selection) -> Response:
    if selection.is_all_that_is_free and takes_gzip(request.headers.get("Accept-Encoding")):
        # A proxy would compress it anew for each who asks.
        listed = seat_lists().render_gzipped(event_id, found)
        return Response(listed, mimetype=JSON, headers={"Content-Encoding": "gzip"})
    return Response(seat_lists().render(event_id, found, selection, caller()), mimetype=JSON)


@seats.route("/<event_id>/seats")
@requires()
@seats.arguments(SeatsQuery, location="query", alike=True)
@seats.response(
    200, SeatSchema(many=True), description="The seats.", example=[FREE_SEAT], headers=ETAG
)
@seats.alt_response(304, description="The client's list is current.", success=True, headers=ETAG)
@seats.doc(parameters=[IF_NONE_MATCH])
@seats.refuses(EventNotFound, Busy)
def list_seats(selection: Selection, event_id: str) -> Response:
    """List the free seats, or those of other status, in reading order

    All that are free come compressed to who accepts gzip.
    """
    found = service().seats(event_id)
    return conditional(
        entity_tag(found, selection, caller()), partial(_listed, event_id, found, selection)
    )


@seats.route("/<event_id>/seats/<seat_id>")
@requires()
@seats.response(200, SeatSchema, shows=_seat, description="The seat.", example=HELD_SEAT)
@seats.refuses(EventNotFound, SeatNotFound)
def get_seat(event_id: str, seat_id: str) -> PlacedSeat:
    """Get a seat"""
    return service().seat(event_id, seat_id)


@seats.route("/<event_id>/seats/<seat_id>", methods=["PATCH"])
@requires()
@seats.arguments(SeatActionSchema, alike=True, example={"action": "hold"})
@seats.response(
    200, SeatSchema, shows=_only_seat, description="The seat as it is now.", examples=SEATS
)
@seats.refuses(EventNotFound, SeatNotFound, NotOnSale, HoldLimitReached)
@seats.refuses(SeatHeld, SeatReserved, SeatBlocked, SeatNotHeld, Busy, OutcomeUnknown)
@seats.problems("forbidden")
@idempotent(seats)
def change_seat(
    body: dict[str, Any], event_id: str, seat_id: str
) -> ChangedSeats | PlacedReservation:
    """Hold, refresh, reserve or release a seat

    - `hold` holds a free seat, or refreshes the caller's own hold. A hold ends by itself
      at `expires_at`: from that instant the seat is free for everybody.
    - `reserve` makes the caller's hold a reservation, which does not end.
    - `release` ends the caller's hold; an admin's ends anybody's.

    With `patron`, an admin does so for that patron.
    """
    return ACTIONS[body["action"]](event_id, seat_id, body["patron"])

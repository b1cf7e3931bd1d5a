"""Reservations: made of holds, listed, read, moved and cancelled."""

from __future__ import annotations

from typing import Any

from flask import Response, request, url_for

from reservations.api.auth import acting_for, caller, is_bound, requires, visible_patron
from reservations.api.examples import (
    MOVE,
    NEW_RESERVATION,
    RESERVATION,
    RESERVATION_PAGE,
    RESERVATIONS_AS_CSV,
)
from reservations.api.idempotency import idempotent, once
from reservations.api.openapi.decorators import Blueprint
from reservations.api.pages import LINK
from reservations.api.reservation_lists import CSV, listed
from reservations.api.schemas.reservations import (
    MoveSchema,
    NewReservationSchema,
    ReservationPageSchema,
    ReservationSchema,
    ReservationsQuery,
)
from reservations.api.wiring import service
from reservations.domain.errors import (
    Busy,
    EventNotFound,
    NotOnSale,
    OutcomeUnknown,
    ReservationNotFound,
    SeatBlocked,
    SeatHeld,
    SeatNotFound,
    SeatNotHeld,
    SeatNotReserved,
    SeatReserved,
)
from reservations.service import PlacedReservation, ReservationPage

reservations = Blueprint("reservations", __name__, description="Seats that are sold.")

LOCATION = {"Location": {"description": "Path of the reservation.", "schema": {"type": "string"}}}


def _located(made: PlacedReservation) -> tuple[PlacedReservation, dict[str, str]]:
    path = {**(request.view_args or {}), "reservation_id": made.reservation.id}
    return made, {"Location": url_for("reservations.get_reservation", **path)}


@reservations.route("/<event_id>/reservations", methods=["POST"])
@requires()
@reservations.arguments(NewReservationSchema, example=NEW_RESERVATION)
@reservations.response(
    201,
    ReservationSchema,
    shows=_located,
    description="The reservation.",
    example=RESERVATION,
    headers=LOCATION,
)
@reservations.refuses(EventNotFound, SeatNotFound, NotOnSale)
@reservations.refuses(SeatNotHeld, SeatReserved, SeatBlocked, Busy, OutcomeUnknown)
@reservations.problems("forbidden")
@idempotent(reservations)
def reserve_seats(body: dict[str, Any], event_id: str) -> PlacedReservation:
    """Reserve the seats that the caller holds, all or those that are named

    All of them or none.
    """
    return service().reserve_seats(
        event_id,
        body.get("seats"),
        acting_for(body["patron"]),
        reference=body["reference"],
        data=body["data"],
        bound=is_bound(body["patron"]),
        once=once(),
    )


@reservations.route("/<event_id>/reservations")
@requires()
@reservations.arguments(ReservationsQuery, location="query")
@reservations.response(
    200, ReservationPageSchema, description="A page.", example=RESERVATION_PAGE, headers=LINK
)
@reservations.alt_response(
    200,
    schema={"type": "string"},
    description="A page, or as CSV all of them.",
    content_type=CSV,
    example=RESERVATIONS_AS_CSV,
    success=True,
)
@reservations.refuses(EventNotFound)
@reservations.problems("forbidden")
def list_reservations(
    query: dict[str, Any], event_id: str
) -> Response | tuple[ReservationPage, dict[str, str]]:
    """List the caller's reservations, or for an admin all, those made last first

    With `Accept: text/csv` all that match are sent at once, without pages.
    """
    patron = visible_patron(query["patron"])
    return listed(event_id, patron, query["reference"], query["limit"], query["after"])


@reservations.route("/<event_id>/reservations/<reservation_id>")
@requires()
@reservations.response(200, ReservationSchema, description="The reservation.", example=RESERVATION)
@reservations.refuses(EventNotFound, ReservationNotFound)
def get_reservation(event_id: str, reservation_id: str) -> PlacedReservation:
    """Get a reservation"""
    return service().reservation(event_id, reservation_id, caller())


@reservations.route("/<event_id>/reservations/<reservation_id>", methods=["DELETE"])
@requires()
@reservations.response(204, description="There is no such reservation any more.")
@reservations.refuses(EventNotFound, ReservationNotFound, Busy, OutcomeUnknown)
@idempotent(reservations)
def cancel_reservation(event_id: str, reservation_id: str) -> None:
    """Cancel a reservation, which frees its seats at once"""
    service().cancel_reservation(event_id, reservation_id, caller(), once())


@reservations.route("/<event_id>/reservations/<reservation_id>/move", methods=["POST"])
@requires()
@reservations.arguments(MoveSchema, example=MOVE)
@reservations.response(
    200, ReservationSchema, description="The reservation as it is now.", example=RESERVATION
)
@reservations.refuses(EventNotFound, ReservationNotFound, SeatNotFound, NotOnSale)
@reservations.refuses(SeatNotReserved, SeatHeld, SeatReserved, SeatBlocked, Busy, OutcomeUnknown)
@idempotent(reservations)
def move_reservation(body: dict[str, str], event_id: str, reservation_id: str) -> PlacedReservation:
    """Change one seat of a reservation for another that is free or held by its patron

    There is no moment in which the patron has neither or both.
    """
    return service().move_reservation(
        event_id, reservation_id, caller(), body["from_id"], body["to_id"], once()
    )

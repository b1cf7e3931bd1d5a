"""Holds: of several seats at once, chosen by the caller or by us."""

from __future__ import annotations

from typing import Any

from reservations.api.auth import acting_for, is_anybodys, is_bound, requires
from reservations.api.examples import HELD, HOLDS, NEW_HOLDS
from reservations.api.idempotency import idempotent, once
from reservations.api.openapi.decorators import Blueprint
from reservations.api.schemas.holds import (
    HeldSchema,
    HoldsSchema,
    NewHoldsSchema,
    ReleaseQuery,
)
from reservations.api.schemas.identity import PatronQuery
from reservations.api.wiring import service
from reservations.domain.errors import (
    Busy,
    EventNotFound,
    HoldLimitReached,
    NotEnoughSeats,
    NotEnoughTogether,
    NotOnSale,
    OutcomeUnknown,
    SeatBlocked,
    SeatHeld,
    SeatNotFound,
    SeatNotHeld,
    SeatReserved,
)
from reservations.service import ChangedSeats, Holds

holds = Blueprint("holds", __name__, description="Several seats at once, held for a short time.")


@holds.route("/<event_id>/holds", methods=["POST"])
@requires()
@holds.arguments(NewHoldsSchema, alike=True, examples=NEW_HOLDS)
@holds.response(200, HeldSchema, description="The seats, held.", examples=HELD)
@holds.refuses(EventNotFound, SeatNotFound, NotOnSale, HoldLimitReached)
@holds.refuses(SeatHeld, SeatReserved, SeatBlocked, NotEnoughSeats, NotEnoughTogether)
@holds.refuses(Busy, OutcomeUnknown)
@holds.problems("forbidden")
@idempotent(holds)
def hold_seats(body: dict[str, Any], event_id: str) -> ChangedSeats:
    """Hold seats, or the best that are available

    All of them or none. Those that the caller holds already are refreshed. All holds get
    one end: the hold time from now, but for none of them more than `hold_max` after it
    was first held; so together with a seat that was first held long ago, the end of
    another can come nearer.

    The best available seats are, in this order: side by side in one row, so that no
    single seat is left empty beside them; side by side; in one section; nearest to the
    front and the centre of the row. `together` tells whether they are side by side. When
    many ask at once, each is given one of several good places.
    """
    wanted = body.get("seats") or body["best_available"]
    who, bound = acting_for(body["patron"]), is_bound(body["patron"])
    return service().hold_seats(event_id, wanted, who, bound=bound, once=once())


@holds.route("/<event_id>/holds")
@requires()
@holds.arguments(PatronQuery, location="query")
@holds.response(200, HoldsSchema, description="What is held.", example=HOLDS)
@holds.refuses(EventNotFound)
@holds.problems("forbidden")
def list_holds(query: dict[str, Any], event_id: str) -> Holds:
    """List the caller's live holds, and how many more it may have"""
    return service().holds(event_id, acting_for(query["patron"]))


@holds.route("/<event_id>/holds", methods=["DELETE"])
@requires()
@holds.arguments(ReleaseQuery, location="query")
@holds.response(204, description="None of these seats is held any more.")
@holds.refuses(EventNotFound, SeatNotFound, SeatReserved, SeatBlocked, SeatNotHeld)
@holds.refuses(Busy, OutcomeUnknown)
@holds.problems("forbidden")
@idempotent(holds)
def release_seats(query: dict[str, Any], event_id: str) -> None:
    """Release the caller's holds, all or those that are named

    An admin who names seats releases anybody's holds on them.
    """
    who, anybodys = acting_for(query["patron"]), is_anybodys(query["patron"])
    service().release_seats(event_id, query.get("seats"), who, anybodys=anybodys, once=once())

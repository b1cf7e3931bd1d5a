"""Blocks: seats taken off sale by admins, and put back."""

from __future__ import annotations

from typing import Any

from reservations.api.auth import requires
from reservations.api.examples import BLOCKED, UNBLOCKED
from reservations.api.idempotency import idempotent, once
from reservations.api.openapi.decorators import Blueprint
from reservations.api.schemas.blocks import BlockedSchema, BlockSchema, UnblockSchema
from reservations.api.wiring import service
from reservations.domain.caller import Role
from reservations.domain.errors import (
    Busy,
    EventNotFound,
    OutcomeUnknown,
    SeatHeld,
    SeatNotFound,
    SeatReserved,
)
from reservations.service import ChangedSeats

blocks = Blueprint("blocks", __name__, description="Seats that are off sale.")


@blocks.route("/<event_id>/blocks", methods=["PUT"])
@requires(Role.ADMIN)
@blocks.arguments(BlockSchema, example={"seats": ["stalls-C-12"], "reason": "Camera"})
@blocks.response(200, BlockedSchema, description="The seats, blocked.", example=BLOCKED)
@blocks.refuses(EventNotFound, SeatNotFound, SeatHeld, SeatReserved, Busy, OutcomeUnknown)
@idempotent(blocks)
def block_seats(body: dict[str, Any], event_id: str) -> ChangedSeats:
    """Take free seats off sale, all of them or none

    Those that are blocked already stay so, for the reason that is given now.
    """
    return service().block_seats(event_id, body["seats"], body["reason"], once())


@blocks.route("/<event_id>/blocks", methods=["DELETE"])
@requires(Role.ADMIN)
@blocks.arguments(UnblockSchema, example={"seats": ["stalls-C-12"]})
@blocks.response(200, BlockedSchema, description="The seats as they are.", example=UNBLOCKED)
@blocks.refuses(EventNotFound, SeatNotFound, Busy, OutcomeUnknown)
@idempotent(blocks)
def unblock_seats(body: dict[str, Any], event_id: str) -> ChangedSeats:
    """Put blocked seats back on sale

    Those that are not blocked are left as they are.
    """
    return service().unblock_seats(event_id, body["seats"], once())

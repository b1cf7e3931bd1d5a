"""Seats that are taken off sale."""

from __future__ import annotations

from marshmallow import fields
from marshmallow.validate import And, Length

from reservations.api.schemas.base import ONE_LINE, Answer, Body, about
from reservations.api.schemas.seats import SeatSchema, seat_ids


class BlockSchema(Body):
    """Seats to be taken off sale."""

    seats = seat_ids("The seats.", required=True)
    reason = fields.String(
        load_default=None,
        allow_none=True,
        validate=And(Length(1, 200), ONE_LINE),
        metadata=about("Why; only admins see it, while the seats are blocked.", "Camera"),
    )


class UnblockSchema(BlockSchema):
    """Seats to be put back on sale; a `reason` is taken, but not kept."""


class BlockedSchema(Answer):
    """The seats as they are now."""

    seats = fields.List(
        fields.Nested(SeatSchema), required=True, metadata=about("The seats, in the order asked.")
    )

"""Holds of several seats at once."""

from __future__ import annotations

from typing import Any

from marshmallow import RAISE, ValidationError, fields, post_load, pre_dump, validates_schema
from marshmallow.validate import Length, Range

from reservations.api.schemas.base import Answer, Body, about
from reservations.api.schemas.fields import IdWords
from reservations.api.schemas.identity import PatronQuery
from reservations.api.schemas.seats import (
    MAX_SEATS_A_REQUEST,
    SeatSchema,
    patron_field,
    seat_ids,
)
from reservations.api.timestamps import Timestamp
from reservations.domain.best_available import Together, Wish
from reservations.service import ChangedSeats


class WishSchema(Body):
    """What the best available seats are to be like."""

    count = fields.Integer(
        required=True,
        strict=True,
        validate=Range(1, MAX_SEATS_A_REQUEST),
        metadata=about("How many seats.", 2),
    )
    category = fields.String(load_default=None, metadata=about("Only of this category.", "A"))
    section = fields.String(load_default=None, metadata=about("Only of this section.", "Stalls"))
    together = fields.Enum(
        Together,
        by_value=True,
        load_default=Together.PREFERRED,
        metadata=about("Whether they have to be side by side in one row.", "required")
        | {"default": Together.PREFERRED},
    )

    @post_load
    def _make(self, given: dict[str, Any], **_: Any) -> Wish:
        return Wish(**given)


class NewHoldsSchema(Body):
    """Seats to be held, given by `seats` or chosen by `best_available`."""

    seats = seat_ids("The seats; those that the caller holds already are refreshed.")
    best_available = fields.Nested(WishSchema)
    patron = patron_field()

    @validates_schema
    def _check(self, given: dict[str, Any], **_: Any) -> None:
        if ("seats" in given) == ("best_available" in given):
            raise ValidationError("Give either seats or best_available.", "seats")


class HeldSchema(Answer):
    """Seats that are held now, all until the same instant."""

    seats = fields.List(
        fields.Nested(SeatSchema), required=True, metadata=about("The seats, in the order asked.")
    )
    expires_at = Timestamp(
        required=True, metadata=about("When the holds end.", "2027-01-01T20:01:00.000Z")
    )
    together = fields.Boolean(
        metadata=about("With `best_available`: whether they are side by side in one row.", True)
    )

    @pre_dump
    def _as_held(self, changed: ChangedSeats, **_: Any) -> dict[str, Any]:
        members = {"seats": changed.seats, "expires_at": changed.seats[0].seat.expires_at}
        return members if changed.together is None else members | {"together": changed.together}


class HoldsSchema(Answer):
    """What a patron holds of an event."""

    seats = fields.List(
        fields.Nested(SeatSchema), required=True, metadata=about("The seats, in reading order.")
    )
    limit = fields.Integer(required=True, metadata=about("Seats that the patron may hold.", 4))
    remaining = fields.Integer(required=True, metadata=about("How many more it may hold.", 2))


class ReleaseQuery(PatronQuery):
    """Which holds to let go of. A parameter that is misspelt must not mean all of them."""

    class Meta:
        """Marshmallow's options."""

        unknown = RAISE

    seats = IdWords(
        fields.String(validate=Length(1, 64)),
        validate=Length(1, MAX_SEATS_A_REQUEST),
        metadata=about("Ids of seats, by commas; by default all.", ["stalls-C-12", "stalls-C-13"]),
    )

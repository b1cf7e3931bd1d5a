"""Reservations: made, listed and moved."""

from __future__ import annotations

import json
from typing import Any

from marshmallow import ValidationError, fields, post_dump
from marshmallow.validate import And, Length

from reservations.api.auth import caller
from reservations.api.pages import IdCursor
from reservations.api.schemas.base import ONE_LINE, Answer, Body, about
from reservations.api.schemas.identity import PatronQuery
from reservations.api.schemas.pages import LimitQuery
from reservations.api.schemas.seats import SeatSchema, patron_field, seat_ids
from reservations.api.timestamps import Timestamp

MAX_DATA_BYTES = 4096
REFERENCE = And(Length(1, 200), ONE_LINE)


def _is_small(data: dict[str, Any]) -> None:
    if len(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()) > MAX_DATA_BYTES:
        raise ValidationError(f"Longer than {MAX_DATA_BYTES} bytes of JSON.")


class NewReservationSchema(Body):
    """What to make of the patron's holds."""

    seats = seat_ids("The seats; by default all that the patron holds.")
    reference = fields.String(
        load_default=None,
        allow_none=True,
        validate=REFERENCE,
        metadata=about("Your own name for it, such as an order's number.", "A-1042"),
    )
    data = fields.Dict(
        keys=fields.String(),
        load_default=None,
        allow_none=True,
        validate=_is_small,
        metadata=about("Whatever you want to keep with it; 4 KiB at most.", {"name": "Alice"}),
    )
    patron = patron_field()


class ReservationSchema(Answer):
    """A reservation. Only an admin sees `patron`."""

    id = fields.String(
        required=True,
        attribute="reservation.id",
        metadata=about("Its id; ids sort by time.", "019a7c3e5b009d2e6b1f40"),
    )
    seats = fields.List(
        fields.Nested(SeatSchema), required=True, metadata=about("The seats, in the order asked.")
    )
    reserved_at = Timestamp(
        required=True,
        attribute="reservation.reserved_at",
        metadata=about("When it was made.", "2026-12-01T09:00:01.250Z"),
    )
    reference = fields.String(
        required=True,
        allow_none=True,
        attribute="reservation.reference",
        metadata=about("As given.", "A-1042"),
    )
    data = fields.Dict(
        required=True,
        allow_none=True,
        attribute="reservation.data",
        metadata=about("As given.", {"name": "Alice"}),
    )
    patron = fields.String(
        attribute="reservation.patron", metadata=about("Whose it is: for admins only.", "alice")
    )

    @post_dump
    def _as_seen(self, members: dict[str, Any], **_: Any) -> dict[str, Any]:
        if not caller().is_admin:
            del members["patron"]
        return members


class ReservationPageSchema(Answer):
    """A page of reservations, those made last first."""

    items = fields.List(
        fields.Nested(ReservationSchema),
        required=True,
        metadata=about("The reservations of this page."),
    )
    next = IdCursor(
        required=True,
        allow_none=True,
        metadata=about("`after` of the next page; null at the end.", "r019a7c3e5b009d2e6b1f40"),
    )


class ReservationsQuery(PatronQuery, LimitQuery):
    """Which reservations."""

    after = IdCursor(
        load_default=None,
        metadata=about("`next` of the page before.", "r019a7c3e5b009d2e6b1f40"),
    )
    reference = fields.String(
        load_default=None, metadata=about("Only with this reference.", "A-1042")
    )


class MoveSchema(Body):
    """One seat for another."""

    from_id = fields.String(
        required=True,
        data_key="from",
        validate=Length(1, 64),
        metadata=about("A seat of the reservation, to be given up.", "stalls-C-12"),
    )
    to_id = fields.String(
        required=True,
        data_key="to",
        validate=Length(1, 64),
        metadata=about("A seat that is free, or held by the same patron.", "stalls-D-3"),
    )

"""Seats, and what can be done with them."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from marshmallow import fields, post_load
from marshmallow.validate import Length, OneOf

from reservations.api.auth import caller
from reservations.api.schemas.base import Answer, Body, Query, about
from reservations.api.schemas.fields import Ids, Words
from reservations.api.schemas.identity import CALLER_ID
from reservations.api.seat_json import EVERY_STATUS, Selection, seat_members
from reservations.domain.seat import SeatStatus

MAX_SEATS_A_REQUEST = 100


class Action(StrEnum):
    """What can be done with a seat."""

    HOLD = "hold"
    RESERVE = "reserve"
    RELEASE = "release"


def seat_ids(description: str, **kwargs: Any) -> Ids:
    """Return a field for the ids of seats that a request is about."""
    return Ids(
        fields.String(validate=Length(1, 64)),
        longest=MAX_SEATS_A_REQUEST,
        metadata=about(description, ["stalls-C-12", "stalls-C-13"]),
        **kwargs,
    )


def patron_field() -> fields.String:
    """Return a field for the patron that an admin acts for."""
    return fields.String(
        load_default=None,
        validate=CALLER_ID,
        metadata=about("For whom an admin acts; limits and sales window do not hold then.", "bob"),
    )


class SeatSchema(Answer):
    """A seat. Only an admin sees `patron` and `reason`, and when others' holds end."""

    id = fields.String(required=True, metadata=about("Its id in the event.", "stalls-C-12"))
    name = fields.String(required=True, metadata=about("For people to read.", "Stalls C-12"))
    status = fields.Enum(
        SeatStatus,
        by_value=True,
        required=True,
        metadata=about("Whether it can be had; a hold that has run out is `free`.", "held"),
    )
    section = fields.String(metadata=about("Where the event has sections.", "Stalls"))
    row = fields.String(metadata=about("Where the event has sections.", "C"))
    number = fields.Integer(metadata=about("In the row; where the event has sections.", 12))
    category = fields.String(metadata=about("Where the section has one.", "A"))
    mine = fields.Boolean(metadata=about("True on the caller's own; absent on others.", True))
    expires_at = fields.String(
        metadata=about(
            "When the hold ends; on the caller's own, and for admins.", "2027-01-01T20:01:00.000Z"
        )
        | {"format": "date-time"}
    )
    reservation_id = fields.String(
        metadata=about("Of the caller's own reserved seat.", "019a7c3e5b009d2e6b1f40")
    )
    patron = fields.String(metadata=about("Who holds or reserved it: for admins only.", "alice"))
    reason = fields.String(metadata=about("Why it is blocked: for admins only.", "Camera"))

    def dump(self, obj: Any, *, many: bool | None = None) -> Any:
        """Return a seat, or many, as the caller may see it.

        `seat_members` writes what the fields above say; to look at each once more takes
        longer than to write them.
        """
        if self.many if many is None else many:
            return [self.dump(seat, many=False) for seat in obj]
        return seat_members(obj.place, obj.seat, caller())


class SeatsQuery(Query):
    """Which seats of an event."""

    status = Words(
        fields.String(validate=OneOf([EVERY_STATUS, *SeatStatus])),
        load_default=[SeatStatus.FREE],
        validate=Length(1),
        metadata=about("Any of `free,held,reserved,blocked`, or `all`.")
        | {"default": [SeatStatus.FREE]},
    )
    category = fields.String(load_default=None, metadata=about("Only of this category.", "A"))
    section = fields.String(load_default=None, metadata=about("Only of this section.", "Stalls"))

    @post_load
    def _make(self, given: dict[str, Any], **_: Any) -> Selection:
        return Selection.of_query(**given)


class SeatActionSchema(Body):
    """What to do with a seat."""

    action = fields.Enum(
        Action,
        by_value=True,
        required=True,
        metadata=about("`hold` holds it, or refreshes the caller's own hold.", "hold"),
    )
    patron = patron_field()

"""What happened to the seats of an event."""

from __future__ import annotations

from marshmallow import fields
from marshmallow.validate import Range

from reservations.api.pages import LogCursor
from reservations.api.schemas.base import Answer, Query, about
from reservations.api.schemas.fields import Digits
from reservations.api.timestamps import Timestamp
from reservations.domain.changes import ChangeKind
from reservations.domain.seat import SeatStatus

MAX_CHANGES = 5_000


class ChangesQuery(Query):
    """Which changes."""

    after = LogCursor(
        load_default=None, metadata=about("`cursor` of an earlier answer.", "l19a7c3e5b00.0")
    )
    limit = Digits(
        load_default=1_000, validate=Range(1, MAX_CHANGES), metadata=about("Changes at most.")
    )


class ChangeSchema(Answer):
    """What happened to some seats. Only an admin sees `patron` and `reservation_id`."""

    at = Timestamp(required=True, metadata=about("When.", "2027-01-01T20:00:00.000Z"))
    kind = fields.Enum(
        ChangeKind, by_value=True, required=True, metadata=about("What happened.", "held")
    )
    seats = fields.List(
        fields.String(), required=True, metadata=about("Ids of the seats.", ["stalls-C-12"])
    )
    status = fields.Enum(
        SeatStatus, by_value=True, required=True, metadata=about("What they are since.", "held")
    )
    expires_at = Timestamp(
        metadata=about("When the hold ends, of which no change will tell.")
        | {"example": "2027-01-01T20:01:00.000Z"}
    )
    patron = fields.String(metadata=about("Whose they are or were.", "alice"))
    reservation_id = fields.String(
        metadata=about("The reservation that they came to or left.", "019a7c3e5b009d2e6b1f40")
    )


class ChangesSchema(Answer):
    """Changes in the order in which they happened."""

    cursor = LogCursor(
        required=True, metadata=about("`after` of the next request.", "l19a7c3e5b00.0")
    )
    changes = fields.List(fields.Nested(ChangeSchema), required=True, metadata=about("Each once."))
    next_expiry = Timestamp(
        required=True,
        allow_none=True,
        metadata=about("When the next hold ends by itself.", "2027-01-01T20:01:00.000Z"),
    )

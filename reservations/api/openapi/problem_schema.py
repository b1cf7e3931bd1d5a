"""What a problem looks like, for the document only: `problems.py` makes them."""

from __future__ import annotations

from marshmallow import EXCLUDE, Schema, fields

from reservations.observability import REQUEST_ID


class ConflictSchema(Schema):
    """A seat that stands in the way."""

    seat_id = fields.String(required=True, metadata={"description": "Its id."})
    code = fields.String(
        required=True, metadata={"description": "What it would be refused with by itself."}
    )
    retry_at = fields.DateTime(
        metadata={"description": "With `seat_held`: when that hold runs out, unless refreshed."}
    )


class ProblemSchema(Schema):
    """An error (RFC 9457). Some codes have further members."""

    class Meta:
        """Marshmallow's options."""

        unknown = EXCLUDE

    type = fields.String(
        required=True, metadata={"description": "`urn:reservations:problem:` and the code."}
    )
    title = fields.String(
        required=True, metadata={"description": "What is wrong, the same for each code."}
    )
    status = fields.Integer(required=True, metadata={"description": "The HTTP status."})
    detail = fields.String(
        required=True, metadata={"description": "What is wrong this time, for a person."}
    )
    code = fields.String(required=True, metadata={"description": "What is wrong, for a program."})
    request_id = fields.String(required=True, metadata={"description": f"As in `{REQUEST_ID}`."})
    errors = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        metadata={"description": "With `invalid`: path of each member, and what is wrong with it."},
    )
    retry_at = fields.DateTime(
        metadata={"description": "With `seat_held`: when that hold runs out, unless refreshed."}
    )
    reserved_by_me = fields.Boolean(
        metadata={"description": "With `seat_reserved`: whether it is the caller's own."}
    )
    conflicts = fields.List(
        fields.Nested(ConflictSchema),
        metadata={"description": "All seats that stand in the way; none was changed."},
    )
    free = fields.Integer(
        metadata={"description": "With `not_enough_...`: how many seats that would do are free."}
    )
    reservations = fields.Integer(
        metadata={"description": "With `event_has_reservations`: how many there are."}
    )
    limit = fields.Integer(
        metadata={"description": "With `hold_limit_reached`: seats that a patron may have."}
    )
    held = fields.Integer(
        metadata={"description": "With `hold_limit_reached`: seats that count towards it now."}
    )
    reasons = fields.List(
        fields.String(), metadata={"description": "With `not_ready`: all that is amiss."}
    )

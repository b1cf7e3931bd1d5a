"""Tokens, and whom they speak for."""

from __future__ import annotations

from datetime import timedelta

from marshmallow import ValidationError, fields
from marshmallow.validate import And, Length, Regexp

from reservations import tokens
from reservations.api.schemas.base import ONE_LINE, Answer, Body, Query, about
from reservations.api.schemas.fields import Seconds
from reservations.domain.caller import ID_PATTERN, Role

CALLER_ID = Regexp(ID_PATTERN.pattern + r"\Z", error="1-64 characters of A-Za-z0-9._:@-.")


def _is_acceptable_lifetime(lifetime: timedelta) -> None:
    longest = tokens.longest_lifetime()
    if not timedelta() < lifetime <= longest:
        raise ValidationError(f"Must be from 1 to {longest.total_seconds():.0f} seconds.")


class NewTokenSchema(Body):
    """A token to be issued."""

    subject = fields.String(
        required=True, validate=CALLER_ID, metadata=about("Whom it speaks for.", "alice")
    )
    role = fields.Enum(
        Role, by_value=True, required=True, metadata=about("What it lets do.", "patron")
    )
    name = fields.String(
        load_default=None,
        allow_none=True,
        validate=And(Length(1, 200), ONE_LINE),
        metadata=about("For people to read.", "Alice"),
    )
    expires_in = Seconds(
        validate=_is_acceptable_lifetime,
        metadata=about("Seconds until it expires.", 3600) | {"minimum": 1},
    )


class TokenPath(Query):
    """Which token."""

    jti = fields.String(
        required=True,
        validate=Regexp(
            tokens.JTI_PATTERN.pattern + r"\Z", error="1-256 characters of A-Za-z0-9._:@+=~-."
        ),
    )


class TokenSchema(Answer):
    """An issued token."""

    access_token = fields.String(
        required=True, metadata=about("For `Authorization: Bearer <access_token>`.")
    )
    token_type = fields.String(required=True, metadata=about("Always `Bearer`.", "Bearer"))
    expires_in = fields.Integer(required=True, metadata=about("Seconds until it expires.", 3600))


class TryOutSchema(Body):
    """Somebody to try things out as."""

    id = fields.String(required=True, validate=CALLER_ID, metadata=about("Whoever.", "alice"))
    name = fields.String(
        required=True, validate=And(Length(1, 200), ONE_LINE), metadata=about("Any.", "Alice")
    )
    role = fields.Enum(
        Role, by_value=True, load_default=Role.PATRON, metadata=about("What to try.", "admin")
    )


class TryOutTokenSchema(Answer):
    """The header to send."""

    Authorize = fields.String(required=True, metadata=about("`Bearer <token>`."))


class CallerSchema(Answer):
    """Whom a token speaks for."""

    id = fields.String(required=True, metadata=about("The token's `sub`.", "alice"))
    name = fields.String(
        required=True, allow_none=True, metadata=about("Its `name`, if it has one.", "Alice")
    )
    role = fields.Enum(
        Role, by_value=True, required=True, metadata=about("What it lets do.", "patron")
    )


class PatronQuery(Query):
    """Whose, where an admin may see those of all."""

    patron = fields.String(
        load_default=None,
        validate=CALLER_ID,
        metadata=about("Whose; for admins. By default the caller's own.", "bob"),
    )

"""What requests must look like, and what answers do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from marshmallow import (
    EXCLUDE,
    RAISE,
    Schema,
    ValidationError,
    fields,
    post_load,
    validates_schema,
)
from marshmallow.validate import And, Length, OneOf, Range, Regexp
from webargs.fields import DelimitedList

from reservations import tokens
from reservations.api.pages import Cursor
from reservations.api.timestamps import Timestamp
from reservations.domain.caller import ID_PATTERN, Role
from reservations.domain.event import EventStatus
from reservations.domain.plan import NumberedPlan, SeatPlan, Section, SectionedPlan
from reservations.domain.seat import SeatStatus
from reservations.service import NewEvent

MIN_SEATS = 10
MAX_SEATS = 100_000
MAX_PAGE = 500
EVERY_STATUS = "all"

ONE_LINE = Regexp(r"[^\x00-\x1f\x7f]*\Z", error="Control characters are not allowed.")
CALLER_ID = Regexp(ID_PATTERN.pattern + r"\Z", error="1-64 characters of A-Za-z0-9._:@-.")


def _about(description: str, example: Any = None) -> dict[str, Any]:
    return {"description": description} | ({} if example is None else {"example": example})


def _not_blank(text: str) -> None:
    if len(text.strip()) < 3:
        raise ValidationError("Name it with at least 3 characters that can be seen.")


class Seconds(fields.Field[timedelta]):
    """A duration: whole seconds outside, a `timedelta` inside."""

    _number = fields.Integer(strict=True)

    def _serialize(self, value: timedelta | None, *_args: Any, **_kwargs: Any) -> int | None:
        return None if value is None else int(value.total_seconds())

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> timedelta:
        try:
            return timedelta(seconds=self._number.deserialize(value))
        except OverflowError as error:
            raise ValidationError("Too long.") from error


def _seconds(shortest: int, longest: int, metadata: dict[str, Any]) -> Seconds:
    limits = Range(
        timedelta(seconds=shortest),
        timedelta(seconds=longest),
        error=f"Must be from {shortest} to {longest} seconds.",
    )
    bounds = {"minimum": shortest, "maximum": longest}
    return Seconds(validate=limits, metadata={**bounds, **metadata})


class Body(Schema):
    """Base of all request bodies: members that are not declared are refused."""

    class Meta:
        """Marshmallow's options."""

        unknown = RAISE


class Query(Schema):
    """Base of all query strings: parameters that are not declared are passed over."""

    class Meta:
        """Marshmallow's options."""

        unknown = EXCLUDE


class Answer(Schema):
    """Base of all answers: later versions may add members."""

    class Meta:
        """Marshmallow's options."""

        unknown = EXCLUDE


class SectionSchema(Body):
    """A block of rows of one length."""

    name = fields.String(
        required=True,
        validate=And(Length(1, 100), ONE_LINE),
        metadata=_about("Its ASCII letters and digits begin the ids of the seats.", "Stalls"),
    )
    category = fields.String(
        load_default=None,
        allow_none=True,
        validate=And(Length(1, 50), ONE_LINE),
        metadata=_about("Such as a price category.", "A"),
    )
    rows = fields.Integer(
        required=True,
        strict=True,
        validate=Range(1, MAX_SEATS),
        metadata=_about("Rows, lettered A to Z, then AA, AB ...", 20),
    )
    seats_per_row = fields.Integer(
        required=True,
        strict=True,
        validate=Range(1, MAX_SEATS),
        metadata=_about("Seats of each row, numbered from 1.", 30),
    )


class _EventText(Body):
    name = fields.String(
        required=True,
        validate=And(Length(3, 200), ONE_LINE, _not_blank),
        metadata=_about("3-200 characters.", "Opening night"),
    )
    description = fields.String(
        load_default=None,
        allow_none=True,
        validate=Length(max=10_000),
        metadata=_about("Free text.", "With the full ensemble."),
    )
    date = Timestamp(
        load_default=None,
        allow_none=True,
        metadata=_about("When it takes place.", "2027-01-01T20:00:00.000Z"),
    )
    location = fields.String(
        load_default=None,
        allow_none=True,
        validate=And(Length(max=500), ONE_LINE),
        metadata=_about("Where.", "Main hall"),
    )
    seat_total_limit = fields.Integer(
        load_default=None,
        allow_none=True,
        strict=True,
        validate=Range(1, MAX_SEATS),
        metadata=_about("Seats that one patron may hold and have reserved together.", 8),
    )
    on_sale_from = Timestamp(
        load_default=None,
        allow_none=True,
        metadata=_about("First instant of the sale.", "2026-12-01T09:00:00.000Z"),
    )
    on_sale_until = Timestamp(
        load_default=None,
        allow_none=True,
        metadata=_about("First instant after the sale.", "2027-01-01T19:00:00.000Z"),
    )


class NewEventSchema(_EventText):
    """An event to be made, with its seats given by `seats` or by `sections`."""

    seats = fields.Integer(
        strict=True,
        validate=Range(MIN_SEATS, MAX_SEATS),
        metadata=_about("That many seats, ids `1`, `2` ..., named `Seat #1` ...", 250),
    )
    sections = fields.List(
        fields.Nested(SectionSchema),
        validate=Length(1, 1000),
        metadata=_about("Seats in sections, ids such as `stalls-C-12`; 100,000 in all at most."),
    )
    hold_time = _seconds(
        1, 3600, _about("Seconds that a hold lasts; by default SEAT_HOLD_TIME.", 60)
    )
    hold_max = _seconds(
        1,
        36_000,
        _about("Seconds from a seat's first hold to the end of its last refresh; 10 x hold_time."),
    )
    seat_user_limit = fields.Integer(
        strict=True,
        validate=Range(1, 100),
        metadata=_about("Live holds that one patron may have; by default SEAT_USER_LIMIT.", 4),
    )

    @validates_schema
    def _check(self, given: dict[str, Any], **_: Any) -> None:
        if ("seats" in given) == ("sections" in given):
            raise ValidationError("Give either seats or sections.", "seats")
        opens, ends = given["on_sale_from"], given["on_sale_until"]
        if opens is not None and ends is not None and opens >= ends:
            raise ValidationError("Must be later than on_sale_from.", "on_sale_until")

    @post_load
    def _make(self, given: dict[str, Any], **_: Any) -> NewEvent:
        seats, sections = given.pop("seats", None), given.pop("sections", None)
        return NewEvent(plan=NumberedPlan(seats) if seats else _plan(sections), **given)


def _plan(sections: list[dict[str, Any]]) -> SeatPlan:
    plan = SectionedPlan(tuple(Section(**section) for section in sections))
    if len(plan) > MAX_SEATS:
        raise ValidationError(f"Together they have {len(plan)} seats.", "sections")
    if len(set(plan.slugs)) < len(plan.slugs):
        raise ValidationError("Two names give the same seat ids.", "sections")
    return plan


class CountsSchema(Answer):
    """How many seats have each status."""

    free = fields.Integer(required=True, metadata=_about("Seats that can be held.", 248))
    held = fields.Integer(required=True, metadata=_about("Seats held now.", 2))
    reserved = fields.Integer(required=True, metadata=_about("Seats reserved.", 0))
    blocked = fields.Integer(required=True, metadata=_about("Seats taken off sale.", 0))
    total = fields.Function(
        lambda counts: sum(counts.values()),
        required=True,
        metadata=_about("All seats.", 250) | {"type": "integer"},
    )


class EventSchema(Answer):
    """An event. What was not given at its creation has the default, or is null."""

    id = fields.String(
        required=True, attribute="event.id", metadata=_about("Its id.", "3f9a1c5be2d40786")
    )
    name = fields.String(
        required=True, attribute="event.name", metadata=_about("Its name.", "Opening night")
    )
    description = fields.String(
        required=True,
        allow_none=True,
        attribute="event.description",
        metadata=_about("Free text."),
    )
    date = Timestamp(
        required=True,
        allow_none=True,
        attribute="event.date",
        metadata=_about("When it takes place.", "2027-01-01T20:00:00.000Z"),
    )
    location = fields.String(
        required=True,
        allow_none=True,
        attribute="event.location",
        metadata=_about("Where.", "Main hall"),
    )
    status = fields.Enum(
        EventStatus,
        by_value=True,
        required=True,
        attribute="event.status",
        metadata=_about("Only seats of one that is `on_sale` can be held and reserved.", "on_sale"),
    )
    created_at = Timestamp(
        required=True,
        attribute="event.created_at",
        metadata=_about("When it was created.", "2026-11-01T09:00:00.000Z"),
    )
    seats = fields.Function(
        lambda found: len(found.plan),
        required=True,
        metadata=_about("How many seats it has.", 250) | {"type": "integer"},
    )
    sections = fields.List(
        fields.Nested(SectionSchema),
        required=True,
        attribute="plan.sections",
        metadata=_about("As given at its creation; empty where that gave `seats`."),
    )
    hold_time = Seconds(
        required=True,
        attribute="event.terms.hold_time",
        metadata=_about("Seconds that a hold lasts.", 60),
    )
    hold_max = Seconds(
        required=True,
        attribute="event.terms.hold_max",
        metadata=_about("Seconds from a seat's first hold to the end of its last refresh.", 600),
    )
    seat_user_limit = fields.Integer(
        required=True,
        attribute="event.terms.seat_user_limit",
        metadata=_about("Live holds that one patron may have.", 4),
    )
    seat_total_limit = fields.Integer(
        required=True,
        allow_none=True,
        attribute="event.terms.seat_total_limit",
        metadata=_about("Seats that one patron may hold and have reserved together.", 8),
    )
    on_sale_from = Timestamp(
        required=True,
        allow_none=True,
        attribute="event.terms.on_sale_from",
        metadata=_about("First instant of the sale.", "2026-12-01T09:00:00.000Z"),
    )
    on_sale_until = Timestamp(
        required=True,
        allow_none=True,
        attribute="event.terms.on_sale_until",
        metadata=_about("First instant after the sale.", "2027-01-01T19:00:00.000Z"),
    )


class CountedEventSchema(EventSchema):
    """An event with the numbers of its seats by status."""

    counts = fields.Nested(
        CountsSchema, required=True, metadata=_about("The numbers of its seats, as of now.")
    )


class PageQuery(Query):
    """Which page of a list."""

    limit = fields.Integer(
        load_default=50, validate=Range(1, MAX_PAGE), metadata=_about("Items at most.")
    )
    after = Cursor(load_default=None, metadata=_about("`next` of the page before.", "c1"))


class EventPageSchema(Answer):
    """A page of events, newest first."""

    items = fields.List(
        fields.Nested(EventSchema), required=True, metadata=_about("The events of this page.")
    )
    next = Cursor(
        required=True,
        allow_none=True,
        metadata=_about("`after` of the next page; null at the end.", "c1"),
    )


class SeatSchema(Answer):
    """A seat. Only an admin sees `patron`."""

    id = fields.String(required=True, metadata=_about("Its id in the event.", "stalls-C-12"))
    name = fields.String(required=True, metadata=_about("For people to read.", "Stalls C-12"))
    status = fields.Enum(
        SeatStatus,
        by_value=True,
        required=True,
        metadata=_about("Whether it can be had; a hold that has run out is `free`.", "held"),
    )
    section = fields.String(metadata=_about("Where the event has sections.", "Stalls"))
    row = fields.String(metadata=_about("Where the event has sections.", "C"))
    number = fields.Integer(metadata=_about("In the row; where the event has sections.", 12))
    category = fields.String(metadata=_about("Where the section has one.", "A"))
    mine = fields.Boolean(metadata=_about("True on the caller's own; absent on others.", True))
    expires_at = fields.String(
        metadata=_about("When the caller's own hold ends.", "2027-01-01T20:01:00.000Z")
        | {"format": "date-time"}
    )
    reservation_id = fields.String(
        metadata=_about("Of the caller's own reserved seat.", "9d2e6b1f40c8a735")
    )
    patron = fields.String(metadata=_about("Who holds or reserved it: for admins only.", "alice"))


class Words(DelimitedList):
    """Words separated by commas: in one parameter or, as many clients write lists, in several."""

    is_multiple = True

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        words = ",".join(map(str, value))
        return super()._deserialize(words, *args, **kwargs)  # type: ignore[no-untyped-call]


class SeatsQuery(Query):
    """Which seats of an event."""

    status = Words(
        fields.String(validate=OneOf([EVERY_STATUS, *SeatStatus])),
        load_default=[SeatStatus.FREE],
        metadata=_about("Any of `free,held,reserved,blocked`, or `all`.")
        | {"default": [SeatStatus.FREE]},
    )
    category = fields.String(load_default=None, metadata=_about("Only of this category.", "A"))
    section = fields.String(load_default=None, metadata=_about("Only of this section.", "Stalls"))


class SeatActionSchema(Body):
    """What to do with a seat."""

    action = fields.String(
        required=True,
        validate=OneOf(["hold", "reserve", "release"]),
        metadata=_about("`hold` holds it, or refreshes the caller's own hold.", "hold"),
    )


def _is_acceptable_lifetime(lifetime: timedelta) -> None:
    longest = tokens.longest_lifetime()
    if not timedelta() < lifetime <= longest:
        raise ValidationError(f"Must be from 1 to {longest.total_seconds():.0f} seconds.")


class NewTokenSchema(Body):
    """A token to be issued."""

    subject = fields.String(
        required=True, validate=CALLER_ID, metadata=_about("Whom it speaks for.", "alice")
    )
    role = fields.Enum(
        Role, by_value=True, required=True, metadata=_about("What it lets do.", "patron")
    )
    name = fields.String(
        load_default=None,
        allow_none=True,
        validate=And(Length(1, 200), ONE_LINE),
        metadata=_about("For people to read.", "Alice"),
    )
    expires_in = Seconds(
        validate=_is_acceptable_lifetime,
        metadata=_about("Seconds until it expires.", 3600) | {"minimum": 1},
    )


class TokenPath(Query):
    """Which token."""

    jti = fields.String(required=True, validate=CALLER_ID)


class TokenSchema(Answer):
    """An issued token."""

    access_token = fields.String(
        required=True, metadata=_about("For `Authorization: Bearer <access_token>`.")
    )
    token_type = fields.String(required=True, metadata=_about("Always `Bearer`.", "Bearer"))
    expires_in = fields.Integer(required=True, metadata=_about("Seconds until it expires.", 3600))


class TryOutSchema(Body):
    """Somebody to try things out as."""

    id = fields.String(required=True, validate=CALLER_ID, metadata=_about("Whoever.", "alice"))
    name = fields.String(
        required=True, validate=And(Length(1, 200), ONE_LINE), metadata=_about("Any.", "Alice")
    )
    role = fields.Enum(
        Role, by_value=True, load_default=Role.PATRON, metadata=_about("What to try.", "admin")
    )


class TryOutTokenSchema(Answer):
    """The header to send."""

    Authorize = fields.String(required=True, metadata=_about("`Bearer <token>`."))


class CallerSchema(Answer):
    """Whom a token speaks for."""

    id = fields.String(required=True, metadata=_about("The token's `sub`.", "alice"))
    name = fields.String(
        required=True, allow_none=True, metadata=_about("Its `name`, if it has one.", "Alice")
    )
    role = fields.Enum(
        Role, by_value=True, required=True, metadata=_about("What it lets do.", "patron")
    )


class StatusSchema(Answer):
    """That all is well."""

    status = fields.String(required=True, metadata=_about("`ok` or `ready`.", "ok"))

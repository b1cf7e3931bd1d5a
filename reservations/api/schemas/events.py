"""Events, as admins describe them and as all see them."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, post_load, validates_schema
from marshmallow.validate import And, Length, Range

from reservations.api.pages import Cursor
from reservations.api.schemas.base import ONE_LINE, Answer, Body, Query, about
from reservations.api.schemas.fields import Listed, Seconds, seconds
from reservations.api.timestamps import Timestamp
from reservations.domain.event import EventStatus, contradictions
from reservations.domain.plan import NumberedPlan, SeatPlan, Section, SectionedPlan
from reservations.domain.seat import SeatStatus
from reservations.service import NewEvent

MIN_SEATS = 10
MAX_SEATS = 100_000
MAX_SECTIONS = 1_000


def _not_blank(text: str) -> None:
    if len(text.strip()) < 3:
        raise ValidationError("Name it with at least 3 characters that can be seen.")


class SectionSchema(Body):
    """A block of rows of one length."""

    name = fields.String(
        required=True,
        validate=And(Length(1, 100), ONE_LINE),
        metadata=about("Its ASCII letters and digits begin the ids of the seats.", "Stalls"),
    )
    category = fields.String(
        load_default=None,
        allow_none=True,
        validate=And(Length(1, 50), ONE_LINE),
        metadata=about("Such as a price category.", "A"),
    )
    rows = fields.Integer(
        required=True,
        strict=True,
        validate=Range(1, MAX_SEATS),
        metadata=about("Rows, lettered A to Z, then AA, AB ...", 20),
    )
    seats_per_row = fields.Integer(
        required=True,
        strict=True,
        validate=Range(1, MAX_SEATS),
        metadata=about("Seats of each row, numbered from 1.", 30),
    )


class EventMembers(Body):
    """What an admin says of an event."""

    name = fields.String(
        validate=And(Length(3, 200), ONE_LINE, _not_blank),
        metadata=about("3-200 characters.", "Opening night"),
    )
    description = fields.String(
        allow_none=True,
        validate=Length(max=10_000),
        metadata=about("Free text.", "With the full ensemble."),
    )
    date = Timestamp(
        allow_none=True,
        metadata=about("When it takes place.", "2027-01-01T20:00:00.000Z"),
    )
    location = fields.String(
        allow_none=True,
        validate=And(Length(max=500), ONE_LINE),
        metadata=about("Where.", "Main hall"),
    )
    seat_total_limit = fields.Integer(
        allow_none=True,
        strict=True,
        validate=Range(1, MAX_SEATS),
        metadata=about("Seats that one patron may hold and have reserved together.", 8),
    )
    on_sale_from = Timestamp(
        allow_none=True,
        metadata=about("First instant of the sale.", "2026-12-01T09:00:00.000Z"),
    )
    on_sale_until = Timestamp(
        allow_none=True,
        metadata=about("First instant after the sale.", "2027-01-01T19:00:00.000Z"),
    )
    hold_time = seconds(1, 3600, about("Seconds that a hold lasts; by default SEAT_HOLD_TIME.", 60))
    hold_max = seconds(
        1,
        36_000,
        about("Seconds from a seat's first hold to the end of its last refresh; 10 x hold_time."),
    )
    seat_user_limit = fields.Integer(
        strict=True,
        validate=Range(1, 100),
        metadata=about("Live holds that one patron may have; by default SEAT_USER_LIMIT.", 4),
    )


class EventChangesSchema(EventMembers):
    """What is to be different about an event; what is not given stays as it is."""

    status = fields.Enum(
        EventStatus,
        by_value=True,
        metadata=about("Only seats of one that is `on_sale` can be held and reserved.", "closed"),
    )


class NewEventSchema(EventMembers):
    """An event to be made, with its seats given by `seats` or by `sections`."""

    name = fields.String(
        required=True,
        validate=And(Length(3, 200), ONE_LINE, _not_blank),
        metadata=about("3-200 characters.", "Opening night"),
    )
    seats = fields.Integer(
        strict=True,
        validate=Range(MIN_SEATS, MAX_SEATS),
        metadata=about("That many seats, ids `1`, `2` ..., named `Seat #1` ...", 250),
    )
    sections = Listed(
        fields.Nested(SectionSchema),
        longest=MAX_SECTIONS,
        metadata=about("Seats in sections, ids such as `stalls-C-12`; 100,000 in all at most."),
    )

    @validates_schema
    def _check(self, given: dict[str, Any], **_: Any) -> None:
        if ("seats" in given) == ("sections" in given):
            raise ValidationError("Give either seats or sections.", "seats")
        terms = ("hold_time", "hold_max", "on_sale_from", "on_sale_until")
        for member, message in contradictions(*(given.get(name) for name in terms)):
            raise ValidationError(message, member)

    @post_load
    def _make(self, given: dict[str, Any], **_: Any) -> NewEvent:
        seats, sections = given.pop("seats", None), given.pop("sections", None)
        return NewEvent(plan=NumberedPlan(seats) if seats else _plan(sections), **given)


class DeletionQuery(Query):
    """Whether to delete an event in any case."""

    force = fields.Boolean(
        load_default=False, metadata=about("Also if seats are reserved.") | {"default": False}
    )


def _plan(sections: list[dict[str, Any]]) -> SeatPlan:
    plan = SectionedPlan(tuple(Section(**section) for section in sections))
    if len(plan) > MAX_SEATS:
        raise ValidationError(f"Together they have {len(plan)} seats.", "sections")
    if len(set(plan.slugs)) < len(plan.slugs):
        raise ValidationError("Two names give the same seat ids.", "sections")
    return plan


class CountsSchema(Answer):
    """How many seats have each status."""

    free = fields.Integer(required=True, metadata=about("Seats that can be held.", 248))
    held = fields.Integer(required=True, metadata=about("Seats held now.", 2))
    reserved = fields.Integer(required=True, metadata=about("Seats reserved.", 0))
    blocked = fields.Integer(required=True, metadata=about("Seats taken off sale.", 0))
    total = fields.Function(
        lambda counts: sum(counts[status] for status in SeatStatus),
        required=True,
        metadata=about("All seats.", 250) | {"type": "integer"},
    )


class EventSchema(Answer):
    """An event. What was not given at its creation has the default, or is null."""

    id = fields.String(
        required=True, attribute="event.id", metadata=about("Its id.", "3f9a1c5be2d40786")
    )
    name = fields.String(
        required=True, attribute="event.name", metadata=about("Its name.", "Opening night")
    )
    description = fields.String(
        required=True,
        allow_none=True,
        attribute="event.description",
        metadata=about("Free text."),
    )
    date = Timestamp(
        required=True,
        allow_none=True,
        attribute="event.date",
        metadata=about("When it takes place.", "2027-01-01T20:00:00.000Z"),
    )
    location = fields.String(
        required=True,
        allow_none=True,
        attribute="event.location",
        metadata=about("Where.", "Main hall"),
    )
    status = fields.Enum(
        EventStatus,
        by_value=True,
        required=True,
        attribute="event.status",
        metadata=about("Only seats of one that is `on_sale` can be held and reserved.", "on_sale"),
    )
    created_at = Timestamp(
        required=True,
        attribute="event.created_at",
        metadata=about("When it was created.", "2026-11-01T09:00:00.000Z"),
    )
    seats = fields.Function(
        lambda found: len(found.plan),
        required=True,
        metadata=about("How many seats it has.", 250) | {"type": "integer"},
    )
    sections = fields.List(
        fields.Nested(SectionSchema),
        required=True,
        attribute="plan.sections",
        metadata=about("As given at its creation; empty where that gave `seats`."),
    )
    hold_time = Seconds(
        required=True,
        attribute="event.terms.hold_time",
        metadata=about("Seconds that a hold lasts.", 60),
    )
    hold_max = Seconds(
        required=True,
        attribute="event.terms.hold_max",
        metadata=about("Seconds from a seat's first hold to the end of its last refresh.", 600),
    )
    seat_user_limit = fields.Integer(
        required=True,
        attribute="event.terms.seat_user_limit",
        metadata=about("Live holds that one patron may have.", 4),
    )
    seat_total_limit = fields.Integer(
        required=True,
        allow_none=True,
        attribute="event.terms.seat_total_limit",
        metadata=about("Seats that one patron may hold and have reserved together.", 8),
    )
    on_sale_from = Timestamp(
        required=True,
        allow_none=True,
        attribute="event.terms.on_sale_from",
        metadata=about("First instant of the sale.", "2026-12-01T09:00:00.000Z"),
    )
    on_sale_until = Timestamp(
        required=True,
        allow_none=True,
        attribute="event.terms.on_sale_until",
        metadata=about("First instant after the sale.", "2027-01-01T19:00:00.000Z"),
    )


class CategoryCountsSchema(CountsSchema):
    """How many seats of one category have each status."""

    category = fields.String(
        required=True,
        allow_none=True,
        metadata=about("The category; null for the seats that have none.", "A"),
    )


class CountedEventSchema(EventSchema):
    """An event with the numbers of its seats by status, and by category too."""

    counts = fields.Nested(
        CountsSchema, required=True, metadata=about("The numbers of its seats, as of now.")
    )
    counts_by_category = fields.List(
        fields.Nested(CategoryCountsSchema),
        required=True,
        metadata=about("The same for each category, in the order in which sections have them."),
    )


class EventPageSchema(Answer):
    """A page of events, newest first."""

    items = fields.List(
        fields.Nested(EventSchema), required=True, metadata=about("The events of this page.")
    )
    next = Cursor(
        required=True,
        allow_none=True,
        metadata=about("`after` of the next page; null at the end.", "c1"),
    )

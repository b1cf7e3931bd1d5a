"""An event: what is sold, from when until when, and how much to one patron."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from reservations.domain.errors import InvalidTerms, NotOnSale

HOLD_MAX_FACTOR = 10
"""A seat can be held at most this many hold times on end, unless the event says otherwise."""

SHORTEST_ALLOWANCE = timedelta(minutes=10)
"""For so long at least a patron can hold as many seats as the limit allows, and buy none."""


class EventStatus(StrEnum):
    """Whether an event's seats can be had."""

    ON_SALE = "on_sale"
    CLOSED = "closed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Terms:
    """The conditions under which the seats of one event are sold.

    Attributes:
        hold_time: how long a hold lasts from its making or last refresh.
        hold_max: how long after the first hold of a seat it can still be refreshed to.
        seat_user_limit: live holds that one patron may have.
        seat_total_limit: live holds and reservations that one patron may have
            together; None for no limit.
        on_sale_from: first instant of the sales window; None for no beginning.
        on_sale_until: first instant after the sales window; None for no end.
    """

    hold_time: timedelta
    hold_max: timedelta
    seat_user_limit: int
    seat_total_limit: int | None = None
    on_sale_from: datetime | None = None
    on_sale_until: datetime | None = None

    @property
    def hold_allowance(self) -> timedelta:
        """For how long one patron may hold seats that it does not buy, added up over seats.

        As many seats as the limit allows, for as long as one can be held on end.
        """
        return self.seat_user_limit * max(self.hold_max, SHORTEST_ALLOWANCE)

    def changed(self, members: Mapping[str, Any]) -> Terms:
        """Return terms of which some members are others.

        A `hold_max` that is the default for the hold time stays the default.

        Raises:
            InvalidTerms: they would contradict themselves.
        """
        terms = replace(self, **members)
        if "hold_max" not in members and self.hold_max == HOLD_MAX_FACTOR * self.hold_time:
            terms = replace(terms, hold_max=HOLD_MAX_FACTOR * terms.hold_time)
        for member, message in contradictions(
            terms.hold_time, terms.hold_max, terms.on_sale_from, terms.on_sale_until
        ):
            raise InvalidTerms(member, message)
        return terms


def contradictions(
    hold_time: timedelta | None,
    hold_max: timedelta | None,
    on_sale_from: datetime | None,
    on_sale_until: datetime | None,
) -> Iterator[tuple[str, str]]:
    """Yield the members of terms that contradict others, and how."""
    if hold_time is not None and hold_max is not None and hold_max < hold_time:
        yield "hold_max", "Must not be shorter than hold_time."
    if on_sale_from is not None and on_sale_until is not None and on_sale_from >= on_sale_until:
        yield "on_sale_until", "Must be later than on_sale_from."


@dataclass(frozen=True, slots=True)
class Event:
    """One event as its admin made it.

    Attributes:
        date: when it takes place, if the admin said so.
        created_at: when it was made, by the store's clock.
    """

    id: str
    name: str
    terms: Terms
    created_at: datetime
    description: str | None = None
    date: datetime | None = None
    location: str | None = None
    status: EventStatus = EventStatus.ON_SALE

    def changed(self, members: Mapping[str, Any]) -> Event:
        """Return the event with some of its members, or of its terms', being others.

        Raises:
            InvalidTerms: its terms would contradict themselves.
        """
        of_terms = {field.name for field in fields(Terms)}
        terms = self.terms.changed({n: v for n, v in members.items() if n in of_terms})
        return replace(self, terms=terms, **{n: v for n, v in members.items() if n not in of_terms})

    def check_on_sale(self, now: datetime) -> None:
        """Refuse a change of seats at a time when none are sold.

        Raises:
            NotOnSale: the event is closed or cancelled, or `now` is outside its window.
        """
        opens, ends = self.terms.on_sale_from, self.terms.on_sale_until
        if self.status is not EventStatus.ON_SALE:
            raise NotOnSale(f"The event is {self.status}.")
        if opens is not None and now < opens:
            raise NotOnSale("The sale has not begun.")
        if ends is not None and now >= ends:
            raise NotOnSale("The sale has ended.")

"""An event: what is sold, from when until when, and how much to one patron."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from reservations.domain.errors import NotOnSale

HOLD_MAX_FACTOR = 10
"""A seat can be held at most this many hold times on end, unless the event says otherwise."""


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

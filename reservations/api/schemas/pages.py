"""Which page of a list."""

from __future__ import annotations

from marshmallow.validate import Range

from reservations.api.pages import Cursor
from reservations.api.schemas.base import Query, about
from reservations.api.schemas.fields import Digits

MAX_PAGE = 500


class LimitQuery(Query):
    """How much of a list."""

    limit = Digits(load_default=50, validate=Range(1, MAX_PAGE), metadata=about("Items at most."))


class PageQuery(LimitQuery):
    """Which page of a list."""

    after = Cursor(load_default=None, metadata=about("`next` of the page before.", "c1"))

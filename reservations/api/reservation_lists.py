"""Lists of reservations: a page as JSON, or all as CSV (RFC 4180), as the client accepts."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from itertools import chain, islice

from flask import Response, request

from reservations.api.pages import encode_id_cursor, link_to_next
from reservations.api.timestamps import format_timestamp
from reservations.api.wiring import service
from reservations.domain.reservation import Reservation
from reservations.service import ReservationPage

JSON = "application/json"
CSV = "text/csv"
CSV_IN_UTF_8 = "text/csv; charset=utf-8"
COLUMNS = ("id", "patron", "seats", "reserved_at", "reference", "data")
ROWS_AT_ONCE = 500
VARY = {"Vary": "Accept"}

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Beginnings of cells that a spreadsheet would execute
(https://owasp.org/www-community/attacks/CSV_Injection)."""


def listed(
    event_id: str, patron: str | None, reference: str | None, limit: int, after: str | None
) -> Response | tuple[ReservationPage, dict[str, str]]:
    """Return the reservations of an event in the form that the client likes best."""
    if request.accept_mimetypes.best_match([JSON, CSV, CSV_IN_UTF_8]) in (CSV, CSV_IN_UTF_8):
        return _as_csv(event_id, service().every_reservation(event_id, patron, reference))
    page = service().reservations(event_id, limit, after, patron, reference)
    asked = {"limit": limit, "patron": patron, "reference": reference}
    return page, VARY | link_to_next(encode_id_cursor(page.next), **asked)


def _as_csv(event_id: str, found: Iterator[Reservation]) -> Response:
    # What fails, fails mostly at once: then there is still time to say so.
    first = list(islice(found, ROWS_AT_ONCE))
    response = Response(_lines(chain(first, found)), mimetype=CSV, headers=VARY)
    response.headers.set(
        "Content-Disposition", "attachment", filename=f"reservations-{event_id}.csv"
    )
    return response


def _lines(found: Iterator[Reservation]) -> Iterator[str]:
    rows: Iterator[Iterable[str]] = chain([COLUMNS], map(_row, found))
    while some := list(islice(rows, ROWS_AT_ONCE)):
        text = io.StringIO()
        csv.writer(text).writerows(some)
        yield text.getvalue()


def _row(reservation: Reservation) -> list[str]:
    data = reservation.data
    cells = [
        reservation.id,
        reservation.patron,
        " ".join(reservation.seats),
        format_timestamp(reservation.reserved_at),
        reservation.reference or "",
        "" if data is None else json.dumps(data, ensure_ascii=False),
    ]
    return [f"'{cell}" if cell.startswith(FORMULA) else cell for cell in cells]

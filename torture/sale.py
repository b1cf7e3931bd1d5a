"""The events of a run: a few at a time, made by an admin before the clients begin."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from typing import Any

import jwt

from tests.live import Client
from torture.checker import FinalState
from torture.clients import PATRONS, Sale
from torture.history import now
from torture.service import JWT_SECRET

SPAN_SECONDS = 15
"""After so long clients go on to other events, so that none is ever all sold."""
LIMIT = 4
HOUR_SECONDS = 3600
TRIES = 50
PAUSE_SECONDS = 0.1

EVENTS: tuple[dict[str, Any], ...] = (
    {"seats": 24, "hold_time": 1, "hold_max": 4},
    {
        "sections": [
            {"name": "Stalls", "category": "A", "rows": 3, "seats_per_row": 8},
            {"name": "Balcony", "category": "B", "rows": 2, "seats_per_row": 12},
        ],
        "hold_time": 2,
        "hold_max": 8,
    },
)


def tokens() -> dict[str, str]:
    """Return tokens of all patrons and of the admin, valid by any clock of the run."""
    # The service's clock may be an hour off, either way.
    issued = int(time.time()) - 2 * HOUR_SECONDS
    roles = {f"patron-{number}": "patron" for number in range(PATRONS)} | {"admin": "admin"}
    return {who: _token(who, role, issued) for who, role in roles.items()}


def _token(who: str, role: str, issued: int) -> str:
    claims = {
        "sub": who,
        "role": role,
        "iat": issued,
        "exp": issued + 24 * HOUR_SECONDS,
        "jti": f"torture-{who}",
        "iss": "reservations",
        "aud": "reservations",
    }
    return jwt.encode(claims, JWT_SECRET, algorithm="HS256")


class Organiser:
    """The admin: makes the events, and reads in the end what became of them."""

    def __init__(self, port: int, token: str) -> None:
        self._client = Client(port, f"Bearer {token}")

    def make_sales(self, begins: float, seconds: float) -> list[Sale]:
        """Make the events that are sold within so many seconds."""
        spans = range(max(1, round(seconds / SPAN_SECONDS)))
        return [
            self._make(terms, begins + span * SPAN_SECONDS) for span in spans for terms in EVENTS
        ]

    def _make(self, terms: dict[str, Any], begins: float) -> Sale:
        body = {"name": "Sold-out night", "seat_user_limit": LIMIT, **terms}
        event = str(self._get("POST", "/v1/events", body)["id"])
        seats = self._get("GET", f"/v1/events/{event}/seats")
        return Sale(
            event=event,
            seats=tuple(seat["id"] for seat in seats),
            begins=begins,
            hold_time_ms=terms["hold_time"] * 1000,
            hold_max_ms=terms["hold_max"] * 1000,
            limit=LIMIT,
            cursor=self._get("GET", f"/v1/events/{event}/changes")["cursor"],
        )

    def final_state(self, sales: list[Sale]) -> FinalState:
        """Read everything about the events."""
        invoked = now()
        seats = {
            sale.event: self._get("GET", f"/v1/events/{sale.event}/seats?status=all")
            for sale in sales
        }
        reservations = {sale.event: list(self._reservations(sale.event)) for sale in sales}
        changes = {sale.event: list(self._changes(sale)) for sale in sales}
        return FinalState(invoked, now(), seats, reservations, changes)

    def _reservations(self, event: str) -> Iterator[dict[str, Any]]:
        after = ""
        while True:
            path = f"/v1/events/{event}/reservations?limit=500{after}"
            page = self._get("GET", path)
            yield from page["items"]
            if page["next"] is None:
                return
            after = f"&after={page['next']}"

    def _changes(self, sale: Sale) -> Iterator[dict[str, Any]]:
        cursor = sale.cursor
        while True:
            page = self._get("GET", f"/v1/events/{sale.event}/changes?after={cursor}&limit=5000")
            yield from page["changes"]
            if page["cursor"] == cursor:
                return
            cursor = page["cursor"]

    def _get(self, method: str, path: str, body: Any = None) -> Any:
        """Return the body of an answer, asked for until the service is able to give it."""
        answer = None
        for _ in range(TRIES):
            try:
                answer = self._client.request(method, path, body)
            except (OSError, http.client.HTTPException):
                self._client.close()
            else:
                if answer.status < 500:
                    break
            time.sleep(PAUSE_SECONDS)
        assert answer is not None and answer.status < 300, f"{method} {path}: {answer}"
        return answer.body

"""Every route, and how it answers each kind of caller: the table that a new route must join."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

NEW_EVENT = {"name": "Opening night", "seats": 10}
NEW_TOKEN = {"subject": "carol", "role": "patron"}
HOLD = {"action": "hold"}
RENAME = {"name": "Second night"}
HELD = {"seats": ["1"]}
MOVE = {"from": "2", "to": "3"}
FREE = {"seats": ["4"]}
TRY_OUT = {"id": "carol", "name": "Carol"}

PARAMETERS = {
    "<seat_id>": "1",
    "<jti>": "6c1f0a7e",
    "<path:name>": "swagger-ui.css",
    "<path:_path>": "events",
}


@dataclass(frozen=True)
class Route:
    """One method of one rule, and the status of the answer to each caller.

    The event's seat 1 is held by the patron, its seat 2 is the patron's reservation.

    Attributes:
        conflict: code of its answer 409, where it has one.
        query: of the address.
    """

    method: str
    rule: str
    no_token: int
    patron: int
    other_patron: int
    admin: int
    body: Mapping[str, Any] | None = None
    conflict: str = "seat_held"
    query: str = ""

    def __str__(self) -> str:
        """Return what names the row."""
        return f"{self.method} {self.rule}"

    def path(self, event_id: str, reservation_id: str = "0" * 22) -> str:
        """Return an address that the rule matches."""
        path = self.rule + self.query
        path = path.replace("<event_id>", event_id).replace("<reservation_id>", reservation_id)
        for parameter, value in PARAMETERS.items():
            path = path.replace(parameter, value)
        return path


RESERVATION = "/v1/events/<event_id>/reservations/<reservation_id>"

VERSIONED = [
    # method, rule, without a token, patron, other patron, admin
    Route("GET", "/v1/events", 401, 200, 200, 200),
    Route("POST", "/v1/events", 401, 403, 403, 201, NEW_EVENT),
    Route("PUT", "/v1/events", 401, 403, 403, 201, NEW_EVENT),
    Route("GET", "/v1/events/<event_id>", 401, 200, 200, 200),
    Route("PATCH", "/v1/events/<event_id>", 401, 403, 403, 200, RENAME),
    Route("DELETE", "/v1/events/<event_id>", 401, 403, 403, 409, None, "event_has_reservations"),
    Route("GET", "/v1/events/<event_id>/seats", 401, 200, 200, 200),
    Route("GET", "/v1/events/<event_id>/seats/<seat_id>", 401, 200, 200, 200),
    Route("PATCH", "/v1/events/<event_id>/seats/<seat_id>", 401, 200, 409, 409, HOLD),
    Route("POST", "/v1/events/<event_id>/holds", 401, 200, 409, 409, HELD),
    Route("GET", "/v1/events/<event_id>/holds", 401, 200, 200, 200),
    Route(
        *("DELETE", "/v1/events/<event_id>/holds", 401, 204, 409, 204),
        conflict="seat_not_held",
        query="?seats=1",
    ),
    Route("POST", "/v1/events/<event_id>/reservations", 401, 201, 409, 409, HELD, "seat_not_held"),
    Route("GET", "/v1/events/<event_id>/reservations", 401, 200, 200, 200),
    Route("GET", RESERVATION, 401, 200, 404, 200),
    Route("DELETE", RESERVATION, 401, 204, 404, 204),
    Route("POST", f"{RESERVATION}/move", 401, 200, 404, 200, MOVE),
    Route("PUT", "/v1/events/<event_id>/blocks", 401, 403, 403, 200, FREE),
    Route("DELETE", "/v1/events/<event_id>/blocks", 401, 403, 403, 200, FREE),
    Route("GET", "/v1/events/<event_id>/changes", 401, 200, 200, 200),
    Route("POST", "/v1/tokens", 401, 403, 403, 201, NEW_TOKEN),
    Route("DELETE", "/v1/tokens/<jti>", 401, 403, 403, 204),
]

UNVERSIONED = [
    Route("GET", "/user", 401, 200, 200, 200),
    Route("POST", "/jwt", 200, 200, 200, 200, TRY_OUT),
    Route("GET", "/health", 200, 200, 200, 200),
    Route("GET", "/ready", 200, 200, 200, 200),
    Route("GET", "/metrics", 200, 200, 200, 200),
    Route("GET", "/", 302, 302, 302, 302),
    Route("GET", "/swagger", 200, 200, 200, 200),
    Route("GET", "/swagger/assets/<path:name>", 200, 200, 200, 200),
    Route("GET", "/swagger/start.js", 200, 200, 200, 200),
    Route("GET", "/openapi.json", 200, 200, 200, 200),
    *(
        Route(method, rule, 410, 410, 410, 410)
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
        for rule in ("/v0", "/v0/", "/v0/<path:_path>")
    ),
]


def _aliases() -> Iterator[Route]:
    for route in VERSIONED:
        yield replace(route, rule=route.rule.removeprefix("/v1"))


ROUTES = [*VERSIONED, *_aliases(), *UNVERSIONED]

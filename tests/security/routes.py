"""Every route, and how it answers each kind of caller: the table that a new route must join."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

NEW_EVENT = {"name": "Opening night", "seats": 10}
NEW_TOKEN = {"subject": "carol", "role": "patron"}
HOLD = {"action": "hold"}
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

    The event's seat 1 is held by the patron.
    """

    method: str
    rule: str
    no_token: int
    patron: int
    other_patron: int
    admin: int
    body: Mapping[str, Any] | None = None

    def __str__(self) -> str:
        """Return what names the row."""
        return f"{self.method} {self.rule}"

    def path(self, event_id: str) -> str:
        """Return an address that the rule matches."""
        path = self.rule.replace("<event_id>", event_id)
        for parameter, value in PARAMETERS.items():
            path = path.replace(parameter, value)
        return path


VERSIONED = [
    # method, rule, without a token, patron, other patron, admin
    Route("GET", "/v1/events", 401, 200, 200, 200),
    Route("POST", "/v1/events", 401, 403, 403, 201, NEW_EVENT),
    Route("PUT", "/v1/events", 401, 403, 403, 201, NEW_EVENT),
    Route("GET", "/v1/events/<event_id>", 401, 200, 200, 200),
    Route("GET", "/v1/events/<event_id>/seats", 401, 200, 200, 200),
    Route("GET", "/v1/events/<event_id>/seats/<seat_id>", 401, 200, 200, 200),
    Route("PATCH", "/v1/events/<event_id>/seats/<seat_id>", 401, 200, 409, 409, HOLD),
    Route("POST", "/v1/tokens", 401, 403, 403, 201, NEW_TOKEN),
    Route("DELETE", "/v1/tokens/<jti>", 401, 403, 403, 204),
]

UNVERSIONED = [
    Route("GET", "/user", 401, 200, 200, 200),
    Route("POST", "/jwt", 200, 200, 200, 200, TRY_OUT),
    Route("GET", "/health", 200, 200, 200, 200),
    Route("GET", "/ready", 200, 200, 200, 200),
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

"""HTTP: thin views over the service, their schemas, and what errors look like."""

from __future__ import annotations

from flask import Flask, request

from reservations import __version__
from reservations.api import problems, versions, wiring
from reservations.api.bodies import MAX_BODY_BYTES, MAX_EVENT_BODY_BYTES
from reservations.api.events import create_event, events
from reservations.api.health import health
from reservations.api.identity import issuing, revoking, try_out, user
from reservations.api.openapi import (
    DESCRIPTION,
    SECURITY_SCHEME,
    Api,
    ContractPlugin,
)
from reservations.api.pages import Cursor
from reservations.api.schemas import Seconds
from reservations.api.seats import seats
from reservations.api.swagger import ASSETS_PATH, PATH, swagger
from reservations.api.versions import gone
from reservations.service import ReservationService

OPENAPI = {
    "API_TITLE": "Reservations",
    "API_VERSION": "v1",
    "OPENAPI_VERSION": "3.0.3",
    "OPENAPI_URL_PREFIX": "/",
    "OPENAPI_JSON_PATH": "openapi.json",
    "OPENAPI_SWAGGER_UI_PATH": PATH,
    "OPENAPI_SWAGGER_UI_URL": ASSETS_PATH,
    "OPENAPI_SWAGGER_UI_CONFIG": {"persistAuthorization": True, "displayRequestDuration": True},
    "API_SPEC_OPTIONS": {"info": {"description": DESCRIPTION, "license": {"name": "MIT"}}},
}


def init_app(
    app: Flask, service: ReservationService, *, issues_tokens: bool, development: bool
) -> None:
    """Serve the API.

    Args:
        app: to serve it.
        service: does the work.
        issues_tokens: whether this service signs tokens, rather than an identity provider.
        development: whether anybody may have a token for trying things out.
    """
    app.config.update(OPENAPI, MAX_CONTENT_LENGTH=MAX_BODY_BYTES)
    # What is no address is answered as such, not led to one that is much like it.
    app.url_map.merge_slashes = False
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.before_request(_allow_long_bodies_of_events)
    wiring.init_app(app, service)
    problems.init_app(app)
    api = Api(app, spec_kwargs={"extra_plugins": [ContractPlugin()]})
    api.register_field(Seconds, "integer", None)
    api.register_field(Cursor, "string", None)
    api.spec.components.security_scheme(
        SECURITY_SCHEME, {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    )
    versions.register(app, api, events, "/events")
    versions.register(app, api, seats, "/events")
    if issues_tokens:
        versions.register(app, api, issuing, "/tokens")
    versions.register(app, api, revoking, "/tokens")
    for blueprint in [user, health, *([try_out] if development else [])]:
        api.register_blueprint(blueprint)
    for undocumented in [swagger, gone]:
        app.register_blueprint(undocumented)


def _allow_long_bodies_of_events() -> None:
    if (request.endpoint or "").endswith(f".{create_event.__name__}"):
        request.max_content_length = MAX_EVENT_BODY_BYTES

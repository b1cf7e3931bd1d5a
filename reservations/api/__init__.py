"""HTTP: thin views over the service, their schemas, and what errors look like."""

from __future__ import annotations

from flask import Flask

from reservations.api import idempotency, limits, problems, versions, wiring
from reservations.api.blocks import blocks
from reservations.api.bodies import MAX_BODY_BYTES, read_to_the_end
from reservations.api.changes import changes
from reservations.api.events import events
from reservations.api.health import health
from reservations.api.holds import holds
from reservations.api.identity import issuing, revoking, try_out, user
from reservations.api.metrics import metrics
from reservations.api.openapi import CONFIG, Api
from reservations.api.reservations import reservations
from reservations.api.seats import seats
from reservations.api.swagger import swagger
from reservations.api.versions import gone
from reservations.service import ReservationService


def init_app(
    app: Flask,
    service: ReservationService,
    *,
    issues_tokens: bool,
    development: bool,
    tokens_per_minute: int,
    keyed_requests_per_hour: int,
) -> None:
    """Serve the API.

    Args:
        app: to serve it.
        service: does the work.
        issues_tokens: whether this service signs tokens, rather than an identity provider.
        development: whether anybody may have a token for trying things out.
        tokens_per_minute: that one admin may have issued by each worker.
        keyed_requests_per_hour: that one patron may send to each worker.
    """
    app.config.update(CONFIG, MAX_CONTENT_LENGTH=MAX_BODY_BYTES)
    # What is no address is answered as such, not led to one that is much like it.
    app.url_map.merge_slashes = False
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.after_request(read_to_the_end)
    wiring.init_app(app, service)
    problems.init_app(app)
    idempotency.init_app(app)
    limits.init_app(app, tokens_per_minute, keyed_requests_per_hour)
    api = Api(app)
    for of_events in [events, seats, holds, reservations, blocks, changes]:
        versions.register(app, api, of_events, "/events")
    if issues_tokens:
        versions.register(app, api, issuing, "/tokens")
    versions.register(app, api, revoking, "/tokens")
    for blueprint in [user, health, *([try_out] if development else [])]:
        api.register_blueprint(blueprint)
    for undocumented in [swagger, metrics, gone]:
        app.register_blueprint(undocumented)

"""The only wiring: settings in, a Flask application out."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Flask, Request
from flask.sessions import NullSession, SessionInterface
from flask_cors import CORS

from reservations import api, cli, embedded, observability, tokens
from reservations.api.problems import PROBLEMS
from reservations.config import Settings
from reservations.service import ReservationService
from reservations.store import Durability, Store
from reservations.tokens import Keys

LOOPBACK_ORIGIN = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?\Z")
CORS_HEADERS = ["Authorization", "Content-Type", "Idempotency-Key", "If-None-Match", "X-Request-ID"]
CORS_EXPOSED = ["Allow", "Content-Disposition", "ETag", "Idempotency-Replayed", "Link", "Location"]
CORS_EXPOSED += ["Retry-After", "WWW-Authenticate", "X-Request-ID"]

NO_SESSION = NullSession()


class NoSessions(SessionInterface):
    """Nobody has a session: Flask would make each request one, to refuse its use."""

    def open_session(self, app: Flask, request: Request) -> NullSession:
        """Return what stands for none."""
        return NO_SESSION


class Application(Flask):
    """Flask, for views that are all synchronous, and know who asks by a token."""

    session_interface = NoSessions()

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return a view or hook as it is: to look into each would cost 2 % of a request."""
        return func


def create_app(settings: Settings, store: Store | None = None) -> Flask:
    """Make an application.

    Args:
        settings: how it runs.
        store: where it keeps everything; by default the one that the settings name.

    Raises:
        ValueError: the settings' public keys cannot be read.
    """
    app = Application("reservations", static_folder=None)
    keys = _keys(settings)
    longest_lifetime = timedelta(seconds=settings.jwt_max_lifetime_seconds)
    tokens.init_app(app, keys, settings.jwt_issuer, settings.jwt_audience, longest_lifetime)
    store = store or open_store(settings)
    service = ReservationService(
        store,
        hold_time=timedelta(seconds=settings.seat_hold_time_seconds),
        seat_user_limit=settings.seat_user_limit,
    )
    metrics = observability.init_app(
        app,
        service,
        development=settings.development,
        log_level=settings.log_level,
        problem_codes=PROBLEMS,
    )
    store.observe(metrics)
    api.init_app(
        app,
        service,
        issues_tokens=keys.signing is not None,
        development=settings.development,
        tokens_per_minute=settings.tokens_per_minute,
        keyed_requests_per_hour=settings.keyed_requests_per_hour,
    )
    embedded_data_dir = None if settings.redis_url else settings.data_dir
    cli.init_app(app, service, embedded_data_dir, _own_url(settings))
    if origins := _cors_origins(settings):
        CORS(
            app,
            origins=origins,
            allow_headers=CORS_HEADERS,
            expose_headers=CORS_EXPOSED,
            always_send=False,
            max_age=600,
        )
    return app


def open_store(settings: Settings) -> Store:
    """Return the store that the settings name: at a URL, or the embedded one."""
    return Store(
        settings.redis_url or embedded.store_url(settings.data_dir),
        durability=Durability(settings.durability),
        connections=settings.threads + 1,
        log_length=settings.change_log_length,
        longest_token_lifetime=timedelta(seconds=settings.jwt_max_lifetime_seconds),
    )


def _keys(settings: Settings) -> Keys:
    if settings.jwt_public_keys is not None:
        return Keys.public(settings.jwt_public_keys)
    assert settings.jwt_secret is not None  # noqa: S101 - settings have one or the other
    return Keys.shared(settings.jwt_secret, settings.jwt_accepted_secrets)


def _own_url(settings: Settings) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}"


def _cors_origins(settings: Settings) -> list[re.Pattern[str]]:
    # As patterns, because flask-cors takes the brackets of an IPv6 address for one.
    named = [re.compile(re.escape(origin) + r"\Z") for origin in settings.cors_origins]
    return [*named, LOOPBACK_ORIGIN] if settings.development else named

"""JSON Web Tokens: how callers prove who they are (RFC 7519).

`keys.py` says with what they are signed, `verification.py` what they have to be.
"""

from __future__ import annotations

from datetime import timedelta

from flask import Flask, current_app
from flask_jwt_extended import JWTManager, create_access_token

from reservations.domain.caller import Role
from reservations.tokens.keys import Keys, name_of
from reservations.tokens.verification import JTI_PATTERN, TokenInvalid, VerifiedToken, Verifier

__all__ = ["JTI_PATTERN", "Keys", "TokenInvalid", "VerifiedToken"]

DEFAULT_LIFETIME = timedelta(hours=1)
_EXTENSION = "reservations.tokens"


def init_app(
    app: Flask, keys: Keys, issuer: str, audience: str, longest_lifetime: timedelta
) -> None:
    """Set an application up to issue and verify tokens."""
    app.config.update(
        {
            "JWT_ALGORITHM": keys.algorithms[0],
            "JWT_SECRET_KEY": keys.signing,
            "JWT_ENCODE_ISSUER": issuer,
            "JWT_ENCODE_AUDIENCE": audience,
            "JWT_ENCODE_NBF": False,
        }
    )
    manager = JWTManager(app)
    if keys.signing is not None:
        name = name_of(keys.signing)
        manager.additional_headers_loader(lambda _identity: {"kid": name})
    app.extensions[_EXTENSION] = Verifier(keys, issuer, audience, longest_lifetime)


def issue(subject: str, role: Role, name: str | None, lifetime: timedelta) -> str:
    """Sign a token.

    Args:
        subject: the patron's or admin's id.
        role: what it may do.
        name: for people to read.
        lifetime: at most the longest lifetime that the service accepts.
    """
    claims = {"role": role} if name is None else {"role": role, "name": name}
    token: str = create_access_token(subject, additional_claims=claims, expires_delta=lifetime)
    return token


def can_issue() -> bool:
    """Whether this service signs tokens, rather than an identity provider."""
    return current_app.config["JWT_SECRET_KEY"] is not None


def longest_lifetime() -> timedelta:
    """Return how long a token may live from its issue."""
    return _verifier().longest_lifetime


def default_lifetime() -> timedelta:
    """Return how long a token lives from its issue if nobody says how long."""
    return min(DEFAULT_LIFETIME, longest_lifetime())


def verify(token: str) -> VerifiedToken:
    """Verify a token, but for whether it was revoked.

    Raises:
        TokenInvalid: in whatever way.
    """
    return _verifier().verify(token)


def _verifier() -> Verifier:
    verifier: Verifier = current_app.extensions[_EXTENSION]
    return verifier

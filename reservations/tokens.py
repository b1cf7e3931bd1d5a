"""JSON Web Tokens: how callers prove who they are (RFC 7519).

flask-jwt-extended reads and signs them; what it accepts by default is too much, so
every claim of the contract is required here, and each failure has one name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock
from time import time
from typing import Any

import jwt
from cachetools import LRUCache
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from flask import Flask, current_app
from flask_jwt_extended import JWTManager, create_access_token, decode_token

from reservations.domain.caller import ID_PATTERN, Caller, Role

NAME_LENGTH = 200
JTI_PATTERN = re.compile(r"[A-Za-z0-9._:@+=~-]{1,256}")
"""What a token's own id looks like: identity providers make them of many kinds."""
MAX_TOKEN_LENGTH = 8_192
"""As much as servers take in one header; how deep JSON of that size nests does no harm."""
DEFAULT_LIFETIME = timedelta(hours=1)
LONGEST_LIFETIME = "JWT_LONGEST_LIFETIME"
_EXTENSION = "reservations.tokens"
REMEMBERED_TOKENS = 32_768
"""Those used last; with what it stands for, one takes about a kilobyte."""
PUBLIC_KEY_ALGORITHMS = ["RS256", "ES256", "EdDSA"]

_UNREADABLE = (
    AttributeError,
    KeyError,
    TypeError,
    ValueError,
    jwt.PyJWTError,
    UnsupportedAlgorithm,
)
"""What reading a document raises that is no set of keys."""


class TokenInvalid(Exception):
    """A token fails verification; the message may be told to anybody."""


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """Whom a token speaks for, its own id, and when it is good.

    Attributes:
        not_before: seconds since 1970 from which it is.
        expires_at: and until which.
    """

    caller: Caller
    jti: str
    not_before: int
    expires_at: int

    def is_good_at(self, now: float) -> bool:
        """Whether it is good at an instant, in seconds since 1970."""
        return self.not_before <= now < self.expires_at


class _VerifiedTokens:
    """Tokens that were verified, by all of their characters.

    To verify one takes longer than all else that is done to hold a seat, and a patron sends
    the same one with each request.
    """

    def __init__(self) -> None:
        self._tokens: LRUCache[str, VerifiedToken] = LRUCache(REMEMBERED_TOKENS)
        self._lock = Lock()

    def get(self, token: str) -> VerifiedToken | None:
        """Return what a token stands for, if that is known and the token good at this instant."""
        with self._lock:
            known = self._tokens.get(token)
        return known if known is not None and known.is_good_at(time()) else None

    def put(self, token: str, verified: VerifiedToken) -> None:
        """Remember what a token stands for."""
        with self._lock:
            self._tokens[token] = verified


@dataclass(frozen=True, slots=True)
class Keys:
    """What tokens are verified with, and signed with if this service may sign them.

    Attributes:
        algorithms: those of the keys, and no others.
        signing: the secret; None where only an identity provider issues tokens.
        verifying: the provider's keys by `kid`; under None the one for tokens that
            name none.
    """

    algorithms: list[str]
    signing: str | None = None
    verifying: Mapping[str | None, Any] = field(default_factory=dict)

    @classmethod
    def shared(cls, secret: str) -> Keys:
        """Sign and verify with one secret that a shop's back end may share."""
        return cls(["HS256"], signing=secret)

    @classmethod
    def public(cls, document: str) -> Keys:
        """Verify with public keys: a JSON Web Key Set (RFC 7517), or one key in PEM.

        Raises:
            ValueError: the document is neither, or has a key that is not public.
        """
        try:
            if document.startswith("-----BEGIN PUBLIC KEY-----"):
                key = load_pem_public_key(document.encode())
                return cls(PUBLIC_KEY_ALGORITHMS, verifying={None: key})
            # Providers list the keys that they encrypt with, too (RFC 7517, section 4.2).
            keys = [key for key in json.loads(document)["keys"] if key.get("use", "sig") == "sig"]
            public = all(key["kty"] in {"RSA", "EC", "OKP"} and "d" not in key for key in keys)
            by_id = {key.get("kid"): jwt.PyJWK(key).key for key in keys}
        except _UNREADABLE as error:
            raise ValueError(
                "JWT_PUBLIC_KEYS is neither a JSON Web Key Set nor a public key in PEM."
            ) from error
        if not public:
            raise ValueError("JWT_PUBLIC_KEYS has a key that is not public.")
        if not by_id or len(by_id) < len(keys):
            raise ValueError("JWT_PUBLIC_KEYS has no key, or two that are named the same.")
        if len(keys) == 1:
            by_id[None] = jwt.PyJWK(keys[0]).key
        return cls(PUBLIC_KEY_ALGORITHMS, verifying=by_id)

    def for_header(self, header: Mapping[str, Any]) -> Any:
        """Return the key that a token with this header is to be verified with.

        Raises:
            KeyError: there is none.
        """
        if self.signing is not None:
            # There is but one secret, whatever a shop's library calls it.
            return self.signing
        return self.verifying[header.get("kid")]


def init_app(
    app: Flask, keys: Keys, issuer: str, audience: str, longest_lifetime: timedelta
) -> None:
    """Set an application up to issue and verify tokens."""
    app.config.update(
        {
            "JWT_ALGORITHM": keys.algorithms[0],
            "JWT_DECODE_ALGORITHMS": keys.algorithms,
            "JWT_SECRET_KEY": keys.signing,
            "JWT_ENCODE_ISSUER": issuer,
            "JWT_DECODE_ISSUER": issuer,
            "JWT_ENCODE_AUDIENCE": audience,
            "JWT_DECODE_AUDIENCE": audience,
            "JWT_ENCODE_NBF": False,
            "JWT_COOKIE_CSRF_PROTECT": False,
            LONGEST_LIFETIME: longest_lifetime,
        }
    )
    app.extensions[_EXTENSION] = _VerifiedTokens()
    JWTManager(app).decode_key_loader(lambda header, _claims: keys.for_header(header))


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
    lifetime: timedelta = current_app.config[LONGEST_LIFETIME]
    return lifetime


def default_lifetime() -> timedelta:
    """Return how long a token lives from its issue if nobody says how long."""
    return min(DEFAULT_LIFETIME, longest_lifetime())


def verify(token: str) -> VerifiedToken:
    """Verify a token, but for whether it was revoked.

    Raises:
        TokenInvalid: in whatever way.
    """
    remembered: _VerifiedTokens = current_app.extensions[_EXTENSION]
    verified = remembered.get(token)
    if verified is None:
        verified = _verify(token)
        remembered.put(token, verified)
    return verified


def _verify(token: str) -> VerifiedToken:
    try:
        if len(token) > MAX_TOKEN_LENGTH:
            raise TokenInvalid("The token is too long.")
        return _read_claims(decode_token(token))
    except jwt.ExpiredSignatureError as error:
        raise TokenInvalid("The token has expired.") from error
    except TokenInvalid:
        raise
    except Exception as error:
        # Everything: a token is the one input that anybody can send anywhere, and its
        # JSON may be nested, huge or of any type before its signature is looked at.
        raise TokenInvalid("The token is not valid.") from error


def _read_claims(claims: Mapping[str, Any]) -> VerifiedToken:
    if claims["type"] != "access":
        raise TokenInvalid("The token is not for access.")
    subject, jti, name = claims["sub"], claims["jti"], claims.get("name")
    issued_at, expires_at = claims["iat"], claims["exp"]
    if not (isinstance(subject, str) and ID_PATTERN.fullmatch(subject)):
        raise TokenInvalid("The token's sub is not an id.")
    if not (isinstance(jti, str) and JTI_PATTERN.fullmatch(jti)):
        raise TokenInvalid("The token's jti is not acceptable.")
    if not all(type(instant) in (int, float) for instant in (issued_at, expires_at)):
        raise TokenInvalid("The token's iat or exp is not a time.")
    if not 0 < expires_at - issued_at <= longest_lifetime().total_seconds():
        raise TokenInvalid("The token's lifetime is not acceptable.")
    if name is not None and not (isinstance(name, str) and len(name) <= NAME_LENGTH):
        raise TokenInvalid("The token's name is not acceptable.")
    return VerifiedToken(
        Caller(subject, Role(claims["role"]), name),
        jti,
        # As whole seconds, which is how they were just compared with the clock.
        not_before=max(int(issued_at), int(claims.get("nbf", issued_at))),
        expires_at=int(expires_at),
    )

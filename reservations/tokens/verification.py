"""Verifying tokens: what each of their claims has to be.

PyJWT checks the signature and the times, in one pass. flask-jwt-extended, which signs our own
tokens, would read each one three times.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from threading import Lock
from time import time
from typing import Any

import jwt
from cachetools import LRUCache
from jwt.algorithms import HMACAlgorithm

from reservations.domain.caller import ID_PATTERN, Caller, Role
from reservations.tokens.keys import Keys

NAME_LENGTH = 200
JTI_PATTERN = re.compile(r"[A-Za-z0-9._:@+=~-]{1,256}")
"""What a token's own id looks like: identity providers make them of many kinds."""
MAX_TOKEN_LENGTH = 8_192
"""As much as servers take in one header; how deep JSON of that size nests does no harm."""
REMEMBERED_SECRETS = 16
REMEMBERED_HEADERS = 64
REMEMBERED_TOKENS = 32_768
"""Those used last; with what it stands for, one takes about a kilobyte."""


class _Hmac(HMACAlgorithm):
    """HS256 that looks at a secret once; PyJWT's own does so for each token."""

    def __init__(self) -> None:
        super().__init__(self.SHA256)
        self._prepared = lru_cache(REMEMBERED_SECRETS)(super().prepare_key)

    def prepare_key(self, key: str | bytes) -> bytes:
        """Return a secret as bytes.

        Raises:
            InvalidKeyError: it is no secret.
        """
        return self._prepared(key)


# In the place of its own, for all of this process: jwt.decode uses what is registered there.
jwt.unregister_algorithm("HS256")
jwt.register_algorithm("HS256", _Hmac())


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


class Verifier:
    """Verifies tokens, and remembers those that were good by all of their characters.

    The keys are the same for as long as it lives, so it remembers none whose key was removed.

    Attributes:
        longest_lifetime: how long a token may live from its issue.
    """

    def __init__(self, keys: Keys, issuer: str, audience: str, longest_lifetime: timedelta) -> None:
        self.longest_lifetime = longest_lifetime
        self._algorithms = keys.algorithms
        # Those that one issuer signs with one key all have the same header.
        self._candidates = lru_cache(REMEMBERED_HEADERS)(keys.candidates)
        self._issuer = issuer
        self._audience = audience
        self._remembered: LRUCache[str, VerifiedToken] = LRUCache(REMEMBERED_TOKENS)
        self._lock = Lock()

    def verify(self, token: str) -> VerifiedToken:
        """Verify a token, but for whether it was revoked.

        Raises:
            TokenInvalid: in whatever way.
        """
        with self._lock:
            known = self._remembered.get(token)
        if known is not None and known.is_good_at(time()):
            return known
        verified = self._verified(token)
        with self._lock:
            self._remembered[token] = verified
        return verified

    def _verified(self, token: str) -> VerifiedToken:
        try:
            if len(token) > MAX_TOKEN_LENGTH:
                raise TokenInvalid("The token is too long.")
            return self._read_claims(self._decoded(token))
        except jwt.ExpiredSignatureError as error:
            raise TokenInvalid("The token has expired.") from error
        except TokenInvalid:
            raise
        except Exception as error:
            # Everything: a token is the one input that anybody can send anywhere, and its
            # JSON may be nested, huge or of any type before its signature is looked at.
            raise TokenInvalid("The token is not valid.") from error

    def _decoded(self, token: str) -> Mapping[str, Any]:
        candidates = self._candidates(token.partition(".")[0])
        if not candidates:
            raise TokenInvalid("The token's kid is of no key that is known here.")
        for key in candidates:
            try:
                return jwt.decode(
                    token,
                    key,
                    algorithms=self._algorithms,
                    issuer=self._issuer,
                    audience=self._audience,
                )
            except jwt.InvalidSignatureError:
                continue
        raise TokenInvalid("The token is not valid.")

    def _read_claims(self, claims: Mapping[str, Any]) -> VerifiedToken:
        # What flask-jwt-extended writes into those that are for something else.
        if claims.get("type", "access") != "access":
            raise TokenInvalid("The token is not for access.")
        subject, jti, name = claims["sub"], claims["jti"], claims.get("name")
        issued_at, expires_at = claims["iat"], claims["exp"]
        if not (isinstance(subject, str) and ID_PATTERN.fullmatch(subject)):
            raise TokenInvalid("The token's sub is not an id.")
        if not (isinstance(jti, str) and JTI_PATTERN.fullmatch(jti)):
            raise TokenInvalid("The token's jti is not acceptable.")
        if not all(type(instant) in (int, float) for instant in (issued_at, expires_at)):
            raise TokenInvalid("The token's iat or exp is not a time.")
        if not 0 < expires_at - issued_at <= self.longest_lifetime.total_seconds():
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

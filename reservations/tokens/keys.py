"""What tokens are verified with, and signed with if this service may sign them.

A secret has a name, the `kid` of a token's header (RFC 7515, section 4.1.4), so that two
can be in use while one takes the place of the other.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_public_key

PUBLIC_KEY_ALGORITHMS = ["RS256", "ES256", "EdDSA"]

_NAMING = b"reservations: name of a secret"
"""No token's signature is of this text: what is signed has neither spaces nor a colon."""
_NAME_LENGTH = 16

_UNREADABLE = (
    AttributeError,
    KeyError,
    TypeError,
    ValueError,
    jwt.PyJWTError,
    UnsupportedAlgorithm,
)
"""What reading a document raises that is no set of keys."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys, and what they are for.

    Attributes:
        algorithms: those of the keys, and no others.
        signing: the secret; None where only an identity provider issues tokens.
        verifying: the keys of each `kid`; under None those for tokens that name none,
            in the order in which they are tried.
    """

    algorithms: list[str]
    signing: str | None = None
    verifying: Mapping[str | None, Sequence[Any]] = field(default_factory=dict)

    @classmethod
    def shared(cls, secret: str, accepted: Sequence[str] = ()) -> Keys:
        """Sign and verify with one secret that a shop's back end may share.

        Args:
            secret: with which tokens are signed.
            accepted: others with which they may have been signed.
        """
        each = list(dict.fromkeys([secret, *accepted]))
        # A shop's back end that signs tokens need not know what a secret is called here.
        by_id: dict[str | None, Sequence[str]] = {None: each}
        by_id |= {name_of(one): [one] for one in each}
        return cls(["HS256"], signing=secret, verifying=by_id)

    @classmethod
    def public(cls, document: str) -> Keys:
        """Verify with public keys: a JSON Web Key Set (RFC 7517), or one key in PEM.

        Raises:
            ValueError: the document is neither, or has a key that is not public.
        """
        try:
            if document.startswith("-----BEGIN PUBLIC KEY-----"):
                key = load_pem_public_key(document.encode())
                return cls(PUBLIC_KEY_ALGORITHMS, verifying={None: [key]})
            # Providers list the keys that they encrypt with, too (RFC 7517, section 4.2).
            keys = [key for key in json.loads(document)["keys"] if key.get("use", "sig") == "sig"]
            public = all(key["kty"] in {"RSA", "EC", "OKP"} and "d" not in key for key in keys)
            by_id = {key.get("kid"): [jwt.PyJWK(key).key] for key in keys}
        except _UNREADABLE as error:
            raise ValueError(
                "JWT_PUBLIC_KEYS is neither a JSON Web Key Set nor a public key in PEM."
            ) from error
        if not public:
            raise ValueError("JWT_PUBLIC_KEYS has a key that is not public.")
        if not by_id or len(by_id) < len(keys):
            raise ValueError("JWT_PUBLIC_KEYS has no key, or two that are named the same.")
        if len(keys) == 1:
            by_id[None] = [jwt.PyJWK(keys[0]).key]
        return cls(PUBLIC_KEY_ALGORITHMS, verifying=by_id)

    def candidates(self, header: str) -> Sequence[Any]:
        """Return the keys that a token may be signed with, by its header, as it was sent.

        Returns:
            Those to be tried, in this order; none if the token names an unknown one.

        Raises:
            jwt.PyJWTError: the header cannot be read, or its `kid` is no text.
        """
        # PyJWT reads the header of a whole token only: this one says nothing, by nobody.
        return self.verifying.get(jwt.get_unverified_header(f"{header}..").get("kid"), ())


def name_of(secret: str) -> str:
    """Return what a secret is called in tokens, which tells nothing of the secret itself."""
    return hmac.digest(secret.encode(), _NAMING, "sha256").hex()[:_NAME_LENGTH]

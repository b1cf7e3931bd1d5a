"""What tokens are verified with, and signed with if this service may sign them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_public_key

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


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys, and what they are for.

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

    def verifying_key(self, token: str) -> Any:
        """Return the key that a token is to be verified with, by what its header says.

        Raises:
            KeyError: there is none.
            jwt.PyJWTError: it has no header that can be read.
        """
        if self.signing is not None:
            # There is but one secret, whatever a shop's library calls it.
            return self.signing
        return self.verifying[jwt.get_unverified_header(token).get("kid")]

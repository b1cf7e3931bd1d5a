"""Only a token that is right in every way lets anybody in; with no store, none does."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from reservations.app import create_app
from reservations.config import Settings
from reservations.store import Store
from tests.conftest import JWT_SECRET
from tests.security.problems import assert_problem, assert_unauthorized
from tests.security.routes import ROUTES, Route

Claims = dict[str, Any]

NOW = int(time.time())
HEADER = {"alg": "HS256", "typ": "JWT"}
GOOD: Claims = {
    "sub": "alice",
    "role": "patron",
    "name": "Alice",
    "iat": NOW - 10,
    "exp": NOW + 3600,
    "jti": "6c1f0a7e",
    "iss": "reservations",
    "aud": "reservations",
}
RESOURCES = ["/user", "/v1/events"]


def b64(content: bytes | str) -> str:
    """Encode a segment of a token."""
    octets = content.encode() if isinstance(content, str) else content
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def forge(
    claims: Claims | str, header: dict[str, Any] | str = HEADER, secret: str | bytes = JWT_SECRET
) -> str:
    """Sign anything with HMAC-SHA256, whatever the header says; text is taken as it is."""
    texts = [part if isinstance(part, str) else json.dumps(part) for part in (header, claims)]
    signed = ".".join(b64(text) for text in texts)
    key = secret.encode() if isinstance(secret, str) else secret
    return f"{signed}.{b64(hmac.digest(key, signed.encode(), hashlib.sha256))}"


def claims(**changes: Any) -> Claims:
    """Return good claims with changes."""
    return GOOD | changes


def without(name: str) -> Claims:
    """Return good claims but for one."""
    return {claim: value for claim, value in GOOD.items() if claim != name}


def literal(**changes: str) -> str:
    """Return good claims as JSON, with values that `json.dumps` would not write."""
    text = json.dumps(GOOD | dict.fromkeys(changes, "@"))
    for name, value in changes.items():
        text = text.replace(f'"{name}": "@"', f'"{name}": {value}')
    return text


def ask(client: FlaskClient, path: str, authorization: str | None) -> TestResponse:
    """Send a value of `Authorization` as it is."""
    environ = {} if authorization is None else {"HTTP_AUTHORIZATION": authorization}
    return client.get(path, environ_overrides=environ)


GOOD_TOKENS = {
    "all claims": forge(GOOD),
    "no name": forge(without("name")),
    "null for a name": forge(claims(name=None)),
    "admin": forge(claims(role="admin")),
    "the longest life": forge(claims(exp=NOW - 10 + 30 * 86_400)),
    "fractions of seconds": forge(claims(iat=NOW - 10.5, exp=NOW + 3600.5)),
    "more claims": forge(claims(scope="a b", nested={"a": [1]})),
    "one of several audiences": forge(claims(aud=["shop", "reservations"])),
    "nbf that has passed": forge(claims(nbf=NOW - 5)),
    "64 characters for an id": forge(claims(sub="a" * 64)),
    "an id with punctuation": forge(claims(sub="A.b_c:d@e-f")),
    "7 KB": forge(claims(padding="a" * 5000)),
}


@pytest.mark.parametrize("path", RESOURCES)
@pytest.mark.parametrize("token", GOOD_TOKENS.values(), ids=GOOD_TOKENS)
def test_a_good_token_lets_its_bearer_in(client: FlaskClient, path: str, token: str) -> None:
    assert ask(client, path, f"Bearer {token}").status_code == 200


def test_the_scheme_is_known_in_any_case(client: FlaskClient) -> None:
    assert ask(client, "/user", f"bearer {forge(GOOD)}").status_code == 200


def test_user_tells_whom_the_token_speaks_for(client: FlaskClient) -> None:
    who = ask(client, "/user", f"Bearer {forge(GOOD)}").json
    assert who == {"id": "alice", "name": "Alice", "role": "patron"}
    nameless = ask(client, "/user", f"Bearer {forge(without('name'))}").json
    assert nameless == {"id": "alice", "name": None, "role": "patron"}


T = forge(GOOD)
SIGNED, _, SIGNATURE = T.rpartition(".")
BOBS = forge(claims(sub="bob")).rpartition(".")[0]

BAD_HEADERS: dict[str, str | None] = {
    "none": None,
    "empty": "",
    "spaces": "   ",
    "comma": ",",
    "scheme alone": "Bearer",
    "scheme and a space": "Bearer ",
    "scheme and commas": "Bearer ,,",
    "token alone": T,
    "another scheme": f"Basic {T}",
    "a scheme that begins alike": f"BearerX {T}",
    "Token": f"Token {T}",
    "JWT": f"JWT {T}",
    "basic credentials": "Basic YWxpY2U6YWxpY2U=",
    "no space": f"Bearer:{T}",
    "quotes": f'Bearer "{T}"',
    "two tokens": f"Bearer {T} {T}",
    "two credentials": f"Bearer {T}, Bearer {T}",
    "two credentials, one bad": f"Bearer x, Bearer {T}",
    "garbage": "Bearer garbage",
    "one dot": "Bearer a.b",
    "two dots": "Bearer ..",
    "three dots": f"Bearer {T}.x",
    "five segments": "Bearer a.b.c.d.e",
    "dots only": "Bearer ....",
    "non-ASCII": "Bearer \u00e9\u00e9.\u00ff.\u0080",
    "non-ASCII in the signature": f"Bearer {T}\u00e9",
    "NUL": f"Bearer {T}\x00",
    "newline": f"Bearer {SIGNED}\n.{SIGNATURE}",
    "7 KB of one letter": "Bearer " + "a" * 7000,
    "7 KB of dots": "Bearer " + "." * 7000,
    "7 KB of spaces": "Bearer " + " " * 7000 + "x",
    "7 KB of commas": "Bearer " + "," * 7000 + "x",
    "not base64": "Bearer !!!.???.***",
    "no signature": f"Bearer {SIGNED}.",
    "no payload": f"Bearer {b64(json.dumps(HEADER))}..{SIGNATURE}",
    "cut signature": f"Bearer {T[:-2]}",
    "signature of zeros": f"Bearer {SIGNED}.{b64(bytes(32))}",
    "signature of another token": f"Bearer {BOBS}.{SIGNATURE}",
    "empty objects": f"Bearer {forge({}, {})}",
    "header is an array": f"Bearer {forge(GOOD, '[]')}",
    "header is null": f"Bearer {forge(GOOD, 'null')}",
    "header is no JSON": f"Bearer {forge(GOOD, 'x')}",
    "claims are an array": f"Bearer {forge('[]')}",
    "claims are a string": f"Bearer {forge(json.dumps('alice'))}",
    "claims are null": f"Bearer {forge('null')}",
    "claims are no JSON": f"Bearer {forge('x')}",
    "claims are empty": f"Bearer {forge({})}",
}

NESTED = "[" * 6000 + "]" * 6000
BAD_TOKENS: dict[str, str] = (
    {
        "other secret": forge(GOOD, secret="x" * 43),
        "empty secret": forge(GOOD, secret=""),
        "no algorithm": forge(GOOD, {"typ": "JWT"}),
        "algorithm of a wrong type": forge(GOOD, {"alg": ["HS256"]}),
        "algorithm null": forge(GOOD, {"alg": None}),
        "HS384": jwt.encode(GOOD, JWT_SECRET * 2, "HS384"),
        "said to be HS512": forge(GOOD, {"alg": "HS512"}),
        "said to be RS256": forge(GOOD, {"alg": "RS256"}),
        "lower case": forge(GOOD, {"alg": "hs256"}),
        "kid a number": forge(GOOD, HEADER | {"kid": 5}),
        "kid an array": forge(GOOD, HEADER | {"kid": ["a"]}),
        "kid an object": forge(GOOD, HEADER | {"kid": {"a": 1}}),
        "kid true": forge(GOOD, HEADER | {"kid": True}),
        "kid a path": forge(GOOD, HEADER | {"kid": "../../../dev/null"}, secret=""),
        "crit": forge(GOOD, HEADER | {"crit": ["exp"]}),
        "detached payload": forge("", HEADER | {"b64": False, "crit": ["b64"]}),
        "expired": forge(claims(exp=NOW - 1, iat=NOW - 100)),
        "expires now": forge(claims(exp=NOW)),
        "not yet valid": forge(claims(nbf=NOW + 600)),
        "nbf of a wrong type": forge(claims(nbf="soon")),
        "nbf an array": forge(claims(nbf=[1])),
        "issued in the future": forge(claims(iat=NOW + 600)),
        "iss of another": forge(claims(iss="somebody")),
        "iss null": forge(claims(iss=None)),
        "iss a list": forge(claims(iss=["reservations"])),
        "iss with a space": forge(claims(iss="reservations ")),
        "aud of another": forge(claims(aud="shop")),
        "aud null": forge(claims(aud=None)),
        "aud empty": forge(claims(aud=[])),
        "aud of numbers": forge(claims(aud=[5])),
        "aud an object": forge(claims(aud={"reservations": 1})),
        "sub null": forge(claims(sub=None)),
        "sub a number": forge(claims(sub=5)),
        "sub an array": forge(claims(sub=["alice"])),
        "sub an object": forge(claims(sub={"id": "alice"})),
        "sub true": forge(claims(sub=True)),
        "sub empty": forge(claims(sub="")),
        "sub of 65 characters": forge(claims(sub="a" * 65)),
        "sub with a space": forge(claims(sub="alice bob")),
        "sub with a newline": forge(claims(sub="alice\n")),
        "sub with a brace": forge(claims(sub="{e:x}")),
        "sub with a bar": forge(claims(sub="a|b")),
        "sub that is not ASCII": forge(claims(sub="аlice")),
        "sub with half a surrogate pair": forge(claims(sub="\ud800")),
        "sub with a NUL": forge(claims(sub="alice\x00")),
        "jti null": forge(claims(jti=None)),
        "jti a number": forge(claims(jti=5)),
        "jti an array": forge(claims(jti=["6c1f0a7e"])),
        "jti empty": forge(claims(jti="")),
        "jti with a space": forge(claims(jti="a b")),
        "jti of 257 characters": forge(claims(jti="a" * 257)),
        "role unknown": forge(claims(role="owner")),
        "role capital": forge(claims(role="Admin")),
        "role empty": forge(claims(role="")),
        "role null": forge(claims(role=None)),
        "role a number": forge(claims(role=1)),
        "role true": forge(claims(role=True)),
        "role an array": forge(claims(role=["admin"])),
        "role an object": forge(claims(role={"admin": True})),
        "name a number": forge(claims(name=5)),
        "name an array": forge(claims(name=["Alice"])),
        "name of 201 characters": forge(claims(name="a" * 201)),
        "10 years": forge(claims(exp=NOW + 10 * 365 * 86_400)),
        "a second too long": forge(claims(exp=NOW - 10 + 30 * 86_400 + 1)),
        "issued at 0": forge(claims(iat=0)),
        "issued before time": forge(claims(iat=-(10**12))),
        "expires as it is issued": forge(claims(iat=NOW + 3600)),
        "expires before it is issued": forge(claims(iat=NOW + 7200)),
        "refresh": forge(claims(type="refresh")),
        "nested header": forge(GOOD, NESTED),
        "nested in the header": forge(GOOD, f'{{"alg": "HS256", "x": {NESTED}}}'),
        "nested claims": forge(NESTED),
        "nested in the claims": forge(literal(scope=NESTED)),
        "nested sub": forge(literal(sub=NESTED)),
        "long number in the header": forge(GOOD, '{"alg": "HS256", "x": %s}' % ("9" * 5000)),
    }
    | {
        f"{claim} {what}": forge(literal(**{claim: value}))
        for claim in ("exp", "iat")
        for what, value in {
            "null": "null",
            "true": "true",
            "a string": f'"{NOW + 100}"',
            "a date": '"2999-01-01T00:00:00Z"',
            "an array": f"[{NOW}]",
            "an object": "{}",
            "NaN": "NaN",
            "Infinity": "Infinity",
            "-Infinity": "-Infinity",
            "1e400": "1e400",
            "-1e400": "-1e400",
            "5,000 digits": "9" * 5000,
            "5,000 digits, negative": "-" + "9" * 5000,
            "999 digits": "9" * 999,
            "1e308": "1e308",
        }.items()
    }
    | {
        f"without {claim}": forge(without(claim))
        for claim in ("exp", "iat", "jti", "sub", "role", "iss", "aud")
    }
    | {
        f"alg {alg!r}, {what}": forge(GOOD, HEADER | {"alg": alg}).rpartition(".")[0]
        + f".{signature}"
        for alg in ("none", "None", "NONE", "nOnE", " none", "none ", "")
        for what, signature in {"unsigned": "", "signed": SIGNATURE}.items()
    }
)


@pytest.mark.parametrize("path", RESOURCES)
@pytest.mark.parametrize(
    "authorization",
    [
        *(pytest.param(header, id=f"header-{name}") for name, header in BAD_HEADERS.items()),
        *(
            pytest.param(f"Bearer {token}", id=f"token-{name}")
            for name, token in BAD_TOKENS.items()
        ),
    ],
)
def test_any_other_token_is_unauthorized(
    client: FlaskClient, path: str, authorization: str | None
) -> None:
    assert_unauthorized(ask(client, path, authorization))


def test_a_token_is_looked_for_in_one_header_only(client: FlaskClient) -> None:
    client.set_cookie("access_token_cookie", T)
    for response in (
        client.get(f"/user?jwt={T}&access_token={T}"),
        client.get("/user", json={"access_token": T}),
        client.get("/user", data={"access_token": T}),
        client.get("/user", headers={"X-Access-Token": T, "Proxy-Authorization": f"Bearer {T}"}),
    ):
        assert_unauthorized(response)


def test_a_refusal_says_nothing_of_the_token(client: FlaskClient) -> None:
    response = ask(client, "/user", f"Bearer {BAD_TOKENS['other secret']}")
    assert "alice" not in response.text and SIGNED not in response.text
    assert JWT_SECRET not in response.text


# An identity provider's public keys

PEM = serialization.Encoding.PEM
SPKI = serialization.PublicFormat.SubjectPublicKeyInfo


class Provider:
    """An identity provider: it has the private keys, the service the public ones."""

    def __init__(self) -> None:
        self.keys: dict[str, Any] = {
            "RS256": rsa.generate_private_key(65_537, 2048),
            "ES256": ec.generate_private_key(ec.SECP256R1()),
            "EdDSA": ed25519.Ed25519PrivateKey.generate(),
        }

    def pem(self, algorithm: str) -> str:
        """Return a public key in PEM."""
        public = self.keys[algorithm].public_key()
        return str(public.public_bytes(PEM, SPKI).decode())

    def jwk(self, algorithm: str, kid: str | None = None) -> dict[str, Any]:
        """Return a public key as a JSON Web Key."""
        public = self.keys[algorithm].public_key()
        key = jwt.get_algorithm_by_name(algorithm).to_jwk(public, as_dict=True)
        return {**key, "use": "sig"} | ({} if kid is None else {"kid": kid})

    def key_set(self) -> str:
        """Return all keys, each with its algorithm for its `kid`."""
        return json.dumps({"keys": [self.jwk(name, kid=name) for name in self.keys]})

    def issue(self, algorithm: str, kid: str | None = None, **changes: Any) -> str:
        """Sign a token."""
        header = None if kid is None else {"kid": kid}
        return jwt.encode(claims(**changes), self.keys[algorithm], algorithm, headers=header)


@pytest.fixture(scope="module")
def provider() -> Provider:
    """The identity provider that the service trusts."""
    return Provider()


@pytest.fixture(scope="module")
def trusting(settings: Settings, store: Store) -> Callable[[str], Flask]:
    """Make an application that only verifies tokens, with these public keys."""

    def make(document: str) -> Flask:
        app = create_app(replace(settings, jwt_secret=None, jwt_public_keys=document), store)
        app.testing = True
        return app

    return make


ALGORITHMS = ["RS256", "ES256", "EdDSA"]


class TestPublicKeys:
    @pytest.mark.parametrize("algorithm", ALGORITHMS)
    @pytest.mark.parametrize("form", ["PEM", "one key of a set", "one of several keys"])
    def test_the_providers_tokens_are_good(
        self, provider: Provider, trusting: Callable[[str], Flask], algorithm: str, form: str
    ) -> None:
        kid = None
        if form == "PEM":
            document = provider.pem(algorithm)
        elif form == "one key of a set":
            document = json.dumps({"keys": [provider.jwk(algorithm)]})
        else:
            document, kid = provider.key_set(), algorithm
        client = trusting(document).test_client()
        for path in RESOURCES:
            token = provider.issue(algorithm, kid)
            assert ask(client, path, f"Bearer {token}").status_code == 200
            assert_unauthorized(ask(client, path, f"Bearer {Provider().issue(algorithm, kid)}"))
            for wrong in ({"exp": NOW - 1}, {"aud": "shop"}, {"iss": "x"}, {"role": "owner"}):
                bad = provider.issue(algorithm, kid, **wrong)
                assert_unauthorized(ask(client, path, f"Bearer {bad}"))

    @pytest.mark.parametrize("form", ["PEM", "set"])
    def test_a_public_key_is_no_shared_secret(
        self, provider: Provider, trusting: Callable[[str], Flask], form: str
    ) -> None:
        pem, key = provider.pem("RS256"), provider.jwk("RS256", kid="RS256")
        document = pem if form == "PEM" else provider.key_set()
        client = trusting(document).test_client()
        public = provider.keys["RS256"].public_key()
        known_to_all = [
            pem,
            pem.strip(),
            pem.replace("\n", "\r\n"),
            "".join(pem.splitlines()[1:-1]),
            public.public_bytes(serialization.Encoding.DER, SPKI),
            public.public_bytes(PEM, serialization.PublicFormat.PKCS1),
            document,
            json.dumps(key),
            key["n"],
            base64.urlsafe_b64decode(key["n"] + "=="),
            JWT_SECRET,
            "",
        ]
        for secret in known_to_all:
            for header in (HEADER, HEADER | {"kid": "RS256"}, HEADER | {"alg": "RS256"}):
                assert_unauthorized(ask(client, "/user", f"Bearer {forge(GOOD, header, secret)}"))

    @pytest.mark.parametrize("alg", ["none", "None", "nOnE", "HS256", "HS384", "HS512", "PS256"])
    def test_no_other_algorithm_is_taken(
        self, provider: Provider, trusting: Callable[[str], Flask], alg: str
    ) -> None:
        client = trusting(provider.pem("RS256")).test_client()
        good = provider.issue("RS256")
        header = b64(json.dumps({"alg": alg}))
        for signature in ("", good.rpartition(".")[2]):
            token = f"{header}.{good.split('.')[1]}.{signature}"
            assert_unauthorized(ask(client, "/user", f"Bearer {token}"))

    def test_a_token_of_several_keys_names_its_own(
        self, provider: Provider, trusting: Callable[[str], Flask]
    ) -> None:
        client = trusting(provider.key_set()).test_client()
        for bad in (
            provider.issue("RS256"),
            provider.issue("RS256", kid="ES256"),
            provider.issue("ES256", kid="EdDSA"),
            provider.issue("EdDSA", kid="RS256"),
            provider.issue("RS256", kid="RS512"),
            provider.issue("RS256", kid=""),
        ):
            assert_unauthorized(ask(client, "/user", f"Bearer {bad}"))

    @pytest.mark.parametrize("place", ["jwk", "jku", "x5u", "x5c"])
    def test_a_key_that_the_token_brings_along_is_passed_over(
        self, provider: Provider, trusting: Callable[[str], Flask], place: str
    ) -> None:
        mallory = Provider()
        brought = {
            "jwk": mallory.jwk("RS256"),
            "jku": "http://127.0.0.1:9/keys",
            "x5u": "http://127.0.0.1:9/keys",
            "x5c": [b64(mallory.pem("RS256"))],
        }
        token = jwt.encode(GOOD, mallory.keys["RS256"], "RS256", headers={place: brought[place]})
        for document in (provider.pem("RS256"), json.dumps({"keys": [provider.jwk("RS256")]})):
            client = trusting(document).test_client()
            assert_unauthorized(ask(client, "/user", f"Bearer {token}"))

    def test_keys_that_the_provider_encrypts_with_are_passed_over(
        self, provider: Provider, trusting: Callable[[str], Flask]
    ) -> None:
        encrypting = provider.jwk("RS256", kid="enc") | {"use": "enc", "alg": "RSA-OAEP"}
        document = json.dumps({"keys": [provider.jwk("RS256", kid="a"), encrypting]})
        client = trusting(document).test_client()
        good, bad = provider.issue("RS256", kid="a"), provider.issue("RS256", kid="enc")
        assert ask(client, "/user", f"Bearer {good}").status_code == 200
        assert_unauthorized(ask(client, "/user", f"Bearer {bad}"))

    def test_the_service_issues_no_tokens(
        self, provider: Provider, trusting: Callable[[str], Flask]
    ) -> None:
        app = trusting(provider.pem("RS256"))
        client = app.test_client()
        admin = {"Authorization": f"Bearer {provider.issue('RS256', role='admin')}"}
        new = {"subject": "alice", "role": "patron"}
        for path in ("/v1/tokens", "/tokens"):
            assert_problem(client.post(path, json=new, headers=admin), 404, "not_found")
            assert_problem(client.post(path, json=new), 404, "not_found")
        assert client.delete("/v1/tokens/abc", headers=admin).status_code == 204
        paths = client.get("/openapi.json").json["paths"]
        assert "/v1/tokens" not in paths
        assert "delete" in paths["/v1/tokens/{jti}"]

    def test_the_command_says_in_one_line_where_tokens_come_from(
        self, provider: Provider, trusting: Callable[[str], Flask]
    ) -> None:
        run = trusting(provider.pem("RS256")).test_cli_runner()
        result = run.invoke(args=["tokens", "issue", "box-office", "--role", "admin"])
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.count("\n") == 1
        assert "JWT_PUBLIC_KEYS" in result.stderr

    def test_trying_out_is_impossible(
        self, settings: Settings, store: Store, provider: Provider
    ) -> None:
        production = replace(
            settings, development=False, jwt_secret=None, jwt_public_keys=provider.pem("RS256")
        )
        client = create_app(production, store).test_client()
        assert_problem(client.post("/jwt", json={"id": "a", "name": "A"}), 404, "not_found")

    @pytest.mark.parametrize(
        "document",
        [
            "x",
            "{}",
            "[]",
            "null",
            '"keys"',
            '{"keys": []}',
            '{"keys": {}}',
            '{"keys": 5}',
            '{"keys": ["x"]}',
            '{"keys": [{}]}',
            '{"keys": [{"kty": "RSA"}]}',
            '{"keys": [{"kty": "RSA", "n": "!", "e": "AQAB"}]}',
            '{"keys": [{"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I"}]}',
            "-----BEGIN PUBLIC KEY-----",
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
        ],
    )
    def test_a_document_without_public_keys_is_refused_at_the_start(
        self, trusting: Callable[[str], Flask], document: str
    ) -> None:
        with pytest.raises(ValueError, match=r"^JWT_PUBLIC_KEYS [^\n]*\.$"):
            trusting(document)

    @pytest.mark.parametrize("algorithm", ALGORITHMS)
    def test_private_keys_are_refused_at_the_start(
        self, provider: Provider, trusting: Callable[[str], Flask], algorithm: str
    ) -> None:
        private = provider.keys[algorithm]
        key = jwt.get_algorithm_by_name(algorithm).to_jwk(private, as_dict=True)
        pem = private.private_bytes(
            PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        for document in (json.dumps({"keys": [provider.jwk("RS256", "a"), key]}), pem):
            with pytest.raises(ValueError, match="^JWT_PUBLIC_KEYS") as refusal:
                trusting(document)
            assert key["d"] not in str(refusal.value)

    def test_two_keys_of_one_name_are_refused_at_the_start(
        self, provider: Provider, trusting: Callable[[str], Flask]
    ) -> None:
        keys = [provider.jwk("RS256", kid="a"), provider.jwk("ES256", kid="a")]
        with pytest.raises(ValueError, match="named the same"):
            trusting(json.dumps({"keys": keys}))


# No store, no entry

WITH_TOKEN = [route for route in ROUTES if route.no_token == 401]


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[str]:
    """A server that takes connections and never answers."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "silent"))
        server.listen(64)
        yield f"unix://{tmp_path}/silent"


class TestWithoutStore:
    ADMIN = {"Authorization": f"Bearer {forge(claims(role='admin'))}"}

    @pytest.fixture
    def cut_off(self, settings: Settings, tmp_path: Path) -> FlaskClient:
        """A client of a service whose store is not there."""
        return create_app(replace(settings, redis_url=f"unix://{tmp_path}/none")).test_client()

    @pytest.mark.parametrize("route", WITH_TOKEN, ids=str)
    def test_nobody_is_let_in(self, cut_off: FlaskClient, route: Route) -> None:
        began = time.monotonic()
        path = route.path(event_id="0000000000000000")
        response = cut_off.open(path, method=route.method, json=route.body, headers=self.ADMIN)
        assert_problem(response, 503, "store_unavailable")
        assert response.headers["Retry-After"]
        assert time.monotonic() - began < 2

    def test_a_bad_token_is_still_a_bad_token(self, cut_off: FlaskClient) -> None:
        assert_unauthorized(cut_off.get("/user"))
        assert_unauthorized(ask(cut_off, "/user", f"Bearer {BAD_TOKENS['other secret']}"))

    def test_health_is_of_the_process_and_readiness_of_the_store(
        self, cut_off: FlaskClient
    ) -> None:
        assert cut_off.get("/health").status_code == 200
        assert_problem(cut_off.get("/ready"), 503, "store_unavailable")
        assert cut_off.get("/openapi.json").status_code == 200

    def test_a_store_that_never_answers_is_not_waited_for(
        self, settings: Settings, silent: str
    ) -> None:
        client = create_app(replace(settings, redis_url=silent)).test_client()
        began = time.monotonic()
        assert_problem(client.get("/user", headers=self.ADMIN), 503, "store_unavailable")
        assert time.monotonic() - began < 2
        assert client.get("/health").status_code == 200

    def test_a_caller_known_a_moment_ago_is_not_let_in_either(
        self, settings: Settings, store_url: str, tmp_path: Path
    ) -> None:
        link = tmp_path / "link"
        link.symlink_to(store_url.removeprefix("unix://").partition("?")[0])
        app = create_app(replace(settings, redis_url=f"unix://{link}"))
        client = app.test_client()
        assert client.get("/v1/events", headers=self.ADMIN).status_code == 200
        link.unlink()
        app.extensions["reservations"].service._store.close()
        assert_problem(client.get("/v1/events", headers=self.ADMIN), 503, "store_unavailable")
        deadline = time.monotonic() + 2
        while client.get("/user", headers=self.ADMIN).status_code == 200:
            assert time.monotonic() < deadline, "revocations must not be taken on trust for long"
            time.sleep(0.02)

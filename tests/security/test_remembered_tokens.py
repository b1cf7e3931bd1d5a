"""A token that was verified once is good only for as long, and only as it was sent."""

from __future__ import annotations

import time
from collections.abc import Iterator

import jwt
import pytest
from flask.testing import FlaskClient

from reservations.app import create_app
from reservations.config import Settings
from reservations.store import Store
from reservations.tokens import keys, verification
from tests.security.problems import assert_unauthorized
from tests.security.test_tokens import ask, claims, forge


def enter(client: FlaskClient, token: str) -> int:
    return ask(client, "/user", f"Bearer {token}").status_code


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The tokens that were decoded."""
    seen: list[str] = []
    decode = jwt.decode

    def noting(token: str, *args: object, **kwargs: object) -> object:
        seen.append(token)
        return decode(token, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(verification.jwt, "decode", noting)
    yield seen


def test_a_token_is_decoded_once(client: FlaskClient, decoded: list[str]) -> None:
    tokens = [forge(claims(sub=who)) for who in ("alice", "bob")]
    for token in tokens * 3:
        assert enter(client, token) == 200
    assert decoded == tokens


def test_what_tokens_say_of_their_key_is_read_once(
    settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = create_app(settings, store).test_client()
    read: list[str] = []
    header_of = jwt.get_unverified_header

    def noting(token: str) -> dict[str, object]:
        read.append(token)
        return header_of(token)

    monkeypatch.setattr(keys.jwt, "get_unverified_header", noting)
    for who in ("alice", "bob"):
        assert enter(client, forge(claims(sub=who))) == 200
    assert len(read) == 1
    for _ in range(2):
        assert_unauthorized(ask(client, "/user", "Bearer e30.e30.e30"))
        assert_unauthorized(ask(client, "/user", "Bearer x.e30.e30"))


def test_each_token_stands_for_its_own_bearer(client: FlaskClient) -> None:
    for who in ("alice", "bob") * 2:
        answer = ask(client, "/user", f"Bearer {forge(claims(sub=who))}")
        assert answer.json["id"] == who


def test_a_remembered_token_expires(client: FlaskClient) -> None:
    expires_at = int(time.time()) + 2
    token = forge(claims(exp=expires_at))
    assert enter(client, token) == 200
    time.sleep(max(0.0, expires_at - time.time()))
    refused = ask(client, "/user", f"Bearer {token}")
    assert_unauthorized(refused)
    assert refused.json["detail"] == "The token has expired."


def test_a_remembered_token_is_looked_at_again_when_the_clock_is_set_back(
    client: FlaskClient, decoded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    token = forge(claims(nbf=int(time.time()) - 5))
    assert enter(client, token) == 200
    monkeypatch.setattr(verification, "time", lambda: time.time() - 60)
    assert enter(client, token) == 200
    assert decoded == [token, token]


@pytest.mark.parametrize("part", [0, 1, 2])
def test_what_differs_from_a_remembered_token_in_one_character_is_not_good(
    client: FlaskClient, part: int
) -> None:
    token = forge(claims())
    assert enter(client, token) == 200
    parts = token.split(".")
    first = parts[part][0]
    parts[part] = ("A" if first != "A" else "B") + parts[part][1:]
    assert_unauthorized(ask(client, "/user", f"Bearer {'.'.join(parts)}"))


def test_a_bad_token_is_not_remembered(client: FlaskClient, decoded: list[str]) -> None:
    bad = forge(claims(), secret="another secret, as long as it has to be")
    for _ in range(2):
        assert_unauthorized(ask(client, "/user", f"Bearer {bad}"))
    assert decoded == [bad, bad]


def test_only_so_many_are_remembered(
    settings: Settings, store: Store, decoded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "REMEMBERED_TOKENS", 2)
    client = create_app(settings, store).test_client()
    first, second, third = (forge(claims(sub=who)) for who in ("a", "b", "c"))
    for token in (first, second, first, third, first, second):
        assert enter(client, token) == 200
    # The one that was used least recently went.
    assert decoded == [first, second, third, second]

"""The secret is changed in steps; at each, all that anybody signed with is good everywhere."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import jwt
import pytest
from flask import Flask
from flask.testing import FlaskClient

from reservations import tokens
from reservations.app import create_app
from reservations.config import Settings
from reservations.domain.caller import Role
from reservations.store import Store
from reservations.tokens.keys import name_of
from tests.conftest import JWT_SECRET as OLD
from tests.security.problems import assert_unauthorized
from tests.security.test_tokens import BAD_TOKENS, GOOD, HEADER, ask, b64, claims, forge

NEW = "kZ1s0mQ3pQh2mWmS7cYxwq8c9J5eVdRrT4uLbNfAoGi"
OTHER = "Vt6yLr0aXc9oBzW2nQe5sKd8fGh3jMp7uIi1TzRw4Ek"

STEPS = {
    "before": (OLD, ()),
    "both are accepted": (OLD, (OLD, NEW)),
    "the new one signs": (NEW, (OLD, NEW)),
    "after": (NEW, ()),
}
"""The secret and those accepted, in the order of the documented procedure."""

Instance = Callable[..., Flask]


@pytest.fixture(scope="module")
def instance(settings: Settings, store: Store) -> Instance:
    """Make an instance with a secret, and others that it accepts."""

    def make(secret: str, accepted: tuple[str, ...] = ()) -> Flask:
        changed = replace(settings, jwt_secret=secret, jwt_accepted_secrets=accepted)
        return create_app(changed, store)

    return make


def issued_by(app: Flask) -> str:
    with app.app_context():
        return tokens.issue("alice", Role.PATRON, None, timedelta(hours=1))


def is_let_in(client: FlaskClient, token: str) -> bool:
    return ask(client, "/user", f"Bearer {token}").status_code == 200


def named(kid: object, secret: str = OLD) -> str:
    """Return a token that is good but perhaps for its `kid`."""
    return forge(GOOD, HEADER | {"kid": kid}, secret)


@pytest.mark.parametrize(("step", "next_step"), list(itertools.pairwise(STEPS)))
def test_instances_of_two_steps_take_each_others_tokens(
    instance: Instance, step: str, next_step: str
) -> None:
    apps = [instance(*STEPS[name]) for name in (step, next_step)]
    signed = [issued_by(app) for app in apps]
    # A shop's back end may sign with the new secret from when all instances accept it, and
    # with the old one until the last step, before which all has expired that it signed.
    signed += [forge(GOOD, secret=NEW)] if step != "before" else []
    signed += [forge(GOOD)] if next_step != "after" else []
    for app, token in itertools.product(apps, signed):
        assert is_let_in(app.test_client(), token)


def test_a_step_left_out_is_one_in_which_tokens_are_refused(instance: Instance) -> None:
    before, signing = (instance(*STEPS[name]) for name in ("before", "the new one signs"))
    assert not is_let_in(before.test_client(), issued_by(signing))


def test_what_the_removed_secret_signed_is_refused(instance: Instance) -> None:
    after = instance(*STEPS["after"]).test_client()
    for token in (issued_by(instance(OLD)), forge(GOOD), named(name_of(OLD))):
        assert_unauthorized(ask(after, "/user", f"Bearer {token}"))


def test_a_token_that_was_remembered_does_not_outlive_its_key(instance: Instance) -> None:
    token = issued_by(instance(OLD))
    for step in ("before", "both are accepted", "the new one signs"):
        client = instance(*STEPS[step]).test_client()
        assert is_let_in(client, token) and is_let_in(client, token)
    assert not is_let_in(instance(*STEPS["after"]).test_client(), token)


def test_what_an_instance_signs_names_its_secret(instance: Instance) -> None:
    for secret, accepted in STEPS.values():
        header = jwt.get_unverified_header(issued_by(instance(secret, accepted)))
        assert header == HEADER | {"kid": name_of(secret)}


def test_every_way_to_a_token_names_the_secret(app: Flask, client: FlaskClient) -> None:
    who = {"id": "box-office", "name": "Box office", "role": "admin"}
    tried_out = client.post("/jwt", json=who).json["Authorize"]
    issued = client.post(
        "/v1/tokens",
        json={"subject": "alice", "role": "patron"},
        headers={"Authorization": tried_out},
    ).json["access_token"]
    run = app.test_cli_runner()
    printed = run.invoke(args=["tokens", "issue", "alice"]).stdout.strip()
    for token in (tried_out.removeprefix("Bearer "), issued, printed):
        assert jwt.get_unverified_header(token)["kid"] == name_of(OLD)
        assert is_let_in(client, token)


def test_a_name_is_short_and_each_secret_has_its_own() -> None:
    names = [name_of(secret) for secret in (OLD, NEW, OTHER)]
    assert len(set(names)) == 3
    for name in names:
        assert len(name) == 16 and int(name, 16) >= 0
    assert name_of(OLD) == names[0], "the same in every process"


def test_a_token_without_a_name_is_tried_with_each_secret(instance: Instance) -> None:
    client = instance(NEW, (OTHER, OLD)).test_client()
    for secret in (NEW, OTHER, OLD):
        assert is_let_in(client, forge(GOOD, secret=secret))
    assert not is_let_in(client, forge(GOOD, secret="x" * 43))


def test_a_token_without_a_name_is_refused_for_what_its_own_secret_shows(
    instance: Instance,
) -> None:
    client = instance(NEW, (OTHER, OLD)).test_client()
    for secret in (NEW, OTHER, OLD):
        expired = forge(claims(iat=GOOD["iat"] - 7200, exp=GOOD["iat"]), secret=secret)
        refused = ask(client, "/user", f"Bearer {expired}")
        assert_unauthorized(refused)
        assert refused.json["detail"] == "The token has expired."


def test_a_name_is_of_one_secret_only(instance: Instance) -> None:
    client = instance(NEW, (OTHER, OLD)).test_client()
    for name, secret in itertools.product((NEW, OTHER, OLD), repeat=2):
        assert is_let_in(client, named(name_of(name), secret)) is (name == secret)


@pytest.mark.parametrize(
    "kid",
    [
        "",
        " ",
        "None",
        "null",
        "shop-key-1",
        "a" * 5000,
        name_of(OLD).upper(),
        name_of(OLD) + " ",
        name_of(OLD)[:8],
        name_of(OTHER),
        OLD,
        "\u0000",
        "\ud800",
    ],
)
def test_an_unknown_name_is_refused_and_told_apart(client: FlaskClient, kid: str) -> None:
    refused = ask(client, "/user", f"Bearer {named(kid)}")
    assert_unauthorized(refused)
    assert refused.json["detail"] == "The token's kid is of no key that is known here."


@pytest.mark.parametrize("kid", [None, 0, 5, 1e400, True, [], ["a"], {}, {"a": [{}]}], ids=repr)
def test_a_name_that_is_no_text_is_refused(client: FlaskClient, kid: object) -> None:
    assert_unauthorized(ask(client, "/user", f"Bearer {named(kid)}"))


def test_of_two_names_the_last_counts_as_for_all_that_reads_it(client: FlaskClient) -> None:
    two = '{"alg": "HS256", "kid": "%s", "kid": "%s"}'
    assert is_let_in(client, forge(GOOD, two % ("x", name_of(OLD))))
    assert not is_let_in(client, forge(GOOD, two % (name_of(OLD), "x")))


@pytest.mark.parametrize("alg", ["none", "None", "HS512", "RS256", "", None])
def test_a_known_name_is_no_reason_to_take_another_algorithm(
    client: FlaskClient, alg: str | None
) -> None:
    header = HEADER | {"alg": alg, "kid": name_of(OLD)}
    signed = forge(GOOD, header)
    for token in (signed, signed.rpartition(".")[0] + "."):
        assert_unauthorized(ask(client, "/user", f"Bearer {token}"))
    nothing = f"{b64(json.dumps(header))}.{b64(json.dumps(GOOD))}."
    assert_unauthorized(ask(client, "/user", f"Bearer {nothing}"))


def test_no_bad_token_is_good_where_several_secrets_are(instance: Instance) -> None:
    client = instance(NEW, (OTHER, OLD)).test_client()
    let_in = [name for name, token in BAD_TOKENS.items() if is_let_in(client, token)]
    assert not let_in

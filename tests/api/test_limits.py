"""Who asks too often for what stays has to wait, and nobody else has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from werkzeug.test import TestResponse

from reservations.config import Settings
from reservations.domain.caller import Role
from tests.actors import Actor

TOKENS, REQUESTS = 6, 3
"""A minute, and an hour."""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings with low limits."""
    return replace(settings, tokens_per_minute=TOKENS, keyed_requests_per_hour=REQUESTS)


def test_an_admin_waits_for_more_tokens_and_another_does_not(
    actor: Callable[..., Actor], admin: Actor
) -> None:
    answers = [issue(admin) for _ in range(TOKENS + 1)]
    refused = answers[-1]
    assert [answer.status_code for answer in answers[:TOKENS]] == [201] * TOKENS
    assert (refused.status_code, refused.content_type) == (429, "application/problem+json")
    assert refused.json["code"] == "too_many_requests"
    assert "tokens" in refused.json["detail"]
    assert 1 <= int(refused.headers["Retry-After"]) <= 60 / TOKENS
    other = actor("ticket-shop", Role.ADMIN)
    assert issue(other).status_code == 201


def test_a_token_that_is_refused_otherwise_costs_nothing(admin: Actor) -> None:
    for _ in range(TOKENS + 1):
        assert issue(admin, subject="").status_code == 422
    assert issue(admin).status_code == 201


def test_a_patron_waits_with_more_requests_that_have_a_key(
    admin: Actor, alice: Actor, bob: Actor
) -> None:
    event = admin.create_event(seats=10)
    for number in range(REQUESTS):
        assert keyed_hold(alice, event, "1", f"key-{number}").status_code == 200
    refused = keyed_hold(alice, event, "2", "one-more")
    assert (refused.status_code, refused.json["code"]) == (429, "too_many_requests")
    assert 60 < int(refused.headers["Retry-After"]) <= 3600 / REQUESTS
    assert alice.seat(event, "2")["status"] == "free"
    assert keyed_hold(bob, event, "3", "one-more").status_code == 200
    assert alice.hold(event, "2").status_code == 200, "without a key nothing is remembered"


def test_what_is_sent_again_counts_and_what_was_refused_for_that_is_not_remembered(
    admin: Actor, alice: Actor, actor: Callable[..., Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    event = admin.create_event(seats=10)
    for _ in range(REQUESTS):
        keyed_hold(alice, event, "1", "the-same")
    assert keyed_hold(alice, event, "1", "the-same").status_code == 429
    assert keyed_hold(alice, event, "2", "new").status_code == 429
    monkeypatch.setattr("reservations.api.idempotency.count_keyed_request", lambda: None)
    done = keyed_hold(alice, event, "2", "new")
    assert (done.status_code, "Idempotency-Replayed" in done.headers) == (200, False)


def test_a_key_that_is_none_is_refused_before_it_counts(admin: Actor, alice: Actor) -> None:
    event = admin.create_event(seats=10)
    for _ in range(REQUESTS + 1):
        assert keyed_hold(alice, event, "1", "not a key").status_code == 422
    assert keyed_hold(alice, event, "1", "a-key").status_code == 200


def test_the_box_office_is_not_bound(admin: Actor) -> None:
    event = admin.create_event(seats=10)
    for number in range(2 * REQUESTS):
        assert keyed_hold(admin, event, "1", f"key-{number}", patron="carol").status_code == 200


def issue(admin: Actor, subject: str = "alice") -> TestResponse:
    """Have a token issued."""
    return admin.request("POST", "/v1/tokens", json={"subject": subject, "role": "patron"})


def keyed_hold(
    who: Actor, event: dict[str, Any], seat: str, key: str, **members: str
) -> TestResponse:
    """Hold a seat by a request that has a key."""
    path = f"/v1/events/{event['id']}/seats/{seat}"
    body = {"action": "hold", **members}
    return who.request("PATCH", path, json=body, headers={"Idempotency-Key": key})

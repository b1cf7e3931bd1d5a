"""Requests with an Idempotency-Key: sent again they are answered again, and done once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import redis
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from reservations.domain.caller import Role
from reservations.domain.errors import Busy, OutcomeUnknown, StoreUnavailable
from reservations.store.transaction import Transactions
from tests.actors import Actor

DAY_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Request:
    """A request that succeeds in the scene."""

    who: str
    method: str
    path: str
    body: dict[str, Any] | None
    status: int


EVENT = {"name": "Opening night – Ünïcödé", "seats": 10}
SEATS, RESERVATION = "/v1/events/{event}/seats", "/v1/events/{event}/reservations/{reservation}"
HOLDS, BLOCKS = "/v1/events/{event}/holds", "/v1/events/{event}/blocks"

REQUESTS = {
    "create": Request("admin", "POST", "/v1/events", EVENT, 201),
    "create by PUT": Request("admin", "PUT", "/v1/events", EVENT, 201),
    "hold": Request("alice", "PATCH", f"{SEATS}/4", {"action": "hold"}, 200),
    "refresh": Request("alice", "PATCH", f"{SEATS}/1", {"action": "hold"}, 200),
    "reserve": Request("alice", "PATCH", f"{SEATS}/1", {"action": "reserve"}, 200),
    "release": Request("alice", "PATCH", f"{SEATS}/1", {"action": "release"}, 200),
    "hold several": Request("alice", "POST", HOLDS, {"seats": ["4", "5"]}, 200),
    "hold the best": Request("alice", "POST", HOLDS, {"best_available": {"count": 2}}, 200),
    "release several": Request("alice", "DELETE", HOLDS, None, 204),
    "reserve several": Request(
        "alice", "POST", "/v1/events/{event}/reservations", {"reference": "Ä-1"}, 201
    ),
    "cancel": Request("alice", "DELETE", RESERVATION, None, 204),
    "move": Request("alice", "POST", f"{RESERVATION}/move", {"from": "2", "to": "6"}, 200),
    "block": Request("admin", "PUT", BLOCKS, {"seats": ["7"], "reason": "Camera"}, 200),
    "unblock": Request("admin", "DELETE", BLOCKS, {"seats": ["3"]}, 200),
}
OF_EVENTS = [name for name, request in REQUESTS.items() if "{event}" in request.path]
WITH_BODY = [name for name, request in REQUESTS.items() if request.body is not None]


class Scene:
    """An event in which alice holds seat 1 and has reserved 2, and seat 3 is blocked."""

    def __init__(self, admin: Actor, alice: Actor, raw: redis.Redis) -> None:
        self.event = admin.create_event(seats=12)
        self.reservation = alice.has_reserved(self.event, "2")
        alice.has_held(self.event, "1")
        admin.block(self.event, "3")
        self.actors = {"admin": admin, "alice": alice}
        self.raw = raw

    def send(self, name: str, key: str | None = "k-1", **changed: Any) -> TestResponse:
        """Send one of the requests, with some of it changed."""
        request = REQUESTS[name]
        path = request.path.format(event=self.event["id"], reservation=self.reservation["id"])
        who = changed.get("who", self.actors[request.who])
        headers = {} if key is None else {"Idempotency-Key": key}
        given: dict[str, Any] = {"json": request.body} if request.body is not None else {}
        given |= {n: v for n, v in changed.items() if n in {"json", "data", "content_type"}}
        if "data" in given:
            del given["json"]
        path = changed.get("path", path)
        answer: TestResponse = who.request(
            changed.get("method", request.method),
            path,
            headers=headers,
            query_string=changed.get("query"),
            **given,
        )
        return answer

    def everything(self) -> dict[bytes, Any]:
        """Return all that is stored."""
        return {key: self.raw.dump(key) for key in self.raw.keys()}


@pytest.fixture
def scene(admin: Actor, alice: Actor, raw: redis.Redis) -> Scene:
    """The scene of all requests."""
    return Scene(admin, alice, raw)


def assert_replayed(first: TestResponse, again: TestResponse) -> None:
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (again.status_code, again.data) == (first.status_code, first.data)
    for name in ("Content-Type", "Content-Length", "Location", "Cache-Control", "ETag"):
        assert again.headers.get(name) == first.headers.get(name), name
    assert again.headers["X-Request-ID"] != first.headers["X-Request-ID"]


def assert_reused(response: TestResponse) -> None:
    assert (response.status_code, response.json["code"]) == (409, "idempotency_key_reused")
    assert "Idempotency-Replayed" not in response.headers


@pytest.mark.parametrize("name", REQUESTS)
class TestEveryRoute:
    def test_the_same_again_is_answered_the_same_and_does_nothing(
        self, scene: Scene, name: str
    ) -> None:
        first = scene.send(name)
        assert first.status_code == REQUESTS[name].status, first.text
        after = scene.everything()
        for _ in range(2):
            assert_replayed(first, scene.send(name))
        assert scene.everything() == after

    def test_without_a_key_it_is_another_request(self, scene: Scene, name: str) -> None:
        scene.send(name)
        again = scene.send(name, key=None)
        assert "Idempotency-Replayed" not in again.headers
        assert "Idempotency-Replayed" not in scene.send(name, key="k-2").headers

    def test_the_address_without_prefix_is_the_same(self, scene: Scene, name: str) -> None:
        path = REQUESTS[name].path.removeprefix("/v1")
        path = path.format(event=scene.event["id"], reservation=scene.reservation["id"])
        assert_replayed(scene.send(name), scene.send(name, path=path))

    def test_another_key_of_its_own_shape_only(self, scene: Scene, name: str) -> None:
        before = scene.everything()
        for key in ("", "a b", "a" * 129, "a/b"):
            refused = scene.send(name, key=key)
            assert (refused.status_code, refused.json["code"]) == (422, "invalid")
            assert list(refused.json["errors"]) == ["Idempotency-Key"]
        assert scene.everything() == before
        assert scene.send(name, key="a" * 128).status_code == REQUESTS[name].status

    def test_the_answer_is_kept_for_a_day(self, scene: Scene, name: str) -> None:
        scene.send(name, key="some-key")
        lifetimes = [scene.raw.ttl(key) for key in scene.raw.keys("*some-key*")]
        assert lifetimes
        assert all(DAY_SECONDS <= each < DAY_SECONDS + 3600 for each in lifetimes)

    @pytest.mark.parametrize("failure", [Busy(6), StoreUnavailable("down"), OutcomeUnknown()])
    def test_what_could_not_be_done_is_not_remembered(
        self, scene: Scene, name: str, failure: Exception, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_args: Any) -> None:
            raise failure

        with monkeypatch.context() as patch:
            patch.setattr(Transactions, "run", fail)
            assert scene.send(name).status_code == 503
        done = scene.send(name)
        assert (done.status_code, done.headers.get("Idempotency-Replayed")) == (
            REQUESTS[name].status,
            None,
        )
        assert_replayed(done, scene.send(name))


OTHER_BODIES: dict[str, dict[str, Any]] = {
    "create": {**EVENT, "seats": 11},
    "create by PUT": {**EVENT, "description": None},
    "hold": {"action": "release"},
    "refresh": {"action": "hold", "patron": "alice"},
    "reserve": {"action": "hold"},
    "release": {"action": "hold"},
    "hold several": {"seats": ["5", "4"]},
    "hold the best": {"best_available": {"count": 1}},
    "reserve several": {"reference": "Ä-1", "data": {}},
    "move": {"from": "2", "to": "7"},
    "block": {"seats": ["7"]},
    "unblock": {"seats": ["3", "4"]},
}


@pytest.mark.parametrize("name", WITH_BODY)
class TestBodies:
    def test_another_body_is_another_request(self, scene: Scene, name: str) -> None:
        first = scene.send(name)
        after = scene.everything()
        assert_reused(scene.send(name, json=OTHER_BODIES[name]))
        assert scene.everything() == after
        assert_replayed(first, scene.send(name))

    def test_the_same_in_other_words_is_the_same(self, scene: Scene, name: str) -> None:
        members = dict(reversed((REQUESTS[name].body or {}).items()))
        spaced = json.dumps(members, indent=4).encode()
        first = scene.send(name)
        assert_replayed(first, scene.send(name, data=spaced, content_type="application/json"))

    def test_a_body_that_was_refused_is_no_obstacle(self, scene: Scene, name: str) -> None:
        before = scene.everything()
        media = "application/json"
        for status, refused in (
            (400, scene.send(name, data="{", content_type=media)),
            (415, scene.send(name, data="{}", content_type="text/plain")),
            (422, scene.send(name, json={"unknown": 1})),
        ):
            assert refused.status_code == status
        assert scene.everything() == before
        done = scene.send(name)
        assert done.status_code == REQUESTS[name].status
        assert "Idempotency-Replayed" not in done.headers


class TestOtherRequests:
    @pytest.mark.parametrize("name", OF_EVENTS)
    def test_a_key_is_for_one_route(self, scene: Scene, name: str) -> None:
        mine = [each for each in OF_EVENTS if REQUESTS[each].who == REQUESTS[name].who]
        first = scene.send(name)
        after = scene.everything()
        for other in set(mine) - {name}:
            assert_reused(scene.send(other))
        assert scene.everything() == after
        assert_replayed(first, scene.send(name))

    def test_and_for_one_seat(self, scene: Scene) -> None:
        scene.send("hold")
        assert_reused(scene.send("hold", path=f"/v1/events/{scene.event['id']}/seats/5"))

    def test_and_for_one_reservation(self, scene: Scene, alice: Actor) -> None:
        other = alice.has_reserved(scene.event, "5")
        scene.send("cancel")
        path = f"/v1/events/{scene.event['id']}/reservations/{other['id']}"
        assert_reused(scene.send("cancel", path=path))
        assert alice.reservation(scene.event, other).status_code == 200

    def test_and_for_one_query(self, scene: Scene, alice: Actor) -> None:
        alice.has_held(scene.event, "1", "4")
        first = scene.send("release several", query={"seats": "1"})
        assert first.status_code == 204
        for query in ({"seats": "4"}, {"seats": "1,4"}, {}):
            assert_reused(scene.send("release several", query=query))
        assert alice.held_seats(scene.event) == ["4"]
        assert_replayed(first, scene.send("release several", query={"seats": "1"}))

    def test_and_for_one_patron(self, scene: Scene, admin: Actor, alice: Actor) -> None:
        for patron, seat_id in (("alice", "4"), ("bob", "4")):
            body = {"seats": [seat_id], "patron": patron}
            answer = scene.send("hold several", who=admin, json=body)
        assert_reused(answer)
        assert admin.held_seats(scene.event, patron="bob") == []

    def test_and_for_one_event(self, scene: Scene, admin: Actor) -> None:
        other = admin.create_event(seats=12)
        scene.send("hold")
        assert_reused(scene.send("hold", path=f"/v1/events/{other['id']}/seats/4"))

    def test_and_not_for_a_new_event_either(self, scene: Scene) -> None:
        scene.send("block")
        assert_reused(scene.send("create"))

    def test_nor_for_seats_of_the_event_that_it_made(self, scene: Scene, admin: Actor) -> None:
        made = scene.send("create").json
        path = f"/v1/events/{made['id']}/blocks"
        assert_reused(scene.send("block", path=path))
        assert len(admin.free_seats(made)) == 10


class TestCreation:
    def test_put_and_post_of_the_same_event_are_the_same_request(
        self, scene: Scene, admin: Actor
    ) -> None:
        first = scene.send("create")
        assert_replayed(first, scene.send("create by PUT"))
        assert_replayed(first, scene.send("create", path="/events"))
        assert first.headers["Location"] == f"/v1/events/{first.json['id']}"
        assert admin.get("/v1/events").json["items"] == [first.json, scene.event]

    def test_each_key_makes_an_event_of_its_own(self, scene: Scene, admin: Actor) -> None:
        made = {scene.send("create", key=f"k-{n}").json["id"] for n in range(3)}
        assert len(made) == 3
        assert len(admin.get("/v1/events").json["items"]) == 4

    def test_an_event_that_was_changed_or_deleted_is_still_answered_as_it_was_made(
        self, scene: Scene, admin: Actor
    ) -> None:
        first = scene.send("create")
        admin.change_event(first.json, name="Second night")
        assert_replayed(first, scene.send("create"))
        admin.delete_event(first.json)
        assert_replayed(first, scene.send("create"))
        assert admin.get("/v1/events").json["items"] == [scene.event]


class TestCallers:
    def test_anothers_key_is_another(self, scene: Scene, bob: Actor) -> None:
        scene.send("hold several")
        other = scene.send("hold several", who=bob, json={"seats": ["8"]})
        assert other.status_code == 200
        refused = scene.send("hold", who=bob, json={"action": "hold"}, key="k-2")
        assert (refused.status_code, refused.json["code"]) == (409, "seat_held")
        assert bob.held_seats(scene.event) == ["8"]

    def test_so_is_that_of_a_namesake_with_another_role(
        self, scene: Scene, actor: Callable[..., Actor]
    ) -> None:
        scene.send("hold several")
        namesake = actor("alice", Role.ADMIN)
        seen = scene.send("hold several", who=namesake)
        assert seen.status_code == 200
        assert "Idempotency-Replayed" not in seen.headers
        assert [seat["patron"] for seat in seen.json["seats"]] == ["alice", "alice"]

    def test_ids_and_keys_cannot_be_confused(
        self, scene: Scene, actor: Callable[..., Actor]
    ) -> None:
        for seat_id, who, key in (("4", "a", "b:c"), ("5", "a:b", "c"), ("6", "a:b:c", "d")):
            done = scene.send("hold several", who=actor(who), key=key, json={"seats": [seat_id]})
            assert done.status_code == 200
            assert "Idempotency-Replayed" not in done.headers

    def test_a_new_token_of_the_same_caller_knows_the_key(
        self, scene: Scene, actor: Callable[..., Actor]
    ) -> None:
        assert_replayed(scene.send("hold"), scene.send("hold", who=actor("alice")))

    def test_who_has_no_right_learns_nothing_and_uses_no_key(
        self, scene: Scene, client: FlaskClient, alice: Actor
    ) -> None:
        path = f"/v1/events/{scene.event['id']}/blocks"
        body = REQUESTS["block"].body
        headers = {"Idempotency-Key": "k-1"}
        assert client.put(path, json=body, headers=headers).status_code == 401
        assert scene.send("block", who=alice).status_code == 403
        assert scene.send("hold").status_code == 200


class TestRefusals:
    """A refusal is an answer too, and the same again though it would be possible by now."""

    def test_a_seat_that_was_held(self, scene: Scene, bob: Actor) -> None:
        bob.has_held(scene.event, "4", "5")
        first = scene.send("hold several")
        assert (first.status_code, first.json["code"]) == (409, "seat_held")
        assert len(first.json["conflicts"]) == 2
        bob.release_seats(scene.event)
        assert_replayed(first, scene.send("hold several"))
        assert_reused(scene.send("hold"))
        assert scene.send("hold several", key="k-2").status_code == 200

    def test_the_limit(self, scene: Scene, alice: Actor) -> None:
        alice.has_held(scene.event, "8", "9", "10")
        first = scene.send("hold")
        assert (first.status_code, first.json["code"]) == (403, "hold_limit_reached")
        alice.release_seats(scene.event)
        assert_replayed(first, scene.send("hold"))

    def test_the_end_of_the_sale(self, scene: Scene, admin: Actor) -> None:
        admin.change_event(scene.event, status="closed")
        first = {name: scene.send(name, key=name.replace(" ", "-")) for name in ("hold", "move")}
        admin.change_event(scene.event, status="on_sale")
        for name, refused in first.items():
            assert (refused.status_code, refused.json["code"]) == (403, "not_on_sale")
            assert_replayed(refused, scene.send(name, key=name))

    def test_seats_that_were_too_few(self, scene: Scene, admin: Actor) -> None:
        body = {"best_available": {"count": 11}, "patron": "carol"}
        first = scene.send("hold the best", who=admin, json=body)
        assert (first.status_code, first.json["code"]) == (409, "not_enough_seats")
        admin.unblock(scene.event, "3")
        admin.cancel(scene.event, scene.reservation)
        admin.release_seats(scene.event, "1")
        assert_replayed(first, scene.send("hold the best", who=admin, json=body))

    def test_nothing_that_was_held(self, scene: Scene, alice: Actor) -> None:
        alice.release_seats(scene.event)
        first = scene.send("reserve several")
        assert (first.status_code, first.json["code"]) == (409, "seat_not_held")
        alice.has_held(scene.event, "1")
        assert_replayed(first, scene.send("reserve several"))
        assert alice.held_seats(scene.event) == ["1"]

    def test_a_reservation_that_there_was_not(self, scene: Scene, bob: Actor) -> None:
        for name in ("cancel", "move"):
            first = scene.send(name, who=bob, key=name)
            assert (first.status_code, first.json["code"]) == (404, "reservation_not_found")
            assert_replayed(first, scene.send(name, who=bob, key=name))

    def test_seats_that_could_not_be_blocked(self, scene: Scene, admin: Actor, bob: Actor) -> None:
        bob.has_held(scene.event, "7")
        first = scene.send("block")
        assert (first.status_code, first.json["code"]) == (409, "seat_held")
        bob.release_seats(scene.event)
        assert_replayed(first, scene.send("block"))
        assert admin.seat(scene.event, "7")["status"] == "free"

    def test_what_was_not_there_is_no_obstacle(self, scene: Scene) -> None:
        nowhere = "/v1/events/0000000000000000/holds"
        for status, refused in (
            (404, scene.send("hold several", json={"seats": ["4", "13"]})),
            (404, scene.send("hold several", path=nowhere)),
            (403, scene.send("hold several", json={"seats": ["4"], "patron": "bob"})),
            (422, scene.send("hold several", json={"seats": []})),
        ):
            assert refused.status_code == status
        assert scene.send("hold several").status_code == 200


class TestLater:
    """The answer is what was, not what is."""

    def test_a_hold_that_was_released_is_not_held_again(self, scene: Scene, alice: Actor) -> None:
        first = scene.send("hold several")
        alice.release_seats(scene.event)
        assert_replayed(first, scene.send("hold several"))
        assert alice.held_seats(scene.event) == []

    def test_a_hold_that_was_reserved_stays_reserved(self, scene: Scene, alice: Actor) -> None:
        first = scene.send("hold")
        alice.reserve_seats(scene.event)
        assert_replayed(first, scene.send("hold"))
        assert alice.seat(scene.event, "4")["status"] == "reserved"

    def test_a_reservation_that_was_cancelled_is_not_made_again(
        self, scene: Scene, alice: Actor
    ) -> None:
        first = scene.send("reserve several")
        alice.cancel(scene.event, first.json)
        alice.has_held(scene.event, "1")
        assert_replayed(first, scene.send("reserve several"))
        assert alice.held_seats(scene.event) == ["1"]

    def test_a_seat_that_somebody_else_has_since_is_not_taken_from_it(
        self, scene: Scene, bob: Actor
    ) -> None:
        first = scene.send("release")
        bob.has_held(scene.event, "1")
        assert_replayed(first, scene.send("release"))
        assert bob.held_seats(scene.event) == ["1"]
        cancelled = scene.send("cancel", key="k-2")
        bob.has_reserved(scene.event, "2")
        assert_replayed(cancelled, scene.send("cancel", key="k-2"))
        assert bob.seat(scene.event, "2")["mine"] is True

    def test_a_sale_that_has_ended_is_none_for_new_requests_only(
        self, scene: Scene, admin: Actor
    ) -> None:
        first = scene.send("hold")
        admin.change_event(scene.event, status="cancelled")
        assert_replayed(first, scene.send("hold"))
        assert scene.send("hold", key="k-2").json["code"] == "not_on_sale"


def test_what_only_reads_takes_no_notice_of_a_key(scene: Scene, alice: Actor) -> None:
    for path in ("", "/seats", "/seats/1", "/holds", "/reservations", "/changes"):
        for key in ("k-1", "a b"):
            address = f"/v1/events/{scene.event['id']}{path}"
            seen = alice.get(address, headers={"Idempotency-Key": key})
            assert seen.status_code == 200
            assert "Idempotency-Replayed" not in seen.headers

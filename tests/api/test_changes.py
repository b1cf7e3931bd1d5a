"""Following an event: each change once and in order, as patrons and admins see it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import redis
from werkzeug.test import TestResponse

from reservations.app import create_app, open_store
from reservations.config import Settings
from reservations.store import keys
from tests.actors import Actor


def refusal(response: TestResponse, status: int, code: str) -> dict[str, Any]:
    assert (response.status_code, response.json["code"]) == (status, code), response.text
    refused: dict[str, Any] = response.json
    return refused


class Follower:
    """Somebody who asks again and again for what happened since."""

    def __init__(self, who: Actor, event: dict[str, Any], **query: Any) -> None:
        self.who = who
        self.event = event
        self.query = query
        begun = who.changes(event).json
        assert begun["changes"] == []
        self.cursor = begun["cursor"]

    def ask(self) -> dict[str, Any]:
        """Return the next answer as it is."""
        response = self.who.changes(self.event, after=self.cursor, **self.query)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json
        self.cursor = answer["cursor"]
        return answer

    def news(self) -> list[dict[str, Any]]:
        """Return the changes since, without their instants."""
        found = self.ask()["changes"]
        return [{n: v for n, v in change.items() if n != "at"} for change in found]


@pytest.fixture
def follow(event: dict[str, Any]) -> Callable[..., Follower]:
    """Follow the event from now on."""

    def begin(who: Actor, **query: Any) -> Follower:
        return Follower(who, event, **query)

    return begin


Follow = Callable[..., Follower]


class TestKinds:
    """Each with its status and members, as a patron and as an admin sees it."""

    @pytest.fixture(autouse=True)
    def followers(self, follow: Follow, bob: Actor, admin: Actor) -> None:
        """Have a patron who has nothing to do with it and an admin follow."""
        self.patron, self.admin = follow(bob), follow(admin)

    def seen(self, *changes: dict[str, Any]) -> None:
        """Check that this is what has happened."""
        only_admins = {"patron", "reservation_id"}
        assert self.admin.news() == list(changes)
        assert self.patron.news() == [
            {name: value for name, value in change.items() if name not in only_admins}
            for change in changes
        ]

    def test_a_hold(self, alice: Actor, event: dict[str, Any]) -> None:
        ends = alice.has_held(event, "3", "1")
        held = {"kind": "held", "seats": ["3", "1"], "status": "held", "expires_at": ends}
        self.seen({**held, "patron": "alice"})

    def test_a_refresh_is_a_hold_again(self, alice: Actor, event: dict[str, Any]) -> None:
        first = alice.has_held(event, "1")
        second = alice.hold(event, "1").json["expires_at"]
        held = {"kind": "held", "seats": ["1"], "status": "held", "patron": "alice"}
        self.seen({**held, "expires_at": first}, {**held, "expires_at": second})

    def test_the_best_available(self, alice: Actor, event: dict[str, Any]) -> None:
        held = alice.hold_best(event, 2).json
        seats = [seat["id"] for seat in held["seats"]]
        ends = held["expires_at"]
        self.seen(
            {"kind": "held", "seats": seats, "status": "held"}
            | {"expires_at": ends, "patron": "alice"}
        )

    def test_a_release(self, alice: Actor, event: dict[str, Any]) -> None:
        alice.has_held(event, "1", "2", "3")
        self.admin.ask(), self.patron.ask()
        alice.release(event, "2")
        alice.release_seats(event)
        released = {"kind": "released", "status": "free", "patron": "alice"}
        self.seen({**released, "seats": ["2"]}, {**released, "seats": ["1", "3"]})

    def test_a_release_by_an_admin_is_one_for_each_patron(
        self, admin: Actor, alice: Actor, bob: Actor, event: dict[str, Any]
    ) -> None:
        alice.has_held(event, "1", "3")
        bob.has_held(event, "2")
        self.admin.ask(), self.patron.ask()
        admin.release_seats(event, "1", "2", "3")
        released = {"kind": "released", "status": "free"}
        self.seen(
            {**released, "patron": "alice", "seats": ["1", "3"]},
            {**released, "patron": "bob", "seats": ["2"]},
        )

    def test_a_reservation(self, alice: Actor, event: dict[str, Any]) -> None:
        alice.has_held(event, "1", "2")
        self.admin.ask(), self.patron.ask()
        made = alice.reserve_seats(event).json["id"]
        reserved = {"kind": "reserved", "seats": ["1", "2"], "status": "reserved"}
        self.seen({**reserved, "patron": "alice", "reservation_id": made})

    def test_a_cancellation(self, admin: Actor, alice: Actor, event: dict[str, Any]) -> None:
        made = alice.has_reserved(event, "1", "2")
        self.admin.ask(), self.patron.ask()
        admin.cancel(event, made)
        cancelled = {"kind": "cancelled", "seats": ["1", "2"], "status": "free"}
        self.seen({**cancelled, "patron": "alice", "reservation_id": made["id"]})

    def test_a_move(self, alice: Actor, event: dict[str, Any]) -> None:
        made = alice.has_reserved(event, "1", "2")
        self.admin.ask(), self.patron.ask()
        alice.move(event, made, "2", "9")
        moved = {"kind": "moved", "patron": "alice", "reservation_id": made["id"]}
        self.seen(
            {**moved, "seats": ["2"], "status": "free"},
            {**moved, "seats": ["9"], "status": "reserved"},
        )

    def test_blocks(self, admin: Actor, event: dict[str, Any]) -> None:
        admin.block(event, "1", "2", reason="Camera")
        admin.unblock(event, "2", "3")
        self.seen(
            {"kind": "blocked", "seats": ["1", "2"], "status": "blocked"},
            {"kind": "unblocked", "seats": ["2"], "status": "free"},
        )

    def test_what_an_admin_does_for_a_patron_is_the_patrons(
        self, admin: Actor, event: dict[str, Any]
    ) -> None:
        made = admin.has_reserved(event, "1", patron="carol")["id"]
        news = self.admin.news()
        assert [change["patron"] for change in news] == ["carol", "carol"]
        assert news[-1]["reservation_id"] == made
        assert [change.keys() for change in self.patron.news()] == [
            {"kind", "seats", "status", "expires_at"},
            {"kind", "seats", "status"},
        ]

    def test_what_changes_nothing_is_no_change(
        self, admin: Actor, alice: Actor, bob: Actor, event: dict[str, Any]
    ) -> None:
        alice.has_reserved(event, "1")
        admin.block(event, "2", reason="Camera")
        self.admin.ask(), self.patron.ask()
        alice.release_seats(event)
        admin.unblock(event, "3")
        admin.block(event, "2", reason="Camera")
        admin.change_event(event, description="By request")
        for refused in (
            bob.hold_seats(event, "1", "3"),
            bob.reserve_seats(event),
            admin.block(event, "1", "3"),
            bob.cancel(event, {"id": "0" * 22}),
        ):
            assert refused.status_code >= 400
        self.seen()


class TestCursors:
    def test_without_one_there_is_the_newest_and_nothing_else(
        self, alice: Actor, bob: Actor, event: dict[str, Any]
    ) -> None:
        begun = bob.changes(event)
        assert begun.json.keys() == {"cursor", "changes", "next_expiry"}
        assert (begun.json["changes"], begun.json["next_expiry"]) == ([], None)
        assert begun.headers["Cache-Control"] == "no-store"
        ends = alice.has_held(event, "1")
        later = bob.changes(event).json
        assert (later["changes"], later["next_expiry"]) == ([], ends)
        assert later["cursor"] != begun.json["cursor"]

    def test_a_new_event_has_no_change(self, alice: Actor, follow: Follow) -> None:
        follower = follow(alice)
        before = follower.cursor
        assert follower.ask() == {"cursor": before, "changes": [], "next_expiry": None}

    def test_changes_are_told_once_and_in_order(
        self, alice: Actor, bob: Actor, event: dict[str, Any], follow: Follow
    ) -> None:
        whole, steps = follow(bob), follow(bob)
        told = []
        for act in (
            lambda: alice.has_held(event, "1", "2"),
            lambda: alice.release(event, "2"),
            lambda: alice.reserve(event, "1"),
            lambda: bob.has_held(event, "2"),
        ):
            act()
            told += steps.ask()["changes"]
            assert steps.ask()["changes"] == []
        assert [change["kind"] for change in told] == ["held", "released", "reserved", "held"]
        assert whole.ask()["changes"] == told
        assert whole.cursor == steps.cursor
        instants = [datetime.fromisoformat(change["at"]) for change in told]
        assert instants == sorted(instants)
        assert abs((instants[0] - datetime.now(UTC)).total_seconds()) < 5

    def test_a_walk_one_by_one_gives_the_same(
        self, admin: Actor, alice: Actor, bob: Actor, event: dict[str, Any], follow: Follow
    ) -> None:
        one_by_one, whole = follow(bob, limit=1), follow(bob)
        made = alice.has_reserved(event, "1", "2")
        alice.move(event, made, "1", "3")
        alice.cancel(event, made)
        admin.block(event, "1")
        changes = whole.ask()["changes"]
        assert len(changes) == 6, "a move is two of them"
        pages = [one_by_one.ask()["changes"] for _ in range(5)]
        assert [change for page in pages for change in page] == changes
        assert [len(page) for page in pages] == [1, 1, 2, 1, 1], "a move is not parted"
        assert one_by_one.ask()["changes"] == []
        assert one_by_one.cursor == whole.cursor

    def test_one_that_is_too_old_has_expired(
        self, settings: Settings, alice: Actor, admin: Actor, event: dict[str, Any]
    ) -> None:
        store = open_store(replace(settings, change_log_length=10))
        brief = Actor(create_app(settings, store).test_client(), alice.token)
        first = Follower(brief, event)
        brief.has_held(event, "1")
        second = Follower(brief, event)
        for _ in range(200):
            # A log is cut by whole blocks of a hundred entries.
            brief.has_held(event, "1")
        for who in (brief, alice, admin):
            for cursor in (first.cursor, second.cursor):
                refusal(who.changes(event, after=cursor), 410, "cursor_expired")
        afresh = Follower(alice, event)
        brief.release(event, "1")
        assert [change["kind"] for change in afresh.news()] == ["released"]
        store.close()

    def test_the_very_next_change_may_be_the_first_that_is_known(
        self, alice: Actor, event: dict[str, Any], follow: Follow, raw: redis.Redis
    ) -> None:
        begun, follower = follow(alice), follow(alice)
        alice.has_held(event, "1")
        follower.ask()
        alice.has_held(event, "2")
        raw.xtrim(keys.log(event["id"]), maxlen=2, approximate=False)
        assert [change["seats"] for change in follower.news()] == [["2"]]
        refusal(alice.changes(event, after=begun.cursor), 410, "cursor_expired")

    def test_it_belongs_to_one_event(
        self, admin: Actor, alice: Actor, event: dict[str, Any], follow: Follow
    ) -> None:
        alice.has_held(event, "1")
        cursor = follow(alice).cursor
        refusal(alice.changes(admin.create_event(seats=10), after=cursor), 410, "cursor_expired")
        admin.delete_event(event)
        for query in ({}, {"after": cursor}):
            refusal(alice.changes(event, **query), 404, "event_not_found")

    def test_the_same_is_served_without_the_prefix(
        self, alice: Actor, event: dict[str, Any], follow: Follow
    ) -> None:
        cursor = follow(alice).cursor
        alice.has_held(event, "1")
        path = f"/events/{event['id']}/changes?after={cursor}"
        assert alice.get(path).json == alice.get(f"/v1{path}").json


class TestEndsOfHolds:
    def test_the_next_end_is_told(
        self, admin: Actor, alice: Actor, bob: Actor, event: dict[str, Any], follow: Follow
    ) -> None:
        follower = follow(admin)
        first = alice.has_held(event, "1")
        time.sleep(0.002)
        second = bob.has_held(event, "2")
        assert follower.ask()["next_expiry"] == first
        time.sleep(0.002)
        third = alice.has_held(event, "1")
        assert first < second < third
        assert follower.ask()["next_expiry"] == second
        bob.reserve(event, "2")
        assert follower.ask()["next_expiry"] == third
        alice.release(event, "1")
        assert follower.ask()["next_expiry"] is None

    def test_a_hold_that_runs_out_makes_no_change(self, admin: Actor, alice: Actor) -> None:
        event = admin.create_event(seats=10, hold_time=1)
        follower = Follower(alice, event)
        ends = alice.has_held(event, "1")
        assert follower.ask()["next_expiry"] == ends
        while alice.seat(event, "1")["status"] != "free":
            time.sleep(0.01)
        assert follower.ask() == {"cursor": follower.cursor, "changes": [], "next_expiry": None}
        alice.has_held(event, "1")
        assert [change["kind"] for change in follower.news()] == ["held"]


def folded(seats: dict[str, str], answers: Iterator[dict[str, Any]]) -> dict[str, str]:
    """Return what seats are after changes, if they were these before."""
    for answer in answers:
        for change in answer["changes"]:
            seats |= dict.fromkeys(change["seats"], change["status"])
    return seats


def test_who_follows_the_changes_knows_what_the_list_says(
    admin: Actor, alice: Actor, bob: Actor, event: dict[str, Any]
) -> None:
    def listed() -> dict[str, str]:
        return {seat["id"]: seat["status"] for seat in bob.seats(event, status="all")}

    alice.has_held(event, "12")
    by_one, by_many = Follower(bob, event, limit=1), Follower(bob, event)
    before = listed()
    made = alice.has_reserved(event, "1", "2", "3")
    bob.has_held(event, "4", "5")
    admin.block(event, "6", "7")
    alice.move(event, made, "2", "8")
    bob.release(event, "4")
    other = bob.has_reserved(event, "5", "9")
    admin.unblock(event, "7")
    admin.release_seats(event, "12")
    bob.cancel(event, other)
    admin.has_reserved(event, "10", patron="carol")
    assert alice.hold_best(event, 3).status_code == 200
    after = listed()
    assert folded(dict(before), iter([by_many.ask()])) == after
    assert folded(dict(before), (by_one.ask() for _ in range(30))) == after
    assert len(set(after.values())) == 4

"""Crowds that want several seats at once: all of them or none, soon, and each seat once."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import redis

from reservations.domain.changes import ChangeKind
from reservations.service import ReservationService
from tests.concurrency.crowd import Member, gather
from tests.concurrency.deeds import Attempt, hold_groups_in_turn, hold_the_best
from tests.concurrency.follower import Follower, in_ms
from tests.concurrency.shoppers import block, do, shop
from tests.live import Client, LiveService, live_service

pytestmark = pytest.mark.timeout(600)

PROCESSES = 4
ROUNDS_TO_BREAK = 10

SEATS = 100
CLIENTS = 200
GROUP = 4
GROUPS_EACH = 3

HERD = 160
ATTEMPTS_EACH = 1.2
"""Transactions that one of the herd needs, on the average, at most."""

SHOPPERS = 15
"""And one admin who blocks seats."""
CHANGES = 10_000
REFUSALS = {
    "hold_limit_reached",
    "seat_held",
    "seat_reserved",
    "seat_blocked",
    "seat_not_held",
}
UNSEEN = {"mark", "reason"}
"""Of an entry of the log."""

RIVALS = 500

HOUSES: Mapping[str, Any] = {
    "one_row": lambda seats: {"seats": seats},
    "rows_of_100": lambda seats: {
        "sections": [{"name": "Stalls", "rows": seats // 100, "seats_per_row": 100}]
    },
}


class Look(NamedTuple):
    """What an admin saw: which seats each patron held, and how many seats were what."""

    held: dict[str, set[str]]
    counts: dict[str, int]


class Groups(NamedTuple):
    """What came of it when many wanted groups of seats that overlap."""

    event_id: str
    wanted: dict[str, list[set[str]]]
    attempts: dict[str, list[Attempt]]
    looks: list[Look]

    @property
    def torn(self) -> list[tuple[str, set[str]]]:
        """What was held by somebody who had not wanted just that."""
        held = chain.from_iterable(look.held.items() for look in self.looks)
        return [(patron, seats) for patron, seats in held if seats not in self.wanted[patron]]


def look_at(admin: Client, event_id: str) -> Look:
    held: dict[str, set[str]] = {}
    for seat in admin.seats(event_id, "held"):
        held.setdefault(seat["patron"], set()).add(seat["id"])
    return Look(held, admin.request("GET", f"/v1/events/{event_id}").body["counts"])


@contextmanager
def watching(service: LiveService, event_id: str) -> Iterator[list[Look]]:
    """Look again and again, and once more at the end."""
    looks: list[Look] = []
    enough = threading.Event()

    def watch() -> None:
        with closing(service.client("box-office", "admin")) as admin:
            while not enough.is_set():
                looks.append(look_at(admin, event_id))
            looks.append(look_at(admin, event_id))

    with ThreadPoolExecutor(1) as pool:
        watcher = pool.submit(watch)
        try:
            yield looks
        finally:
            enough.set()
            watcher.result()


def two_hundred_want_groups_that_overlap(service: LiveService, seed: int) -> Groups:
    event_id = service.create_event(seats=SEATS, seat_user_limit=GROUP)
    chance = random.Random(seed)  # noqa: S311
    patrons = [f"patron-{number}" for number in range(CLIENTS)]
    wanted = {
        patron: [
            [str(seat) for seat in chance.sample(range(1, SEATS + 1), GROUP)]
            for _ in range(GROUPS_EACH)
        ]
        for patron in patrons
    }
    tokens = service.tokens_of(patrons)
    members = [
        Member(token, [event_id, wanted[patron]])
        for token, patron in zip(tokens, patrons, strict=True)
    ]
    with watching(service, event_id) as looks:
        attempts = gather(service.port, hold_groups_in_turn, members, PROCESSES)
    return Groups(
        event_id,
        {patron: [set(group) for group in groups] for patron, groups in wanted.items()},
        dict(zip(patrons, attempts, strict=True)),
        looks,
    )


def test_of_groups_that_overlap_each_is_held_as_a_whole_or_not_at_all(
    tmp_path: Path, store_url: str, service: ReservationService
) -> None:
    with live_service(tmp_path, REDIS_URL=store_url, WEB_CONCURRENCY=2) as live:
        groups = two_hundred_want_groups_that_overlap(live, seed=1)
    attempts = list(chain.from_iterable(groups.attempts.values()))
    outcomes = Counter((attempt.status, attempt.code) for attempt in attempts)
    assert outcomes.keys() == {(200, None), (409, "seat_held")}
    assert outcomes.total() == CLIENTS * GROUPS_EACH
    for attempt in attempts:
        named = attempt.body["seats"] if attempt.status == 200 else attempt.body["conflicts"]
        ids = [each["id" if attempt.status == 200 else "seat_id"] for each in named]
        assert ids == attempt.wanted if attempt.status == 200 else set(ids) <= set(attempt.wanted)
    assert len([look for look in groups.looks if look.held]) >= 1
    assert groups.torn == []
    for look in groups.looks:
        assert look.counts["total"] == SEATS == look.counts["free"] + look.counts["held"]
        assert look.counts["held"] % GROUP == 0
    kept = {
        patron: set(made[-1].wanted)
        for patron, made in groups.attempts.items()
        if made[-1].status == 200
    }
    assert groups.looks[-1].held == kept
    assert groups.looks[-1].counts["held"] == GROUP * len(kept)
    assert service.verify_event(groups.event_id) == []


def test_without_watch_groups_are_torn(tmp_path: Path, store_url: str) -> None:
    application = "tests.concurrency.mutants:without_watch()"
    with live_service(tmp_path, application, REDIS_URL=store_url, WEB_CONCURRENCY=2) as live:
        for seed in range(ROUNDS_TO_BREAK):
            if two_hundred_want_groups_that_overlap(live, seed).torn:
                return
    pytest.fail("nobody was left with a part of a group")


def a_herd_wants_two_together(service: LiveService, house: str) -> list[Attempt]:
    event_id = service.create_event(**HOUSES[house](8_000))
    wish = {"count": 2, "together": "required"}
    tokens = service.tokens_of([f"patron-{number}" for number in range(HERD)])
    members = [Member(token, [event_id, wish]) for token in tokens]
    found: list[Attempt] = gather(service.port, hold_the_best, members, PROCESSES)
    return found


@pytest.mark.parametrize("house", HOUSES)
def test_a_herd_that_wants_two_together_of_8000_seldom_tries_for_the_same(
    house: str, tmp_path: Path, store_url: str
) -> None:
    counted = tmp_path / "attempts"
    application = "tests.concurrency.counting:counting_attempts()"
    settings = {"REDIS_URL": store_url, "WEB_CONCURRENCY": 2, "ATTEMPTS": counted}
    with live_service(tmp_path, application, **settings) as live:
        attempts = a_herd_wants_two_together(live, house)
    assert Counter((attempt.status, attempt.code) for attempt in attempts) == {(200, None): HERD}
    assert all(attempt.body["together"] for attempt in attempts)
    held = [[seat["id"] for seat in attempt.body["seats"]] for attempt in attempts]
    assert all(int(b.split("-")[-1]) - int(a.split("-")[-1]) == 1 for a, b in held)
    assert len(set(chain.from_iterable(held))) == 2 * HERD
    # One more was the event's creation.
    assert counted.stat().st_size - 1 <= ATTEMPTS_EACH * HERD


def test_a_herd_out_of_turn_tries_for_the_same(tmp_path: Path, store_url: str) -> None:
    counted = tmp_path / "attempts"
    application = "tests.concurrency.counting:counting_attempts_without_crowd()"
    settings = {"REDIS_URL": store_url, "WEB_CONCURRENCY": 2, "ATTEMPTS": counted}
    with live_service(tmp_path, application, **settings) as live:
        a_herd_wants_two_together(live, "one_row")
    assert counted.stat().st_size - 1 > 1.5 * ATTEMPTS_EACH * HERD


@pytest.mark.parametrize("house", HOUSES)
def test_five_hundred_want_four_of_1000_and_half_of_them_get_them(
    house: str, tmp_path: Path, store_url: str, service: ReservationService
) -> None:
    with live_service(tmp_path, REDIS_URL=store_url, WEB_CONCURRENCY=2) as live:
        event_id = live.create_event(**HOUSES[house](1_000), seat_user_limit=4)
        tokens = live.tokens_of([f"patron-{number}" for number in range(RIVALS)])
        members = [Member(token, [event_id, {"count": 4}]) for token in tokens]
        attempts: list[Attempt] = gather(live.port, hold_the_best, members, PROCESSES)
    outcomes = Counter((attempt.status, attempt.code) for attempt in attempts)
    assert outcomes == {(200, None): 250, (409, "not_enough_seats"): 250}
    held = [seat["id"] for each in attempts if each.status == 200 for seat in each.body["seats"]]
    assert len(set(held)) == len(held) == 1_000
    assert service.verify_event(event_id) == []


def entries_of(raw: redis.Redis, event_id: str) -> Iterator[dict[str, Any]]:
    """Yield what the log itself has of all changes."""
    for entry_id, fields in raw.xrange(f"{{e:{event_id}}}:log"):
        named = {name.decode(): value.decode() for name, value in fields.items()}
        if named["kind"] != "created":
            yield {
                "at_ms": int(entry_id.partition(b"-")[0]),
                "seats": named.pop("seats").split(),
                **{name: value for name, value in named.items() if name not in UNSEEN},
            }


def entry_of(change: dict[str, Any]) -> dict[str, Any]:
    """Return what the log should have of a change that was read."""
    named = {"reservation_id": "reservation"}
    entry = {named.get(name, name): value for name, value in change.items()}
    entry["at_ms"] = in_ms(entry.pop("at"))
    if "expires_at" in entry:
        entry["expires_at"] = str(in_ms(entry["expires_at"]))
    return entry


def test_whoever_follows_ten_thousand_changes_knows_all_seats(
    tmp_path: Path, store_url: str, service: ReservationService, raw: redis.Redis
) -> None:
    seats = 1_000
    with (
        live_service(tmp_path, REDIS_URL=store_url, WEB_CONCURRENCY=2) as live,
        ThreadPoolExecutor(1) as pool,
        closing(live.client("box-office", "admin")) as admin,
    ):
        event_id = live.create_event(seats=seats, seat_user_limit=20, hold_time=2)
        each = CHANGES // (SHOPPERS + 1)
        tokens = live.tokens_of([f"patron-{number}" for number in range(SHOPPERS)])
        deeds = [shop] * SHOPPERS + [block]
        members = [
            Member(token, [deed, event_id, seats, seed, each])
            for seed, (token, deed) in enumerate(zip([*tokens, admin.token], deeds, strict=True))
        ]
        follower = Follower(admin, event_id)
        crowd = pool.submit(gather, live.port, do, members, PROCESSES)
        while not crowd.done():
            follower.compare()
        follower.compare()
        time.sleep(2)
        follower.compare()
    outcomes = sum(crowd.result(), Counter())
    assert {code for _, status, code in outcomes if status >= 400} <= REFUSALS
    assert len(follower.changes) >= CHANGES
    assert follower.compared >= 10
    assert follower.compared_in_quiet >= 2
    assert follower.ran_out >= 1
    assert list(map(entry_of, follower.changes)) == list(entries_of(raw, event_id))
    assert {change["kind"] for change in follower.changes} == set(ChangeKind)
    assert service.verify_event(event_id) == []

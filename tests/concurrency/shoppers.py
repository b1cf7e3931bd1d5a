"""Clients of a crowd that do whatever comes to their minds, in processes of their own."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from typing import Any

from tests.live import Answer, Client

Outcomes = Counter[tuple[str, int, str | None]]
"""How often what was done with which status and code."""


def do(client: Client, deed: Callable[..., Outcomes], *wants: Any) -> Outcomes:
    """Do whatever a member of a crowd wants."""
    return deed(client, *wants)


def shop(client: Client, event_id: str, seats: int, seed: int, changes: int) -> Outcomes:
    """Hold, refresh, release, reserve, move and cancel at random, until so many succeeded."""
    return _act(Shopper(client, event_id, seats, random.Random(seed)).acts(), changes)  # noqa: S311


def block(client: Client, event_id: str, seats: int, seed: int, changes: int) -> Outcomes:
    """Block seats and unblock them, until so many changes succeeded."""
    chance = random.Random(seed)  # noqa: S311

    def acts() -> Iterator[tuple[str, Answer]]:
        for act in cycle([client.block, client.unblock]):
            if act == client.block:
                seat_ids = [str(chance.randint(1, seats))]
            yield act.__name__, act(event_id, seat_ids)

    return _act(acts(), changes)


def _act(acts: Iterator[tuple[str, Answer]], changes: int) -> Outcomes:
    outcomes: Outcomes = Counter()
    for what, answer in acts:
        outcomes[what, answer.status, answer.code] += 1
        changes -= answer.status < 300
        if changes == 0:
            break
    return outcomes


class Shopper:
    """A patron, and what it believes to have: some holds may have run out."""

    def __init__(self, client: Client, event_id: str, seats: int, chance: random.Random) -> None:
        self._client = client
        self._event_id = event_id
        self._seats = seats
        self._chance = chance
        self._held: set[str] = set()
        self._sold: dict[str, list[str]] = {}

    def acts(self) -> Iterator[tuple[str, Answer]]:
        """Act, and yield what was done and what was answered."""
        ideas: dict[Callable[[], Answer], int] = {
            self._hold: 5,
            self._hold_best: 2,
            self._refresh: 1,
            self._release: 2,
            self._release_all: 1,
            self._reserve: 4,
            self._reserve_all: 1,
            self._move: 2,
            self._cancel: 3,
        }
        while True:
            (act,) = self._chance.choices(list(ideas), list(ideas.values()))
            holds_more = act in {self._hold, self._hold_best}
            has_sold = act in {self._move, self._cancel}
            if holds_more or (self._sold if has_sold else self._held):
                yield act.__name__.strip("_"), act()
            if self._chance.random() < 0.1:
                # What is forgotten runs out, unless all is reserved or released before.
                self._held.clear()

    def _hold(self) -> Answer:
        numbers = self._chance.sample(range(1, self._seats + 1), self._chance.randint(1, 4))
        return self._holding(self._client.hold(self._event_id, [str(n) for n in numbers]))

    def _hold_best(self) -> Answer:
        wish = {"count": self._chance.randint(1, 4)}
        return self._holding(self._client.hold_best(self._event_id, wish))

    def _refresh(self) -> Answer:
        return self._holding(self._client.hold(self._event_id, self._some_held()))

    def _release(self) -> Answer:
        seat_ids = self._some_held()
        self._held -= set(seat_ids)
        return self._client.release(self._event_id, seat_ids)

    def _release_all(self) -> Answer:
        self._held.clear()
        return self._client.release(self._event_id)

    def _reserve(self) -> Answer:
        seat_ids = self._some_held()
        self._held -= set(seat_ids)
        return self._selling(self._client.reserve(self._event_id, seat_ids))

    def _reserve_all(self) -> Answer:
        self._held.clear()
        return self._selling(self._client.reserve(self._event_id))

    def _move(self) -> Answer:
        reservation_id = self._chance.choice(list(self._sold))
        from_id = self._chance.choice(self._sold[reservation_id])
        to_id = str(self._chance.randint(1, self._seats))
        self._held.discard(to_id)
        return self._selling(self._client.move(self._event_id, reservation_id, from_id, to_id))

    def _cancel(self) -> Answer:
        reservation_id, _ = self._sold.popitem()
        return self._client.cancel(self._event_id, reservation_id)

    def _some_held(self) -> list[str]:
        count = self._chance.randint(1, 4)
        return list(islice(sorted(self._held, key=lambda _: self._chance.random()), count))

    def _holding(self, answer: Answer) -> Answer:
        if answer.status == 200:
            self._held |= {seat["id"] for seat in answer.body["seats"]}
        return answer

    def _selling(self, answer: Answer) -> Answer:
        if answer.status in {200, 201}:
            self._sold[answer.body["id"]] = [seat["id"] for seat in answer.body["seats"]]
        return answer

"""Histories that are made up: clients who want something of a shop, with seeded chance."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Collection, Generator
from dataclasses import dataclass, field
from typing import Any

from tests.torture.shop import MS, TERMS, Answer, Shop
from torture.checker import EventTerms, FinalState, OfEvent, Report, Window, check_event

BEGINS = 1_800_000_000_000 * MS
PATRONS = ["p1", "p2", "p3", "p4"]
EVENT = "e1"


@dataclass
class History:
    """What came of it."""

    terms: EventTerms = TERMS
    records: list[dict[str, Any]] = field(default_factory=list)
    final: FinalState | None = None
    after: FinalState | None = None

    def check(self, **terms: Any) -> Report:
        assert self.final is not None
        event = OfEvent(EVENT, self.terms, self.final, self.after)
        trouble = [Window("always", 0, 2 * BEGINS)]
        return check_event(self.records, event, trouble, **terms)


class Crowd:
    """Clients, each doing one thing after the other, all at once."""

    def __init__(
        self,
        seed: int,
        wants: int,
        bugs: Collection[str] = (),
        *,
        lost: float = 0.08,
        terms: EventTerms = TERMS,
        jump: tuple[int, int, int] = (0, 0, 0),
    ) -> None:
        """Let so many wants be had; a share of the answers is lost, some with the request."""
        self._chance = random.Random(seed)  # noqa: S311
        self.shop = Shop(self._chance, bugs, terms, jump)
        self.history = History(terms)
        self._left = wants
        self._lost = lost
        self._keys = 0
        self._events: list[tuple[int, int, Callable[[int], None]]] = []
        self._number = 0
        self._known: dict[str, list[tuple[str, list[str]]]] = {patron: [] for patron in PATRONS}

    def run(self, log: bool = True) -> History:
        for process in range(6):
            client = self._client(process, PATRONS[process % len(PATRONS)])
            self._at(BEGINS + self._chance.randrange(20 * MS), self._resume(client))
        self._run()
        end = self._now + 5_000 * MS
        self.shop.let_run_out(end)
        self.history.final = self.look(end, log)
        self.history.after = self.look(end + 1_000 * MS, log)
        return self.history

    def look(self, now: int, log: bool) -> FinalState:
        shop = self.shop
        shown = shop.seats_in_a_view() if shop.jump[2] else shop.seats()
        seats, reservations = {EVENT: shown}, {EVENT: shop.reservations()}
        changes = {EVENT: [dict(entry) for entry in shop.log]} if log else {}
        return FinalState(now, now + 50 * MS, seats, reservations, changes)

    def _run(self) -> None:
        while self._events:
            self._now, _, what = heapq.heappop(self._events)
            what(self._now)

    def _at(self, time: int, what: Callable[[int], None]) -> None:
        self._number += 1
        heapq.heappush(self._events, (time, self._number, what))

    def _resume(self, client: Generator[int, int, None]) -> Callable[[int], None]:
        def resume(now: int) -> None:
            try:
                self._at(client.send(now), resume)
            except StopIteration:
                return

        next(client)
        return resume

    def _client(self, process: int, patron: str) -> Generator[int, int, None]:
        now = yield 0
        while self._left > 0:
            self._left -= 1
            want = self._want(patron)
            who = "admin" if want["operation"] in {"block", "unblock"} else patron
            answer = None
            for _ in range(3):
                answers: list[Answer] = []
                happens = now + self._some(8)
                returns = happens + self._some(8)
                fate = self._chance.random()
                if fate < self._lost:
                    # It happens all the same: at once, or later than anybody waits for it.
                    late = self._some(300) if self._chance.random() < 0.5 else 0
                    if self._chance.random() < 0.5:
                        self._at(happens + late, self._doing(who, want, []))
                    returns += self._some(50)
                else:
                    self._at(happens, self._doing(who, want, answers))
                invoked, now = now, (yield returns)
                answer = answers[0] if answers else None
                self._note(process, who, want, invoked, now, answer)
                if answer is not None or want["key"] is None:
                    break
                now = yield now + self._some(60)
            self._learn(patron, want, answer)
            now = yield now + self._some(30)

    def _doing(
        self, patron: str, want: dict[str, Any], answers: list[Answer]
    ) -> Callable[[int], None]:
        return lambda now: answers.append(self.shop.do(now, patron, want))

    def _note(
        self,
        process: int,
        patron: str,
        want: dict[str, Any],
        invoked: int,
        returned: int,
        answer: Answer | None,
    ) -> None:
        failures = [(None, None), (502, None), (504, None), (503, "outcome_unknown")]
        status, code = self._chance.choice(failures) if answer is None else answer[:2]
        body = None if answer is None else answer.body
        self.history.records.append(
            {
                **want,
                "process": process,
                "event": EVENT,
                "patron": patron,
                "invoked": invoked,
                "returned": returned,
                "status": status,
                "code": code,
                "answer": body,
            }
        )

    def _want(self, patron: str) -> dict[str, Any]:
        """Return something to do."""
        deeds = ["hold"] * 6 + ["best"] * 3 + ["reserve"] * 4 + ["release"] * 2 + ["cancel"] * 5
        deeds += ["move"] * 2 + ["block", "unblock"] + ["list"] * 5 + ["seat"] * 2
        deed = self._chance.choice(deeds)
        held = [seat for seat, t in self.shop.taken.items() if t[:2] == ("held", patron)]
        some = self._chance.sample(self.shop.terms.seats, self._chance.randint(1, 3))
        seats: list[str] | None = some
        asked: dict[str, Any] = {}
        if deed in {"reserve", "release"}:
            count = self._chance.randint(0, len(held))
            seats = self._chance.sample(held, count) or self._chance.choice([None, some])
        elif deed == "hold" and held and self._chance.random() < 0.4:
            seats = held[:2]
        elif deed in {"cancel", "move"}:
            if not self._known[patron]:
                return self._want(patron)
            asked["reservation"], sold = self._chance.choice(self._known[patron])
            asked |= {"from": self._chance.choice(sold), "to": some[0]}
            seats = [asked["from"], asked["to"]] if deed == "move" else None
        elif deed == "best":
            seats, asked = None, {"count": self._chance.randint(1, 3)}
        elif deed == "list":
            seats, asked = None, {"status": self._chance.choice(["free", "all"])}
        elif deed == "seat":
            seats = some[:1]
        keyed = deed not in {"list", "seat"} and self._chance.random() < 0.5
        self._keys += keyed
        key = f"k{self._keys}" if keyed else None
        return {"operation": deed, "seats": seats, "asked": asked, "key": key}

    def _learn(self, patron: str, want: dict[str, Any], answer: Answer | None) -> None:
        if answer is None or answer.status >= 300:
            return
        if want["operation"] in {"reserve", "move"}:
            found = answer.body["id"], [seat["id"] for seat in answer.body["seats"]]
            others = [each for each in self._known[patron] if each[0] != found[0]]
            self._known[patron] = [*others, found]
        elif want["operation"] == "cancel" and self._chance.random() < 0.8:
            gone = want["asked"]["reservation"]
            self._known[patron] = [each for each in self._known[patron] if each[0] != gone]

    def _some(self, most_ms: int) -> int:
        return self._chance.randrange(1, most_ms * MS)

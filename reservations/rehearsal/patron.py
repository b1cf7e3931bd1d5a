"""One patron's visit to a sale: arrive, look, think, hold, and reserve or give up."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Any
from urllib.parse import quote

from reservations.rehearsal.crowd import (
    CHOOSING_OTHERS,
    COMING_BACK,
    HESITATING,
    LOOKING,
    Pause,
    Temper,
)
from reservations.rehearsal.listing import groups
from reservations.rehearsal.measures import Kind
from reservations.rehearsal.story import Held, LetGo, Reserved, Story, Unsure
from reservations.rehearsal.wire import Answer, Closed, Wire

VISITS = 3
"""A patron who has found no seats comes back, but no more often than this in all."""

NOT_ENOUGH = {"not_enough_seats", "not_enough_together"}
TAKEN = {"seat_held", "seat_reserved", "seat_blocked"}


class Ending(StrEnum):
    """How a patron's visit ended."""

    BOUGHT = "bought"
    LET_GO = "let go"
    LEFT = "left"
    WITHOUT = "without"
    UNSURE = "unsure"
    SENT_HOME = "sent home"


class _NeverTold(Exception):
    """The outcome of a change stayed unknown, so the patron does not know what it has."""


@dataclass(slots=True)
class Patron:
    """Somebody who wants seats.

    Attributes:
        name: its id.
        temper: what it wants, and what it will do.
        limit: seats that one patron may have.
        pace: by which its pauses are multiplied.
    """

    name: str
    temper: Temper
    wire: Wire
    story: Story
    chance: Random
    limit: int
    pace: float
    _tag: str | None = field(default=None, init=False)
    _seen: list[list[str]] = field(default_factory=list, init=False)
    _held: tuple[str, ...] = field(default=(), init=False)

    async def visit(self) -> Ending:
        """Come, and go with seats or without."""
        try:
            for visit in range(VISITS):
                if visit:
                    await self._think(COMING_BACK)
                await self._look()
                await self._think(LOOKING)
                if await self._hold():
                    if self.temper.wants_too_much:
                        await self._try_for_too_much()
                    if self.temper.leaves:
                        return Ending.LEFT
                    await self._hesitate()
                    if self.temper.lets_go:
                        return await self._let_go()
                    if await self._reserve():
                        return Ending.BOUGHT
        except _NeverTold:
            return Ending.UNSURE
        except Closed:
            return Ending.SENT_HOME
        return Ending.WITHOUT

    async def _look(self) -> None:
        section = self.temper.section
        path = "/seats" if section is None else f"/seats?section={quote(section, safe='')}"
        answer = await self.wire.ask(Kind.LOOK, "GET", path, tag=self._tag)
        if answer.status == 200:
            self._tag = answer.tag
            self._seen = groups(answer.body, self.temper.party, self.chance)

    async def _hold(self) -> bool:
        """Hold seats that were seen, or the best; if others were faster, try for others."""
        for number, wanted in enumerate(self._wanted()):
            if number:
                await self._think(CHOOSING_OTHERS)
            answer = await self._ask_to_hold(Kind.HOLD, wanted, self.temper.party)
            if answer.status == 200:
                self.wire.lines.measures.held += len(answer.seats)
                return True
            if answer.code not in NOT_ENOUGH | TAKEN:
                return False
        return False

    def _wanted(self) -> Iterator[dict[str, Any]]:
        """Yield what the patron wants to hold, what it likes best first."""
        if not self._seen:
            return
        if self.temper.picks:
            yield from ({"seats": group} for group in self._seen)
            return
        wish: dict[str, Any] = {"count": self.temper.party}
        if self.temper.section is not None:
            wish["section"] = self.temper.section
        if self.temper.party > 1:
            yield {"best_available": {**wish, "together": "required"}}
        yield {"best_available": {**wish, "together": "preferred"}}

    async def _try_for_too_much(self) -> None:
        count = self.limit - len(self._held) + 1
        wish = {"count": count, "together": "preferred"}
        await self._ask_to_hold(Kind.HOLD, {"best_available": wish}, count)

    async def _hesitate(self) -> None:
        await self._think(HESITATING)
        if self.temper.refreshes:
            await self._ask_to_hold(Kind.REFRESH, {"seats": list(self._held)}, 0)
            await self._think(HESITATING)

    async def _ask_to_hold(self, kind: Kind, wanted: dict[str, Any], seats: int) -> Answer:
        answer = await self.wire.ask(kind, "POST", "/holds", wanted)
        if answer.status == 200:
            held = answer.seats
            self.story.told.append(Held(self.name, held, answer.expires_at))
            self._held = tuple(dict.fromkeys(self._held + held))
        elif answer.unsure:
            self.story.unsure_holds += seats
            raise _NeverTold
        return answer

    async def _let_go(self) -> Ending:
        answer = await self.wire.ask(Kind.RELEASE, "DELETE", "/holds")
        if answer.status == 204:
            self.story.told.append(LetGo(self.name))
        return Ending.LET_GO

    async def _reserve(self) -> bool:
        # Who has picked seats names them; the others reserve all that they hold.
        wanted = {"seats": self._held} if self.temper.picks else {}
        answer = await self.wire.ask(Kind.RESERVE, "POST", "/reservations", wanted)
        if answer.unsure:
            self.story.unsure.append(Unsure(self.name, self._held))
            raise _NeverTold
        if answer.status == 409:
            # The hold has run out.
            self._held = ()
        if answer.status != 201:
            return False
        lines = self.wire.lines
        self.story.told.append(Reserved(self.name, answer.seats, answer.members["id"]))
        lines.measures.reserve(len(answer.seats), asyncio.get_running_loop().time() - lines.began)
        return True

    async def _think(self, pause: Pause) -> None:
        seconds = self.chance.uniform(pause.shortest, pause.longest) * self.pace
        await asyncio.sleep(seconds)

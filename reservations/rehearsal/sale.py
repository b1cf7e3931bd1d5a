"""Plays a sale: all patrons, at their times, over one client's connections."""

from __future__ import annotations

import asyncio
import json
import resource
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

import aiohttp

from reservations.domain.event import Terms
from reservations.rehearsal.crowd import arrivals, most_seats, pace, temper
from reservations.rehearsal.lag import Lag
from reservations.rehearsal.measures import Measures
from reservations.rehearsal.patron import Ending, Patron
from reservations.rehearsal.story import Story
from reservations.rehearsal.wire import TIMEOUT_SECONDS, Lines, Wire

CONNECTIONS = 400
"""That all patrons share. Who finds none free waits, and that counts as waiting."""
FILES_BESIDE = 100
"""That this process may have open beside its connections."""
CLOSES_AFTER = 3
"""A sale that takes so many times as long as planned, and a minute, is ended."""
GRACE_SECONDS = 60
GLANCE_SECONDS = 0.2
"""How often whoever watches is told how it goes."""


class ServiceAbsent(Exception):
    """The service that should be rehearsed does not answer, or is another one."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a sale is played.

    Attributes:
        url: of the service, as patrons reach it.
        event_id: the copy.
        sections: the names of its sections.
    """

    url: str
    event_id: str
    terms: Terms
    sections: Sequence[str]

    @property
    def event_url(self) -> str:
        """The address of the event."""
        return f"{self.url}/v1/events/{self.event_id}"


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays, and when.

    Attributes:
        tokens: one for each patron, by its name.
        seconds: how long the sale should take.
        seed: of all that is left to chance.
    """

    tokens: dict[str, str]
    seconds: float
    seed: int


@dataclass(frozen=True, slots=True)
class Played:
    """A sale that is over.

    Attributes:
        endings: how many visits ended how.
        seconds: how long it took.
    """

    story: Story
    measures: Measures
    endings: Counter[Ending]
    lag: Lag
    seconds: float


Watch = Callable[[int, int], None]
"""Told now and then how many patrons have gone home, and how many seats they have reserved."""


async def play(stage: Stage, cast: Cast, watch: Watch) -> Played:
    """Play a sale, from the first arrival until the last patron has gone home.

    Raises:
        ServiceAbsent: nobody has played.
    """
    make_room(CONNECTIONS + FILES_BESIDE)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS),
    ) as session:
        await _knock(session, stage, next(iter(cast.tokens.values())))
        return await _play(session, stage, cast, watch)


async def _play(session: aiohttp.ClientSession, stage: Stage, cast: Cast, watch: Watch) -> Played:
    story, measures, endings, lag = Story(), Measures(), Counter[Ending](), Lag()
    loop = asyncio.get_running_loop()
    began = loop.time()
    lines = Lines(
        session,
        asyncio.Semaphore(CONNECTIONS),
        stage.event_url,
        stage.event_id,
        measures,
        began,
        closes=began + CLOSES_AFTER * cast.seconds + GRACE_SECONDS,
    )
    limit, speed = most_seats(stage.terms), pace(cast.seconds)

    async def come(name: str, token: str) -> None:
        # Each has a chance of its own, so that a seed means the same whoever is faster.
        chance = Random(f"{cast.seed} {name}")  # noqa: S311 - nobody gains by guessing it
        wire = Wire(lines, token, chance)
        wants = temper(limit, stage.sections, chance)
        patron = Patron(name, wants, wire, story, chance, limit, speed)
        endings[await patron.visit()] += 1

    async def glance() -> None:
        while True:
            await asyncio.sleep(GLANCE_SECONDS)
            watch(endings.total(), measures.reserved)

    watchers = [asyncio.create_task(lag.watch()), asyncio.create_task(glance())]
    try:
        times = arrivals(len(cast.tokens), cast.seconds, Random(cast.seed))  # noqa: S311
        async with asyncio.TaskGroup() as crowd:
            for (name, token), at in zip(cast.tokens.items(), times, strict=True):
                if (early := began + at - loop.time()) > 0:
                    await asyncio.sleep(early)
                crowd.create_task(come(name, token))
    finally:
        for watcher in watchers:
            watcher.cancel()
    watch(endings.total(), measures.reserved)
    return Played(story, measures, endings, lag, loop.time() - began)


async def _knock(session: aiohttp.ClientSession, stage: Stage, token: str) -> None:
    """Make sure that the service at the URL has the copy.

    Raises:
        ServiceAbsent: it has not, or there is none.
    """
    headers = {"Authorization": f"Bearer {token}"}
    try:
        async with session.get(stage.event_url, headers=headers, allow_redirects=False) as response:
            status, body = response.status, await response.read()
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise ServiceAbsent(f"The service at {stage.url} does not answer: {reason}") from error
    if status == 401:
        raise ServiceAbsent(
            f"The service at {stage.url} does not take this one's tokens: has it another secret?"
        )
    if status == 404:
        raise ServiceAbsent(
            f"The service at {stage.url} does not know the copy of the event: is it another store?"
        )
    try:
        known = json.loads(body)["id"] == stage.event_id
    except (ValueError, KeyError, TypeError):
        known = False
    if status != 200 or not known:
        raise ServiceAbsent(
            f"What answers at {stage.url} does not show the copy of the event (status {status})."
        )


def make_room(files: int) -> None:
    """Let this process have so many files open, as far as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= files:
        return
    most = files if hard == resource.RLIM_INFINITY else min(files, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))

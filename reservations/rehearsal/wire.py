"""How a patron's program asks the service: as a good client does.

What changes something bears an `Idempotency-Key`. A request that was answered with 5xx,
or not at all, is sent again with the same key; one that came too early waits as long as
it is told to. Both are done a few times only.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from random import Random
from typing import Any

import aiohttp

from reservations.rehearsal.measures import Kind, Measures

ATTEMPTS = 5
TIMEOUT_SECONDS = 30
FIRST_PAUSE_SECONDS = 0.2
LONGEST_WAIT_SECONDS = 10
"""Who is told to wait for longer goes away."""

NOTHING_CHANGED = {"busy", "store_unavailable"}
"""Codes of 503 that say so."""


class Closed(Exception):
    """The sale has lasted for too long; nothing more is begun."""


@dataclass(frozen=True)
class Answer:
    """What came of a request.

    Attributes:
        status: 0 where there was no answer.
        code: the problem's, or what became of the request instead of an answer.
        wait_seconds: after how long it may be asked again, if the answer says so.
        tag: of a list.
        replayed: whether it was given before.
        unsure: whether something may have been changed though the answer does not say so.
    """

    status: int
    code: str = ""
    body: bytes = b""
    wait_seconds: float | None = None
    tag: str | None = None
    replayed: bool = False
    unsure: bool = False

    @property
    def failed(self) -> bool:
        """Whether it is no answer to go by, so that the request has to be sent again."""
        return self.status == 0 or self.status >= 500

    @cached_property
    def members(self) -> dict[str, Any]:
        """The JSON object in the body; empty if it is none."""
        return _members(self.body)

    @property
    def seats(self) -> tuple[str, ...]:
        """The ids of the seats that it is about."""
        return tuple(seat["id"] for seat in self.members["seats"])

    @property
    def expires_at(self) -> datetime:
        """When the hold ends that it grants."""
        return datetime.fromisoformat(self.members["expires_at"])


@dataclass(frozen=True, slots=True)
class Lines:
    """The connections that all patrons share, and what is noted of what goes over them.

    Attributes:
        session: has the connections.
        free: lets no more requests be under way than there are connections.
        event_url: the address of the event.
        event_id: its id.
        began: when the sale began, by the loop's clock.
        closes: when it ends at the latest.
    """

    session: aiohttp.ClientSession
    free: asyncio.Semaphore
    event_url: str
    event_id: str
    measures: Measures
    began: float
    closes: float


@dataclass(slots=True)
class Wire:
    """One patron's requests."""

    lines: Lines
    token: str
    chance: Random
    _sent: int = field(default=0, init=False)

    async def ask(
        self,
        kind: Kind,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        tag: str | None = None,
    ) -> Answer:
        """Ask until there is an answer to go by, or it was tried often enough.

        Args:
            kind: what for.
            method: of HTTP.
            path: what follows the event's address.
            body: sent as JSON.
            tag: of the list that the patron has.

        Raises:
            Closed: nothing was sent.
        """
        if _now() > self.lines.closes:
            raise Closed
        headers = self._headers(method, tag)
        sent = None if body is None else json.dumps(body).encode()
        unsure = False
        for attempt in range(ATTEMPTS):
            answer = await self._send(kind, method, path, headers, sent)
            unsure = unsure or answer.unsure
            wait = self._wait_before_next(answer, attempt)
            if wait is None:
                break
            await asyncio.sleep(wait)
            self.lines.measures.retries += 1
        settled = not (answer.failed or answer.status == 429)
        return replace(answer, unsure=unsure and not settled)

    def _headers(self, method: str, tag: str | None) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        if tag is not None:
            headers["If-None-Match"] = tag
        if method != "GET":
            self._sent += 1
            # A patron's keys are for all events, and patrons of the last rehearsal had these
            # names too.
            headers["Idempotency-Key"] = f"{self.lines.event_id}-{self._sent}"
        return headers

    def _wait_before_next(self, answer: Answer, attempt: int) -> float | None:
        if not (answer.failed or answer.status == 429) or attempt == ATTEMPTS - 1:
            return None
        pause: float = FIRST_PAUSE_SECONDS * 2**attempt
        # Not all at the same moment again.
        wait = max(answer.wait_seconds or 0.0, pause) + self.chance.uniform(0, pause)
        if wait > LONGEST_WAIT_SECONDS or _now() + wait > self.lines.closes:
            return None
        return wait

    async def _send(
        self, kind: Kind, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        measures, free = self.lines.measures, self.lines.free
        began = _now()
        none_free = free.locked()
        async with free:
            if none_free:
                measures.waited(_now() - began)
            answer = await self._exchange(method, path, headers, body)
        if answer.status:
            unchanged = answer.status == 304
            measures.answered(Kind.LOOK_UNCHANGED if unchanged else kind, _now() - began)
        measures.replayed += answer.replayed
        if answer.failed:
            measures.failures[f"{answer.status or ''} {answer.code}".strip()] += 1
        elif answer.status >= 400:
            measures.refusals[answer.code or str(answer.status)] += 1
        return answer

    async def _exchange(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        url = self.lines.event_url + path
        try:
            async with self.lines.session.request(
                method, url, data=body, headers=headers, allow_redirects=False
            ) as response:
                return _answer(response, await response.read())
        except aiohttp.ClientConnectorError:
            return Answer(0, "no connection")
        except TimeoutError:
            return Answer(0, f"no answer within {TIMEOUT_SECONDS} s", unsure=True)
        except (aiohttp.ClientError, OSError):
            return Answer(0, "connection lost", unsure=True)


def _answer(response: aiohttp.ClientResponse, body: bytes) -> Answer:
    status, headers = response.status, response.headers
    code = str(_members(body).get("code", "")) if status >= 400 else ""
    wait = headers.get("Retry-After", "")
    return Answer(
        status,
        code,
        body,
        wait_seconds=float(wait) if wait.isdecimal() else None,
        tag=headers.get("ETag"),
        replayed=headers.get("Idempotency-Replayed") == "true",
        unsure=status >= 500 and code not in NOTHING_CHANGED,
    )


def _members(body: bytes) -> dict[str, Any]:
    try:
        members = json.loads(body)
    except ValueError:
        return {}
    return members if isinstance(members, dict) else {}


def _now() -> float:
    return asyncio.get_running_loop().time()

"""A service that answers what a script says, and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import aiohttp
from aiohttp import web

from reservations.rehearsal.measures import Measures
from reservations.rehearsal.wire import Lines, Wire
from tests.rehearsal.chance import seeded

T = TypeVar("T")

HANG_UP = 0
EXPIRES_AT = "2027-01-01T20:01:00.000Z"


@dataclass(frozen=True)
class Say:
    """One answer; with the status `HANG_UP` there is none."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    path: str
    body: Any
    key: str | None
    tag: str | None


def problem(status: int, code: str, **headers: str) -> Say:
    """Refuse."""
    return Say(status, {"code": code}, headers)


def free(*seats: str, tag: str = 'W/"1"') -> Say:
    """List free seats."""
    return Say(200, [{"id": seat, "status": "free"} for seat in seats], {"ETag": tag})


def holding(*seats: str) -> Say:
    """Grant a hold."""
    return Say(200, {"seats": [{"id": seat} for seat in seats], "expires_at": EXPIRES_AT})


def sold(reservation_id: str, *seats: str) -> Say:
    """Make a reservation."""
    return Say(201, {"id": reservation_id, "seats": [{"id": seat} for seat in seats]})


def with_script(
    script: Sequence[Say],
    use: Callable[[Wire], Awaitable[T]],
    closes_in: float = 60,
) -> tuple[T, list[Asked], Measures]:
    """Use a wire to a service that says these things, one after the other."""
    return asyncio.run(_with_script(list(script), use, closes_in))


async def _with_script(
    script: list[Say], use: Callable[[Wire], Awaitable[T]], closes_in: float
) -> tuple[T, list[Asked], Measures]:
    asked: list[Asked] = []

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        said = script.pop(0)
        asked.append(
            Asked(
                request.method,
                request.path_qs.removeprefix("/v1/events/e"),
                await request.json() if request.body_exists else None,
                request.headers.get("Idempotency-Key"),
                request.headers.get("If-None-Match"),
            )
        )
        if said.status == HANG_UP:
            assert request.transport is not None
            request.transport.abort()
        if said.body is None:
            return web.Response(status=said.status or 204, headers=said.headers)
        return web.json_response(said.body, status=said.status, headers=said.headers)

    server = web.Server(answer)
    runner = web.ServerRunner(server)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    measures, now = Measures(), asyncio.get_running_loop().time()
    try:
        async with aiohttp.ClientSession() as session:
            url = f"http://{host}:{port}/v1/events/e"
            free_lines = asyncio.Semaphore(10)
            lines = Lines(session, free_lines, url, "e", measures, now, now + closes_in)
            result = await use(Wire(lines, "token", seeded()))
    finally:
        await runner.cleanup()
    assert not script, "all of the script was played"
    return result, asked, measures

"""A proxy between the service and its store that loses, cuts and delays commits.

Run as a program: `python -m torture.proxy LISTEN SERVER SEED SHARE`, two paths of unix
sockets, a seed, and the share of commits that something happens to.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import sys
from collections.abc import Awaitable, Callable

LONGEST_DELAY_SECONDS = 2.5
"""Longer than the service waits for a reply."""
DELIVERIES: set[asyncio.Task[None]] = set()

Misdeed = Callable[["Passage", bytes], Awaitable[None]]


class Passage:
    """One connection of the service, and the proxy's own to the store."""

    def __init__(self, chance: random.Random, share: float) -> None:
        self._chance = chance
        self._share = share
        self.client: asyncio.StreamWriter
        self.server: asyncio.StreamWriter

    async def run(
        self, path: str, from_client: asyncio.StreamReader, client: asyncio.StreamWriter
    ) -> None:
        """Pass everything on, until either end closes."""
        self.client = client
        try:
            from_server, self.server = await asyncio.open_unix_connection(path)
        except OSError:
            client.close()
            return
        both = (self._requests(from_client), self._replies(from_server))
        tasks = [asyncio.ensure_future(each) for each in both]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.cut()

    async def _requests(self, from_client: asyncio.StreamReader) -> None:
        while sent := await from_client.read(65_536):
            if b"EXEC" in sent and self._chance.random() < self._share:
                await self._chance.choice(MISDEEDS)(self, sent)
            else:
                self.server.write(sent)
                await self.server.drain()

    async def _replies(self, from_server: asyncio.StreamReader) -> None:
        while replied := await from_server.read(65_536):
            self.client.write(replied)
            await self.client.drain()

    def cut(self) -> None:
        """Close both ends."""
        self.client.close()
        self.server.close()

    def part(self, sent: bytes) -> bytes:
        """Return a beginning of what was sent, of any length."""
        return sent[: self._chance.randrange(len(sent))]

    def delay(self) -> float:
        """Return for how many seconds to wait."""
        return self._chance.uniform(0, LONGEST_DELAY_SECONDS)


async def lose_request(passage: Passage, _sent: bytes) -> None:
    """Cut the connection before the store has seen the commit."""
    passage.cut()


async def cut_request(passage: Passage, sent: bytes) -> None:
    """Cut the connection when the store has seen a part of the commit."""
    passage.server.write(passage.part(sent))
    await passage.server.drain()
    passage.cut()


async def lose_reply(passage: Passage, sent: bytes) -> None:
    """Let the store commit, and cut the connection before its reply."""
    passage.client.close()
    passage.server.write(sent)
    await passage.server.drain()
    # A store does not read on when its client is gone before.
    await asyncio.sleep(0.05)
    passage.cut()


async def delay_request(passage: Passage, sent: bytes) -> None:
    """Let the commit wait, longer than the service does perhaps."""
    await asyncio.sleep(passage.delay())
    passage.server.write(sent)
    await passage.server.drain()


async def deliver_late(passage: Passage, sent: bytes) -> None:
    """Cut the service's connection at once, and let the commit arrive later."""
    server = passage.server
    _, passage.server = await asyncio.open_unix_connection(sys.argv[2])
    passage.client.close()
    delivery = asyncio.ensure_future(_deliver(server, sent, passage.delay()))
    DELIVERIES.add(delivery)
    delivery.add_done_callback(DELIVERIES.discard)


async def _deliver(server: asyncio.StreamWriter, sent: bytes, seconds: float) -> None:
    await asyncio.sleep(seconds)
    with contextlib.suppress(OSError):
        server.write(sent)
        await server.drain()
        await asyncio.sleep(0.05)
    server.close()


MISDEEDS: list[Misdeed] = [lose_request, cut_request, lose_reply, delay_request, deliver_late]


async def main(listen: str, server: str, seed: int, share: float) -> None:
    """Serve until killed."""
    chance = random.Random(seed)  # noqa: S311

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            await Passage(chance, share).run(server, reader, writer)

    async with await asyncio.start_unix_server(accept, listen) as proxy:
        await proxy.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])))

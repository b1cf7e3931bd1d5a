"""Crowds: many clients in several processes that all begin at the same moment."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier

from tests.live import Client


@dataclass(frozen=True)
class Wish:
    """What one client does, in this order.

    Attributes:
        token: its header `Authorization`.
        holds: ids of the seats that it wants to hold.
    """

    token: str
    holds: Sequence[str]


@dataclass(frozen=True)
class Attempt:
    """What became of one hold."""

    client: int
    seat_id: str
    status: int
    code: str | None


def rush(port: int, event_id: str, wishes: Sequence[Wish], processes: int) -> list[Attempt]:
    """Let all clients pursue their wishes at once, spread over several processes."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(len(wishes))
    with context.Manager() as manager:
        attempts = manager.list()
        numbered = list(enumerate(wishes))
        running = [
            context.Process(
                target=_process, args=(port, event_id, numbered[part::processes], barrier, attempts)
            )
            for part in range(processes)
        ]
        for process in running:
            process.start()
        for process in running:
            process.join(60)
            assert process.exitcode == 0
        return list(attempts)


def _process(
    port: int,
    event_id: str,
    wishes: Sequence[tuple[int, Wish]],
    barrier: Barrier,
    attempts: list[Attempt],
) -> None:
    made: list[Attempt] = []
    threads = [
        threading.Thread(target=_client, args=(port, event_id, number, wish, barrier, made))
        for number, wish in wishes
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    attempts.extend(made)


def _client(
    port: int, event_id: str, number: int, wish: Wish, barrier: Barrier, made: list[Attempt]
) -> None:
    client = Client(port, wish.token)
    client.request("GET", "/user")
    barrier.wait(30)
    for seat_id in wish.holds:
        answer = client.change(event_id, seat_id, "hold")
        made.append(Attempt(number, seat_id, answer.status, answer.code))
    client.close()

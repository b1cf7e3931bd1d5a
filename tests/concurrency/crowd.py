"""Crowds: many clients in several processes that all begin at the same moment."""

from __future__ import annotations

import multiprocessing
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from typing import Any

from tests.live import Client

WAIT_SECONDS = 240


@dataclass(frozen=True)
class Member:
    """One of a crowd.

    Attributes:
        token: its header `Authorization`.
        wants: the arguments of its deed, after the client.
    """

    token: str
    wants: Sequence[Any]


def gather(
    port: int, deed: Callable[..., Any], members: Sequence[Member], processes: int
) -> list[Any]:
    """Let all members do a deed at once, spread over several processes.

    Args:
        port: of the service.
        deed: a function of a module; called with a connected client and what a member wants.
        members: one client each.
        processes: in how many.

    Returns:
        What the deed returned for each member, in their order.
    """
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(processes)
    outcomes = context.Queue()
    running = [
        context.Process(
            target=_process, args=(port, deed, members[part::processes], part, barrier, outcomes)
        )
        for part in range(processes)
    ]
    for process in running:
        process.start()
    done = dict(outcomes.get(timeout=WAIT_SECONDS) for _ in running)
    for process in running:
        process.join(WAIT_SECONDS)
        assert process.exitcode == 0
    ordered: list[Any] = [None] * len(members)
    for part, (failures, returned) in done.items():
        assert not failures, failures[0]
        ordered[part::processes] = returned
    return ordered


def _process(
    port: int,
    deed: Callable[..., Any],
    members: Sequence[Member],
    part: int,
    barrier: Barrier,
    outcomes: Any,
) -> None:
    ready = threading.Barrier(len(members) + 1)
    start = threading.Event()
    returned: list[Any] = [None] * len(members)
    failures: list[str] = []

    def act(number: int, member: Member) -> None:
        client = Client(port, member.token)
        try:
            client.request("GET", "/user")
            ready.wait(WAIT_SECONDS)
            start.wait(WAIT_SECONDS)
            returned[number] = deed(client, *member.wants)
        except Exception:
            ready.abort()
            failures.append(traceback.format_exc())
        finally:
            client.close()

    threads = [
        threading.Thread(target=act, args=(number, member)) for number, member in enumerate(members)
    ]
    for thread in threads:
        thread.start()
    try:
        ready.wait(WAIT_SECONDS)
        barrier.wait(WAIT_SECONDS)
    except threading.BrokenBarrierError:
        barrier.abort()
    start.set()
    for thread in threads:
        thread.join()
    outcomes.put((part, (failures, returned)))

"""What each client of a crowd does, in a process of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.live import Answer, Client


@dataclass(frozen=True)
class Attempt:
    """What became of one request.

    Attributes:
        wanted: what was asked for.
    """

    wanted: Any
    status: int
    code: str | None
    body: Any


def hold_one_by_one(client: Client, event_id: str, seat_ids: Sequence[str]) -> list[Attempt]:
    """Hold seats, each with a request of its own."""
    return [_attempt(seat_id, client.change, event_id, seat_id, "hold") for seat_id in seat_ids]


def hold_groups_in_turn(
    client: Client, event_id: str, groups: Sequence[Sequence[str]]
) -> list[Attempt]:
    """Hold all seats of a group and let go of them before the next; the last is kept."""
    attempts: list[Attempt] = []
    for group in groups:
        if attempts and attempts[-1].status == 200:
            assert client.release(event_id).status == 204
        attempts.append(_attempt(group, client.hold, event_id, group))
    return attempts


def hold_the_best(client: Client, event_id: str, wish: dict[str, Any]) -> Attempt:
    """Hold the best seats that are available."""
    return _attempt(wish, client.hold_best, event_id, wish)


def _attempt(wanted: Any, ask: Any, *args: Any) -> Attempt:
    answer: Answer = ask(*args)
    return Attempt(wanted, answer.status, answer.code, answer.body)

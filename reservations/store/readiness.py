"""Whether the store keeps what it is told: asked by `GET /ready`."""

from __future__ import annotations

from redis.exceptions import ResponseError

from reservations.domain.errors import StoreNotReady, StoreUnavailable
from reservations.store import keys
from reservations.store.connections import LINK_FAILURES, Connections, Reply

PROBE_MILLISECONDS = 1000


def check_ready(connections: Connections) -> None:
    """Ask the store whether it takes writes, evicts nothing and keeps an append-only file.

    Raises:
        StoreUnavailable: it does not answer.
        StoreNotReady: it does, and says why not.
    """
    try:
        with connections.link() as link:
            begun, _, written, memory, persistence = link.exchange(
                [
                    ("MULTI",),
                    ("SET", keys.READY, "1", "PX", PROBE_MILLISECONDS),
                    ("EXEC",),
                    ("INFO", "memory"),
                    ("INFO", "persistence"),
                ]
            )
    except LINK_FAILURES as error:
        raise StoreUnavailable(error) from error
    reasons = [
        *_refusals(begun),
        *_refusals(written),
        *_unlike(memory, "maxmemory_policy", "noeviction", "it may evict keys"),
        *_unlike(persistence, "aof_enabled", "1", "its append-only file is off"),
    ]
    if reasons:
        raise StoreNotReady(reasons)


def _refusals(reply: Reply) -> list[str]:
    return [f"it takes no transactions ({reply})"] if isinstance(reply, ResponseError) else []


def _unlike(info: Reply, name: str, expected: str, reason: str) -> list[str]:
    if isinstance(info, ResponseError):
        return [f"it does not tell its settings ({info})"]
    return [] if f"{name}:{expected}" in info.decode().split() else [reason]

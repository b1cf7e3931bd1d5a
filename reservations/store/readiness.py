"""Whether the store keeps what it is told: asked by `GET /ready`."""

from __future__ import annotations

from collections.abc import Iterator

from redis.exceptions import ResponseError

from reservations.domain.errors import StoreNotReady, StoreUnavailable
from reservations.store import keys
from reservations.store.connections import LINK_FAILURES, Connections, Reply

PROBE_MILLISECONDS = 1000


def check_ready(connections: Connections) -> None:
    """Ask the store whether it takes writes, evicts nothing and keeps an append-only file.

    Each primary of a cluster is asked. Those that do not answer are passed over, since
    the events of the others can be sold, but the one that has the revoked tokens must.

    Raises:
        StoreUnavailable: it does not answer.
        StoreNotReady: it does, and says why not.
    """
    needed, *others = connections.an_own_key(keys.READY)
    reasons = list(_reasons(connections, needed))
    for key in others:
        try:
            reasons += _reasons(connections, key)
        except StoreUnavailable:
            continue
    if reasons:
        raise StoreNotReady(list(dict.fromkeys(reasons)))


def _reasons(connections: Connections, key: str) -> Iterator[str]:
    try:
        with connections.link(key) as link:
            (memory, persistence, begun, _, written), confirmed = link.change(
                [
                    ("INFO", "memory"),
                    ("INFO", "persistence"),
                    ("MULTI",),
                    ("SET", key, "1", "PX", PROBE_MILLISECONDS),
                    ("EXEC",),
                ]
            )
    except LINK_FAILURES as error:
        raise StoreUnavailable(error) from error
    yield from _refusals(begun)
    yield from _refusals(written)
    yield from _unlike(memory, "maxmemory_policy", "noeviction", "it may evict keys")
    yield from _unlike(persistence, "aof_enabled", "1", "its append-only file is off")
    if not confirmed:
        yield "too few of its replicas confirm changes"


def _refusals(reply: Reply) -> list[str]:
    return [f"it takes no transactions ({reply})"] if isinstance(reply, ResponseError) else []


def _unlike(info: Reply, name: str, expected: str, reason: str) -> list[str]:
    if isinstance(info, ResponseError):
        return [f"it does not tell its settings ({info})"]
    return [] if f"{name}:{expected}" in info.decode().split() else [reason]

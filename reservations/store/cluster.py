"""The primaries of a cluster (https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/).

Which primary has which slot is learnt from any node, and anew when a primary fails or
says that another has the slot. A primary that was cut off from most others refuses all
by itself after the cluster's node timeout, and a replica at once.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from itertools import count
from threading import Lock
from typing import Any

from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot
from redis.exceptions import MovedError, RedisError, ResponseError

from reservations.domain.errors import StoreUnavailable
from reservations.store.addresses import Address, Several
from reservations.store.servers import (
    Command,
    Durability,
    Reply,
    Server,
    Share,
    client_at,
    key_of,
    pool_at,
    pool_options,
)

DEFAULT_PORT = 6379
NODES_ASKED = 4
"""How many nodes are asked at most, one after another, until one answers."""

PAUSE_SECONDS = 0.1
"""Between two questions about primaries that fail."""


class ClusterServers:
    """All primaries, and which of them has which slot."""

    def __init__(self, url: str, size: int, durability: Durability) -> None:
        """Make room for `size` connections to each; nobody is asked before it is needed."""
        several = Several.of(url, DEFAULT_PORT)
        self._seeds = several.addresses
        self._credentials = several.credentials
        self._options = {**pool_options(size), **several.credentials}
        self._durability = durability
        self._servers: dict[Address, Server] = {}
        self._by_slot: list[Server | None] = [None] * REDIS_CLUSTER_HASH_SLOTS
        self._asked_at = float("-inf")
        self._lock = Lock()

    def of(self, key: str) -> Server:
        """Return the primary that has a key."""
        slot = key_slot(key.encode())
        server = self._by_slot[slot]
        if server is None or server.is_suspect:
            with self._lock:
                self._ask(PAUSE_SECONDS)
            server = self._by_slot[slot]
        if server is None:
            raise StoreUnavailable(f"no node knows a primary for slot {slot}")
        return server

    def shares(self, commands: Sequence[Command]) -> Sequence[Share]:
        """Part commands by primary; one without a key goes with the first that has one."""
        first = next(filter(None, map(key_of, commands)), "")
        keys = [key_of(command) or first for command in commands]
        if len(set(map(_tag, keys))) <= 1:
            return [(first, list(range(len(keys))))]
        shares: dict[Server, Share] = {}
        for place, key in enumerate(keys):
            shares.setdefault(self.of(key), (key, []))[1].append(place)
        return list(shares.values())

    def learn(self, redirect: ResponseError) -> bool:
        """Ask the node that a redirection names who has which slot."""
        if isinstance(redirect, MovedError):
            with self._lock:
                server = self._servers.get(redirect.node_addr)
                if server is None or self._by_slot[redirect.slot_id] is not server:
                    self._ask(0.0, redirect.node_addr)
                    # Others may not know yet.
                    self._by_slot[redirect.slot_id] = self._at(redirect.node_addr)
        return True

    def an_own_key(self, key: str) -> list[str]:
        """Return a key of each primary, made from one; the first is the one given itself."""
        found = {self.of(key): key}
        primaries = {server for server in self._by_slot if server is not None}
        numbers = count()
        while primaries - found.keys():
            another = f"{{{next(numbers)}}}:{key.replace('{', '').replace('}', '')}"
            found.setdefault(self.of(another), another)
        return list(found.values())

    def close(self) -> None:
        """Close all connections."""
        for server in self._servers.values():
            server.close()

    def _ask(self, pause: float, first: Address | None = None) -> None:
        """Ask for all slots until somebody answers, unless somebody else did so just now."""
        if time.monotonic() - self._asked_at < pause:
            return
        for address in self._to_be_asked(first):
            try:
                shards = self._shards(address)
            except (RedisError, OSError):
                continue
            self._put(shards, address)
            break
        self._asked_at = time.monotonic()

    def _to_be_asked(self, first: Address | None) -> list[Address]:
        known = list(self._servers)
        random.shuffle(known)
        known.sort(key=lambda address: self._servers[address].is_suspect)
        found = [] if first is None else [first]
        return list(dict.fromkeys([*found, *known, *self._seeds]))[:NODES_ASKED]

    def _shards(self, address: Address) -> list[Reply]:
        with client_at(address, self._credentials) as client:
            return list(client.execute_command("CLUSTER SHARDS"))

    def _put(self, shards: list[Reply], asked: Address) -> None:
        by_slot: list[Server | None] = [None] * REDIS_CLUSTER_HASH_SLOTS
        primaries = set()
        for shard in map(_pairs, shards):
            nodes = [_pairs(node) for node in shard[b"nodes"]]
            address = next(_primaries(nodes, asked), None)
            if address is None or not shard[b"slots"]:
                continue
            primaries.add(address)
            server = self._at(address)
            server.confirmations = self._durability.confirmations(len(nodes) - 1)
            server.is_suspect = False
            bounds = map(int, shard[b"slots"])
            for start, end in zip(bounds, bounds, strict=True):
                by_slot[start : end + 1] = [server] * (end + 1 - start)
        self._by_slot = by_slot
        for address in self._servers.keys() - primaries:
            self._servers.pop(address).close()

    def _at(self, address: Address) -> Server:
        if address not in self._servers:
            pool = pool_at(address, self._options)
            self._servers[address] = Server(pool, self._durability.confirmations(replicas=0))
        return self._servers[address]


def _primaries(nodes: list[dict[bytes, Any]], asked: Address) -> Iterator[Address]:
    """Yield where a shard's primaries listen, but for those that most nodes say have failed.

    One that comes back may be replaced all the same.
    """
    for node in sorted(nodes, key=lambda node: node[b"health"] != b"online"):
        if node[b"role"] == b"master" and node[b"health"] != b"fail":
            # A node that does not know its own name is where it was asked.
            host = node.get(b"endpoint") or node.get(b"ip") or b""
            yield host.decode() or asked[0], int(node[b"port"])


def _pairs(flat: list[Any]) -> dict[bytes, Any]:
    words = iter(flat)
    return dict(zip(words, words, strict=True))


def _tag(key: str) -> str:
    """Return what of an event's key tells its slot, or all of another key."""
    return key.partition("}")[0]

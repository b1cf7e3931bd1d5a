"""The kinds of store that a run can have: one server, or several that take over."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from torture.processes import Group
from torture.store import StandaloneStore
from torture.topologies import ClusterTopology, SentinelTopology

HEALTHY_SECONDS = 30


class Store(Protocol):
    """What every kind of store can do."""

    @property
    def url(self) -> str:
        """Where the service connects to."""

    @property
    def durability(self) -> str:
        """How many replicas are to confirm a change, in the service's words."""

    def start(self) -> None:
        """Start it, and wait until it answers."""

    def kill(self) -> None:
        """Kill all of it."""


class ReplicatedStore:
    """Several servers, of which each event has a primary and two replicas."""

    durability = "one"

    def __init__(self, topology: SentinelTopology | ClusterTopology) -> None:
        self.topology = topology

    @property
    def url(self) -> str:
        """Where the service connects to."""
        return str(self.topology.url)

    def start(self) -> None:
        """Start all servers that do not run, and wait until they agree."""
        for node in self.topology.nodes:
            node.restart()
        self.topology.wait_until_healthy(HEALTHY_SECONDS)

    def kill(self) -> None:
        """Kill all servers."""
        for node in self.topology.nodes:
            node.kill()


TOPOLOGIES: dict[str, type[SentinelTopology] | type[ClusterTopology]] = {
    "sentinel": SentinelTopology,
    "cluster": ClusterTopology,
}
KINDS = ("standalone", *TOPOLOGIES)


@contextlib.contextmanager
def make_store(kind: str, folder: Path, group: Group) -> Iterator[Store]:
    """Run a store of a kind, in a folder."""
    if kind == "standalone":
        store = StandaloneStore(folder, group)
        try:
            store.start()
            yield store
        finally:
            store.close()
    else:
        (folder / kind).mkdir()
        with TOPOLOGIES[kind](folder / kind) as topology:
            yield ReplicatedStore(topology)

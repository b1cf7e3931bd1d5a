"""A real Sentinel set-up and a real Cluster, of `redis-server` processes on loopback.

They end with whoever started them, however that ends.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from torture.nodes import PORT, Network, Node
from torture.processes import Group, wait_until

OF_EVERY_NODE = {
    "save": '""',
    "appendonly": "yes",
    "appendfsync": "always",
    "maxmemory-policy": "noeviction",
    "repl-diskless-sync-delay": "0",
    "repl-timeout": "5",
    "repl-backlog-size": "4mb",
}
PRIMARY = "seats"
SENTINEL_PORT = 26379
START_SECONDS = 30
SLOTS = 16384
LAG_SECONDS = 1
"""Since the last word of a replica, which sends one every second; in whole seconds."""


class _Topology:
    """Several servers in a network of their own."""

    nodes: list[Node]
    url: str

    def __init__(self, folder: Path) -> None:
        """Keep everything in a folder, which exists."""
        self._folder = folder
        self._network = Network()
        self._stack = contextlib.ExitStack()
        self._group = self._stack.enter_context(Group())
        self._stack.callback(self._network.reconnect_all)

    def __enter__(self) -> Self:
        """Start all servers, and wait until they agree."""
        try:
            self._start()
            self.wait_until_healthy(START_SECONDS)
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Kill all servers."""
        self._stack.close()
        for node in self._all():
            node.kill()

    def partition(self, node: Node) -> None:
        """Cut a server off from all others, but not from its clients."""
        self._network.cut_off(node.host)

    def heal(self, node: Node) -> None:
        """Let a server reach the others again."""
        self._network.reconnect(node.host)

    def wait_until_healthy(self, seconds: float) -> None:
        """Wait until all servers run, agree who is what, and all replicas follow."""
        wait_until(self._is_healthy, f"{type(self).__name__} in good health", seconds)

    def replicas_of(self, primary: Node) -> int:
        """Return how many replicas follow a primary closely.

        One that cannot be reached is among those that it names, until it misses it.
        """
        info = primary.ask("INFO", "replication")
        if not isinstance(info, dict) or info["role"] != "master":
            return 0
        links = [info[f"slave{number}"] for number in range(info["connected_slaves"])]
        return sum(
            link["state"] == "online"
            and link["lag"] <= LAG_SECONDS
            and self._at(link["ip"]).has_followed_to(info["master_repl_offset"])
            for link in links
        )

    def _node(self, number: int, port: int, options: dict[str, str]) -> Node:
        folder = self._folder / f"node-{number}"
        return Node(self._group, folder, self._network.address(number), port, options)

    def _at(self, host: str) -> Node:
        return next(node for node in self.nodes if node.host == host)

    def _all(self) -> list[Node]:
        return self.nodes

    def _start(self) -> None:
        raise NotImplementedError

    def _is_healthy(self) -> bool:
        raise NotImplementedError


class SentinelTopology(_Topology):
    """A primary with two replicas, watched by three sentinels."""

    def __init__(self, folder: Path) -> None:
        """Write all configurations."""
        super().__init__(folder)
        first = self._network.address(1)
        options = [{}, *[{"replicaof": f"{first} {PORT}"}] * 2]
        self.nodes = [
            self._node(number, PORT, {**OF_EVERY_NODE, "replica-announce-ip": host, **more})
            for number, more in enumerate(options, start=1)
            for host in [self._network.address(number)]
        ]
        self._sentinels = [
            self._node(
                number,
                SENTINEL_PORT,
                {
                    "sentinel monitor": f"{PRIMARY} {first} {PORT} 2",
                    "sentinel down-after-milliseconds": f"{PRIMARY} 2000",
                    "sentinel failover-timeout": f"{PRIMARY} 3000",
                    "sentinel parallel-syncs": f"{PRIMARY} 2",
                    "sentinel announce-ip": self._network.address(number),
                },
            )
            for number in (101, 102, 103)
        ]
        hosts = ",".join(f"{each.host}:{each.port}" for each in self._sentinels)
        self.url = f"redis+sentinel://{hosts}/{PRIMARY}"

    def primary_of(self, event_id: str) -> Node:
        """Return the server that has an event, by what the best informed sentinel says."""
        states = self._states()
        assert states, "no sentinel answers"
        return self._at(max(states, key=lambda state: int(state["config-epoch"]))["ip"])

    def is_missed_by_all(self) -> bool:
        """Whether all sentinels miss the primary."""
        return all("s_down" in state["flags"] for state in self._states())

    def is_missed_by_any(self) -> bool:
        """Whether there is a sentinel that misses the primary."""
        return any("s_down" in state["flags"] for state in self._states())

    def tell_sentinels(self, *command: str | int) -> None:
        """Send a command to all sentinels."""
        for sentinel in self._sentinels:
            sentinel.tell(*command)

    def _start(self) -> None:
        for node in self._all():
            node.restart()

    def _all(self) -> list[Node]:
        return [*self.nodes, *self._sentinels]

    def _states(self) -> list[dict[str, Any]]:
        answers = [each.ask("SENTINEL MASTER", PRIMARY) for each in self._sentinels]
        return [answer for answer in answers if isinstance(answer, dict)]

    def _is_healthy(self) -> bool:
        states = self._states()
        agreed = {(state["ip"], state["flags"], state["num-other-sentinels"]) for state in states}
        if len(states) != 3 or len(agreed) != 1:
            return False
        ((host, flags, others),) = agreed
        known = all(state["num-slaves"] == 2 for state in states)
        return flags == "master" and others == 2 and known and self.replicas_of(self._at(host)) == 2


class ClusterTopology(_Topology):
    """Three primaries with two replicas each."""

    node_timeout_ms = 2000

    def __init__(self, folder: Path) -> None:
        """Write all configurations."""
        super().__init__(folder)
        self.nodes = [
            self._node(
                number,
                PORT,
                {
                    **OF_EVERY_NODE,
                    "cluster-enabled": "yes",
                    "cluster-node-timeout": str(self.node_timeout_ms),
                    "cluster-announce-ip": self._network.address(number),
                    # The events of the other primaries are sold on.
                    "cluster-require-full-coverage": "no",
                    "cluster-migration-barrier": "9",
                },
            )
            for number in range(1, 10)
        ]
        hosts = ",".join(f"{node.host}:{node.port}" for node in self.nodes[:3])
        self.url = f"redis+cluster://{hosts}"

    def primary_of(self, event_id: str) -> Node:
        """Return the server that has an event, by what the best informed node says."""
        (slot,) = {node.ask("CLUSTER KEYSLOT", f"{{e:{event_id}}}") for node in self.nodes} - {None}
        claims = [
            (int(known["epoch"]), host)
            for table in self._tables()
            for host, known in table.items()
            if any(int(few[0]) <= int(str(slot)) <= int(few[-1]) for few in known["slots"])
        ]
        assert claims, "no node answers"
        return self._at(max(claims)[1])

    def node_id(self, node: Node) -> str:
        """Return the name of a node in the cluster."""
        return str(node.ask("CLUSTER MYID"))

    def _start(self) -> None:
        for node in self.nodes:
            node.restart()
        first, *others = self.nodes
        for number, node in enumerate(self.nodes[:3]):
            bounds = SLOTS * number // 3, SLOTS * (number + 1) // 3 - 1
            node.tell("CLUSTER ADDSLOTSRANGE", *bounds)
        for number, node in enumerate(self.nodes, start=1):
            node.tell("CLUSTER SET-CONFIG-EPOCH", number)
        for node in others:
            node.tell("CLUSTER MEET", first.host, PORT)
        wait_until(lambda: self._all_know(9), "nodes that know each other", START_SECONDS)
        for number, node in enumerate(self.nodes[3:]):
            primary = self.node_id(self.nodes[number % 3])
            node.tell("CLUSTER REPLICATE", primary)

    def _tables(self) -> list[dict[str, Any]]:
        """Return what each node that answers knows of all, by host."""
        tables = []
        for node in self.nodes:
            table = node.ask("CLUSTER NODES")
            if isinstance(table, dict):
                tables.append({name.rpartition(":")[0]: known for name, known in table.items()})
        return tables

    def _all_know(self, number: int) -> bool:
        tables = self._tables()
        return len(tables) == number == min(map(len, tables))

    def _is_healthy(self) -> bool:
        tables = self._tables()
        if len(tables) != len(self.nodes):
            return False
        primaries = set()
        for table in tables:
            if any("fail" in known["flags"] for known in table.values()):
                return False
            primaries.add(frozenset(host for host, known in table.items() if known["slots"]))
        agreed = len(primaries) == 1 and len(min(primaries)) == 3
        return agreed and all(self._is_fine(self._at(host)) for host in min(primaries))

    def _is_fine(self, primary: Node) -> bool:
        info = primary.ask("CLUSTER INFO")
        is_ok = isinstance(info, dict) and info["cluster_state"] == "ok"
        return is_ok and self.replicas_of(primary) == 2

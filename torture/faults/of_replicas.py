"""What can go wrong with several servers, so that a replica has to take over."""

from __future__ import annotations

import os
import random
import shutil
import time
from functools import partial

from torture.faults.fault import Tidy, fault
from torture.nodes import Node
from torture.processes import wait_until
from torture.stack import Stack
from torture.stores import HEALTHY_SECONDS, ReplicatedStore

FAILOVER_SECONDS = 15
STOPPED_SECONDS = (3.0, 6.0)
"""Longer than the others wait before one of them takes over."""


def why_no_partition() -> str | None:
    """Return why a server cannot be cut off from the others; None if it can."""
    is_possible = os.geteuid() == 0 and shutil.which("iptables") is not None
    return None if is_possible else "needs root, and iptables: apt-get install iptables"


@fault("store", store="replicated")
def kill_primary(stack: Stack, _chance: random.Random) -> Tidy:
    """Kill a primary; it comes back as a replica."""
    store = _replicated(stack)
    event = stack.event_on_sale()
    node = store.topology.primary_of(event)
    node.kill()
    _await_failover(stack, event, node)
    return partial(_back, store, node.restart)


@fault("store", store="replicated")
def stop_primary(stack: Stack, chance: random.Random) -> Tidy:
    """Let a primary stand still for so long that another takes over."""
    store = _replicated(stack)
    event = stack.event_on_sale()
    node = store.topology.primary_of(event)
    node.stop()
    time.sleep(chance.uniform(*STOPPED_SECONDS))
    _await_failover(stack, event, node)
    return partial(_back, store, node.cont)


@fault("store", store="replicated", why_not=why_no_partition)
def part_primary(stack: Stack, chance: random.Random) -> Tidy:
    """Cut a primary off from the other servers, but not from the service."""
    store = _replicated(stack)
    event = stack.event_on_sale()
    node = store.topology.primary_of(event)
    store.topology.partition(node)
    time.sleep(chance.uniform(*STOPPED_SECONDS))
    _await_failover(stack, event, node)
    return partial(_back, store, partial(store.topology.heal, node))


@fault("store", store="replicated")
def kill_replica(stack: Stack, chance: random.Random) -> Tidy:
    """Kill a replica of some primary's."""
    store = _replicated(stack)
    node = chance.choice([node for node in store.topology.nodes if node.is_replica()])
    node.kill()
    time.sleep(chance.uniform(0.5, 2))
    return partial(_back, store, node.restart)


def _replicated(stack: Stack) -> ReplicatedStore:
    assert isinstance(stack.store, ReplicatedStore), "the store is another"
    return stack.store


def _await_failover(stack: Stack, event: str, node: Node) -> None:
    topology = _replicated(stack).topology

    def has_successor() -> bool:
        primary = topology.primary_of(event)
        # Before a replica follows it, nothing that it does can be confirmed.
        return primary is not node and topology.replicas_of(primary) > 0

    wait_until(has_successor, "a new primary that a replica follows", FAILOVER_SECONDS)


def _back(store: ReplicatedStore, come_back: Tidy) -> None:
    come_back()
    store.topology.wait_until_healthy(HEALTHY_SECONDS)

"""What tests need of a cluster's nodes, and of the machine that they run on."""

from __future__ import annotations

import os
import shutil

import pytest

from torture.nodes import Node

NEEDS_CLUSTER = pytest.mark.skipif(
    shutil.which("redis-server") is None, reason="apt-get install redis-server"
)
NEEDS_ROOT = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("iptables") is None,
    reason="needs root and iptables: apt-get install iptables",
)


def replicates(node: Node, primary: Node) -> bool:
    """Whether a node is a replica of another."""
    role = node.ask("ROLE")
    return isinstance(role, list) and role[:2] == ["slave", primary.host]

"""What tests ask of a cluster's nodes."""

from __future__ import annotations

from torture.nodes import Node


def replicates(node: Node, primary: Node) -> bool:
    """Whether a node is a replica of another."""
    role = node.ask("ROLE")
    return isinstance(role, list) and role[:2] == ["slave", primary.host]

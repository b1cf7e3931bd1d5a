"""Chance that is the same each time."""

from __future__ import annotations

from random import Random


def seeded(seed: int = 1) -> Random:
    """Return chance that a seed decides."""
    return Random(seed)  # noqa: S311 - tests want to know what comes

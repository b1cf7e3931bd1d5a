"""The kinds of store that a run can have."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from torture.processes import Group
from torture.store import StandaloneStore


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


KINDS = ("standalone",)


@contextlib.contextmanager
def make_store(folder: Path, group: Group) -> Iterator[Store]:
    """Run a store in a folder."""
    store = StandaloneStore(folder, group)
    try:
        store.start()
        yield store
    finally:
        store.close()

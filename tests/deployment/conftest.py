"""The service behind nginx, started once for each file, and a stand-in for it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deployment.standin import StandIn
from tests.live import LiveService
from tests.nginx import Nginx, behind_nginx, why_no_nginx


@pytest.fixture(scope="module")
def _needs_nginx() -> None:
    if why_no_nginx():
        pytest.skip(str(why_no_nginx()))


@pytest.fixture(scope="module")
def proxied(
    _needs_nginx: None, store_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveService]:
    """The service behind nginx, which trusts loopback as an operator's own addresses."""
    folder = tmp_path_factory.mktemp("proxied")
    with behind_nginx(folder, trusted=True, REDIS_URL=store_url, WEB_CONCURRENCY=2) as service:
        yield service


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder with a name short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="reservations-") as folder:
        yield Path(folder)


@pytest.fixture
def stand_in(short_path: Path) -> Iterator[StandIn]:
    """What listens where nginx expects the service, and does as it is told."""
    with StandIn(short_path / "gunicorn.sock") as listening:
        yield listening


@pytest.fixture
def box_office(short_path: Path) -> Iterator[StandIn]:
    """What listens where nginx expects the box office's workers."""
    with StandIn(short_path / "box-office.sock") as listening:
        yield listening


@pytest.fixture
def nginx(_needs_nginx: None, tmp_path: Path, stand_in: StandIn) -> Iterator[Nginx]:
    """An nginx before the stand-in; it trusts nobody."""
    with Nginx(tmp_path / "nginx", stand_in.path) as running:
        yield running

"""The stack on a Redis Cluster."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.deployment.containers.sale import Sale
from tests.deployment.containers.stack import Stack, running_stack
from tests.live import wait_for

pytestmark = [pytest.mark.alone, pytest.mark.timeout(900)]

FAILOVER_SECONDS = 5
"""A primary is missed after two seconds."""


@pytest.fixture(scope="module")
def clustered(_engine: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack on a cluster of three primaries with two replicas each."""
    folder = tmp_path_factory.mktemp("clustered")
    with running_stack(folder, "SCALE=2", "PROFILES=cluster") as running:
        yield running


def primary_of(stack: Stack, event_id: str) -> str:
    """Return the service whose node has an event."""
    program = (
        "import reservations.app as a, reservations.config as c\n"
        "store = a.open_store(c.Settings.from_env())\n"
        "servers = store._connections._servers\n"
        f"print(servers.of('{{e:{event_id}}}:event')._pool.connection_kwargs['host'])"
    )
    address = stack.python("app", program).strip()
    number = int(address.rpartition(".")[2]) - 10 if address[0].isdigit() else 0
    return f"redis-{number}" if number else address


def is_elsewhere(stack: Stack, event_id: str, primary: str) -> bool:
    """Whether another node has an event; not while none has."""
    try:
        return primary_of(stack, event_id) != primary
    except AssertionError:
        return False


def test_a_cluster_sells_on_when_a_primary_is_killed(clustered: Stack) -> None:
    info = clustered.inside("app", "python", "-c", "import os; print(os.environ['DURABILITY'])")
    assert info.strip() == "one"
    with Sale(clustered) as sale:
        primary = primary_of(clustered, sale.event_id)
        container = clustered.containers(primary)[0]
        clustered.run("docker", "kill", container)
        wait_for(lambda: is_elsewhere(clustered, sale.event_id, primary), 30)
        began = time.monotonic()
        sale.await_sales()
        assert time.monotonic() - began < FAILOVER_SECONDS
        clustered.run("docker", "start", container)
        clustered.await_health(container)
    assert set(sale.answers) <= {200, 409, 503}


def test_a_cluster_is_upgraded_node_by_node_during_the_sale(clustered: Stack) -> None:
    with Sale(clustered) as sale:
        before = clustered.containers()
        for number in range(1, 10):
            clustered.make("replace", f"NODE=redis-{number}")
            sale.await_sales()
        assert len(set(clustered.containers()) - set(before)) == 9
    assert set(sale.answers) <= {200, 409, 503}


def test_a_cluster_is_what_it_was_after_all_was_stopped(clustered: Stack) -> None:
    with Sale(clustered) as sale:
        pass
    clustered.make("down")
    clustered.make("up", "PROFILES=cluster")
    sale.check()

"""What happens to containers during a sale: nothing that was acknowledged is lost."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.deployment.containers.sale import BoxOffice, Sale
from tests.deployment.containers.stack import Stack
from tests.live import wait_for

OURS = ("app", "box-office")
"""The services that an upgrade is of."""

pytestmark = [pytest.mark.alone, pytest.mark.timeout(900)]


def test_one_container_of_each_kind_is_killed_during_the_sale(stack: Stack) -> None:
    with Sale(stack) as sale:
        for service in ("app", "box-office", "nginx", "redis"):
            stack.kill(service)
            sale.await_sales()
    assert set(sale.answers) <= {0, 200, 409, 502, 503, 504}


def test_all_workers_are_replaced_during_the_sale_and_nobody_notices(stack: Stack) -> None:
    with Sale(stack) as sale:
        for _ in range(3):
            stack.compose("kill", "--signal", "HUP", "app", "box-office")
            sale.await_sales()
    assert set(sale.answers) == {200}


def test_more_containers_join_the_sale(stack: Stack) -> None:
    with Sale(stack) as sale:
        stack.make("up", "SCALE=3")
        newest = stack.containers("app")
        assert len(newest) == 3
        sale.await_sales()
        for container in newest:
            # Each is asked by nginx, which looks up their addresses once a second.
            wait_for(lambda one=container: sale.event_id in stack.logs(one))
    assert set(sale.answers) == {200}


def test_new_containers_take_over_during_the_sale_and_nobody_notices(stack: Stack) -> None:
    before = {service: stack.containers(service) for service in OURS}
    with Sale(stack) as sale, BoxOffice(stack) as box_office:
        stack.make("upgrade")
        after = {service: stack.containers(service) for service in OURS}
        for service in OURS:
            assert len(after[service]) == len(before[service])
            assert not {*after[service]} & {*before[service]}
    assert set(sale.answers) == {200}
    assert set(box_office.answers) == {200, 201, 204}


@pytest.mark.parametrize("given", ["REDIS_URL=redis://elsewhere:6379/0", "PROFILES=cluster"])
def test_an_upgrade_does_not_change_stores(stack: Stack, given: str) -> None:
    before = {service: stack.containers(service) for service in OURS}
    with pytest.raises(AssertionError, match="another store"):
        stack.make("upgrade", given)
    assert {service: stack.containers(service) for service in OURS} == before


def test_an_upgrade_that_does_not_come_up_leaves_those_that_were_there(stack: Stack) -> None:
    before = {service: stack.containers(service) for service in OURS}
    with Sale(stack) as sale, pytest.raises(AssertionError, match="did not come up"):
        stack.make("upgrade", "THREADS=0")
    assert {service: stack.containers(service) for service in OURS} == before
    assert set(sale.answers) == {200}


def test_an_upgrade_that_is_interrupted_leaves_those_that_were_there(stack: Stack) -> None:
    before = {service: stack.containers(service) for service in OURS}
    with Sale(stack) as sale:
        upgrade = stack.begin("upgrade")
        try:
            wait_for(lambda: len(stack.containers("app")) > len(before["app"]), 60)
        finally:
            # As Ctrl+C does, which everything in the foreground hears.
            os.killpg(upgrade.pid, signal.SIGINT)
        assert upgrade.wait(60) != 0
        assert {service: stack.containers(service) for service in OURS} == before
    assert set(sale.answers) == {200}


def test_a_copy_is_made_during_the_sale_and_brings_all_back_that_was_there(
    stack: Stack, tmp_path: Path
) -> None:
    with Sale(stack) as sale:
        before = set(sale.reserved)
        copy = stack.make("backup").split()[-1]
        sale.await_sales()
    at_the_end = reserved_after_a_start(sale)
    assert stack.inside("redis", "sh", "-c", "ls /data | grep -c before || :").strip() == "0"
    nothing = tmp_path / "nothing.rdb"
    nothing.write_text("this is no copy")
    with pytest.raises(AssertionError, match="no copy of the data"):
        stack.make("restore", f"FILE={nothing}")
    assert reserved_after_a_start(sale) == at_the_end
    stack.make("restore", f"FILE={copy}")
    assert before <= reserved_after_a_start(sale) < at_the_end
    stack.inside("box-office", "flask", "events", "verify", sale.event_id)
    # It sells again, and what it sells outlives the next start.
    with Sale(stack):
        stack.kill("redis")


def reserved_after_a_start(sale: Sale) -> set[str]:
    """Return the reserved seats, once those who were started just now are found and well."""
    path = f"/v1/events/{sale.event_id}/seats?status=reserved"
    wait_for(lambda: sale.admin.request("GET", path).status == 200)
    reserved = {seat["id"] for seat in sale.admin.seats(sale.event_id, "reserved")}
    sale.admin.close()
    return reserved

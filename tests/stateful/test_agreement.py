"""The service and the model agree, and of a service whose rules are broken they do not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
import redis
from hypothesis import HealthCheck, Phase, settings
from hypothesis.errors import Flaky
from hypothesis.stateful import run_state_machine_as_test

from reservations.app import open_store
from reservations.config import Settings
from reservations.domain import event
from reservations.service.crowd import Crowd
from tests.stateful.machine import Sale, Server
from tests.stateful.mutants import MUTANTS, Mutant

pytestmark = pytest.mark.timeout(600)

SHORT = timedelta(milliseconds=60)

COMPARED = settings(
    max_examples=66,
    stateful_step_count=50,
    # The same for all who run the tests. A shorter example of what goes wrong is not looked
    # for, since holds end by the clock: what is done again does not go wrong in the same way.
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    report_multiple_bugs=False,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def sale(
    settings: Settings, raw: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> Iterator[type[Sale]]:
    """A sale on the run's server."""
    # A record that ends by the clock within a transaction is taken for somebody who was
    # faster, and then places farther away would do. Here nobody else is about.
    monkeypatch.setattr(Crowd, "spread", lambda *_: 1)
    # The hold allowance recovers by the clock, and has tests of its own.
    monkeypatch.setattr(event, "SHORTEST_ALLOWANCE", timedelta(days=365))
    stores = (open_store(settings), open_store(settings))

    class Here(Sale):
        server = Server(stores, raw)

    yield Here
    for store in stores:
        store.close()


def test_whatever_is_done_in_whatever_order_is_as_the_contract_says(sale: type[Sale]) -> None:
    run_state_machine_as_test(sale, settings=COMPARED)
    assert sale.steps >= 3_000


def test_terms_that_became_shorter_do_not_end_a_hold_that_is_refreshed(sale: type[Sale]) -> None:
    state = sale()
    state.create(sold=[])
    state.hold("alice", "free", [0], named=False)
    state.change_terms(SHORT, 1, user_limit=4, total_limit=None)
    time.sleep(2 * SHORT.total_seconds())
    state.refresh("alice", [0])
    state.all_agree()
    state.teardown()


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_it_is_noticed_when(
    mutant: Mutant, sale: type[Sale], monkeypatch: pytest.MonkeyPatch
) -> None:
    mutant(monkeypatch)
    # What went wrong is done once more, to show it, and may then go wrong earlier or not at
    # all. Nothing else can be flaky, since what is drawn does not depend on what happens.
    with pytest.raises((AssertionError, Flaky)):
        run_state_machine_as_test(sale, settings=COMPARED)

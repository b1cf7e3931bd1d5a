"""What an observer is told of transactions, and of seats."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import redis

from reservations.domain.errors import Busy, SeatHeld, StoreUnavailable
from reservations.service import ReservationService
from reservations.store import Store
from reservations.store.connections import Connections
from reservations.store.transaction import ATTEMPTS, Attempt, Commit, Transactions
from tests.live import free_port
from tests.store.sale import new_event


class Witness:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.transactions: list[tuple[int, int]] = []
        self.seats: list[Mapping[str, int]] = []

    def transaction_ended(self, seconds: float, attempts: int, conflicts: int) -> None:
        assert seconds >= 0
        self.transactions.append((attempts, conflicts))

    def seats_changed(self, seats: Mapping[str, int]) -> None:
        self.seats.append(seats)


@pytest.fixture
def witness(store: Store) -> Witness:
    """Whoever is told what the store does."""
    watching = Witness()
    store.observe(watching)
    return watching


def counting(store_url: str, decide: Callable[[Attempt], Any]) -> list[tuple[int, int]]:
    """Run a transaction on a key, and return what an observer is told of it."""
    connections, witness = Connections(store_url, size=1), Witness()
    transactions = Transactions(connections)
    transactions.observer = witness
    try:
        transactions.run(["n"], [("GET", "n")], decide)
    except (Busy, StoreUnavailable):
        pass
    finally:
        connections.close()
    return witness.transactions


def test_conflicts_are_told(store_url: str, raw: redis.Redis) -> None:
    def decide(attempt: Attempt) -> Commit[None]:
        if attempt.number < 2:
            raw.incr("n")
        return Commit([("INCR", "n")], None, proof=("GET", "n"), proves=bool)

    assert counting(store_url, decide) == [(3, 2)]


def test_a_decision_that_is_wanted_anew_is_no_conflict(store_url: str, raw: redis.Redis) -> None:
    def decide(attempt: Attempt) -> Commit[None] | None:
        done = Commit([("INCR", "n")], None, proof=("GET", "n"), proves=bool)
        return done if attempt.number else None

    assert counting(store_url, decide) == [(2, 0)]


def test_who_is_always_too_late_is_told_of(store_url: str, raw: redis.Redis) -> None:
    def decide(_: Attempt) -> Commit[None]:
        raw.incr("n")
        return Commit([("INCR", "n")], None, proof=("GET", "n"), proves=bool)

    assert counting(store_url, decide) == [(ATTEMPTS, ATTEMPTS)]


def test_a_transaction_that_cannot_begin_is_told_of() -> None:
    assert counting(f"redis://127.0.0.1:{free_port()}", lambda _: None) == [(1, 0)]


def test_seats_are_told_once_they_are_changed(
    witness: Witness, service: ReservationService
) -> None:
    event_id = new_event(service, 10)
    service.hold_seats(event_id, ["1", "2"], "alice")
    with pytest.raises(SeatHeld):
        service.hold_seats(event_id, ["2", "3"], "bob")
    service.hold_seats(event_id, ["1"], "alice")
    assert witness.seats == [{"held": 2}, {"refreshed": 1}]
    assert witness.transactions == [(1, 0)] * 4

"""The transaction: two packed writes, and nobody overwrites what somebody else wrote."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
import redis
from redis.exceptions import ResponseError

from reservations.domain.errors import Busy, OutcomeUnknown, SeatBlocked, StoreUnavailable
from reservations.store.connections import Connections
from reservations.store.transaction import ATTEMPTS, Attempt, Commit, Decide, Transactions


@pytest.fixture
def connections(store_url: str, raw: redis.Redis) -> Iterator[Connections]:
    opened = Connections(store_url, size=4)
    yield opened
    opened.close()


@pytest.fixture
def transactions(connections: Connections) -> Transactions:
    return Transactions(connections)


def add_one(before: Callable[[], Any] = lambda: None) -> Decide[int]:
    """Decide to count up the key `n`, after something else has happened."""

    def decide(attempt: Attempt) -> Commit[int]:
        n = int(attempt.replies[0] or 0) + 1
        before()
        return Commit([("SET", "n", n)], n, proof=("GET", "n"), proves=lambda _: False)

    return decide


def test_a_transaction_reads_decides_and_commits(
    transactions: Transactions, raw: redis.Redis
) -> None:
    assert transactions.run(["n"], [("GET", "n")], add_one()) == 1
    assert transactions.run(["n"], [("GET", "n")], add_one()) == 2
    assert raw.get("n") == b"2"


def test_the_decision_is_taken_anew_when_somebody_was_faster(
    transactions: Transactions, raw: redis.Redis
) -> None:
    others = iter([lambda: raw.set("n", 10)])
    decide = add_one(lambda: next(others, lambda: None)())
    assert transactions.run(["n"], [("GET", "n")], decide) == 11
    assert raw.get("n") == b"11"


def test_a_watched_key_that_expires_is_a_conflict(
    transactions: Transactions, raw: redis.Redis
) -> None:
    raw.set("n", 5, px=30)

    def wait_for_expiry() -> None:
        while raw.exists("n"):
            pass

    assert transactions.run(["n"], [("GET", "n")], add_one(wait_for_expiry)) == 1


def test_after_too_many_conflicts_it_is_busy_and_nothing_was_changed(
    transactions: Transactions, raw: redis.Redis
) -> None:
    with pytest.raises(Busy, match=str(ATTEMPTS)):
        transactions.run(["n"], [("GET", "n")], add_one(lambda: raw.incr("n")))
    assert raw.get("n") == str(ATTEMPTS).encode(), "only the others' writes are there"


def test_a_refusal_changes_nothing_and_leaves_a_connection_of_use(
    transactions: Transactions, raw: redis.Redis
) -> None:
    def refuse(*_: Any) -> Commit[int]:
        raise SeatBlocked("1")

    for _ in range(10):
        with pytest.raises(SeatBlocked):
            transactions.run(["n"], [("GET", "n")], refuse)
    raw.set("n", 1)
    assert transactions.run(["m"], [("GET", "m")], add_one()) == 1, "no old key is watched"


def test_a_decision_can_read_more_while_all_is_watched(
    transactions: Transactions, raw: redis.Redis
) -> None:
    raw.set("more", "seen")

    def decide(attempt: Attempt) -> Commit[bytes]:
        (seen,) = attempt.read(("GET", "more"))
        return Commit([("SET", "n", seen)], seen, proof=("GET", "n"), proves=bool)

    assert transactions.run(["n"], [], decide) == b"seen"


def test_what_a_decision_watches_later_is_watched_too(
    transactions: Transactions, raw: redis.Redis
) -> None:
    others = iter([lambda: raw.set("more", 2), lambda: raw.set("n", 10)])

    def decide(attempt: Attempt) -> Commit[tuple[int, int]]:
        (more,) = attempt.watch(["more"], [("GET", "more")])
        next(others, lambda: None)()
        seen = int(attempt.replies[0] or 0), int(more or 0)
        return Commit([("SET", "sum", sum(seen))], seen, proof=("GET", "n"), proves=bool)

    assert transactions.run(["n"], [("GET", "n")], decide) == (10, 2)


def test_a_decision_may_want_another_attempt_with_fresh_values(
    transactions: Transactions, raw: redis.Redis
) -> None:
    numbers = []

    def decide(attempt: Attempt) -> Commit[int] | None:
        numbers.append(attempt.number)
        raw.incr("seen")
        n = int(attempt.replies[0] or 0)
        return Commit([("SET", "n", n)], n, proof=("GET", "n"), proves=bool) if n == 2 else None

    assert transactions.run(["n"], [("GET", "seen")], decide) == 2
    assert numbers == [0, 1, 2]


def test_who_never_decides_is_told_that_others_were_faster(transactions: Transactions) -> None:
    with pytest.raises(Busy):
        transactions.run(["n"], [], lambda _attempt: None)


def test_it_takes_two_writes_of_watch_and_multi_and_no_script(
    transactions: Transactions, raw: redis.Redis, store_url: str
) -> None:
    def commands(info: dict[str, Any]) -> dict[str, int]:
        return {name: stats["calls"] for name, stats in info.items()}

    transactions.run(["n"], [("GET", "n")], add_one())
    raw.config_resetstat()
    transactions.run(["n"], [("GET", "n")], add_one())
    counted = commands(raw.info("commandstats"))
    for name in ("watch", "time", "get", "multi", "set", "exec"):
        assert counted[f"cmdstat_{name}"] == 1
    assert not {name for name in counted if "eval" in name or "fcall" in name}


def test_a_command_that_cannot_be_queued_is_no_success(transactions: Transactions) -> None:
    def decide(*_: Any) -> Commit[None]:
        return Commit([("NOSUCHCOMMAND",)], None, proof=("GET", "n"), proves=bool)

    with pytest.raises(StoreUnavailable) as refusal:
        transactions.run(["n"], [], decide)
    assert "NOSUCHCOMMAND" in refusal.value.reason


def test_a_command_that_fails_within_the_commit_is_a_defect(
    transactions: Transactions, raw: redis.Redis
) -> None:
    raw.rpush("list", "x")

    def decide(*_: Any) -> Commit[None]:
        return Commit([("INCR", "list")], None, proof=("GET", "n"), proves=bool)

    with pytest.raises(ResponseError, match="WRONGTYPE"):
        transactions.run(["n"], [], decide)


def test_many_threads_count_without_a_miss(connections: Connections, raw: redis.Redis) -> None:
    done = []

    def count() -> None:
        transactions = Transactions(connections)
        for _ in range(25):
            with suppress(Busy):
                done.append(transactions.run(["n"], [("GET", "n")], add_one()))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == list(range(1, len(done) + 1))
    assert raw.get("n") == str(len(done)).encode()


class TestConnections:
    def test_more_callers_than_connections_wait_for_their_turn(self, store_url: str) -> None:
        one = Connections(store_url, size=1)
        answers = []

        def ask() -> None:
            answers.extend(one.read(("PING",)))

        threads = [threading.Thread(target=ask) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == [b"PONG"] * 16
        one.close()

    def test_a_connection_that_the_server_closed_is_not_handed_out(
        self, connections: Connections, raw: redis.Redis
    ) -> None:
        connections.read(("PING",))
        raw.client_kill_filter(_type="normal", skipme=True)
        assert connections.read(("PING",)) == [b"PONG"]

    def test_one_that_did_not_end_cleanly_is_closed(self, connections: Connections) -> None:
        with connections.link() as link:
            link.exchange([("PING",)])
            link.ended_cleanly = False
            link._connection.send_packed_command(link._connection.pack_command("ECHO", "late"))
        assert connections.read(("PING",)) == [b"PONG"]

    def test_nobody_there_is_said_at_once(self, tmp_path: Any) -> None:
        nowhere = Connections(f"unix://{tmp_path}/none.sock", size=1)
        with pytest.raises(StoreUnavailable):
            nowhere.read(("PING",))

    def test_a_command_that_redis_refuses_is_no_answer(self, connections: Connections) -> None:
        with pytest.raises(StoreUnavailable):
            connections.read(("GET",))


def test_commands_that_ran_outside_of_a_transaction_are_not_called_undone(
    transactions: Transactions, raw: redis.Redis
) -> None:
    raw.acl_setuser("default", enabled=True, nopass=True, commands=["-multi"])
    try:
        with pytest.raises(OutcomeUnknown):
            transactions.run(["n"], [("GET", "n")], add_one())
    finally:
        raw.acl_setuser("default", enabled=True, nopass=True, commands=["+multi"])
    assert raw.get("n") == b"1"

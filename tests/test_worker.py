"""The door of a worker that leaves: who waits is let in, and nobody else."""

from __future__ import annotations

import os
import selectors
import socket
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from gunicorn.config import Config
from gunicorn.sock import TCPSocket

from reservations import worker as worker_module
from reservations.worker import Worker, replace_all


class Listener(TCPSocket):
    """A listener of gunicorn's, on any port of loopback."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Config(), log=None)


class Watched(Worker):
    """A worker that keeps whom it has accepted, instead of serving them."""

    def __init__(self, listener: Listener) -> None:
        super().__init__(1, os.getppid(), [listener], None, 30, Config(), None)
        self.poller = selectors.DefaultSelector()
        self.accepted: list[socket.socket] = []

    def enqueue_req(self, conn: SimpleNamespace) -> None:
        """Keep a connection."""
        self.accepted.append(conn.sock)


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A listener."""
    listening = Listener()
    yield listening
    listening.close()


@pytest.fixture
def worker(listener: Listener) -> Iterator[Watched]:
    """A worker that is about to serve."""
    made = Watched(listener)
    yield made
    made.poller.close()
    made.tmp.close()
    for connection in made.accepted:
        connection.close()


def test_who_waits_is_let_in_and_then_the_door_is_closed(
    listener: Listener, worker: Watched
) -> None:
    address = listener.getsockname()
    worker.set_accept_enabled(True)
    waiting = [socket.create_connection(address) for _ in range(3)]
    worker.alive = False
    worker.set_accept_enabled(False)
    assert len(worker.accepted) == len(waiting)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)
    for connection in waiting:
        connection.close()


def test_a_worker_that_is_told_to_leave_while_it_starts_closes_its_door_once(
    listener: Listener, worker: Watched
) -> None:
    address = listener.getsockname()
    worker.alive = False
    worker.set_accept_enabled(True)
    worker.set_accept_enabled(False)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)


def test_no_more_are_let_in_than_can_wait_at_a_time(listener: Listener, worker: Watched) -> None:
    worker.cfg.set("backlog", 2)
    waiting = [socket.create_connection(listener.getsockname()) for _ in range(3)]
    worker.alive = False
    worker.set_accept_enabled(False)
    assert len(worker.accepted) == 2
    for connection in waiting:
        connection.close()


def test_who_waits_is_left_to_a_successor_at_the_same_door(
    listener: Listener, worker: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "_shared", [0, 0])
    replace_all(worker.age)
    worker_module._shared[worker_module._SERVING] = worker.age + 1
    address = listener.getsockname()
    with socket.create_connection(address):
        worker.alive = False
        worker.set_accept_enabled(False)
    assert worker.accepted == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)


def test_a_worker_that_stays_lets_others_wait(listener: Listener, worker: Watched) -> None:
    worker.set_accept_enabled(True)
    worker.set_accept_enabled(False)
    with socket.create_connection(listener.getsockname()):
        assert worker.accepted == []

"""The connections to one server: who uses one has it alone."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

import pytest
from redis.connection import AbstractConnection
from redis.exceptions import ConnectionError as LinkError

from reservations.store.connections import Connections, Link
from reservations.store.servers import Pool, Server, pool_options

CONNECTIONS = 2


@pytest.fixture
def server(store_url: str) -> Server:
    """A server."""
    pool = Pool.from_url(store_url, **pool_options(CONNECTIONS))
    return Server(pool, confirmations=0)


def client_id(connection: AbstractConnection, server: Server) -> int:
    """Return what the server calls a connection."""
    (number,) = Link(connection, server, asked_at=0.0).exchange([("CLIENT", "ID")])
    return int(number)


def test_a_connection_that_is_being_closed_is_lent_to_nobody(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    idle = server.take(insist=True)
    server.give_back(idle, reusable=True)
    lent: list[Future[AbstractConnection]] = []

    def disconnect(*_args: object) -> None:
        monkeypatch.undo()
        lent.append(others.submit(server.take, insist=True))
        wait(lent, timeout=0.2)
        idle.disconnect()

    monkeypatch.setattr(idle, "disconnect", disconnect)
    with ThreadPoolExecutor(1) as others:
        server.reconnect()
        (connection,) = (each.result() for each in lent)
    assert connection.is_connected
    server.give_back(connection, reusable=True)
    server.close()


def test_connections_that_nobody_used_are_made_anew(server: Server) -> None:
    before = [server.take(insist=True) for _ in range(CONNECTIONS)]
    ids = {client_id(connection, server) for connection in before}
    for connection in before:
        server.give_back(connection, reusable=True)
    server.reconnect()
    after = [server.take(insist=True) for _ in range(CONNECTIONS)]
    assert set(after) == set(before)
    assert ids.isdisjoint(client_id(connection, server) for connection in after)
    for connection in after:
        server.give_back(connection, reusable=True)
    server.close()


@pytest.mark.parametrize("how", [Connections.read, Connections.confirmed])
def test_a_connection_that_was_closed_is_not_opened_again_for_its_user(
    store_url: str, how: Callable[..., object]
) -> None:
    connections = Connections(store_url, size=1)
    with pytest.raises(LinkError), connections.link() as link:
        link.exchange([("WATCH", "a")])
        link._connection.disconnect()  # noqa: SLF001 - what a defect would do
        link.exchange([("MULTI",), ("EXEC",)])
    assert how(connections, ("PING",)) == [b"PONG"]
    connections.close()

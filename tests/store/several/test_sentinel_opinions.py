"""Sentinels that know different things of the same failover: who is asked, and who is not."""

from __future__ import annotations

import time
from typing import Any

import pytest

from reservations.domain.errors import StoreUnavailable
from reservations.store import Durability
from reservations.store.sentinel import PAUSE_SECONDS, SHUNNED_AT_FIRST_SECONDS, SentinelServers
from reservations.store.servers import Server

OLD, NEW = "127.0.0.1", "127.0.0.2"
WELL, DOWN, AGREED = "master", "master,s_down", "master,s_down,o_down"
LEADING = "master,s_down,o_down,failover_in_progress"

Opinion = tuple[str, int, str]
"""The address that a sentinel names, since which failover, and what it says of it."""


def watched_by(sentinels: int) -> SentinelServers:
    """Return the servers that so many sentinels tell of; nobody has been asked yet."""
    addresses = ",".join(f"127.0.0.1:{port}" for port in range(1, sentinels + 1))
    return SentinelServers(f"redis+sentinel://{addresses}/main", 1, Durability.ONE)


def asked(monkeypatch: pytest.MonkeyPatch, *opinions: Opinion) -> Server:
    """Return the server that is asked where sentinels say this."""
    servers = watched_by(len(opinions))
    for sentinel, opinion in zip(servers._sentinels, opinions, strict=True):
        state = state_of(opinion)
        monkeypatch.setattr(sentinel, "state_of", lambda _name, state=state: state)
    return servers.of("key")


def state_of(opinion: Opinion) -> dict[str, Any]:
    """Return what a sentinel answers that is of an opinion."""
    ip, epoch, flags = opinion
    state = {"ip": ip, "port": "7000", "num-slaves": "2"}
    return state | {"config-epoch": str(epoch), "flags": flags}


def host_of(server: Server) -> str:
    return str(server._pool.connection_kwargs["host"])


@pytest.mark.parametrize(
    ("opinions", "host"),
    [
        # All is well, or one of them is cut off from the others.
        ([(OLD, 1, WELL), (OLD, 1, WELL), (OLD, 1, WELL)], OLD),
        ([(OLD, 1, DOWN), (OLD, 1, WELL), (OLD, 1, WELL)], OLD),
        # Who carries a failover out is the last to name the new primary.
        ([(OLD, 2, LEADING), (NEW, 2, WELL), (OLD, 1, AGREED)], NEW),
        ([(NEW, 2, WELL), (OLD, 2, LEADING), (NEW, 2, WELL)], NEW),
        # Who sleeps has not heard of it.
        ([(OLD, 1, WELL), (NEW, 2, WELL)], NEW),
        ([(OLD, 1, AGREED), (NEW, 2, WELL)], NEW),
        # One that was cut off comes back.
        ([(NEW, 2, DOWN), (NEW, 2, WELL), (OLD, 1, WELL)], NEW),
    ],
)
def test_the_primary_is_the_one_that_who_knows_most_names(
    monkeypatch: pytest.MonkeyPatch, opinions: list[Opinion], host: str
) -> None:
    for order in (opinions, opinions[::-1]):
        assert host_of(asked(monkeypatch, *order)) == host


@pytest.mark.parametrize(
    "opinions",
    [
        [(OLD, 1, DOWN), (OLD, 1, DOWN), (OLD, 1, DOWN)],
        [(OLD, 1, AGREED), (OLD, 1, WELL), (OLD, 1, WELL)],
        [(OLD, 1, LEADING), (OLD, 1, WELL), (OLD, 1, WELL)],
        # The new one is chosen, and nobody else has heard of it.
        [(OLD, 2, LEADING), (OLD, 1, WELL), (OLD, 1, WELL)],
        # The new one fails as well, whatever is said of the old one.
        [(OLD, 1, WELL), (NEW, 2, AGREED), (NEW, 2, WELL)],
        [(OLD, 1, WELL), (NEW, 2, DOWN), (NEW, 2, DOWN)],
    ],
)
def test_a_primary_that_may_be_being_replaced_is_not_asked(
    monkeypatch: pytest.MonkeyPatch, opinions: list[Opinion]
) -> None:
    for order in (opinions, opinions[::-1]):
        with pytest.raises(StoreUnavailable) as refusal:
            asked(monkeypatch, *order)
        assert "may be replacing it" in refusal.value.reason


class Silent:
    """A sentinel that does not answer for the first so many times."""

    def __init__(self, state: dict[str, Any], times: int) -> None:
        self._state = state
        self._times = times
        self.asked = 0

    def sentinel_master(self, _name: str) -> dict[str, Any]:
        self.asked += 1
        if self.asked <= self._times:
            raise TimeoutError("it writes")
        return self._state


def where_two_are_silent(
    monkeypatch: pytest.MonkeyPatch, times: int
) -> tuple[SentinelServers, list[Silent]]:
    """Return the servers where only who replaces the primary answers, and the two others."""
    servers = watched_by(3)
    leads, *others = servers._sentinels
    monkeypatch.setattr(leads, "state_of", lambda _name: state_of((OLD, 2, LEADING)))
    silent = [Silent(state_of((NEW, 2, WELL)), times) for _ in others]
    for sentinel, client in zip(others, silent, strict=True):
        monkeypatch.setattr(sentinel, "client", client)
    with pytest.raises(StoreUnavailable):
        servers.of("key")
    time.sleep(SHUNNED_AT_FIRST_SECONDS)
    return servers, silent


def test_who_was_silent_for_a_moment_is_soon_listened_to_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    servers, _ = where_two_are_silent(monkeypatch, times=1)
    assert host_of(servers.of("key")) == NEW


def test_who_stays_silent_is_not_waited_for_again_and_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    servers, silent = where_two_are_silent(monkeypatch, times=1000)
    ends = time.monotonic() + 3 * SHUNNED_AT_FIRST_SECONDS
    while time.monotonic() < ends:
        with pytest.raises(StoreUnavailable):
            servers.of("key")
        time.sleep(PAUSE_SECONDS)
    assert [each.asked for each in silent] == [2, 2]

"""The model of a server answers what a real one answers."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import pytest
import redis
from redis.exceptions import ResponseError

from reservations.store.connections import Connections, Link
from tests.simulation.server import Server, Session

Command = tuple[str | bytes | int, ...]

SEEDS = range(60)
STEPS = 120
CONNECTIONS = 3
STRINGS = ("a", "b", "c")
STREAM, MEMBERS = "s", "z"


class Pair:
    """As many connections to a real server as sessions of a model."""

    def __init__(self, links: Sequence[Link]) -> None:
        self.server = Server()
        self._links = links
        self._sessions: list[Session] = [self.server.connect() for _ in links]

    def do(self, number: int, *commands: Command) -> tuple[list[Any], list[Any]]:
        """Have both run commands, and return both lists of replies."""
        real = self._links[number].exchange(commands)
        modelled = [self.server.run(self._sessions[number], command) for command in commands]
        return real, modelled

    def agree(self, number: int, *commands: Command) -> None:
        """Have both run commands, whose replies have to be alike."""
        real, modelled = self.do(number, *commands)
        assert list(map(_comparable, modelled)) == list(map(_comparable, real)), commands


@pytest.fixture
def pair(raw: redis.Redis, store_url: str) -> Iterator[Pair]:
    """Both, with nothing in them."""
    connections = Connections(store_url, CONNECTIONS)
    with ExitStack() as stack:
        links = [stack.enter_context(connections.link()) for _ in range(CONNECTIONS)]
        yield Pair(links)
    connections.close()


@pytest.mark.parametrize("seed", SEEDS)
def test_it_answers_like_a_real_server(pair: Pair, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    for _ in range(STEPS):
        number = chance.randrange(CONNECTIONS)
        pair.agree(number, *(_any_command(chance) for _ in range(chance.randint(1, 3))))


@pytest.mark.parametrize("seed", SEEDS)
def test_transactions_of_several_are_cut_short_alike(pair: Pair, seed: int) -> None:
    chance = random.Random(f"transactions {seed}")  # noqa: S311
    for _ in range(STEPS):
        number = chance.randrange(CONNECTIONS)
        pair.agree(number, ("UNWATCH",), ("WATCH", *chance.sample(STRINGS, 2)), _read(chance))
        for _ in range(chance.randrange(3)):
            other = chance.randrange(CONNECTIONS)
            pair.agree(other, _write(chance))
        pair.agree(number, ("MULTI",), _write(chance), _write(chance), ("EXEC",))


@pytest.mark.parametrize(
    ("meanwhile", "is_late"),
    [
        ([("SET", "a", "2")], True),
        ([("SET", "a", "1")], True),
        ([("DEL", "a")], True),
        ([("SET", "b", "1")], False),
        ([("GET", "a")], False),
        ([("DEL", "b")], False),
        ([("SET", "a", "2", "NX")], False),
        ([("EXPIRE", "a", 100)], True),
        ([("SET", "a", "2"), ("SET", "a", "1")], True),
    ],
)
def test_who_watches_notices_what_is_written(
    pair: Pair, meanwhile: list[Command], is_late: bool
) -> None:
    pair.agree(0, ("SET", "a", "1"), ("WATCH", "a"))
    pair.agree(1, *meanwhile)
    real, modelled = pair.do(0, ("MULTI",), ("GET", "a"), ("EXEC",))
    assert (real[-1] is None, modelled[-1] is None) == (is_late, is_late)


@pytest.mark.parametrize("looked_at", [True, False])
def test_who_watches_notices_what_ends(pair: Pair, looked_at: bool) -> None:
    pair.agree(0, ("SET", "a", "1", "PX", 30), ("WATCH", "a"))
    time.sleep(0.04)
    pair.server.keyspace.pass_time(40)
    if looked_at:
        pair.agree(1, ("GET", "a"))
    pair.agree(0, ("MULTI",), ("GET", "a"), ("EXEC",))


def test_what_had_ended_before_it_was_watched_is_no_news(pair: Pair) -> None:
    pair.agree(0, ("SET", "a", "1", "PX", 30))
    time.sleep(0.04)
    pair.server.keyspace.pass_time(40)
    pair.agree(0, ("WATCH", "a"))
    pair.agree(1, ("GET", "a"))
    real, modelled = pair.do(0, ("MULTI",), ("GET", "a"), ("EXEC",))
    assert real == modelled == [b"OK", b"QUEUED", [None]]


def test_a_key_is_there_through_its_last_millisecond(pair: Pair) -> None:
    keyspace = pair.server.keyspace
    keyspace.run([b"SET", b"a", b"1", b"PXAT", b"%d" % (keyspace.now_ms + 5)])
    keyspace.pass_time(5)
    assert keyspace.run([b"GET", b"a"]) == b"1"
    keyspace.pass_time(1)
    assert keyspace.run([b"GET", b"a"]) is None


def test_what_ends_in_the_past_is_not_there(pair: Pair) -> None:
    pair.agree(0, ("SET", "a", "1"), ("SET", "a", "2", "PXAT", 1), ("EXISTS", "a"))


def test_a_transaction_ends_with_its_connection(pair: Pair) -> None:
    server = pair.server
    session = server.connect()
    for command in (("MULTI",), ("SET", "a", "1")):
        server.run(session, command)
    server.disconnect(session)
    pair.agree(0, ("GET", "a"))


def _comparable(reply: Any) -> Any:
    if isinstance(reply, ResponseError):
        # Redis itself says more in some versions than in others.
        return type(reply).__name__, str(reply).partition(" ")[0]
    return [_comparable(each) for each in reply] if isinstance(reply, list) else reply


def _any_command(chance: random.Random) -> Command:
    kind = chance.choice([_read, _read, _write, _write, _write, _control, _wrong])
    return kind(chance)


def _read(chance: random.Random) -> Command:
    key = chance.choice(STRINGS)
    ends = chance.choice(["-", "[b", "(b", "[c"]), chance.choice(["+", "[d", "(d"])
    return chance.choice(
        [
            ("GET", key),
            ("EXISTS", key, STREAM, "nothing"),
            ("MGET", *STRINGS, STREAM, "nothing"),
            ("ZRANGE", MEMBERS, *ends, "BYLEX", "LIMIT", 0, 2),
            ("ZRANGE", MEMBERS, *reversed(ends), "BYLEX", "REV", "LIMIT", 0, 3),
            ("ZLEXCOUNT", MEMBERS, *ends),
            ("XRANGE", "nothing", "-", "+"),
        ]
    )


def _write(chance: random.Random) -> Command:
    key, value = chance.choice(STRINGS), str(chance.randrange(3))
    return chance.choice(
        [
            ("SET", key, value),
            ("SET", key, value, "EX", 100),
            ("SET", key, value, "PXAT", 4_000_000_000_000),
            ("SET", key, value, "EX", 100, "NX", "GET"),
            ("SET", key, value, "NX"),
            ("DEL", key),
            ("UNLINK", key, chance.choice(STRINGS)),
            ("EXPIRE", key, 100),
            ("INCR", key),
            ("ZADD", MEMBERS, 0, chance.choice("abcdef"), 0, chance.choice("abcdef")),
            ("ZADD", MEMBERS, "NX", 0, chance.choice("abcdef")),
            ("ZREM", MEMBERS, *chance.sample("abcdef", 2)),
        ]
    )


def _control(chance: random.Random) -> Command:
    return chance.choice(
        [
            ("MULTI",),
            ("EXEC",),
            ("EXEC",),
            ("DISCARD",),
            ("UNWATCH",),
            ("WATCH", *chance.sample(STRINGS, 2)),
        ]
    )


def _wrong(chance: random.Random) -> Command:
    return chance.choice(
        [("NONSENSE", 1), ("GET", MEMBERS), ("ZADD", "a", 0, "x"), ("XRANGE", "a", "-", "+")]
    )


def test_streams_are_alike_but_for_the_clock(pair: Pair) -> None:
    adding = ("XADD", STREAM, "MAXLEN", "~", 1000, "*", "kind", "hold", "seats", "1 2")
    for _ in range(3):
        pair.do(0, adding, ("MULTI",), adding, adding, ("EXEC",))
    for ask in (("XRANGE", STREAM, "-", "+"), ("XREVRANGE", STREAM, "+", "-", "COUNT", 2)):
        (real,), (modelled,) = pair.do(1, ask)
        assert [fields for _, fields in real] == [fields for _, fields in modelled]
        assert _is_sorted(real, ask[0]) and _is_sorted(modelled, ask[0])
    for after in (False, True):
        answers = []
        for entries in pair.do(1, ("XRANGE", STREAM, "-", "+")):
            answers.append(entries[0][4][0])
        start = [b"(" + each if after else each for each in answers]
        real = pair.do(1, ("XRANGE", STREAM, start[0], "+", "COUNT", 3))[0][0]
        modelled = pair.do(1, ("XRANGE", STREAM, start[1], "+", "COUNT", 3))[1][0]
        assert len(real) == len(modelled) == 3
        assert (real[0][0] == answers[0]) is (modelled[0][0] == answers[1]) is (not after)


def _is_sorted(entries: list[Any], command: str) -> bool:
    ids = [tuple(map(int, entry[0].split(b"-"))) for entry in entries]
    return ids == sorted(ids, reverse=command == "XREVRANGE")

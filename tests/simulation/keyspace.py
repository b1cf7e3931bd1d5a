"""What the model has of each kind of value: as much as the service uses.

A command that the model does not know is refused as loudly as one can.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from redis.exceptions import ResponseError

Words = Sequence[bytes]
Reply = Any

WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value"
OK = b"OK"


@dataclass
class Stream:
    """Entries in the order of their ids."""

    entries: list[tuple[tuple[int, int], list[bytes]]] = field(default_factory=list)
    last: tuple[int, int] = (0, 0)


Value = bytes | Stream | list[bytes]
"""A string, a stream, or the members of a sorted set all of whose scores are 0."""


class Keyspace:
    """Keys, their values, and when they end. Time passes only when somebody says so.

    Attributes:
        now_ms: the clock, in milliseconds since 1970.
    """

    def __init__(self, now_ms: int) -> None:
        self.now_ms = now_ms
        self._values: dict[bytes, Value] = {}
        self._ends: dict[bytes, int] = {}
        self.touched: Callable[[bytes], None] = lambda _key: None
        """Told of every key that is written, deleted, or ends."""

    def pass_time(self, milliseconds: int) -> None:
        """Let time pass, and keys end: each is kept through the last of its milliseconds."""
        self.now_ms += milliseconds
        for key in [key for key, end in self._ends.items() if end < self.now_ms]:
            self._remove(key)

    def ends(self) -> list[int]:
        """Return when keys end, the next first."""
        return sorted(self._ends.values())

    def run(self, command: Words) -> Reply:
        """Run a command.

        Raises:
            ResponseError: it is refused.
        """
        name, *words = command
        return COMMANDS[name.upper()](self, words)

    # Keys

    def exists(self, words: Words) -> int:
        return sum(key in self._values for key in words)

    def delete(self, words: Words) -> int:
        return sum(self._remove(key) for key in words)

    def expire(self, words: Words) -> int:
        key, seconds = words
        if key not in self._values:
            return 0
        self._end(key, self.now_ms + int(seconds) * 1000)
        self.touched(key)
        return 1

    def time(self, _words: Words) -> list[bytes]:
        seconds, milliseconds = divmod(self.now_ms, 1000)
        return [b"%d" % seconds, b"%d" % (milliseconds * 1000)]

    # Strings

    def get(self, words: Words) -> bytes | None:
        (key,) = words
        return self._of(key, bytes)

    def get_many(self, words: Words) -> list[bytes | None]:
        found = [self._values.get(key) for key in words]
        return [value if isinstance(value, bytes) else None for value in found]

    def set(self, words: Words) -> bytes | None:
        key, value, *options = words
        answers_old, only_new, end = False, False, None
        left = iter(options)
        for option in left:
            match option:
                case b"GET":
                    answers_old = True
                case b"NX":
                    only_new = True
                case b"PXAT":
                    end = int(next(left))
                case b"PX":
                    end = self.now_ms + int(next(left))
                case b"EX":
                    end = self.now_ms + int(next(left)) * 1000
                case _:
                    raise ResponseError("syntax error")
        old = self._of(key, bytes) if answers_old else None
        if only_new and key in self._values:
            return old
        self._put(key, value)
        if end is not None:
            self._end(key, end)
        return old if answers_old else OK

    def increment(self, words: Words) -> int:
        (key,) = words
        number = int(self._of(key, bytes) or b"0") + 1
        self._put(key, b"%d" % number, keeps_end=True)
        return number

    # Streams

    def add_entry(self, words: Words) -> bytes:
        key, *words = words
        if words[0] == b"MAXLEN":
            # About so many: the model trims nothing, as Redis does with few entries.
            words = words[3:]
        asterisk, *fields = words
        if asterisk != b"*" or len(fields) % 2 or not fields:
            raise ResponseError("wrong number of arguments for 'xadd' command")
        stream = self._of(key, Stream) or Stream()
        entry = max((self.now_ms, 0), (stream.last[0], stream.last[1] + 1))
        stream.entries.append((entry, fields))
        stream.last = entry
        self._put(key, stream, keeps_end=True)
        return _id(entry)

    def entries(self, words: Words) -> list[list[Any]]:
        key, start, end, *count = words
        return self._range(key, start, end, count, step=1)

    def entries_backwards(self, words: Words) -> list[list[Any]]:
        key, end, start, *count = words
        return self._range(key, start, end, count, step=-1)

    def _range(
        self, key: bytes, start: bytes, end: bytes, count: Words, step: int
    ) -> list[list[Any]]:
        stream = self._of(key, Stream) or Stream()
        above, below = _bound(start, 0), _bound(end, 2**63)
        after = start.startswith(b"(")
        found = [
            [_id(entry), list(fields)]
            for entry, fields in stream.entries[::step]
            if above <= entry <= below and not (after and entry == above)
        ]
        return found[: int(count[1])] if count else found

    # Sorted sets

    def add_members(self, words: Words) -> int:
        key, *words = words
        if words[0] == b"NX":
            words = words[1:]
        members = list(self._of(key, list) or [])
        new = [member for member in dict.fromkeys(words[1::2]) if member not in members]
        for member in new:
            insort(members, member)
        if new:
            self._put(key, members, keeps_end=True)
        return len(new)

    def remove_members(self, words: Words) -> int:
        key, *gone = words
        members = self._of(key, list) or []
        left = [member for member in members if member not in gone]
        if len(left) < len(members):
            if left:
                self._put(key, left, keeps_end=True)
            else:
                self._remove(key)
        return len(members) - len(left)

    def members(self, words: Words) -> list[bytes]:
        key, start, end, *options = words
        if b"BYLEX" not in options:
            raise NotImplementedError(options)
        found = [each for each in self._of(key, list) or [] if _is_between(each, start, end)]
        if b"REV" in options:
            found = [each for each in self._of(key, list) or [] if _is_between(each, end, start)]
            found.reverse()
        if b"LIMIT" in options:
            first, number = map(int, options[-2:])
            found = found[first : first + number]
        return found

    def count_members(self, words: Words) -> int:
        key, start, end = words
        return sum(_is_between(each, start, end) for each in self._of(key, list) or [])

    # Everything

    def _of(self, key: bytes, kind: type[Any]) -> Any:
        value = self._values.get(key)
        if value is not None and not isinstance(value, kind):
            raise ResponseError(WRONG_TYPE)
        return value

    def _put(self, key: bytes, value: Value, *, keeps_end: bool = False) -> None:
        self._values[key] = value
        if not keeps_end:
            self._ends.pop(key, None)
        self.touched(key)

    def _end(self, key: bytes, end: int) -> None:
        self._ends[key] = end
        if end < self.now_ms:
            self._remove(key)

    def _remove(self, key: bytes) -> bool:
        self._ends.pop(key, None)
        if self._values.pop(key, None) is None:
            return False
        self.touched(key)
        return True


def _id(entry: tuple[int, int]) -> bytes:
    return b"%d-%d" % entry


def _bound(written: bytes, ordinal: int) -> tuple[int, int]:
    text = written.lstrip(b"(")
    if text in (b"-", b"+"):
        return (0, 0) if text == b"-" else (2**63, 0)
    milliseconds, _, given = text.partition(b"-")
    return int(milliseconds), int(given) if given else ordinal


def _is_between(member: bytes, start: bytes, end: bytes) -> bool:
    above = start == b"-" or (member > start[1:] or (start[:1] == b"[" and member == start[1:]))
    below = end == b"+" or (member < end[1:] or (end[:1] == b"[" and member == end[1:]))
    return above and below


COMMANDS: dict[bytes, Callable[[Keyspace, Words], Reply]] = {
    b"DEL": Keyspace.delete,
    b"EXISTS": Keyspace.exists,
    b"EXPIRE": Keyspace.expire,
    b"GET": Keyspace.get,
    b"INCR": Keyspace.increment,
    b"MGET": Keyspace.get_many,
    b"SET": Keyspace.set,
    b"TIME": Keyspace.time,
    b"UNLINK": Keyspace.delete,
    b"XADD": Keyspace.add_entry,
    b"XRANGE": Keyspace.entries,
    b"XREVRANGE": Keyspace.entries_backwards,
    b"ZADD": Keyspace.add_members,
    b"ZLEXCOUNT": Keyspace.count_members,
    b"ZRANGE": Keyspace.members,
    b"ZREM": Keyspace.remove_members,
}

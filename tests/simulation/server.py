"""A model of a server: what WATCH, MULTI and EXEC mean, and to whom.

https://redis.io/docs/latest/develop/using-commands/transactions/
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from redis.exceptions import ExecAbortError, ResponseError

from tests.simulation.keyspace import COMMANDS, OK, Keyspace, Reply, Words

START_MS = 1_800_000_000_000


@dataclass(eq=False)
class Session:
    """What the server knows of one connection.

    Attributes:
        watched: keys that EXEC asks about.
        is_late: whether one of them has changed, or ended.
        queued: commands of a transaction that was begun; None outside of one.
        is_broken: whether one of them was refused.
    """

    watched: set[bytes] = field(default_factory=set)
    is_late: bool = False
    queued: list[Words] | None = None
    is_broken: bool = False

    def forget(self) -> None:
        """Watch nothing, and be in no transaction."""
        self.watched.clear()
        self.is_late = self.is_broken = False
        self.queued = None


class Server:
    """Runs the commands of many connections, one at a time."""

    def __init__(self) -> None:
        self.keyspace = Keyspace(START_MS)
        self.keyspace.touched = self._touch
        self._sessions: list[Session] = []

    def connect(self) -> Session:
        """Open a connection."""
        session = Session()
        self._sessions.append(session)
        return session

    def disconnect(self, session: Session) -> None:
        """Close a connection; a transaction that it began is forgotten."""
        self._sessions.remove(session)

    def run(self, session: Session, command: Sequence[str | bytes | int]) -> Reply:
        """Run a command, and return the reply; a refusal is an error that is returned."""
        words = [word if isinstance(word, bytes) else str(word).encode() for word in command]
        try:
            return self._run(session, words)
        except ResponseError as refusal:
            return refusal

    def _run(self, session: Session, words: list[bytes]) -> Reply:
        name = words[0].upper()
        if name in CONTROL:
            return CONTROL[name](self, session, words[1:])
        if name not in COMMANDS:
            session.is_broken = True
            raise ResponseError(f"unknown command '{words[0].decode()}'")
        if session.queued is not None:
            session.queued.append(words)
            return b"QUEUED"
        return self.keyspace.run(words)

    def _watch(self, session: Session, keys: Words) -> Reply:
        if session.queued is not None:
            raise ResponseError("WATCH inside MULTI is not allowed")
        session.watched.update(keys)
        return OK

    def _unwatch(self, session: Session, _words: Words) -> Reply:
        if session.queued is not None:
            session.queued.append([b"UNWATCH"])
            return b"QUEUED"
        session.watched.clear()
        session.is_late = False
        return OK

    def _multi(self, session: Session, _words: Words) -> Reply:
        if session.queued is not None:
            raise ResponseError("MULTI calls can not be nested")
        session.queued = []
        session.is_broken = False
        return OK

    def _exec(self, session: Session, _words: Words) -> Reply:
        if session.queued is None:
            raise ResponseError("EXEC without MULTI")
        queued, is_broken, is_late = session.queued, session.is_broken, session.is_late
        session.forget()
        if is_broken:
            raise ExecAbortError("Transaction discarded because of previous errors.")
        if is_late:
            return None
        return [self.run(session, command) for command in queued]

    def _discard(self, session: Session, _words: Words) -> Reply:
        if session.queued is None:
            raise ResponseError("DISCARD without MULTI")
        session.forget()
        return OK

    def _touch(self, key: bytes) -> None:
        for session in self._sessions:
            session.is_late = session.is_late or key in session.watched


CONTROL = {
    b"WATCH": Server._watch,
    b"UNWATCH": Server._unwatch,
    b"MULTI": Server._multi,
    b"EXEC": Server._exec,
    b"DISCARD": Server._discard,
}

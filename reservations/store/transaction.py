"""The one write primitive: an optimistic transaction in two packed writes.

The first write watches and reads, a pure decision follows, the second write commits
(https://redis.io/docs/latest/develop/using-commands/transactions/). redis-py's own
pipelines send every command after WATCH by itself and, where they reconnect, lose
what was watched.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Generic, TypeVar

from redis.exceptions import ResponseError

from reservations.domain.errors import Busy, OutcomeUnknown, Refusal, StoreUnavailable
from reservations.store.connections import (
    LINK_FAILURES,
    Command,
    Connections,
    Link,
    Reply,
    checked,
    refused,
)
from reservations.store.instants import from_time
from reservations.store.observer import Observer, Unobserved

T = TypeVar("T")

ATTEMPTS = 6
"""The first and at most five more with fresh values."""

FIRST_PAUSE_SECONDS = 0.001
"""The longest pause before the second attempt; it doubles with each further one."""


@dataclass(frozen=True, slots=True)
class Commit(Generic[T]):
    """A decision to write.

    Attributes:
        commands: run all at once, if nothing that was watched has changed.
        result: what the transaction returns then.
        proof: a read that shows whether the commands were run.
        proves: whether the reply to `proof` says that they were.
    """

    commands: Sequence[Command]
    result: T
    proof: Command
    proves: Callable[[Reply], bool]


class DoneBefore(Exception):  # noqa: N818 - it is no error
    """What a decision is about was done before.

    It is raised only when enough replicas have confirmed that, too.
    """


class Attempt:
    """What one attempt has to decide on.

    Attributes:
        number: how many attempts there were before.
        now: an instant after which nothing that is watched has changed, so far.
        replies: to the reads that were asked for.
    """

    def __init__(self, link: Link, number: int, now: datetime, replies: list[Reply]) -> None:
        self._link = link
        self.number = number
        self.now = now
        self.replies = replies

    def read(self, *commands: Command) -> list[Reply]:
        """Read more, unwatched.

        Raises:
            StoreUnavailable: Redis refused a command.
        """
        return checked(self._link.exchange(commands))

    def watch(self, watch: Sequence[str], reads: Sequence[Command]) -> list[Reply]:
        """Watch more, and read it.

        Raises:
            StoreUnavailable: Redis refused a command.
        """
        return self.read(("WATCH", *watch), *reads)[1:]


Decide = Callable[[Attempt], Commit[T] | None]
"""Turns what was read into a commit, or None for another attempt with fresh values, or
raises the refusal. Has no other effect."""


@dataclass(slots=True)
class _Effort:
    """What one transaction has taken so far."""

    attempts: int = 0
    conflicts: int = 0


class Transactions:
    """Runs transactions; the only place that tries again.

    Attributes:
        observer: is told of each.
    """

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self.observer: Observer = Unobserved()

    def run(self, watch: Sequence[str], reads: Sequence[Command], decide: Decide[T]) -> T:
        """Read, decide and commit, anew with fresh values whenever others were faster.

        Args:
            watch: keys of one slot; the commit happens only if none of them changed,
                expiry included, since before the reads.
            reads: commands whose replies `decide` gets, in this order.
            decide: may be run several times.

        Returns:
            The result of the commit that happened.

        Raises:
            ReservationError: whatever `decide` refuses with; nothing was changed.
            Busy: others were faster every time; nothing was changed.
            StoreUnavailable: nothing was changed.
            OutcomeUnknown: the commit was sent and its outcome cannot be told.
        """
        effort, began = _Effort(), time.monotonic()
        try:
            return self._run(effort, watch, reads, decide)
        finally:
            seconds = time.monotonic() - began
            self.observer.transaction_ended(seconds, effort.attempts, effort.conflicts)

    def confirm(self, key: str) -> None:
        """Have replicas confirm that something was done in the slot of a key.

        Raises:
            OutcomeUnknown: too few do.
        """
        try:
            self._connections.confirm(key)
        except StoreUnavailable as error:
            raise OutcomeUnknown from error

    def _run(
        self, effort: _Effort, watch: Sequence[str], reads: Sequence[Command], decide: Decide[T]
    ) -> T:
        for number in range(ATTEMPTS):
            if number:
                time.sleep(random.uniform(0, FIRST_PAUSE_SECONDS * 2**number))  # noqa: S311
            effort.attempts += 1
            commit = self._connections.following(
                partial(self._attempt, effort, watch, reads, decide)
            )
            if commit is not None:
                return commit.result
        raise Busy(ATTEMPTS)

    def _attempt(
        self, effort: _Effort, watch: Sequence[str], reads: Sequence[Command], decide: Decide[T]
    ) -> Commit[T] | None:
        """Return the commit that happened; None if others were faster."""
        commit = None
        try:
            with self._connections.link(watch[0]) as link:
                now, replies = self._begin(link, watch, reads)
                commit = decide(Attempt(link, effort.attempts - 1, now, replies))
                if commit is None:
                    return None
                if not self._commit(link, commit):
                    effort.conflicts += 1
                    return None
        except DoneBefore:
            self.confirm(watch[0])
            raise
        except Refusal:
            # What is refused because of a change that no replica has might be had.
            self._connections.confirm(watch[0])
            raise
        except LINK_FAILURES as error:
            if commit is None:
                raise StoreUnavailable(error) from error
            if self._happened(commit):
                return commit
            # The commands may still be on their way: absence proves nothing.
            raise OutcomeUnknown from error
        if not commit.commands:
            self._connections.confirm(watch[0])
        return commit

    def _begin(
        self, link: Link, watch: Sequence[str], reads: Sequence[Command]
    ) -> tuple[datetime, list[Reply]]:
        # UNWATCH first: a refused transaction leaves its keys watched rather than
        # spend a round trip, and the connection may have had one.
        commands = [("UNWATCH",), ("WATCH", *watch), ("TIME",), *reads]
        _, _, time_reply, *replies = checked(link.exchange(commands))
        return from_time(time_reply), replies

    def _commit(self, link: Link, commit: Commit[T]) -> bool:
        """Send a commit; False if something that was watched had changed."""
        replies, confirmed = link.change([("MULTI",), *commit.commands, ("EXEC",)])
        begun, *queued, executed = replies
        if isinstance(begun, ResponseError) and not all(map(_is_refusal, queued)):
            # Not in a transaction, the commands were run one by one.
            raise OutcomeUnknown
        if isinstance(executed, ResponseError):
            # Such as EXECABORT: whatever EXEC refuses it has not executed.
            reason = next(filter(_is_refusal, (begun, *queued)), executed)
            raise refused(reason)
        for reply in executed or ():
            if isinstance(reply, ResponseError):
                # A command that cannot be run on what is stored: nobody's busy or
                # broken line, but a defect, and never to be taken for success.
                raise reply
        if executed is not None and not confirmed:
            raise OutcomeUnknown
        return executed is not None

    def _happened(self, commit: Commit[T]) -> bool:
        try:
            (reply,) = self._connections.confirmed(commit.proof, insist=True)
        except StoreUnavailable:
            return False
        return commit.proves(reply)


def _is_refusal(reply: Reply) -> bool:
    return isinstance(reply, ResponseError)

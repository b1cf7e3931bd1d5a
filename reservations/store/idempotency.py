"""Requests that are to be done once, however often they are sent.

What such a request was answered is written in the same transaction as what it changed,
under a key that the transaction watches. So there is no moment at which one exists
without the other, and of two that come at once one is done and the other told of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from reservations.domain.errors import IdempotencyKeyReused
from reservations.store import keys
from reservations.store.connections import Command, Connections
from reservations.store.transaction import Attempt, Commit, DoneBefore, Transactions

T = TypeVar("T")

CLAIMED_SECONDS = 24 * 3600
"""How long a name stands for one event."""

REMEMBERED_SECONDS = CLAIMED_SECONDS + 60
"""How long an answer is kept: no name stands for an event whose answer is forgotten."""

TO_BE_MADE = b"new "
"""Before the id of an event that does not exist before the request."""


class AnsweredBefore(DoneBefore):
    """The request was done before.

    Attributes:
        answer: what it was answered then.
    """

    def __init__(self, answer: str) -> None:
        super().__init__("The request was done before.")
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Once:
    """A request that its caller has given a name, so as to send it again safely.

    Attributes:
        key: the name, with the caller whose it is: `ROLE|ID|NAME`.
        fingerprint: stands for all that the request asks; without spaces.
        answer: makes the answer of the request's result, or of its refusal.
    """

    key: str
    fingerprint: str
    answer: Callable[[Any], str]

    def check(self, record: bytes | None) -> None:
        """Check that the request has not been answered yet.

        Args:
            record: what `remember` wrote, if it did.

        Raises:
            AnsweredBefore
            IdempotencyKeyReused: another request was, that had the same name.
        """
        if record is None:
            return
        fingerprint, _, answer = record.decode().partition(" ")
        if fingerprint != self.fingerprint:
            raise IdempotencyKeyReused
        raise AnsweredBefore(answer)

    def remembering(self, event_id: str, commands: Sequence[Command], outcome: T) -> Commit[T]:
        """Return the commit that runs commands, and writes down how the request is answered.

        Args:
            event_id: the event that the request is about.
            commands: what it changes; nothing where it is refused.
            outcome: its result, or refusal.
        """
        key = keys.once(event_id, self.key)
        record = f"{self.fingerprint} {self.answer(outcome)}".encode()
        remember = ("SET", key, record, "EX", REMEMBERED_SECONDS)
        return Commit(
            [*commands, remember],
            outcome,
            # Answers differ: of two requests of one name only one can prove itself by it.
            proof=("GET", key),
            proves=lambda found: found == record,
        )


class Claims:
    """In which event each name is remembered, since a caller's names are for all events.

    A claim lies in another slot than the event, so it is written by itself, and first. It
    says nothing of whether the request was done: only the answer that lies with the event
    does. A claim without an answer is of a request that has failed, and gives way.
    """

    def __init__(self, connections: Connections, transactions: Transactions) -> None:
        self._connections = connections
        self._transactions = transactions

    def claim(self, once: Once, event_id: str) -> None:
        """Make sure that the name stands for no request about another event.

        Raises:
            IdempotencyKeyReused, Busy, StoreUnavailable, OutcomeUnknown
        """
        mine = event_id.encode()
        (claimed,) = self._connections.read(_claim(once, mine))
        if claimed is None or claimed == TO_BE_MADE + mine:
            return
        if claimed == mine:
            self._renew(once)
        # In a race both may have been done: then each is known in its own event.
        elif self._answer(once, event_id) is None and not self._took_over(once, claimed, mine):
            self.claim(once, event_id)

    def claim_new(self, once: Once, event_id: str) -> str:
        """Return the id of the event that a request makes, the same however often it is sent.

        Args:
            once: names the request.
            event_id: an id that no event ever had.

        Raises:
            AnsweredBefore, IdempotencyKeyReused, Busy, StoreUnavailable, OutcomeUnknown
        """
        mine = TO_BE_MADE + event_id.encode()
        # A claim that was lost, with the event there, would have it made a second time.
        (claimed,) = self._connections.confirmed(_claim(once, mine))
        if claimed is None:
            return event_id
        if not claimed.startswith(TO_BE_MADE):
            taken = self._took_over(once, claimed, mine)
            return event_id if taken else self.claim_new(once, event_id)
        event_id = claimed.removeprefix(TO_BE_MADE).decode()
        try:
            once.check(self._answer(once, event_id))
        except AnsweredBefore:
            self._transactions.confirm(keys.once(event_id, once.key))
            raise
        self._renew(once)
        return event_id

    def _renew(self, once: Once) -> None:
        """Have a claim last as long as the answer to what is done now."""
        self._connections.read(("EXPIRE", keys.claim(once.key), CLAIMED_SECONDS))

    def _took_over(self, once: Once, claimed: bytes, mine: bytes) -> bool:
        """Put a claim in the place of one that failed; False if somebody else was faster."""
        if self._answer(once, claimed.removeprefix(TO_BE_MADE).decode()) is not None:
            raise IdempotencyKeyReused
        key = keys.claim(once.key)

        def decide(attempt: Attempt) -> Commit[bool]:
            there = attempt.replies[0] == claimed
            commands = [("SET", key, mine, "EX", CLAIMED_SECONDS)] if there else []
            return Commit(commands, there, proof=("GET", key), proves=lambda found: found == mine)

        return self._transactions.run([key], [("GET", key)], decide)

    def _answer(self, once: Once, event_id: str) -> bytes | None:
        (answer,) = self._connections.read(("GET", keys.once(event_id, once.key)))
        return None if answer is None else bytes(answer)


def _claim(once: Once, mine: bytes) -> Command:
    """Return the command that makes a claim, unless there is one, and answers that."""
    return ("SET", keys.claim(once.key), mine, "EX", CLAIMED_SECONDS, "NX", "GET")

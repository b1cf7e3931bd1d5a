"""Requests that are to be done once, however often they are sent.

What such a request was answered is written in the same transaction as what it changed,
under a key that the transaction watches. So there is no moment at which one exists
without the other, and of two that come at once one is done and the other told of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from reservations.domain.errors import IdempotencyKeyReused, Refusal
from reservations.store import keys
from reservations.store.connections import Command

CLAIMED_SECONDS = 24 * 3600
"""How long a key stands for the one event that it makes."""

REMEMBERED_SECONDS = CLAIMED_SECONDS + 60
"""How long an answer is kept: no key stands for an event whose making is forgotten."""


class AnsweredBefore(Exception):  # noqa: N818 - it is no error
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

    def remember(self, event_id: str, outcome: Any | Refusal) -> Command:
        """Return the command that writes down how the request is answered."""
        record = f"{self.fingerprint} {self.answer(outcome)}"
        return ("SET", keys.once(event_id, self.key), record, "EX", REMEMBERED_SECONDS)

"""Histories: what clients asked for, when, and what they were told.

Times are nanoseconds since 1970 by the clock of the one machine that everything runs on.
Attempts that share an idempotency key are one operation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import lru_cache
from typing import Any

from torture.checker.given import Record

MS = 1_000_000
FOREVER = 1 << 63
"""Later than all times."""

RULED = frozenset(
    {
        "hold_limit_reached",
        "not_on_sale",
        "seat_held",
        "seat_reserved",
        "seat_blocked",
        "seat_not_held",
        "seat_not_reserved",
        "not_enough_seats",
        "not_enough_together",
        "reservation_not_found",
    }
)
"""Codes of refusals that say how things were. They are remembered with the key."""

UNCHANGED = frozenset({"busy", "store_unavailable", "not_ready"})
"""Codes of 503 that promise that nothing was changed."""

READS = frozenset({"list", "seat"})

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Outcome(Enum):
    """What the answer says of the change that was asked for."""

    DONE = "done"
    REFUSED = "refused"
    OPEN = "may have happened"
    NOTHING = "nothing was changed, and nothing is known"


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """Something that a client wanted, in one attempt or in several with one key.

    Attributes:
        returned: when the first answer came that tells the outcome; FOREVER without one.
        until: the last instant at which it can have happened.
        seats: that were named, or that the answer names; None when it is about all that
            the patron holds, or about seats that are not known.
        end_ms: when the hold ends, as answered, in milliseconds.
        reservation: id of the reservation that was made or asked for.
        repeats: answers of further attempts that tell the outcome too.
    """

    name: str
    event: str
    process: int
    patron: str | None
    invoked: int
    returned: int
    until: int
    outcome: Outcome
    seats: tuple[str, ...] | None
    status: int | None
    code: str | None
    answer: Record
    asked: Record
    key: str | None = None
    end_ms: int | None = None
    reservation: str | None = None
    repeats: tuple[Record, ...] = ()

    @property
    def done(self) -> bool:
        """Whether it is known to have happened."""
        return self.outcome is Outcome.DONE

    @property
    def possible(self) -> bool:
        """Whether it may have happened."""
        return self.outcome is Outcome.DONE or self.outcome is Outcome.OPEN

    @property
    def is_hold(self) -> bool:
        """Whether it asks for holds."""
        return self.name in {"hold", "best"}

    def concerns(self, seat: str) -> bool:
        """Whether the seat can be among those that it is about."""
        return self.seats is None or seat in self.seats

    def line(self, origin: int) -> str:
        """Return it as a line, times in seconds after `origin`."""
        returned = "never" if self.returned == FOREVER else f"{(self.returned - origin) / 1e9:.4f}"
        words = [
            f"{(self.invoked - origin) / 1e9:.4f}..{returned}",
            f"process {self.process}",
            f"{self.patron} {self.name}",
            "all" if self.seats is None else ",".join(self.seats[:8]),
        ]
        if self.reservation is not None:
            words.append(f"reservation {self.reservation}")
        if self.end_ms is not None:
            words.append(f"ends {(self.end_ms * MS - origin) / 1e9:.4f}")
        if self.key is not None:
            words.append(f"key {self.key}")
        code = f" {self.code}" if self.code else ""
        return " ".join([*words, "->", f"{self.status}{code} ({self.outcome.value})"])


@lru_cache(maxsize=8192)
def in_ms(instant: str) -> int:
    """Return the milliseconds from 1970 to an instant in RFC 3339."""
    return (datetime.fromisoformat(instant) - _EPOCH) // _MILLISECOND


def operations_of(records: Iterable[Record]) -> list[Operation]:
    """Return the operations of one event, by the time at which they were invoked."""
    found: list[Operation] = []
    keyed: dict[tuple[Any, str], list[Record]] = {}
    for record in records:
        key = record.get("key")
        if key is None:
            found.append(_operation([record]))
        else:
            keyed.setdefault((record.get("patron"), key), []).append(record)
    for attempts in keyed.values():
        found.append(_operation(sorted(attempts, key=lambda each: int(each["invoked"]))))
    return sorted(found, key=lambda operation: operation.invoked)


def outcome_of(record: Record) -> Outcome:
    """Return what one attempt's answer says."""
    status, code = record["status"], record.get("code")
    if status is not None and 200 <= status < 300:
        return Outcome.DONE
    if record["operation"] in READS:
        return Outcome.NOTHING
    if status is None or (status >= 500 and code not in UNCHANGED):
        return Outcome.OPEN
    return Outcome.REFUSED if code in RULED else Outcome.NOTHING


def _operation(attempts: Sequence[Record]) -> Operation:
    """Make one operation of its attempts, which are in the order of their beginnings."""
    outcomes = [outcome_of(attempt) for attempt in attempts]
    outcome = next(
        (each for each in (Outcome.DONE, Outcome.REFUSED, Outcome.OPEN) if each in outcomes),
        Outcome.NOTHING,
    )
    telling = [attempt for attempt, each in zip(attempts, outcomes, strict=True) if each is outcome]
    # What is known to have changed nothing is no part of it.
    begun = next(
        (a for a, each in zip(attempts, outcomes, strict=True) if each is not Outcome.NOTHING),
        attempts[0],
    )
    first = min(telling, key=lambda attempt: attempt["returned"] or FOREVER)
    known = outcome is Outcome.DONE or outcome is Outcome.REFUSED
    returned = first["returned"] if known else FOREVER
    name, answer, asked = first["operation"], first.get("answer") or {}, first.get("asked") or {}
    done = outcome is Outcome.DONE
    others = (Outcome.DONE, Outcome.REFUSED)
    return Operation(
        name=name,
        event=first["event"],
        process=first["process"],
        patron=first.get("patron"),
        invoked=begun["invoked"],
        returned=returned,
        until=returned,
        outcome=outcome,
        seats=_seats(name, first.get("seats"), answer, asked, done),
        status=first["status"],
        code=first.get("code"),
        answer=answer,
        asked=asked,
        key=first.get("key"),
        end_ms=_end_ms(answer) if done and name in {"hold", "best"} else None,
        reservation=_reservation(name, answer, asked, done),
        repeats=tuple(
            attempt
            for attempt, each in zip(attempts, outcomes, strict=True)
            if each in others and attempt is not first
        ),
    )


def _seats(
    name: str, named: Sequence[str] | None, answer: Record, asked: Record, done: bool
) -> tuple[str, ...] | None:
    if name == "move":
        return (asked["from"], asked["to"])
    if done and name in {"hold", "best", "reserve"}:
        if "seats" in answer:
            return tuple(seat["id"] for seat in answer["seats"])
        return (answer["id"],)
    return tuple(named) if named else None


def _end_ms(answer: Record) -> int | None:
    end = answer.get("expires_at")
    if end is None and answer.get("seats"):
        end = answer["seats"][0].get("expires_at")
    return None if end is None else in_ms(end)


def _reservation(name: str, answer: Record, asked: Record, done: bool) -> str | None:
    if name in {"cancel", "move"}:
        return str(asked["reservation"])
    if name == "reserve" and done:
        # A seat's own answer names its reservation; a reservation's has it as `id`.
        return str(answer.get("reservation_id") or answer["id"])
    return None

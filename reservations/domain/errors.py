"""Every refusal that a caller can meet, named after the fact that stands in the way.

An error's public attributes are facts for the client; `code` is the name that
clients program against. How a refusal looks on the wire is decided in
`reservations.api.problems`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import ClassVar


class ReservationError(Exception):
    """Base of all errors that a caller can meet; its message is one sentence for a person."""

    code: ClassVar[str]


class Refusal(ReservationError):
    """What is asked for cannot be had as things are. Nothing was changed."""


class EventNotFound(ReservationError):
    """No event has this id."""

    code = "event_not_found"

    def __init__(self, event_id: str) -> None:
        super().__init__(f"There is no event {event_id!r}.")


class SeatNotFound(ReservationError):
    """The event has no seat with this id."""

    code = "seat_not_found"

    def __init__(self, seat_id: str) -> None:
        super().__init__(f"The event has no seat {seat_id!r}.")


class NotOnSale(Refusal):
    """The event is closed or cancelled, or now is outside its sales window."""

    code = "not_on_sale"


class HoldLimitReached(Refusal):
    """The patron has as many seats of this event as it may have.

    Attributes:
        limit: seats allowed to one patron.
        held: seats that count towards the limit now.
    """

    code = "hold_limit_reached"

    def __init__(self, limit: int, held: int) -> None:
        super().__init__(f"One patron may have {limit} seats; you have {held}.")
        self.limit = limit
        self.held = held


class TooManyRequests(ReservationError):
    """The caller has had enough for now.

    No `Refusal`: it passes with time alone, so it is not remembered with a key.
    """

    code = "too_many_requests"

    def __init__(self, reason: str, wait: timedelta) -> None:
        super().__init__(reason)
        self._wait = wait

    @property
    def retry_after(self) -> int:
        """Whole seconds until it may be had again."""
        return max(1, ceil(self._wait.total_seconds()))


class HeldTooLong(TooManyRequests):
    """The patron has held seats of this event for too long without buying them."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(
            "You have held seats of this event for long without reserving them; "
            "those that you hold you can still reserve.",
            wait,
        )


@dataclass(frozen=True, slots=True)
class Conflict:
    """A seat that stands in the way, and why.

    Attributes:
        code: that of the refusal which it would be by itself.
        retry_at: when the hold runs out that stands in the way, if one does.
    """

    seat_id: str
    code: str
    retry_at: datetime | None = None


class SeatConflict(Refusal):
    """A seat stands in the way.

    Attributes:
        conflicts: all seats that do; of several asked for, none was changed.
    """

    def __init__(self, message: str, conflict: Conflict) -> None:
        super().__init__(message)
        self.conflicts = [conflict]


class SeatHeld(SeatConflict):
    """Another patron holds the seat.

    Attributes:
        retry_at: the instant at which that hold runs out unless it is refreshed.
    """

    code = "seat_held"

    def __init__(self, seat_id: str, retry_at: datetime | None) -> None:
        super().__init__(
            f"Seat {seat_id} is held by another patron.", Conflict(seat_id, self.code, retry_at)
        )
        self.retry_at = retry_at


class SeatReserved(SeatConflict):
    """The seat is already reserved.

    Attributes:
        reserved_by_me: whether the caller's own reservation stands in the way.
    """

    code = "seat_reserved"

    def __init__(self, seat_id: str, *, reserved_by_me: bool) -> None:
        whose = "by you" if reserved_by_me else "by another patron"
        super().__init__(
            f"Seat {seat_id} is already reserved {whose}.", Conflict(seat_id, self.code)
        )
        self.reserved_by_me = reserved_by_me


class SeatBlocked(SeatConflict):
    """An admin has taken the seat off sale."""

    code = "seat_blocked"

    def __init__(self, seat_id: str) -> None:
        super().__init__(f"Seat {seat_id} is not on sale.", Conflict(seat_id, self.code))


class SeatNotHeld(SeatConflict):
    """The patron does not hold the seat: it never did, or the hold ran out."""

    code = "seat_not_held"

    def __init__(self, seat_id: str, *, by_anybody: bool = False) -> None:
        message = f"You do not hold seat {seat_id}; hold it first."
        if by_anybody:
            message = f"Nobody holds seat {seat_id}."
        super().__init__(message, Conflict(seat_id, self.code))


class NothingHeld(Refusal):
    """The patron holds no seat of the event."""

    code = "seat_not_held"

    def __init__(self) -> None:
        super().__init__("You hold no seats of this event; hold some first.")
        self.conflicts: list[Conflict] = []


class SeatNotReserved(SeatConflict):
    """The seat is not one of the reservation."""

    code = "seat_not_reserved"

    def __init__(self, seat_id: str) -> None:
        super().__init__(
            f"Seat {seat_id} is not one of this reservation.", Conflict(seat_id, self.code)
        )


def refuse(found: Iterable[SeatConflict | None]) -> None:
    """Refuse a request for several seats if any of them stands in the way.

    Raises:
        SeatConflict: the first that was found; it names them all.
    """
    conflicts = [each for each in found if each is not None]
    if conflicts:
        first = conflicts[0]
        first.conflicts = [conflict for each in conflicts for conflict in each.conflicts]
        raise first


class NotEnoughSeats(Refusal):
    """Fewer seats are free than are asked for.

    Attributes:
        free: how many are, of those that would do.
    """

    code = "not_enough_seats"

    def __init__(self, free: int) -> None:
        super().__init__(f"Of the seats that would do, too few are free: {free}.")
        self.free = free


class NotEnoughTogether(Refusal):
    """Enough seats are free, but nowhere so many side by side.

    Attributes:
        free: how many are, of those that would do.
    """

    code = "not_enough_together"

    def __init__(self, free: int) -> None:
        super().__init__(
            f"Of the seats that would do and are free ({free}), not so many are side by side."
        )
        self.free = free


class ReservationNotFound(Refusal):
    """The caller has no reservation with this id, or has cancelled it."""

    code = "reservation_not_found"

    def __init__(self, reservation_id: str) -> None:
        super().__init__(f"There is no reservation {reservation_id!r}.")


class EventHasReservations(Refusal):
    """The event cannot be deleted, because seats of it are reserved.

    Attributes:
        reservations: how many there are.
    """

    code = "event_has_reservations"

    def __init__(self, reservations: int) -> None:
        super().__init__(f"Seats of the event are reserved; reservations: {reservations}.")
        self.reservations = reservations


class InvalidTerms(Refusal):
    """What an event would be after the change contradicts itself.

    Attributes:
        errors: what is wrong, by member.
    """

    code = "invalid"

    def __init__(self, member: str, message: str) -> None:
        super().__init__(f"{member}: {message}")
        self.errors = {member: [message]}


class IdempotencyKeyReused(ReservationError):
    """The caller has sent another request with the same idempotency key."""

    code = "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__("This idempotency key came with another request.")


class CursorExpired(ReservationError):
    """The changes after this cursor are no longer all known."""

    code = "cursor_expired"

    def __init__(self) -> None:
        super().__init__("The changes after this cursor are forgotten; list the seats afresh.")


class Busy(ReservationError):
    """Others changed the same seats at every attempt; nothing was changed."""

    code = "busy"

    def __init__(self, attempts: int) -> None:
        super().__init__(
            f"Others changed the same seats at each of {attempts} attempts. Nothing was changed."
        )


class StoreUnavailable(ReservationError):
    """The store cannot be reached or takes no writes; nothing was changed."""

    code = "store_unavailable"

    def __init__(self, reason: object) -> None:
        super().__init__("The store does not answer. Nothing was changed.")
        self._reason = str(reason)

    @property
    def reason(self) -> str:
        """What the store or the network said: for logs, not for clients."""
        return self._reason


class OutcomeUnknown(ReservationError):
    """The connection broke after the commit was sent: it may or may not have happened."""

    code = "outcome_unknown"

    def __init__(self) -> None:
        super().__init__("The store did not confirm the change. It may or may not have happened.")


class StoreNotReady(ReservationError):
    """The store answers but is not set up or not able to keep what it is told."""

    code = "not_ready"

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(f"The store is not ready: {'; '.join(reasons)}.")
        self.reasons = reasons

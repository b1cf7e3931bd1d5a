"""Every refusal that a caller can meet, named after the fact that stands in the way.

An error's public attributes are facts for the client; `code` is the name that
clients program against. How a refusal looks on the wire is decided in
`reservations.api.problems`.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar


class ReservationError(Exception):
    """Base of all refusals; its message is one sentence for a person."""

    code: ClassVar[str]


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


class NotOnSale(ReservationError):
    """The event is closed or cancelled, or now is outside its sales window."""

    code = "not_on_sale"


class HoldLimitReached(ReservationError):
    """The patron has as many seats of this event as it may have.

    Attributes:
        limit: seats allowed to one patron.
        held: seats that count towards the limit now.
    """

    code = "hold_limit_reached"

    def __init__(self, limit: int, held: int) -> None:
        super().__init__(f"You have {held} of the {limit} seats that one patron may have.")
        self.limit = limit
        self.held = held


class SeatHeld(ReservationError):
    """Another patron holds the seat.

    Attributes:
        retry_at: the instant at which that hold runs out unless it is refreshed.
    """

    code = "seat_held"

    def __init__(self, seat_id: str, retry_at: datetime | None) -> None:
        super().__init__(f"Seat {seat_id} is held by another patron.")
        self.retry_at = retry_at


class SeatReserved(ReservationError):
    """The seat is already reserved.

    Attributes:
        reserved_by_me: whether the caller's own reservation stands in the way.
    """

    code = "seat_reserved"

    def __init__(self, seat_id: str, *, reserved_by_me: bool) -> None:
        whose = "by you" if reserved_by_me else "by another patron"
        super().__init__(f"Seat {seat_id} is already reserved {whose}.")
        self.reserved_by_me = reserved_by_me


class SeatBlocked(ReservationError):
    """An admin has taken the seat off sale."""

    code = "seat_blocked"

    def __init__(self, seat_id: str) -> None:
        super().__init__(f"Seat {seat_id} is not on sale.")


class SeatNotHeld(ReservationError):
    """The caller does not hold the seat: it never did, or the hold ran out."""

    code = "seat_not_held"

    def __init__(self, seat_id: str) -> None:
        super().__init__(f"You do not hold seat {seat_id}; hold it first.")


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

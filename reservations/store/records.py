"""How values are written down in Redis, and read again.

Events, plans and holdings are compact JSON with instants and durations in
milliseconds. A seat is a line of words, because it is read and written most:
`held PATRON EXPIRES_MS FIRST_HELD_MS`, `reserved PATRON RESERVATION`, `blocked [REASON]`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from reservations.domain.changes import ChangeKind, Step
from reservations.domain.event import Event, EventStatus, Terms
from reservations.domain.plan import NumberedPlan, SeatPlan, Section, SectionedPlan
from reservations.domain.reservation import Reservation
from reservations.domain.seat import Holdings, Seat, SeatStatus
from reservations.store.instants import from_ms, to_ms

_MILLISECOND = timedelta(milliseconds=1)
# Made once: json.dumps would make an encoder for each record.
_dump = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def encode_event(event: Event) -> str:
    """Write an event down."""
    terms = event.terms
    return _dump(
        {
            "id": event.id,
            "name": event.name,
            "description": event.description,
            "date": _ms(event.date),
            "location": event.location,
            "status": event.status,
            "created_at": _ms(event.created_at),
            "hold_time": terms.hold_time // _MILLISECOND,
            "hold_max": terms.hold_max // _MILLISECOND,
            "seat_user_limit": terms.seat_user_limit,
            "seat_total_limit": terms.seat_total_limit,
            "on_sale_from": _ms(terms.on_sale_from),
            "on_sale_until": _ms(terms.on_sale_until),
        }
    )


@lru_cache(maxsize=1024)
def decode_event(record: bytes) -> Event:
    """Read an event. Every change of a seat does so, mostly of the same few bytes."""
    fields = json.loads(record)
    return Event(
        id=fields["id"],
        name=fields["name"],
        description=fields["description"],
        date=_instant(fields["date"]),
        location=fields["location"],
        status=EventStatus(fields["status"]),
        created_at=from_ms(fields["created_at"]),
        terms=Terms(
            hold_time=timedelta(milliseconds=fields["hold_time"]),
            hold_max=timedelta(milliseconds=fields["hold_max"]),
            seat_user_limit=fields["seat_user_limit"],
            seat_total_limit=fields["seat_total_limit"],
            on_sale_from=_instant(fields["on_sale_from"]),
            on_sale_until=_instant(fields["on_sale_until"]),
        ),
    )


def encode_plan(plan: SeatPlan) -> str:
    """Write a plan down: its sections, not its seats."""
    if isinstance(plan, NumberedPlan):
        return _dump({"seats": plan.count})
    return _dump(
        {"sections": [[s.name, s.category, s.rows, s.seats_per_row] for s in plan.sections]}
    )


def decode_plan(record: bytes) -> SeatPlan:
    """Read a plan."""
    fields = json.loads(record)
    if "seats" in fields:
        return NumberedPlan(fields["seats"])
    return SectionedPlan(
        tuple(
            Section(name=name, category=category, rows=rows, seats_per_row=seats_per_row)
            for name, category, rows, seats_per_row in fields["sections"]
        )
    )


def encode_seat(seat: Seat) -> str:
    """Write down a seat that is not free; a free one has no record."""
    if seat.status is SeatStatus.HELD:
        return f"held {seat.patron} {_ms(seat.expires_at)} {_ms(seat.first_held_at)}"
    if seat.status is SeatStatus.BLOCKED:
        return "blocked" if seat.reason is None else f"blocked {seat.reason}"
    return f"reserved {seat.patron} {seat.reservation_id}"


def decode_seat(seat_id: str, record: bytes | None) -> Seat:
    """Read a seat; without a record it is free."""
    if record is None:
        return Seat(seat_id)
    status, *words = record.decode().split(" ")
    if status == SeatStatus.HELD:
        patron, expires_at, first_held_at = words
        return Seat(
            seat_id,
            SeatStatus.HELD,
            patron,
            expires_at=from_ms(int(expires_at)),
            first_held_at=from_ms(int(first_held_at)),
        )
    if status == SeatStatus.RESERVED:
        patron, reservation_id = words
        return Seat(seat_id, SeatStatus.RESERVED, patron, reservation_id=reservation_id)
    return Seat(seat_id, SeatStatus(status), reason=" ".join(words) or None)


def encode_holdings(holdings: Holdings) -> str:
    """Write down what a patron has of an event."""
    return _dump(
        {
            "held": holdings.held,
            "reserved": holdings.reserved,
            "last_expiry": _ms(holdings.last_expiry),
            "recovered_at": _ms(holdings.recovered_at),
        }
    )


def decode_holdings(record: bytes | None) -> Holdings:
    """Read what a patron has of an event; without a record, nothing."""
    if record is None:
        return Holdings()
    fields = json.loads(record)
    return Holdings(
        tuple(fields["held"]),
        fields["reserved"],
        _instant(fields["last_expiry"]),
        _instant(fields["recovered_at"]),
    )


def encode_reservation(reservation: Reservation) -> str:
    """Write a reservation down."""
    return _dump(
        {
            "id": reservation.id,
            "patron": reservation.patron,
            "seats": reservation.seats,
            "reserved_at": _ms(reservation.reserved_at),
            "reference": reservation.reference,
            "data": reservation.data,
        }
    )


def decode_reservation(record: bytes | None) -> Reservation | None:
    """Read a reservation; None without a record."""
    if record is None:
        return None
    fields = json.loads(record)
    return Reservation(
        id=fields["id"],
        patron=fields["patron"],
        seats=tuple(fields["seats"]),
        reserved_at=from_ms(fields["reserved_at"]),
        reference=fields["reference"],
        data=fields["data"],
    )


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One entry of an event's change log.

    Attributes:
        id: its place in the order of commits, `<ms>-<n>`.
        step: what happened; None in the entry that began the log.
        mark: the same for all entries of one change; empty in the one that began the log.
    """

    id: str
    step: Step | None
    mark: str = ""

    @property
    def at(self) -> datetime:
        """When it was written."""
        return from_ms(int(self.id.partition("-")[0]))


def encode_step(step: Step, mark: str) -> list[str]:
    """Write a step of a change down as the fields of a log entry.

    Args:
        step: all its seats have one status, expiry and reason.
        mark: tells the entries of this change from all others, so that they can be
            found again.
    """
    first = step.seats[0]
    optional = {
        "patron": step.patron,
        "expires_at": None if first.expires_at is None else str(to_ms(first.expires_at)),
        "reservation": step.reservation_id,
        "reason": first.reason,
    }
    fields = ["kind", step.kind, "seats", " ".join(seat.id for seat in step.seats)]
    fields += ["status", first.status, "mark", mark]
    for name, value in optional.items():
        if value is not None:
            fields += [name, value]
    return fields


def decode_entry(entry_id: bytes, fields: list[bytes]) -> LogEntry:
    """Read a log entry; the one that began the log has no step."""
    named = {
        name.decode(): value.decode() for name, value in zip(fields[::2], fields[1::2], strict=True)
    }
    if "seats" not in named:
        return LogEntry(entry_id.decode(), None)
    status = SeatStatus(named["status"])
    patron, reservation_id = named.get("patron"), named.get("reservation")
    expires_at = named.get("expires_at")
    taken = status is not SeatStatus.FREE
    seats = tuple(
        Seat(
            seat_id,
            status,
            patron=patron if taken else None,
            expires_at=from_ms(int(expires_at)) if expires_at else None,
            reservation_id=reservation_id if taken else None,
            reason=named.get("reason"),
        )
        for seat_id in named["seats"].split()
    )
    return LogEntry(
        entry_id.decode(),
        Step(ChangeKind(named["kind"]), seats, patron, reservation_id),
        named.get("mark", ""),
    )


def bears_mark(entry: list[Any], mark: str) -> bool:
    """Whether a raw log entry is the one that was written with this mark."""
    _, fields = entry
    return mark.encode() in fields


def _ms(instant: datetime | None) -> int | None:
    return None if instant is None else to_ms(instant)


def _instant(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else from_ms(milliseconds)

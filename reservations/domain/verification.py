"""Whether all that is written of one event agrees with itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from reservations.domain.changes import Step
from reservations.domain.plan import SeatPlan
from reservations.domain.reservation import Reservation
from reservations.domain.seat import Holdings, Seat, SeatStatus


@dataclass(frozen=True, slots=True)
class Books:
    """What is written of one event, in each of the places where it is.

    Attributes:
        now: an instant by the store's clock, not before any of the rest was read.
        log: the steps of its changes and the ids of their entries, in order; read first.
        log_is_whole: whether none was trimmed.
        seats: those that are not free, by id.
        reservations: by id.
        listed: which reservations lists go by, and the lists; texts.
        to_be_listed: the same, as it follows from the reservations.
        holdings: of patrons, by id.
    """

    now: datetime
    plan: SeatPlan
    log: Sequence[tuple[str, Step]]
    log_is_whole: bool
    seats: Mapping[str, Seat]
    reservations: Mapping[str, Reservation]
    listed: frozenset[str]
    to_be_listed: frozenset[str]
    holdings: Mapping[str, Holdings]


class _Log:
    """What the log says of each seat, patron and reservation last."""

    def __init__(self, books: Books) -> None:
        self.seats: dict[str, Seat] = {}
        self._last: dict[str, str] = {}
        for entry_id, step in books.log:
            for seat in step.seats:
                self.seats[seat.id] = seat
                self._last[f"seat {seat.id}"] = entry_id
            self._last[f"patron {step.patron}"] = entry_id
            self._last[f"reservation {step.reservation_id}"] = entry_id

    def last(self, what: str) -> str:
        """Name the last entry about something."""
        return f"(last log entry: {self._last.get(what, 'none')})"


def disagreements(books: Books) -> Iterator[str]:
    """Yield each disagreement as a sentence.

    It names what is written on either side and the last entry of the log about it, so
    that it is the same again if, and only if, nothing of it has changed.
    """
    log = _Log(books)
    yield from _between_seats_and_log(books, log)
    yield from _between_seats_and_reservations(books, log)
    yield from _between_lists_and_reservations(books, log)
    yield from _between_seats_and_patrons(books, log)


def _between_seats_and_log(books: Books, log: _Log) -> Iterator[str]:
    for seat_id, seat in log.seats.items():
        last = log.last(f"seat {seat_id}")
        if books.plan.find(seat_id) is None:
            yield f"The event has no seat {seat_id} {last}."
        if seat.expires_at is not None and seat.expires_at <= books.now:
            seat = Seat(seat_id)
        # When a hold began, the log does not say.
        kept = replace(books.seats.get(seat_id, Seat(seat_id)), first_held_at=None)
        if kept != seat:
            yield f"Seat {seat_id} is {_written(kept)}; the log says {_written(seat)} {last}."
    if books.log_is_whole:
        for seat_id in books.seats.keys() - log.seats.keys():
            yield f"Seat {seat_id} is {_written(books.seats[seat_id])}; no log entry says so."


def _between_seats_and_reservations(books: Books, log: _Log) -> Iterator[str]:
    for seat in books.seats.values():
        if seat.reservation_id is None:
            continue
        last = log.last(f"seat {seat.id}")
        found = books.reservations.get(seat.reservation_id)
        if found is None:
            yield f"Seat {seat.id} is {_written(seat)}, which there is not {last}."
        elif seat.id not in found.seats:
            yield f"Seat {seat.id} is {_written(seat)}, which does not have it {last}."
    for reservation in books.reservations.values():
        for seat_id in reservation.seats:
            seat = books.seats.get(seat_id, Seat(seat_id))
            if (seat.reservation_id, seat.patron) != (reservation.id, reservation.patron):
                yield (
                    f"Reservation {reservation.id} of {reservation.patron} has seat {seat_id}, "
                    f"which is {_written(seat)} {log.last(f'seat {seat_id}')}."
                )


def _between_lists_and_reservations(books: Books, log: _Log) -> Iterator[str]:
    for member in books.listed ^ books.to_be_listed:
        wrong = "lists" if member in books.listed else "does not list"
        last = log.last(f"reservation {member.rpartition(' ')[2]}")
        yield f"The index {wrong} {member!r} {last}."


def _between_seats_and_patrons(books: Books, log: _Log) -> Iterator[str]:
    reserved: Counter[str] = Counter()
    for reservation in books.reservations.values():
        reserved[reservation.patron] += len(reservation.seats)
    for patron in reserved.keys() | books.holdings.keys():
        counted = books.holdings.get(patron, Holdings()).reserved
        if counted != reserved[patron]:
            actually = reserved[patron]
            last = log.last(f"patron {patron}")
            yield f"Patron {patron} has {actually} reserved seats, counted as {counted} {last}."
    for seat in books.seats.values():
        if seat.status is SeatStatus.HELD and seat.patron is not None:
            if seat.id not in books.holdings.get(seat.patron, Holdings()).held:
                last = log.last(f"seat {seat.id}")
                yield f"Patron {seat.patron} is not known to hold seat {seat.id} {last}."


def _written(seat: Seat) -> str:
    if seat.status is SeatStatus.HELD and seat.expires_at is not None:
        return f"held by {seat.patron} until {seat.expires_at.isoformat()}"
    if seat.status is SeatStatus.RESERVED:
        return f"reserved by {seat.patron} in reservation {seat.reservation_id}"
    if seat.status is SeatStatus.BLOCKED and seat.reason is not None:
        return f"blocked ({seat.reason})"
    return str(seat.status)

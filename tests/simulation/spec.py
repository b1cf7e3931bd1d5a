"""What has to be true of a sale, whoever went first and whatever broke.

The change log is the order in which everything has happened. So it is enough that each of
its entries was allowed when it was written, that what clients were told agrees with it, and
that whatever was refused or shown was true at some instant of the request.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from reservations.domain.changes import ChangeKind, Step
from reservations.domain.seat import Seat, SeatStatus
from reservations.store import keys
from reservations.store.records import LogEntry, decode_entry, decode_seat
from tests.simulation.deeds import LIMIT, SEATS, Sale, Told
from tests.simulation.world import World

NOTHING_HAPPENED = {"unavailable", "busy"}


@dataclass(frozen=True)
class State:
    """What there was at one time.

    Attributes:
        seats: all, by id.
        entries: how many the log had.
    """

    seats: Mapping[str, Seat]
    entries: int

    def held_by(self, patron: str) -> set[str]:
        """Return the seats that a patron holds."""
        return {seat.id for seat in self.seats.values() if seat.is_held_by(patron)}


class Witness:
    """Sees all that there is, whenever the server may have changed."""

    def __init__(self, world: World, event_id: str) -> None:
        self.states: list[State] = []
        self._keyspace = world.server.keyspace
        self._event_id = event_id
        self._records: list[bytes | None] = []
        self.see()

    def see(self) -> None:
        """Note what there is, if it is not as it was."""
        get = self._keyspace.get
        records = [get([keys.seat(self._event_id, seat).encode()]) for seat in SEATS]
        entries = len(self._raw_log())
        if self.states and records == self._records and entries == self.states[-1].entries:
            return
        self._records = records
        seats = {
            seat: decode_seat(seat, record) for seat, record in zip(SEATS, records, strict=True)
        }
        self.states.append(State(seats, entries))

    def log(self) -> list[LogEntry]:
        """Return the whole change log."""
        return [decode_entry(*entry) for entry in self._raw_log()]

    def _raw_log(self) -> list[list[Any]]:
        return self._keyspace.entries([keys.log(self._event_id).encode(), b"-", b"+"])


def wrongs(sale: Sale, witness: Witness) -> Iterator[str]:
    """Yield what is wrong, as sentences."""
    log = witness.log()
    yield from _wrong_steps(log)
    marks = _marks(log, sale.world.made_by)
    for told in sale.told:
        yield from (f"{told.deed}: {wrong}" for wrong in _wrong_answer(told, marks, witness.states))
    yield from _wrong_repeats(sale.told, marks)
    yield from sale.service().verify_event(sale.event_id)


# The log


def _wrong_steps(log: Sequence[LogEntry]) -> Iterator[str]:
    seats = {seat: Seat(seat) for seat in SEATS}
    for entry in log:
        if entry.step is None:
            continue
        for seat_id, seat in seats.items():
            if seat.expires_at is not None and seat.expires_at <= entry.at:
                seats[seat_id] = Seat(seat_id)
        for after in entry.step.seats:
            if not _is_allowed(entry.step, seats[after.id], after):
                yield f"{entry.step.kind} {after}, but it was {seats[after.id]}"
            seats[after.id] = after
        patron = entry.step.patron
        held = [seat.id for seat in seats.values() if patron and seat.is_held_by(patron)]
        if len(held) > LIMIT:
            yield f"{patron} holds {', '.join(held)}, which is more than {LIMIT}"


def _is_allowed(step: Step, before: Seat, after: Seat) -> bool:
    is_free = before.status is SeatStatus.FREE
    is_own = step.patron is not None and before.is_held_by(step.patron)
    is_reserved = before.status is SeatStatus.RESERVED and before.patron == step.patron
    match step.kind:
        case ChangeKind.HELD:
            return is_free or is_own
        case ChangeKind.RESERVED | ChangeKind.RELEASED:
            return is_own
        case ChangeKind.CANCELLED:
            return is_reserved and before.reservation_id == step.reservation_id
        case ChangeKind.MOVED if after.status is SeatStatus.FREE:
            return is_reserved and before.reservation_id == step.reservation_id
        case ChangeKind.MOVED:
            return is_free or is_own
        case ChangeKind.BLOCKED:
            return is_free
    return False


def _marks(log: Sequence[LogEntry], made_by: Mapping[str, str]) -> dict[str, dict[str, int]]:
    """Return which changes each request has made, with the places of their last entries."""
    marks: dict[str, dict[str, int]] = {}
    for place, entry in enumerate(log, start=1):
        if entry.mark:
            marks.setdefault(made_by[entry.mark], {})[entry.mark] = place
    return marks


# What clients were told


def _wrong_answer(
    told: Told, marks: Mapping[str, Mapping[str, int]], states: Sequence[State]
) -> Iterator[str]:
    changes = marks.get(told.label, {})
    during = states[max(0, told.began - 1) : told.ended]
    before, after = during[0].entries, during[-1].entries
    if told.deed.kind == "look":
        if told.outcome == "done":
            yield from _wrong_list(told.answer, during)
    elif told.outcome == "done":
        has_happened = any(before < place <= after for place in changes.values())
        if not has_happened and not _is_needless(told, during):
            yield "was told that it is done, but it did not happen then"
    elif told.outcome not in {"before", "unknown"}:
        if changes:
            yield f"was told {told.outcome}, but it has happened"
        is_refusal = told.outcome not in NOTHING_HAPPENED
        if is_refusal and not any(_is_right(told, state) for state in during):
            yield f"was told {told.outcome}, which was never so meanwhile"


def _is_needless(told: Told, during: Sequence[State]) -> bool:
    """Whether nothing had to happen, at some instant."""
    deed = told.deed
    if deed.kind == "release" and not deed.seats:
        return not all(state.held_by(deed.patron) for state in during)
    if deed.kind == "block":
        return any(_are_blocked(deed.seats, state) for state in during)
    return False


def _are_blocked(seats: Sequence[str], state: State) -> bool:
    return all(state.seats[seat].status is SeatStatus.BLOCKED for seat in seats)


def _wrong_list(listed: Mapping[str, Seat], during: Sequence[State]) -> Iterator[str]:
    for seat_id, seat in listed.items():
        seen = (seat.status, seat.patron)
        if not any(seen == (s.seats[seat_id].status, s.seats[seat_id].patron) for s in during):
            yield f"{seat_id} is listed as {seen}, which was never so meanwhile"


def _is_right(told: Told, state: State) -> bool:
    """Whether a refusal is right as things are in a state."""
    deed = told.deed
    named = [state.seats[seat] for seat in deed.seats]
    own = state.held_by(deed.patron)
    match told.outcome:
        case "hold_limit_reached":
            return len(own | set(deed.seats)) > LIMIT or len(own) == LIMIT
        case "not_enough_seats":
            return not any(seat.status is SeatStatus.FREE for seat in state.seats.values())
        case "seat_held":
            return any(seat.status is SeatStatus.HELD and seat.id not in own for seat in named)
        case "seat_reserved":
            return any(seat.status is SeatStatus.RESERVED for seat in named)
        case "seat_blocked":
            return any(seat.status is SeatStatus.BLOCKED for seat in named)
        case "seat_not_held":
            return not own if not named else any(seat.id not in own for seat in named)
        case "seat_not_reserved" | "reservation_not_found":
            return not all(
                seat.status is SeatStatus.RESERVED and seat.patron == deed.patron
                for seat in (named[:1] or state.seats.values())
            )
    return False


def _wrong_repeats(all_told: Sequence[Told], marks: Mapping[str, Container[str]]) -> Iterator[str]:
    """Yield what is wrong with requests that were sent several times."""
    for name, sendings in groupby(sorted(all_told, key=_name_of), _name_of):
        some = list(sendings)
        if sum(told.label in marks for told in some) > 1:
            yield f"{some[0].deed} has happened more than once ({name})"
        answers = [told.answer for told in some if told.answer is not None]
        if any(answer != answers[0] for answer in answers):
            yield f"{some[0].deed} was answered in several ways: {answers}"


def _name_of(told: Told) -> str:
    return told.name

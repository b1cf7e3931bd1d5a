"""One event as the contract describes it, in plain Python: the model.

It knows nothing of how the service works. What may be refused it says as a list of
reasons, since the contract does not say which of several is given; an empty list means
that nothing may be refused. What the contract leaves to the service (when a hold ends,
which seats are best, what a reservation's id is) it takes from the answer, and asserts
that it is as promised.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

Reason = dict[str, Any]
"""A refusal's code and facts. `conflicts` are triples of seat, code and `retry_at`."""


class Row(NamedTuple):
    """Seats side by side."""

    section: str
    category: str
    depth: int
    seats: list[str]


ROWS = [
    Row("Stalls", "A", 0, [f"stalls-A-{number}" for number in range(1, 6)]),
    Row("Stalls", "A", 1, [f"stalls-B-{number}" for number in range(1, 6)]),
    Row("Circle", "B", 0, [f"circle-A-{number}" for number in range(1, 7)]),
]
SEATS = [seat for row in ROWS for seat in row.seats]
SECTION = {seat: row.section for row in ROWS for seat in row.seats}
CATEGORY = {seat: row.category for row in ROWS for seat in row.seats}


class Taken(NamedTuple):
    """A seat that is not free."""

    status: str
    patron: str | None = None
    ends: datetime | None = None
    began: datetime | None = None
    reservation: str | None = None
    reason: str | None = None


class Sold(NamedTuple):
    """A reservation."""

    patron: str
    seats: tuple[str, ...]
    reference: str | None


class Entry(NamedTuple):
    """One entry of the list of changes, with its seats sorted."""

    kind: str
    seats: tuple[str, ...]
    status: str
    patron: str | None
    reservation: str | None


class Places(NamedTuple):
    """What somebody wants who asks for the best available seats."""

    count: int
    required: bool
    section: str | None
    category: str | None


@dataclass
class Model:
    """The event at one instant."""

    hold_time: timedelta
    hold_max: timedelta
    user_limit: int
    total_limit: int | None = None
    on_sale: bool = True
    taken: dict[str, Taken] = field(default_factory=dict)
    sold: dict[str, Sold] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)

    # Time

    def at(self, now: datetime) -> Model:
        """Return a model of the event when it is later: holds have ended by themselves."""
        later = deepcopy(self)
        for seat, taken in self.taken.items():
            if taken.ends is not None and taken.ends <= now:
                del later.taken[seat]
        return later

    def ends(self) -> list[datetime]:
        """Return when holds end, the next one first."""
        return sorted({taken.ends for taken in self.taken.values() if taken.ends is not None})

    # What there is

    def held(self, patron: str) -> list[str]:
        """Return what a patron holds, in reading order."""
        return [seat for seat in SEATS if self._is(seat, "held", patron)]

    def reserved(self, patron: str) -> int:
        """Return how many seats a patron has reserved."""
        return sum(len(sold.seats) for sold in self.sold.values() if sold.patron == patron)

    def remaining(self, patron: str) -> int:
        """Return how many more seats a patron may hold."""
        held = len(self.held(patron))
        remaining = self.user_limit - held
        if self.total_limit is not None:
            remaining = min(remaining, self.total_limit - held - self.reserved(patron))
        return max(0, remaining)

    def reservations(self, patron: str | None = None, reference: str | None = None) -> list[str]:
        """Return the ids of reservations, those made last first."""
        return [
            each
            for each, sold in sorted(self.sold.items(), reverse=True)
            if patron in (None, sold.patron) and reference in (None, sold.reference)
        ]

    def count(self, status: str, category: str | None = None) -> int:
        """Return how many seats have a status."""
        return sum(
            category in (None, CATEGORY[seat]) and status == self._status(seat) for seat in SEATS
        )

    # What may be refused

    def why_not_hold(self, patron: str, seats: Sequence[str], *, bound: bool) -> list[Reason]:
        """Say why seats cannot be held, or holds refreshed."""
        new = [seat for seat in seats if not self._is(seat, "held", patron)]
        return [
            *self._not_on_sale(bound),
            *_conflicts((seat, self._not_to_be_had(seat, patron)) for seat in seats),
            *self._over_the_limit(patron, len(new), bound),
        ]

    def why_not_best(self, patron: str, wish: Places, *, bound: bool) -> list[Reason]:
        """Say why the best available seats cannot be held."""
        free = self._free(wish)
        reasons = [*self._not_on_sale(bound), *self._over_the_limit(patron, wish.count, bound)]
        if len(free) < wish.count:
            reasons.append({"code": "not_enough_seats", "free": len(free)})
        elif wish.required and not _side_by_side(free, wish.count):
            reasons.append({"code": "not_enough_together", "free": len(free)})
        return reasons

    def why_not_release(self, patron: str, seats: Sequence[str]) -> list[Reason]:
        """Say why a patron cannot let go of seats."""
        return _conflicts((seat, self._not_held(seat, patron)) for seat in seats)

    def why_not_release_anybodys(self, seats: Sequence[str]) -> list[Reason]:
        """Say why an admin cannot let go of seats."""
        return _conflicts(
            (seat, None if self._status(seat) == "held" else self._not_held(seat, None))
            for seat in seats
        )

    def why_not_reserve(
        self, patron: str, seats: Sequence[str] | None, *, bound: bool
    ) -> list[Reason]:
        """Say why a patron cannot reserve seats, or all that it holds."""
        reasons = self._not_on_sale(bound)
        if seats is None:
            nothing = {"code": "seat_not_held", "conflicts": []}
            return reasons if self.held(patron) else [*reasons, nothing]
        return reasons + _conflicts((seat, self._not_held(seat, patron)) for seat in seats)

    def why_not_cancel(self, caller: str | None, reservation: str) -> list[Reason]:
        """Say why a caller cannot cancel a reservation; None is an admin."""
        sold = self.sold.get(reservation)
        if sold is None or caller not in (None, sold.patron):
            return [{"code": "reservation_not_found"}]
        return []

    def why_not_move(
        self, caller: str | None, reservation: str, from_seat: str, to_seat: str
    ) -> list[Reason]:
        """Say why a caller cannot move a reservation; None is an admin."""
        if reasons := self.why_not_cancel(caller, reservation):
            return reasons
        sold = self.sold[reservation]
        reasons = self._not_on_sale(bound=caller is not None)
        if from_seat not in sold.seats:
            reasons += _conflicts([(from_seat, {"code": "seat_not_reserved"})])
        return reasons + _conflicts([(to_seat, self._not_to_be_had(to_seat, sold.patron))])

    def why_not_block(self, seats: Sequence[str]) -> list[Reason]:
        """Say why seats cannot be taken off sale."""
        return _conflicts(
            (seat, None if self._status(seat) == "blocked" else self._not_to_be_had(seat, None))
            for seat in seats
        )

    # What is done

    def hold(
        self,
        patron: str,
        answered: dict[str, tuple[datetime, datetime]],
        between: tuple[datetime, datetime],
    ) -> None:
        """Hold seats, with end and beginning of each hold as they were answered."""
        (ends,) = {ends for ends, _ in answered.values()}
        refreshed = {seat: self.taken[seat] for seat in answered if seat in self.taken}
        for seat, (_, began) in answered.items():
            if seat in refreshed:
                assert began == refreshed[seat].began
            else:
                assert between[0] <= began <= between[1]
        last = min(began for _, began in answered.values()) + self.hold_max
        kept = min((taken.ends for taken in refreshed.values() if taken.ends), default=between[0])
        # Terms that have become shorter end no hold sooner than was said.
        earliest, latest = (max(kept, min(now + self.hold_time, last)) for now in between)
        assert earliest <= ends <= latest
        for seat, (_, began) in answered.items():
            self.taken[seat] = Taken("held", patron, ends, began)
        self._enter("held", answered, "held", patron)

    def hold_best(
        self,
        patron: str,
        wish: Places,
        answered: dict[str, tuple[datetime, datetime]],
        together: bool | None,
        between: tuple[datetime, datetime],
    ) -> None:
        """Hold seats that were chosen, and must be as good as any."""
        free = self._free(wish)
        chosen = list(answered)
        assert len(chosen) == wish.count
        assert set(chosen) <= free
        places = _side_by_side(free, wish.count)
        assert together == (chosen in places) == bool(places)
        if places:
            without_orphans = [place for place in places if not _leaves_orphan(free, place)]
            good = without_orphans or places
            assert chosen in good
            assert not any(_is_nearer(place, chosen) for place in good)
        else:
            sections = [SECTION[seat] for seat in free]
            if any(sections.count(section) >= wish.count for section in sections):
                assert len({SECTION[seat] for seat in chosen}) == 1
        self.hold(patron, answered, between)

    def release(self, patron: str, seats: Iterable[str]) -> None:
        """Let go of a patron's holds."""
        self._free_again("released", seats, patron)

    def release_anybodys(self, seats: Sequence[str]) -> None:
        """Let go of holds, whoever has them."""
        for patron in {self.taken[seat].patron for seat in seats}:
            theirs = [seat for seat in seats if self.taken.get(seat, Taken("")).patron == patron]
            self._free_again("released", theirs, patron)

    def reserve(
        self, patron: str, seats: Sequence[str], reservation: str, reference: str | None
    ) -> None:
        """Make holds a reservation."""
        assert reservation not in self.sold
        self.sold[reservation] = Sold(patron, tuple(seats), reference)
        for seat in seats:
            self.taken[seat] = Taken("reserved", patron, reservation=reservation)
        self._enter("reserved", seats, "reserved", patron, reservation)

    def cancel(self, reservation: str) -> None:
        """End a reservation."""
        sold = self.sold.pop(reservation)
        self._free_again("cancelled", sold.seats, sold.patron, reservation)

    def move(self, reservation: str, from_seat: str, to_seat: str) -> None:
        """Give one seat of a reservation up for another."""
        sold = self.sold[reservation]
        seats = tuple(to_seat if seat == from_seat else seat for seat in sold.seats)
        self.sold[reservation] = sold._replace(seats=seats)
        self._free_again("moved", [from_seat], sold.patron, reservation)
        self.taken[to_seat] = Taken("reserved", sold.patron, reservation=reservation)
        self._enter("moved", [to_seat], "reserved", sold.patron, reservation)

    def block(self, seats: Sequence[str], reason: str | None) -> None:
        """Take seats off sale."""
        blocked = Taken("blocked", reason=reason)
        changed = [seat for seat in seats if self.taken.get(seat) != blocked]
        self.taken |= dict.fromkeys(seats, blocked)
        self._enter("blocked", changed, "blocked")

    def unblock(self, seats: Sequence[str]) -> None:
        """Put seats back on sale."""
        self._free_again("unblocked", [s for s in seats if self._status(s) == "blocked"])

    def _free_again(
        self,
        kind: str,
        seats: Iterable[str],
        patron: str | None = None,
        reservation: str | None = None,
    ) -> None:
        seats = list(seats)
        for seat in seats:
            del self.taken[seat]
        self._enter(kind, seats, "free", patron, reservation)

    def _enter(
        self,
        kind: str,
        seats: Iterable[str],
        status: str,
        patron: str | None = None,
        reservation: str | None = None,
    ) -> None:
        if changed := tuple(sorted(seats)):
            self.entries.append(Entry(kind, changed, status, patron, reservation))

    def _status(self, seat: str) -> str:
        return self.taken[seat].status if seat in self.taken else "free"

    def _is(self, seat: str, status: str, patron: str | None) -> bool:
        return seat in self.taken and self.taken[seat][:2] == (status, patron)

    def _free(self, wish: Places) -> set[str]:
        return {
            seat
            for seat in SEATS
            if seat not in self.taken
            and wish.section in (None, SECTION[seat])
            and wish.category in (None, CATEGORY[seat])
        }

    def _not_on_sale(self, bound: bool) -> list[Reason]:
        return [{"code": "not_on_sale"}] if bound and not self.on_sale else []

    def _over_the_limit(self, patron: str, new: int, bound: bool) -> list[Reason]:
        held = len(self.held(patron))
        in_all = held + self.reserved(patron)
        reasons = []
        if bound and new and held + new > self.user_limit:
            reasons.append({"limit": self.user_limit, "held": held})
        if bound and new and self.total_limit is not None and in_all + new > self.total_limit:
            reasons.append({"limit": self.total_limit, "held": in_all})
        return [{"code": "hold_limit_reached", **reason} for reason in reasons]

    def _gone(self, seat: str, patron: str | None) -> Reason | None:
        if self._status(seat) == "reserved":
            return {"code": "seat_reserved", "reserved_by_me": self._is(seat, "reserved", patron)}
        return {"code": "seat_blocked"} if self._status(seat) == "blocked" else None

    def _not_to_be_had(self, seat: str, patron: str | None) -> Reason | None:
        if self._status(seat) == "held" and not self._is(seat, "held", patron):
            return {"code": "seat_held", "retry_at": self.taken[seat].ends}
        return self._gone(seat, patron)

    def _not_held(self, seat: str, patron: str | None) -> Reason | None:
        if self._is(seat, "held", patron):
            return None
        return self._gone(seat, patron) or {"code": "seat_not_held"}


def _conflicts(found: Iterable[tuple[str, Reason | None]]) -> list[Reason]:
    """Return the one refusal of a request that asks for all seats or nothing."""
    in_the_way = [(seat, reason) for seat, reason in found if reason is not None]
    if not in_the_way:
        return []
    conflicts = [(seat, reason["code"], reason.get("retry_at")) for seat, reason in in_the_way]
    return [{**in_the_way[0][1], "conflicts": conflicts}]


def _side_by_side(free: set[str], count: int) -> list[list[str]]:
    places = [
        row.seats[start : start + count]
        for row in ROWS
        for start in range(len(row.seats) - count + 1)
    ]
    return [place for place in places if free.issuperset(place)]


def _where(place: list[str]) -> tuple[Row, int]:
    (row,) = (row for row in ROWS if place[0] in row.seats)
    return row, row.seats.index(place[0])


def _leaves_orphan(free: set[str], place: list[str]) -> bool:
    """Whether exactly one free seat is left on either side of a place."""
    row, start = _where(place)
    before = [seat in free for seat in reversed(row.seats[:start])]
    after = [seat in free for seat in row.seats[start + len(place) :]]
    return any(side[:1] == [True] and side[1:2] != [True] for side in (before, after))


def _is_nearer(place: list[str], other: list[str]) -> bool:
    """Whether one place is nearer to front or centre than another, and not farther from either.

    Only for places of one section: what is nearer elsewhere the contract does not say.
    """
    row, start = _where(place)
    others_row, others_start = _where(other)
    if row.section != others_row.section:
        return False
    aside = abs(2 * start - (len(row.seats) - len(place)))
    others_aside = abs(2 * others_start - (len(others_row.seats) - len(other)))
    nearer = row.depth < others_row.depth or aside < others_aside
    return nearer and row.depth <= others_row.depth and aside <= others_aside

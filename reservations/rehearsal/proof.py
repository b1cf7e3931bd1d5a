"""The proof that nothing was sold twice: what patrons were told, against the books."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from reservations.domain.event import Terms
from reservations.domain.reservation import Reservation
from reservations.domain.seat import SeatStatus
from reservations.rehearsal.story import Held, Reserved, Story


@dataclass(frozen=True, slots=True)
class Books:
    """What the service knows of an event once its sale is over.

    Attributes:
        seats: how many the event has.
        counts: how many of them have each status.
        disagreements: of what is written of the event with itself, as sentences.
    """

    seats: int
    terms: Terms
    reservations: Sequence[Reservation]
    counts: Mapping[SeatStatus, int]
    disagreements: Sequence[str]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be so.

    Attributes:
        claim: what must be so.
        looked_at: what was compared.
        found: what is not so, as sentences.
    """

    claim: str
    looked_at: str
    found: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether it is so."""
        return not self.found


def prove(story: Story, books: Books) -> list[Check]:
    """Compare what patrons were told with the books."""
    told = story.reserved
    sold = sum(len(each.seats) for each in told)
    return [
        Check(
            "No seat is in two reservations that patrons were told of",
            f"{len(told)} reservations of {sold} seats",
            tuple(sold_twice(told)),
        ),
        Check(
            "The store has every reservation that a patron was told of, and no other",
            f"{len(books.reservations)} in the store, {len(story.unsure)} of unknown outcome",
            tuple(missing(told, books)) + tuple(strange(story, books)),
        ),
        Check(
            "No patron was told to have more seats than the limit",
            f"{len({each.patron for each in story.told})} patrons, limit {_limit(books.terms)}",
            tuple(beyond_limit(story, books.terms)),
        ),
        Check(
            "The event's counts agree with what patrons were told",
            ", ".join(f"{number} {status}" for status, number in books.counts.items()),
            tuple(miscounted(story, books)),
        ),
        Check(
            "All that is written of the event agrees (as `flask events verify` does it)",
            f"{books.seats} seats",
            tuple(books.disagreements),
        ),
    ]


def sold_twice(told: Sequence[Reserved]) -> Iterator[str]:
    """Yield the seats that are in two reservations."""
    owners: defaultdict[str, list[Reserved]] = defaultdict(list)
    for each in told:
        for seat in each.seats:
            owners[seat].append(each)
    for seat, sales in owners.items():
        if len(sales) > 1:
            whose = " and ".join(f"{each.patron} ({each.reservation_id})" for each in sales)
            yield f"Seat {seat} was sold {len(sales)} times: to {whose}."


def missing(told: Sequence[Reserved], books: Books) -> Iterator[str]:
    """Yield the reservations that are not in the store as their patrons were told."""
    written = {each.id: each for each in books.reservations}
    for each in told:
        found = written.get(each.reservation_id)
        what = f"Reservation {each.reservation_id} of {' '.join(each.seats)} by {each.patron}"
        if found is None:
            yield f"{what} is not in the store."
        elif (found.patron, set(found.seats)) != (each.patron, set(each.seats)):
            yield f"{what} is in the store as one of {' '.join(found.seats)} by {found.patron}."


def strange(story: Story, books: Books) -> Iterator[str]:
    """Yield the reservations in the store of which nobody was told.

    Those whose outcome stayed unknown may be there, each once; with fewer seats than the
    patron thinks, if some of its holds had run out.
    """
    told = {each.reservation_id for each in story.reserved}
    unsure = list(story.unsure)
    for each in books.reservations:
        if each.id in told:
            continue
        asked = (u for u in unsure if u.patron == each.patron and {*each.seats} <= {*u.seats})
        if found := next(asked, None):
            unsure.remove(found)
        else:
            yield (
                f"Reservation {each.id} of {' '.join(each.seats)} by {each.patron} is in the "
                "store, but nobody was told of it."
            )


def beyond_limit(story: Story, terms: Terms) -> Iterator[str]:
    """Yield the patrons who were told to have more than they may, each once."""
    has: defaultdict[str, _Belongings] = defaultdict(_Belongings.none)
    found = set()
    for each in story.told:
        belongings = has[each.patron]
        if isinstance(each, Held):
            # A hold of free seats is made a hold time before its end, by the store's clock.
            belongings.forget_ended(each.expires_at - terms.hold_time)
            belongings.held.update(dict.fromkeys(each.seats, each.expires_at))
        elif isinstance(each, Reserved):
            for seat in each.seats:
                belongings.held.pop(seat, None)
            belongings.reserved.update(each.seats)
        else:
            belongings.held.clear()
        if each.patron not in found and belongings.exceed(terms):
            found.add(each.patron)
            held, reserved = len(belongings.held), len(belongings.reserved)
            yield f"{each.patron} was told to hold {held} seats and to have reserved {reserved}."


def miscounted(story: Story, books: Books) -> Iterator[str]:
    """Yield the numbers that cannot be, after what patrons were told."""
    counts = books.counts
    total, reserved, held = sum(counts.values()), counts[SeatStatus.RESERVED], _held(story)
    least = len({seat for each in story.reserved for seat in each.seats})
    most = least + sum(len(each.seats) for each in story.unsure)
    if total != books.seats:
        yield f"{total} seats are counted, but the event has {books.seats}."
    if counts[SeatStatus.BLOCKED]:
        yield f"{counts[SeatStatus.BLOCKED]} seats are counted as blocked, but none was."
    if not least <= reserved <= most:
        told = f"{least}" if least == most else f"{least} to {most}"
        yield f"{reserved} seats are counted as reserved; patrons were told of {told}."
    # Holds run out meanwhile, so there may be fewer.
    if counts[SeatStatus.HELD] > held:
        yield f"{counts[SeatStatus.HELD]} seats are counted as held; patrons held {held} at most."


@dataclass(slots=True)
class _Belongings:
    held: dict[str, datetime]
    reserved: set[str]

    @classmethod
    def none(cls) -> _Belongings:
        return cls({}, set())

    def forget_ended(self, now: datetime) -> None:
        self.held = {seat: end for seat, end in self.held.items() if end > now}

    def exceed(self, terms: Terms) -> bool:
        if len(self.held) > terms.seat_user_limit:
            return True
        in_all = len(self.held) + len(self.reserved)
        return terms.seat_total_limit is not None and in_all > terms.seat_total_limit


def _held(story: Story) -> int:
    """Return how many seats are held, if no hold has run out and all in doubt were made."""
    held: defaultdict[str, set[str]] = defaultdict(set)
    for each in story.told:
        if isinstance(each, Held):
            held[each.patron].update(each.seats)
        elif isinstance(each, Reserved):
            held[each.patron].difference_update(each.seats)
        else:
            held[each.patron].clear()
    return sum(map(len, held.values())) + story.unsure_holds


def _limit(terms: Terms) -> str:
    if terms.seat_total_limit is None:
        return f"{terms.seat_user_limit} held"
    return f"{terms.seat_user_limit} held, {terms.seat_total_limit} in all"

"""Seats: listed, held, released, taken off sale and put back, and followed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from reservations.domain.best_available import Wish
from reservations.domain.changes import Rule
from reservations.domain.rules.blocks import block, unblock
from reservations.domain.rules.holds import hold, hold_best, release, release_anybodys
from reservations.service.crowd import Crowd
from reservations.service.placing import ChangedSeats, PlacedSeat, SeatChanges
from reservations.service.rivals import Rivals
from reservations.store import LogEntry, Once, SeatList, Store


@dataclass(frozen=True, slots=True)
class Holds:
    """What a patron holds of an event.

    Attributes:
        seats: in reading order.
        limit: how many it may hold.
        remaining: how many more.
    """

    seats: list[PlacedSeat]
    limit: int
    remaining: int


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened to an event's seats after a place in its log.

    Attributes:
        cursor: where to go on from.
        entries: in the order of commit.
        next_expiry: when the next hold ends by itself.
    """

    cursor: str
    entries: list[LogEntry]
    next_expiry: datetime | None


class Seats(SeatChanges):
    """What can be done with seats that are not reserved."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._crowd = Crowd()
        self._rivals = Rivals()

    def seats(self, event_id: str) -> SeatList:
        """Return all seats of the event, no older than this call.

        Raises:
            EventNotFound, Busy, StoreUnavailable
        """
        return self._store.views.seats(event_id)

    def seat(self, event_id: str, seat_id: str) -> PlacedSeat:
        """Return one seat.

        Raises:
            EventNotFound, SeatNotFound, StoreUnavailable
        """
        (place,) = self._places(event_id, [seat_id])
        (seat,) = self._store.seats.get(event_id, [seat_id])
        return PlacedSeat(place, seat)

    def hold_seats(
        self,
        event_id: str,
        wanted: Sequence[str] | Wish,
        patron: str,
        *,
        bound: bool = True,
        once: Once | None = None,
    ) -> ChangedSeats:
        """Hold seats for a patron, or refresh its holds: all of them, or nothing.

        Args:
            event_id: the event.
            wanted: the seats, each once; or what they should be like.
            patron: for whom.
            bound: whether limits and sales window hold.
            once: names the request, if its caller did.

        Raises:
            EventNotFound, SeatNotFound, NotOnSale, SeatHeld, SeatReserved, SeatBlocked,
            HoldLimitReached, NotEnoughSeats, NotEnoughTogether, AnsweredBefore,
            IdempotencyKeyReused, Busy, StoreUnavailable, OutcomeUnknown
        """
        result = partial(self._changed_seats, event_id)
        if not isinstance(wanted, Wish):
            rule = partial(hold, patron=patron, seat_ids=wanted, bound=bound)
            with self._rivals.awaited(event_id, wanted):
                return self._change(event_id, rule, wanted, result=result, patron=patron, once=once)
        best = partial(
            hold_best,
            patron=patron,
            plan=self._store.events.plan(event_id),
            wish=wanted,
            spread=partial(self._crowd.spread, event_id),
            bound=bound,
        )
        with self._crowd.turn(event_id):
            return self._change(event_id, best, result=result, patron=patron, free=True, once=once)

    def release_seats(
        self,
        event_id: str,
        seat_ids: Sequence[str] | None,
        patron: str,
        *,
        anybodys: bool = False,
        once: Once | None = None,
    ) -> ChangedSeats:
        """Let go of holds: all of them, or nothing.

        Args:
            event_id: the event.
            seat_ids: the seats, each once; None for all that the patron holds.
            patron: who holds them.
            anybodys: whether seats that are named may be held by anybody else.
            once: names the request, if its caller did.

        Raises:
            EventNotFound, SeatNotFound, SeatNotHeld, SeatReserved, SeatBlocked,
            AnsweredBefore, IdempotencyKeyReused, Busy, StoreUnavailable, OutcomeUnknown
        """
        if anybodys and seat_ids is not None:
            rule: Rule = partial(release_anybodys, seat_ids=seat_ids)
        else:
            rule = partial(release, patron=patron, seat_ids=seat_ids)
        result = partial(self._changed_seats, event_id)
        return self._change(event_id, rule, seat_ids or (), result=result, patron=patron, once=once)

    def holds(self, event_id: str, patron: str) -> Holds:
        """Return what a patron holds, and how much more it may hold.

        Raises:
            EventNotFound, StoreUnavailable
        """
        terms = self._store.events.get(event_id).terms
        holdings = self._store.seats.holdings(event_id, patron)
        recorded = self._store.seats.get(event_id, holdings.held)
        live = [seat for seat in recorded if seat.is_held_by(patron)]
        remaining = terms.seat_user_limit - len(live)
        if terms.seat_total_limit is not None:
            in_all = terms.seat_total_limit - len(live) - holdings.reserved
            remaining = min(remaining, in_all)
        find = self._store.events.plan(event_id).find
        live.sort(key=lambda seat: find(seat.id) or 0)
        return Holds(self._placed(event_id, live), terms.seat_user_limit, max(0, remaining))

    def block_seats(
        self, event_id: str, seat_ids: Sequence[str], reason: str | None, once: Once | None = None
    ) -> ChangedSeats:
        """Take free seats off sale: all of them, or none.

        Raises:
            EventNotFound, SeatNotFound, SeatHeld, SeatReserved, AnsweredBefore,
            IdempotencyKeyReused, Busy, StoreUnavailable, OutcomeUnknown
        """
        rule = partial(block, seat_ids=seat_ids, reason=reason)
        result = partial(self._changed_seats, event_id)
        return self._change(event_id, rule, seat_ids, result=result, once=once)

    def unblock_seats(
        self, event_id: str, seat_ids: Sequence[str], once: Once | None = None
    ) -> ChangedSeats:
        """Put blocked seats back on sale.

        Raises:
            EventNotFound, SeatNotFound, AnsweredBefore, IdempotencyKeyReused, Busy,
            StoreUnavailable, OutcomeUnknown
        """
        rule = partial(unblock, seat_ids=seat_ids)
        result = partial(self._changed_seats, event_id)
        return self._change(event_id, rule, seat_ids, result=result, once=once)

    def changes(self, event_id: str, after: str | None, limit: int) -> Changes:
        """Return up to `limit` changes that came after a cursor; without one, the newest cursor.

        Raises:
            EventNotFound, CursorExpired, Busy, StoreUnavailable
        """
        if after is None:
            entries, cursor = [], self._store.changes.newest(event_id)
        else:
            entries = self._store.changes.after(event_id, after, limit)
            cursor = entries[-1].id if entries else after
        return Changes(cursor, entries, self._store.views.next_expiry(event_id))

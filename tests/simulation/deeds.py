"""What clients do, one after the other, and what they are told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from reservations.domain.best_available import Wish
from reservations.domain.caller import Caller, Role
from reservations.domain.errors import Busy, OutcomeUnknown, Refusal, StoreUnavailable
from reservations.domain.plan import NumberedPlan
from reservations.domain.seat import Seat
from reservations.service import NewEvent, ReservationService
from reservations.store import AnsweredBefore, Once
from tests.simulation.standins import store_of
from tests.simulation.world import PATIENCE_SECONDS, World

SEATS = ("1", "2", "3")
LIMIT = 2
HOLD_TIME = timedelta(seconds=60)
REPEATS = 4
"""How often a named request is sent whose outcome is unknown."""


@dataclass(frozen=True)
class Deed:
    """What one client does once.

    Attributes:
        kind: the name of a function below.
        patron: for whom.
        seats: which; those that a move is about are its old and its new one.
        named: whether the request has a name by which it is sent again.
    """

    kind: str
    patron: str
    seats: tuple[str, ...] = ()
    named: bool = False

    def __str__(self) -> str:
        """Tell it in few words."""
        words = [self.patron, self.kind, *self.seats, "(named)" if self.named else ""]
        return " ".join(filter(None, words))


@dataclass
class Told:
    """What a client was told of one request.

    Attributes:
        deed: what it was to do.
        name: of the request, the same however often it is sent.
        label: stands for this sending of it in what is written.
        began: how many states there had been before.
        ended: the same, when it was told.
        outcome: `done`, `before`, `unknown`, `unavailable`, `busy`, or the code of a refusal.
        answer: what it says, where there is an answer.
    """

    deed: Deed
    name: str
    label: str
    began: int
    ended: int = -1
    outcome: str = ""
    answer: Any = None


@dataclass
class Sale:
    """One event, of which some seats are taken before the clients come.

    Attributes:
        reservations: the first that each patron was told of.
        told: what all clients were told.
        now: returns how many states there have been.
    """

    world: World
    event_id: str = ""
    reservations: dict[str, str] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    now: Callable[[], int] = lambda: 0

    def service(self) -> ReservationService:
        """Return a worker."""
        return ReservationService(store_of(self.world), HOLD_TIME, LIMIT)

    def begin(self, taken: tuple[Deed, ...]) -> None:
        """Make the event, and take some seats."""
        service = self.service()
        new = NewEvent("Opening night", NumberedPlan(len(SEATS)))
        self.event_id = service.create_event(new).event.id
        for deed in taken:
            DEEDS[deed.kind](self, service, deed, None)

    def client(self, name: str, deeds: tuple[Deed, ...]) -> Callable[[], None]:
        """Return what a client does, who has seen the seats."""
        service = self.service()
        service.seats(self.event_id)

        def do_all() -> None:
            for number, deed in enumerate(deeds):
                for sending in range(REPEATS):
                    self.world.clock.sleep(PATIENCE_SECONDS)
                    self.world.label = f"{name}.{number}.{sending}"
                    outcome = self._do(service, deed, f"{name}.{number}")
                    if outcome not in {"unknown", "unavailable"} or not deed.named:
                        break

        return do_all

    def _do(self, service: ReservationService, deed: Deed, name: str) -> str:
        once = Once(f"patron|{deed.patron}|{name}", deed.kind, repr) if deed.named else None
        told = Told(deed, name, self.world.label, self.now())
        try:
            found = DEEDS[deed.kind](self, service, deed, once)
            told.answer = found if deed.kind == "look" else repr(found)
            told.outcome = "done"
        except AnsweredBefore as before:
            told.outcome, told.answer = "before", before.answer
        except OutcomeUnknown:
            told.outcome = "unknown"
        except StoreUnavailable:
            told.outcome = "unavailable"
        except Busy:
            told.outcome = "busy"
        except Refusal as refusal:
            told.outcome, told.answer = refusal.code, repr(refusal)
        told.ended = self.now()
        self.told.append(told)
        self.world.trace.append(f"{told.label}: {deed} -> {told.outcome}")
        return told.outcome


Act = Callable[[Sale, ReservationService, Deed, Once | None], Any]


def hold(sale: Sale, service: ReservationService, deed: Deed, once: Once | None) -> Any:
    return service.hold_seats(sale.event_id, deed.seats, deed.patron, once=once)


def best(sale: Sale, service: ReservationService, deed: Deed, once: Once | None) -> Any:
    return service.hold_seats(sale.event_id, Wish(1), deed.patron, once=once)


def reserve(sale: Sale, service: ReservationService, deed: Deed, once: Once | None) -> Any:
    made = service.reserve_seats(sale.event_id, deed.seats or None, deed.patron, once=once)
    sale.reservations.setdefault(deed.patron, made.reservation.id)
    return made


def release(sale: Sale, service: ReservationService, deed: Deed, once: Once | None) -> Any:
    return service.release_seats(sale.event_id, deed.seats or None, deed.patron, once=once)


def cancel(sale: Sale, service: ReservationService, deed: Deed, once: Once | None) -> Any:
    caller, reservation = Caller(deed.patron, Role.PATRON), sale.reservations[deed.patron]
    return service.cancel_reservation(sale.event_id, reservation, caller, once)


def move(sale: Sale, service: ReservationService, deed: Deed, once: Once | None) -> Any:
    caller, reservation = Caller(deed.patron, Role.PATRON), sale.reservations[deed.patron]
    old, new = deed.seats
    return service.move_reservation(sale.event_id, reservation, caller, old, new, once)


def block(sale: Sale, service: ReservationService, deed: Deed, once: Once | None) -> Any:
    return service.block_seats(sale.event_id, deed.seats, None, once)


def look(sale: Sale, service: ReservationService, _deed: Deed, _once: Once | None) -> Any:
    taken = service.seats(sale.event_id).taken
    return {seat_id: taken.get(index, Seat(seat_id)) for index, seat_id in enumerate(SEATS)}


DEEDS: dict[str, Act] = {
    each.__name__: each for each in (hold, best, reserve, release, cancel, move, block, look)
}

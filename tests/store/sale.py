"""A sale under way while servers fail, and what has to be true of it afterwards."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from types import TracebackType
from typing import Self

from reservations.app import open_store
from reservations.config import Settings
from reservations.domain.errors import Busy, OutcomeUnknown, ReservationError, StoreUnavailable
from reservations.domain.plan import NumberedPlan
from reservations.domain.seat import SeatStatus
from reservations.service import NewEvent, ReservationService
from torture.nodes import Node
from torture.topologies import ClusterTopology, SentinelTopology

LONGEST_REQUEST_SECONDS = 3.0
ELECTION_SECONDS = 20
RECOVERY_SECONDS = 5
PAUSE_SECONDS = 0.01
SEATS = 10_000
ADMITTED = (StoreUnavailable, OutcomeUnknown, Busy)


@contextmanager
def service_on(
    topology: SentinelTopology | ClusterTopology, settings: Settings, durability: str = "one"
) -> Iterator[ReservationService]:
    """Run a service, as one worker would."""
    store = open_store(replace(settings, redis_url=topology.url, durability=durability))
    try:
        yield ReservationService(store, hold_time=timedelta(seconds=60), seat_user_limit=4)
    finally:
        store.close()


def new_event(service: ReservationService, seats: int = SEATS) -> str:
    """Make an event and return its id."""
    return service.create_event(NewEvent("Opening night", NumberedPlan(seats))).event.id


def again(ask: Callable[[], object], seconds: float = 10) -> None:
    """Ask until it works."""
    began = time.monotonic()
    while True:
        try:
            ask()
            return
        except ADMITTED:
            assert time.monotonic() - began < seconds, "it did not recover"
            time.sleep(PAUSE_SECONDS)


@dataclass(frozen=True)
class Request:
    """What became of one request.

    Attributes:
        seat: that was to be reserved.
        ended: when, by the monotonic clock.
        seconds: how long it took.
        error: None when the reservation was confirmed.
    """

    seat: str
    ended: float
    seconds: float
    error: ReservationError | None


class Sale:
    """Shoppers of some events: each seat is held and reserved for a patron of its own."""

    def __init__(self, service: ReservationService, events: list[str], shoppers: int = 2) -> None:
        self._service = service
        self.requests: dict[str, list[Request]] = {event: [] for event in events}
        self._stop = threading.Event()
        self._failures: list[BaseException] = []
        self._threads = [
            threading.Thread(target=self._shop, args=(event, seats))
            for event in events
            for seats in [count(1)]
            for _ in range(shoppers)
        ]

    def __enter__(self) -> Self:
        """Begin, and wait until something was sold of each event."""
        for thread in self._threads:
            thread.start()
        for event in self.requests:
            self.await_sales(event, time.monotonic())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it; nothing may have gone wrong that clients are not told to expect."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        assert not self._failures
        longest = max(each.seconds for made in self.requests.values() for each in made)
        assert longest < LONGEST_REQUEST_SECONDS

    def await_sales(self, event: str, since: float, sales: int = 20, seconds: float = 20) -> None:
        """Wait until so many reservations were confirmed after an instant."""
        deadline = time.monotonic() + seconds
        while (
            sum(each.ended > since and each.error is None for each in self.requests[event]) < sales
        ):
            assert not self._failures
            assert time.monotonic() < deadline, "nothing is sold"
            time.sleep(PAUSE_SECONDS)

    def sold(self, event: str) -> set[str]:
        """Return the seats whose reservation was confirmed."""
        return {each.seat for each in self.requests[event] if each.error is None}

    def await_failover(
        self, topology: SentinelTopology | ClusterTopology, event: str, primary: Node
    ) -> None:
        """Wait until another server has an event, and see that it is sold again soon."""
        deadline = time.monotonic() + ELECTION_SECONDS
        while topology.primary_of(event) is primary:
            assert time.monotonic() < deadline, "no replica takes over"
            time.sleep(PAUSE_SECONDS)
        began = time.monotonic()
        self.await_sales(event, began, sales=1, seconds=RECOVERY_SECONDS)
        self.await_sales(event, began)

    def longest_gap(self, event: str) -> float:
        """Return for how many seconds at most nothing was confirmed."""
        ended = sorted(each.ended for each in self.requests[event] if each.error is None)
        return max(later - earlier for earlier, later in zip(ended, ended[1:], strict=False))

    def errors(self, event: str) -> list[ReservationError]:
        """Return what clients were told went wrong."""
        return [each.error for each in self.requests[event] if each.error is not None]

    def check(self, service: ReservationService) -> None:
        """Check that whatever was confirmed is there, and that all books agree."""
        for event in self.requests:
            taken = service.seats(event).taken.values()
            reserved = {seat.id for seat in taken if seat.status is SeatStatus.RESERVED}
            assert self.sold(event) <= reserved, "a confirmed reservation was lost"
            unknown = sum(isinstance(error, OutcomeUnknown) for error in self.errors(event))
            assert len(reserved) <= len(self.sold(event)) + unknown
            assert service.verify_event(event) == []

    def _shop(self, event: str, seats: Iterator[int]) -> None:
        while not self._stop.is_set():
            try:
                self.requests[event].append(self._buy(event, str(next(seats))))
                self._stop.wait(PAUSE_SECONDS)
            except BaseException as failure:  # noqa: BLE001 - told by who ends the sale
                self._failures.append(failure)
                raise

    def _buy(self, event: str, seat: str) -> Request:
        began = time.monotonic()
        try:
            self._service.hold_seats(event, [seat], f"p-{seat}")
            began = time.monotonic()
            self._service.reserve_seats(event, [seat], f"p-{seat}")
        except ADMITTED as error:
            return Request(seat, time.monotonic(), time.monotonic() - began, error)
        return Request(seat, time.monotonic(), time.monotonic() - began, None)

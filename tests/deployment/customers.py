"""Patrons who hold, look and reserve without a pause, and take no failure for an answer."""

from __future__ import annotations

import contextlib
import http.client
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Event, Thread

from tests.live import Answer, Client, LiveService

SEATS_EACH = 2_000


@dataclass
class Customer:
    """One patron, and what it has been told.

    Attributes:
        keeps_connection: whether it sends all requests on one connection.
        first_seat: the number of the first of its own seats, which nobody else wants.
        reserved: reservations it has been told of, and their seats.
        answers: how many it got.
        failures: what was no good answer.
    """

    client: Client
    event_id: str
    first_seat: int
    keeps_connection: bool
    reserved: dict[str, str] = field(default_factory=dict)
    answers: int = 0
    failures: list[str] = field(default_factory=list)

    def shop(self, ended: Event) -> None:
        """Buy a seat after the other."""
        for seat in map(str, range(self.first_seat, self.first_seat + SEATS_EACH)):
            if ended.is_set() or self.failures:
                break
            try:
                self._buy(seat)
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
        self.client.close()

    def _buy(self, seat: str) -> None:
        event = f"/v1/events/{self.event_id}"
        self._check(200, self.client.hold(self.event_id, [seat]))
        self._check(200, self.client.request("GET", f"{event}/seats?status=held"))
        self._check(200, self.client.change(self.event_id, seat, "hold"))
        reserved = self.client.reserve(self.event_id, [seat])
        self._check(201, reserved)
        self.reserved[str(reserved.body["id"])] = seat
        self._check(200, self.client.request("GET", event))

    def _check(self, status: int, answer: Answer) -> None:
        self.answers += 1
        if answer.status != status:
            self.failures.append(str(answer))
            raise http.client.HTTPException(answer.status)
        if not self.keeps_connection:
            self.client.close()


@contextlib.contextmanager
def shopping(
    service: LiveService, number: int, *, keep_connections: bool = True
) -> Iterator[list[Customer]]:
    """Have so many customers shop for as long as this lasts, and check all they were told."""
    event_id = service.create_event(seats=number * SEATS_EACH, seat_user_limit=4)
    ended = Event()
    customers = [
        Customer(service.client(f"customer-{each}"), event_id, first, keep_connections)
        for each, first in enumerate(range(1, number * SEATS_EACH, SEATS_EACH))
    ]
    threads = [Thread(target=customer.shop, args=(ended,)) for customer in customers]
    for thread in threads:
        thread.start()
    try:
        yield customers
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert [customer.failures for customer in customers if customer.failures] == []
    told = {made: seat for customer in customers for made, seat in customer.reserved.items()}
    assert _reservations(service, event_id) == told


def _reservations(service: LiveService, event_id: str) -> dict[str, str]:
    """Return all reservations that there are, and the seat of each."""
    admin = service.client("box-office", "admin")
    path: str | None = f"/v1/events/{event_id}/reservations?limit=500"
    found = {}
    while path:
        page = admin.request("GET", path)
        found |= {made["id"]: made["seats"][0]["id"] for made in page.body["items"]}
        after = page.body["next"]
        path = after and f"/v1/events/{event_id}/reservations?limit=500&after={after}"
    admin.close()
    return found

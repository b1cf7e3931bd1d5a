"""Events that are sold while they are measured, and the patrons who are after them."""

from __future__ import annotations

import contextlib
import itertools
import random
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from bench.load import Request
from bench.servers import Server, token
from tests.live import Client

SEATS_EACH = 4
PATRONS = 1_000
SEATS = SEATS_EACH * PATRONS
EVENTS = 4
"""Each patron has its seats in so many events: enough for each seat to be held only once, at
as many holds a second as can be hoped for."""
SEED = 20_270_101


def patron(number: int) -> str:
    """Return the token of a patron."""
    return _patrons()[number % PATRONS]


@cache
def _patrons() -> Sequence[str]:
    return [token(f"patron-{number}") for number in range(PATRONS)]


@cache
def admin() -> str:
    """Return the box office's token."""
    return token("box-office", "admin")


def create(server: Server, **members: Any) -> str:
    """Create an event and return its id."""
    client = Client(server.port, admin())
    answer = client.request("POST", "/v1/events", {"name": "Opening night", **members})
    client.close()
    assert answer.status == 201, answer
    return str(answer.body["id"])


def path(event_id: str, seat: int) -> str:
    """Return the address of a seat, the first being 0."""
    return f"/v1/events/{event_id}/seats/{seat + 1}"


def change(event_id: str, action: str) -> Sequence[Request]:
    """Return requests for all seats of a sale: each patron's first, then each one's second ..."""
    return [
        Request("PATCH", path(event_id, SEATS_EACH * number + turn), patron(number), body)
        for body in [{"action": action}]
        for turn in range(SEATS_EACH)
        for number in range(PATRONS)
    ]


def of_each_patron(path: str) -> Sequence[Request]:
    """Return what a hold sends, to another route, once by each patron."""
    return [Request("PATCH", path, patron(number), {"action": "hold"}) for number in range(PATRONS)]


def holds(server: Server) -> Sequence[Request]:
    """Return holds of the seats of new events, each of a seat that is free."""
    return [
        request for _ in range(EVENTS) for request in change(create(server, seats=SEATS), "hold")
    ]


def first_holds(server: Server) -> Sequence[Request]:
    """Return the same, each with a token that nobody has seen before."""
    return [
        replace(request, token=token(f"newcomer-{number}"))
        for number, request in enumerate(holds(server))
    ]


def reservations(server: Server) -> Sequence[Request]:
    """Return reservations of the seats of new events, all of which are held."""
    return [request for _ in range(EVENTS) for request in change(_held(server), "reserve")]


def _held(server: Server) -> str:
    """Return a new event with all its seats held."""
    event_id = create(server, seats=SEATS, hold_time=3600)
    client = Client(server.port)
    for number in range(PATRONS):
        client.token = patron(number)
        first = SEATS_EACH * number + 1
        wanted = [str(seat) for seat in range(first, first + SEATS_EACH)]
        assert client.hold(event_id, wanted).status == 200
    client.close()
    return event_id


def refreshes(event_id: str, size: int, patrons: int = 25) -> Sequence[Request]:
    """Return holds that patrons hold again and again, spread over an event of a size."""
    wanted = SEATS_EACH * patrons
    body = {"action": "hold"}
    return [
        Request("PATCH", path(event_id, size // wanted * seat), patron(seat // SEATS_EACH), body)
        for seat in random.Random(SEED).sample(range(wanted), wanted)  # noqa: S311
    ]


def lists(event_id: str, **headers: str) -> Sequence[Request]:
    """Return lists of an event's free seats, as its patrons ask for them."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return [
        Request("GET", f"/v1/events/{event_id}/seats", patron(number), headers=named)
        for number in range(200)
    ]


def tag(server: Server, event_id: str) -> str:
    """Return the entity tag of an event's list."""
    client = Client(server.port, patron(0))
    found = client.request("GET", f"/v1/events/{event_id}/seats").headers["ETag"]
    client.close()
    return found


@contextlib.contextmanager
def holding(server: Server, event_id: str, size: int, rate: float) -> Iterator[None]:
    """Hold seats of an event meanwhile, so many a second; its holds run out by themselves."""
    if not rate:
        yield
        return
    over = threading.Event()

    def hold() -> None:
        client = Client(server.port)
        began = time.monotonic()
        for number in itertools.count():
            if over.wait(max(0.0, began + number / rate - time.monotonic())):
                break
            seat = number % size
            client.token = patron(seat // SEATS_EACH)
            assert client.change(event_id, str(seat + 1), "hold").status == 200
        client.close()

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()

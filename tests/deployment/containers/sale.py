"""A sale through nginx, by TLS, while things happen to the containers."""

from __future__ import annotations

import http.client
import ssl
import threading
from collections import Counter
from itertools import count
from types import TracebackType
from typing import Any, Self

from tests.deployment.containers.stack import Stack
from tests.live import Answer, Client, wait_for

SHOPPERS = 6
PAUSE_SECONDS = 0.02
WELL_IN_A_ROW = 40
BROKEN = (OSError, http.client.HTTPException, ssl.SSLError)


def asked(client: Client, method: str, path: str, body: dict[str, Any] | None) -> Answer:
    """Return what was answered to a request; of status 0 if nothing was."""
    try:
        return client.request(method, path, body)
    except BROKEN:
        client.close()
        return Answer(0, {}, None)


class BoxOffice:
    """An admin who creates, changes and deletes events and has tokens issued, in turn.

    Attributes:
        answers: how often each status was answered; 0 stands for no answer.
    """

    def __init__(self, stack: Stack) -> None:
        """Have a token issued."""
        self.answers: Counter[int] = Counter()
        self._client = stack.client("box-office", "admin")
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def __enter__(self) -> Self:
        """Begin to work."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Come to an end."""
        self._over.set()
        self._thread.join()
        self._client.close()

    def _work(self) -> None:
        while not self._over.wait(PAUSE_SECONDS):
            for method in ("POST", "PUT"):
                created = self._ask(method, "/v1/events", {"name": "Matinee", "seats": 10})
                if created.status == 201:
                    event = f"/v1/events/{created.body['id']}"
                    self._ask("PATCH", event, {"name": "Soiree"})
                    self._ask("PUT", f"{event}/blocks", {"seats": ["1"]})
                    self._ask("DELETE", event)
            self._ask("POST", "/v1/tokens", {"subject": "shopper", "role": "patron"})

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Answer:
        answer = asked(self._client, method, path, body)
        self.answers[answer.status] += 1
        return answer


class Sale:
    """Shoppers who hold and reserve seats, each its own, one after the other.

    Attributes:
        event_id: what is sold.
        reserved: seats whose reservation was acknowledged.
        answers: how often each status was answered; 0 stands for no answer.
    """

    def __init__(self, stack: Stack, shoppers: int = SHOPPERS) -> None:
        """Create an event, and have tokens issued."""
        self._stack = stack
        self._tls = stack.tls()
        self.admin = stack.client("box-office", "admin")
        event = {"name": "Opening night", "seats": shoppers * 5_000, "seat_user_limit": 100}
        # What was started just now may not know its store yet.
        created: list[Answer] = []
        wait_for(lambda: self._created(created, event))
        self.event_id = str(created[-1].body["id"])
        self.reserved: set[str] = set()
        self.answers: Counter[int] = Counter()
        self._well_in_a_row = 0
        self._over = threading.Event()
        self._lock = threading.Lock()
        tokens = stack.tokens([f"shopper-{number}" for number in range(shoppers)])
        self._threads = [
            threading.Thread(target=self._shop, args=(token, number, shoppers))
            for number, token in enumerate(tokens)
        ]

    def __enter__(self) -> Self:
        """Begin to sell."""
        for thread in self._threads:
            thread.start()
        self.await_sales()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Go on until something is sold again, and check that nothing was lost."""
        try:
            if error is None:
                self.await_sales()
        finally:
            self._over.set()
            for thread in self._threads:
                thread.join()
        self.admin.close()
        if error is None:
            self.check()

    def await_sales(self, seconds: float = 30) -> None:
        """Wait until every kind of trouble is over, for whichever server is asked.

        Ten more seats are reserved, and so many requests in a row were answered well that
        each server was asked.
        """
        with self._lock:
            wanted = len(self.reserved) + 10
            self._well_in_a_row = 0
        wait_for(
            lambda: len(self.reserved) >= wanted and self._well_in_a_row >= WELL_IN_A_ROW, seconds
        )

    def check(self) -> None:
        """Check that what was acknowledged is there, and that all books agree."""
        # What it was connected to may be gone.
        self.admin.close()
        listed = self.admin.seats(self.event_id, "reserved")
        assert self.reserved <= {seat["id"] for seat in listed}, "a reservation was lost"
        self._stack.inside("box-office", "flask", "events", "verify", self.event_id)
        self.admin.close()

    def _created(self, answers: list[Answer], event: dict[str, Any]) -> bool:
        answers.append(self.admin.request("POST", "/v1/events", event))
        assert answers[-1].status in {201, 502, 503}, answers[-1]
        return answers[-1].status == 201

    def _shop(self, token: str, number: int, shoppers: int) -> None:
        client = Client(self._stack.port, token, self._tls)
        for turn in count():
            if self._over.wait(PAUSE_SECONDS):
                break
            seat = str(1 + number + shoppers * turn)
            held = self._ask(client, seat, "hold")
            if held == 200 and self._ask(client, seat, "reserve") == 200:
                with self._lock:
                    self.reserved.add(seat)
        client.close()

    def _ask(self, client: Client, seat: str, action: str) -> int:
        path = f"/v1/events/{self.event_id}/seats/{seat}"
        status = asked(client, "PATCH", path, {"action": action}).status
        with self._lock:
            self.answers[status] += 1
            self._well_in_a_row = self._well_in_a_row + 1 if status == 200 else 0
        return status

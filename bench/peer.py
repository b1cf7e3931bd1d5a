"""The same load on another service, side by side with this one.

It has to have four calls: `POST /jwt` for tokens, `PUT /v1/events` with `name` and `seats`,
`GET /v1/events/{id}/seats`, and `PATCH /v1/events/{id}/seats/{seatId}` with `action`. Each
patron holds a few seats of a large event, as its limits may be.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from bench import report, sale
from bench.cases import CLIENTS, Case, always
from bench.load import Request
from bench.measuring import measure
from bench.pictures import bars
from bench.report import RESULTS
from bench.servers import Measurable, Used, running_service

PATRONS = 1_000
SEATS = sale.SEATS_EACH * PATRONS
LISTED_SEATS = 1_000
TIMEOUT_SECONDS = 30


class NoPeer(Exception):
    """The other service does not have what it needs; the message says what it did."""


class Subject:
    """A service under load, asked by what both have."""

    def __init__(self, name: str, server: Measurable) -> None:
        """Call it by a name, and get tokens for its patrons.

        Raises:
            NoPeer
        """
        self.name = name
        self.server = server
        self._admin = self._token("box-office", "admin")
        self._patrons = [self._token(f"patron-{number}", "patron") for number in range(PATRONS)]

    def cases(self, against: str = "") -> Iterator[Case]:
        """Yield the cases.

        Args:
            against: the name of the subject that it is compared with.
        """

        def case(what: str, requests: Any) -> Case:
            its = f"{against}: {what}" if against else ""
            return Case(f"{self.name}: {what}", self.server, requests, its, CLIENTS)

        listed = self._create(LISTED_SEATS)
        path = f"/v1/events/{listed}/seats"
        looks = [Request("GET", path, token) for token in self._patrons]
        new = Request("PUT", "/v1/events", self._admin, {"name": "Matinee", "seats": LISTED_SEATS})
        yield case("hold", self._holds)
        yield case(f"list of {LISTED_SEATS:,}", always(looks))
        yield case(f"create {LISTED_SEATS:,} seats", always([new]))

    def _holds(self) -> Sequence[Request]:
        """Return holds of a new event's seats, then the same again, which refreshes them."""
        event_id = self._create(SEATS)
        return [
            Request("PATCH", f"/v1/events/{event_id}/seats/{seat}", token, {"action": "hold"})
            for turn in range(sale.SEATS_EACH)
            for number, token in enumerate(self._patrons)
            for seat in [sale.SEATS_EACH * number + turn + 1]
        ]

    def _create(self, seats: int) -> str:
        answer = self._ask("PUT", "/v1/events", {"name": "Opening night", "seats": seats})
        return str(answer["id"])

    def _token(self, who: str, role: str) -> str:
        answer = self._ask("POST", "/jwt", {"id": who, "name": who, "role": role}, token="")
        return str(answer["Authorize"])

    def _ask(self, method: str, path: str, body: Any, token: str | None = None) -> Any:
        """Ask for something once.

        Raises:
            NoPeer: it is not to be had.
        """
        at = urlsplit(self.server.url)
        secure = at.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(str(at.hostname), at.port, timeout=TIMEOUT_SECONDS)
        headers = {"Content-Type": "application/json"}
        headers["Authorization"] = self._admin if token is None else token
        try:
            connection.request(method, path, json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status >= 300:
                raise NoPeer(f"{self.name}: {method} {path}: {answer.status} {text[:300]!r}")
            return json.loads(text)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise NoPeer(f"{self.name}: {method} {path}: {error}") from error
        finally:
            connection.close()


@dataclass(frozen=True)
class Elsewhere:
    """A server of which nothing is known but its address."""

    url: str

    def used(self) -> Used:
        """Return nothing: its processes are not ours to look at."""
        return Used(0, 0, 0, 0, 0)


def run(url: str, rounds: int, seconds: float) -> None:
    """Measure this service and another one, and write it down.

    Raises:
        NotMeasured
        NoPeer
    """
    with running_service(MODE="development") as service:
        ours = list(Subject("this service", service).cases())
        theirs = list(Subject("the peer", Elsewhere(url.rstrip("/"))).cases("this service"))
        cases = [case for pair in zip(ours, theirs, strict=True) for case in pair]
        seen = measure(cases, rounds, seconds)
    print("\n".join(report.table(cases, seen)))
    report.write_json(RESULTS / "results-peer.json", cases, seen, (), peer=url)
    rates = {case.name: seen.typical(case.name).rate for case in cases}
    bars(RESULTS / "results-peer.svg", "Requests a second", rates, "requests/s")
    print(f"\nWritten: {RESULTS}/results-peer.json and {RESULTS}/results-peer.svg")

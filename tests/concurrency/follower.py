"""Somebody who follows an event by its changes alone, as a shop's back end does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from tests.live import Client

CHANGES_A_READ = 500


class Known(NamedTuple):
    """A seat that is not free, as far as the changes say; `ends_ms` is the end of a hold."""

    status: str
    patron: str | None
    reservation_id: str | None
    ends_ms: int | None = None


class Follower:
    """An admin who knows of an event's seats only what the changes tell.

    Attributes:
        changes: all that were read, in the order read.
        ran_out: how many holds ended by themselves.
        compared: how often lists were compared with what it knew.
        compared_in_quiet: how often nothing came in between.
    """

    def __init__(self, client: Client, event_id: str) -> None:
        """Begin while all seats are free."""
        self._client = client
        self._event_id = event_id
        self._known: dict[str, Known] = {}
        self.changes: list[dict[str, Any]] = []
        self.ran_out = self.compared = self.compared_in_quiet = 0
        self._cursor = self._ask("").body["cursor"]

    def compare(self) -> None:
        """List the seats, and compare the list with what is known by the changes.

        What the list shows was true at one instant while it was asked for: after some of
        the changes that came in between, which may be none, and some of the ends of holds.
        """
        self._apply(self._read())
        begun = _now_ms()
        listed = {
            seat["id"]: _known(seat)
            for seat in self._client.seats(self._event_id, "all")
            if seat["status"] != "free"
        }
        ended = _now_ms()
        between = self._read()
        self.compared += 1
        self.compared_in_quiet += not between
        *earlier, last = self._seats_during(begun, ended, between)
        if listed not in earlier:
            assert listed == last
        self._let_run_out(_now_ms())

    def _read(self) -> list[dict[str, Any]]:
        """Return the changes that came since the last read."""
        found: list[dict[str, Any]] = []
        while True:
            answer = self._ask(f"?after={self._cursor}&limit={CHANGES_A_READ}").body
            self._cursor = answer["cursor"]
            found += answer["changes"]
            if len(answer["changes"]) < CHANGES_A_READ:
                self.changes += found
                return found

    def _ask(self, query: str) -> Any:
        answer = self._client.request("GET", f"/v1/events/{self._event_id}/changes{query}")
        assert answer.status == 200, answer
        return answer

    def _apply(self, changes: list[dict[str, Any]]) -> None:
        for change in changes:
            self._let_run_out(in_ms(change["at"]))
            for seat_id in change["seats"]:
                self._known.pop(seat_id, None)
                if change["status"] != "free":
                    self._known[seat_id] = _known(change)

    def _let_run_out(self, now_ms: int) -> None:
        over = {
            seat_id
            for seat_id, known in self._known.items()
            if known.ends_ms is not None and known.ends_ms <= now_ms
        }
        self.ran_out += len(over)
        for seat_id in over:
            del self._known[seat_id]

    def _seats_during(
        self, begun: int, ended: int, between: list[dict[str, Any]]
    ) -> Iterator[dict[str, Known]]:
        """Yield what the seats can have been, from one instant to another."""
        for change in [None, *between]:
            if change is not None:
                self._apply([change])
                if (change["kind"], change["status"]) == ("moved", "free"):
                    # There is no instant at which neither seat is the patron's.
                    continue
            ends = {known.ends_ms for known in self._known.values() if known.ends_ms is not None}
            for instant in sorted({begun, *(end for end in ends if begun < end <= ended)}):
                yield {
                    seat_id: known
                    for seat_id, known in self._known.items()
                    if known.ends_ms is None or known.ends_ms > instant
                }


def _known(shown: dict[str, Any]) -> Known:
    """Return a seat as a list or a change shows it."""
    ends = shown.get("expires_at")
    return Known(
        shown["status"],
        shown.get("patron"),
        shown.get("reservation_id"),
        None if ends is None else in_ms(ends),
    )


def in_ms(instant: str) -> int:
    """Return the milliseconds from 1970 to an instant."""
    return round(datetime.fromisoformat(instant).timestamp() * 1000)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000

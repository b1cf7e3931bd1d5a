"""Histories of an event, told one attempt after the other: times are in milliseconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.torture.shop import MS, instant
from torture.checker import EventTerms, FinalState, OfEvent, Report, Window, check_event

TERMS = EventTerms(2, 1000, 3000, ("1", "2", "3", "4"))
EVENT = "e1"


class Story:
    """What was asked and answered, what the log has, and what was read in the end."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []
        self.log: list[dict[str, Any]] | None = None
        self.seats: dict[str, dict[str, Any]] = {}
        self.reservations: list[dict[str, Any]] = []
        self.later: list[dict[str, Any]] | None = None
        self.windows: list[Window] = []
        self.off_clock: list[tuple[int, int]] = []

    def tell(
        self,
        operation: str,
        when: tuple[int, int | None],
        status: int | None = 200,
        answer: Any = None,
        *,
        patron: str = "p",
        seats: Sequence[str] | None = None,
        code: str | None = None,
        key: str | None = None,
        **asked: Any,
    ) -> Story:
        """Add one attempt."""
        record = {
            "process": len(self.records),
            "operation": operation,
            "event": EVENT,
            "patron": patron,
            "seats": seats and list(seats),
            "key": key,
            "invoked": when[0] * MS,
            "returned": None if when[1] is None else when[1] * MS,
            "status": status,
            "code": code,
            "answer": answer,
            "asked": asked,
        }
        self.records.append(record)
        return self

    def hold(self, when: tuple[int, int], seats: str, end: int | None = None, **more: Any) -> Story:
        """Add a hold; by default it ends a hold time after its middle."""
        end = sum(when) // 2 + TERMS.hold_time_ms if end is None else end
        shown = [{"id": seat, "status": "held", "expires_at": instant(end)} for seat in seats]
        answer = {"seats": shown, "expires_at": instant(end)}
        operation = more.pop("operation", "hold")
        return self.tell(operation, when, 200, answer, seats=seats, **more)

    def reserve(self, when: tuple[int, int], seats: str, found: str, **more: Any) -> Story:
        """Add a reservation."""
        answer = {"id": found, "seats": [{"id": seat} for seat in seats]}
        return self.tell("reserve", when, 201, answer, seats=seats, **more)

    def cancel(self, when: tuple[int, int | None], found: str, **more: Any) -> Story:
        """Add a cancellation."""
        return self.tell("cancel", when, more.pop("status", 204), reservation=found, **more)

    def list(self, when: tuple[int, int], free: str) -> Story:
        """Add a list of the free seats."""
        return self.tell("list", when, 200, {"free": list(free)}, patron="q")

    def refused(self, when: tuple[int, int], code: str, answer: Any, **more: Any) -> Story:
        """Add a hold that was refused."""
        status = 403 if code == "hold_limit_reached" else 409
        return self.tell("hold", when, status, {"code": code, **answer}, code=code, **more)

    def writes(self, at: int, kind: str, seats: str, status: str, **members: Any) -> Story:
        """Add an entry to the log."""
        entry = {"at": instant(at), "kind": kind, "seats": list(seats), "status": status}
        self.log = [*(self.log or []), {**entry, "patron": "p", **members}]
        return self

    def ends_with(self, found: str, seats: str, patron: str = "p") -> Story:
        """Let a reservation be there in the end."""
        shown = [{"id": seat} for seat in seats]
        self.reservations.append({"id": found, "seats": shown, "patron": patron})
        for seat in seats:
            reserved = {"status": "reserved", "patron": patron, "reservation_id": found}
            self.seats[seat] = {"id": seat, **reserved}
        return self

    def broken(self) -> set[str]:
        """Return the rules that are broken, if what happened can be decided."""
        report = self.check()
        assert not report.undecided
        return set(report.broken)

    def check(self, **terms: Any) -> Report:
        """Check it."""
        first = self._look(100_000, self.reservations, self.log)
        after = self._look(
            101_000, self.reservations if self.later is None else self.later, self.log
        )
        return check_event(
            self.records,
            OfEvent(EVENT, TERMS, first, after),
            self.windows,
            off_clock=self.off_clock,
            **terms,
        )

    def _look(
        self,
        at: int,
        reservations: Sequence[dict[str, Any]],
        log: Sequence[dict[str, Any]] | None,
    ) -> FinalState:
        there = {seat["id"] for each in reservations for seat in each["seats"]}
        seats = [
            self.seats[seat] if seat in there else {"id": seat, "status": "free"}
            for seat in TERMS.seats
        ]
        changes = {} if log is None else {EVENT: log}
        found = {EVENT: list(reservations)}
        return FinalState(at * MS, (at + 10) * MS, {EVENT: seats}, found, changes)

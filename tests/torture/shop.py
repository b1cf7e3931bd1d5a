"""A shop that sells seats one request after the other, with the bugs that it is told to have.

It stands for the service in histories that are made up. Times are nanoseconds.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from torture.checker import EventTerms

MS = 1_000_000
TERMS = EventTerms(3, 300, 700, tuple(map(str, range(1, 9))))
BUGS = [
    "holds over others' holds",
    "ignores the limit",
    "ends holds early",
    "lets holds outlive their end",
    "tells a wrong retry_at",
    "holds and refuses",
    "commits twice",
    "shows stale lists",
    "tears groups",
    "forgets keys",
]


class Answer(NamedTuple):
    status: int
    code: str | None = None
    body: Any = None


class Taken(NamedTuple):
    status: str
    patron: str | None = None
    end_ms: int = 0
    first_ms: int = 0
    reservation: str | None = None
    goes_ms: int = 0


class Refused(Exception):
    def __init__(self, status: int, code: str, **members: Any) -> None:
        self.answer = Answer(status, code, {"code": code, **members})


@dataclass
class Shop:
    """A shop.

    Attributes:
        jump: from when to when its clock is off, and by how many milliseconds.
        taken: the seats that are not free.
        before: the same before the last change.
        ghosts: holds that ran out, but are there again should the clock be set back.
        bites: how often a bug has shown.
        views: what lists are made of: each forgets what has run out by the clock.
    """

    chance: random.Random
    bugs: Collection[str] = ()
    terms: EventTerms = TERMS
    jump: tuple[int, int, int] = (0, 0, 0)
    taken: dict[str, Taken] = field(default_factory=dict)
    sold: dict[str, tuple[str, list[str]]] = field(default_factory=dict)
    log: list[dict[str, Any]] = field(default_factory=list)
    remembered: dict[tuple[str, str], Answer] = field(default_factory=dict)
    now_ms: int = 0
    made: int = 0
    bites: int = 0
    before: dict[str, Taken] = field(default_factory=dict)
    ghosts: dict[str, Taken] = field(default_factory=dict)
    views: list[dict[str, Taken]] = field(default_factory=lambda: [{}, {}])

    def do(self, now: int, patron: str, want: dict[str, Any]) -> Answer:
        """Do what a patron wants, at once."""
        self.let_run_out(now)
        for seat in want["seats"] or ():
            # Whoever asks for a key that has run out takes it away.
            self.ghosts.pop(seat, None)
            self.bites += seat in self.taken and 0 < self.taken[seat].end_ms < self.now_ms - 10
        key = want.get("key")
        if key is not None and (patron, key) in self.remembered:
            if "forgets keys" not in self.bugs:
                return self.remembered[patron, key]
            self.bites += 1
        method: Callable[..., Any] = getattr(self, want["operation"])
        earlier = dict(self.taken)
        try:
            answer = method(patron, want)
        except Refused as refused:
            answer = refused.answer
        if self.taken != earlier:
            self.before = earlier
        if key is not None:
            self.remembered[patron, key] = answer
        return answer

    def let_run_out(self, now: int) -> None:
        start, end, off_ms = self.jump
        self.now_ms = now // MS + (off_ms if start <= now < end else 0)
        there = {s: t for s, t in self.ghosts.items() if t.goes_ms > self.now_ms}
        self.taken = there | self.taken
        over = [s for s, t in self.taken.items() if t.status == "held" and t.goes_ms <= self.now_ms]
        self.ghosts |= {seat: self.taken.pop(seat) for seat in over}
        if self.chance.random() < 0.1:
            self.ghosts.clear()

    def seen(self) -> dict[str, Taken]:
        """Return the seats that are not free, as some worker sees them."""
        view = self.chance.choice(self.views)
        for seat, taken in list(view.items()):
            over = taken.status == "held" and taken.end_ms <= self.now_ms
            if over or taken.status == "free":
                del view[seat]
        return view

    # What can be wanted

    def hold(self, patron: str, want: dict[str, Any]) -> Answer:
        seats = want["seats"]
        conflicts = [c for c in (self._not_to_be_had(patron, seat) for seat in seats) if c]
        if conflicts and not (self._has("holds over others' holds") and self._only_held(conflicts)):
            self._refuse(conflicts, patron)
        held = [seat for seat, t in self.taken.items() if t[:2] == ("held", patron)]
        new = [seat for seat in seats if seat not in held]
        too_many = new and len(held) + len(new) > self.terms.limit
        if too_many and not self._has("ignores the limit"):
            raise Refused(403, "hold_limit_reached", limit=self.terms.limit, held=len(held))
        mine = [self.taken.get(seat) for seat in seats]
        firsts = [t.first_ms if t and t.patron == patron else self.now_ms for t in mine]
        end = min(self.now_ms + self.terms.hold_time_ms, min(firsts) + self.terms.hold_max_ms)
        # No refresh brings the end nearer than one that there is already.
        end = max(end, min((t.end_ms for t in mine if t and t.patron == patron), default=end))
        goes = end
        if self._has("ends holds early", 1):
            goes = end - 150
        if "lets holds outlive their end" in self.bugs:
            goes = end + 150
        for seat, first in zip(seats, firsts, strict=True):
            self.taken[seat] = Taken("held", patron, end, first, None, goes)
        self._write("held", seats, "held", patron=patron, expires_at=instant(end))
        if self._has("commits twice"):
            self._write("held", seats, "held", patron=patron, expires_at=instant(end))
        if self._has("holds and refuses"):
            raise Refused(409, "seat_blocked", conflicts=[_conflict(seats[0], "seat_blocked")])
        shown = [self._shown(seat, patron) for seat in seats]
        return Answer(200, None, {"seats": shown, "expires_at": instant(end)})

    def best(self, patron: str, want: dict[str, Any]) -> Answer:
        free = [seat for seat in self.terms.seats if seat not in self.taken]
        if len(free) < want["asked"]["count"]:
            raise Refused(409, "not_enough_seats", free=len(free))
        return self.hold(patron, {"seats": self.chance.sample(free, want["asked"]["count"])})

    def reserve(self, patron: str, want: dict[str, Any]) -> Answer:
        seats = want["seats"] or self._held_by(patron)
        if not seats:
            raise Refused(409, "seat_not_held", conflicts=[])
        self._refuse_unless_held(patron, seats)
        self.made += 1
        reservation = f"r{self.made}"
        self.sold[reservation] = (patron, list(seats))
        for seat in seats:
            self.taken[seat] = Taken("reserved", patron, reservation=reservation)
        self._write("reserved", seats, "reserved", patron=patron, reservation_id=reservation)
        return Answer(201, None, self._reservation(reservation))

    def release(self, patron: str, want: dict[str, Any]) -> Answer:
        seats = want["seats"] or self._held_by(patron)
        self._refuse_unless_held(patron, seats)
        self._free(seats)
        if seats:
            self._write("released", seats, "free", patron=patron)
        return Answer(204)

    def cancel(self, patron: str, want: dict[str, Any]) -> Answer:
        reservation = self._own(patron, want)
        seats = self.sold.pop(reservation)[1]
        self._free(seats)
        self._write("cancelled", seats, "free", patron=patron, reservation_id=reservation)
        return Answer(204)

    def move(self, patron: str, want: dict[str, Any]) -> Answer:
        reservation, from_id, to_id = self._own(patron, want), *want["seats"]
        seats = self.sold[reservation][1]
        if from_id not in seats:
            conflicts = [_conflict(from_id, "seat_not_reserved")]
            raise Refused(409, "seat_not_reserved", conflicts=conflicts)
        if found := self._not_to_be_had(patron, to_id):
            self._refuse([found], patron)
        seats[seats.index(from_id)] = to_id
        self.taken[to_id] = self.taken.pop(from_id)
        of = {"patron": patron, "reservation_id": reservation}
        self._write("moved", [from_id], "free", **of)
        self._write("moved", [to_id], "reserved", **of)
        return Answer(200, None, self._reservation(reservation))

    def block(self, _: str, want: dict[str, Any]) -> Answer:
        found = [self._not_to_be_had(None, seat) for seat in want["seats"]]
        if conflicts := [c for c in found if c and c["code"] != "seat_blocked"]:
            self._refuse(conflicts, None)
        if new := [seat for seat in want["seats"] if seat not in self.taken]:
            self.taken |= dict.fromkeys(new, Taken("blocked"))
            self._write("blocked", new, "blocked")
        return Answer(200, None, {"seats": []})

    def unblock(self, _: str, want: dict[str, Any]) -> Answer:
        seats = [s for s in want["seats"] if s in self.taken and self.taken[s].status == "blocked"]
        if seats:
            self._free(seats)
            self._write("unblocked", seats, "free")
        return Answer(200, None, {"seats": []})

    def list(self, patron: str, want: dict[str, Any]) -> Answer:
        now = self.seen() if self.jump[2] else self.taken
        if self._has("shows stale lists"):
            now = self.before
        elif self._has("tears groups", 1):
            half = set(self.terms.seats[::2])
            now = {s: t for s, t in now.items() if s in half}
            now |= {s: t for s, t in self.before.items() if s not in half}
        found: dict[str, list[str]] = {"free": [s for s in self.terms.seats if s not in now]}
        if want["asked"]["status"] == "all":
            found["mine"] = [s for s, t in now.items() if t.patron == patron]
            for seat, taken in now.items():
                found.setdefault(taken.status, []).append(seat)
        return Answer(200, None, found)

    def seat(self, patron: str, want: dict[str, Any]) -> Answer:
        return Answer(200, None, self._shown(want["seats"][0], patron))

    # What an admin sees

    def seats(self) -> list[dict[str, Any]]:
        return [self._shown(seat, None) for seat in self.terms.seats]

    def seats_in_a_view(self) -> list[dict[str, Any]]:
        keys, self.taken = self.taken, self.seen()
        shown = self.seats()
        self.taken = keys
        return shown

    def reservations(self) -> list[dict[str, Any]]:
        return [self._reservation(found) | {"patron": self.sold[found][0]} for found in self.sold]

    # The rest

    def _has(self, bug: str, share: float = 0.5) -> bool:
        has = bug in self.bugs and self.chance.random() < share
        self.bites += has
        return has

    def _held_by(self, patron: str) -> list[str]:
        return [seat for seat, t in self.taken.items() if t[:2] == ("held", patron)]

    def _own(self, patron: str, want: dict[str, Any]) -> str:
        reservation = str(want["asked"]["reservation"])
        if reservation not in self.sold or self.sold[reservation][0] != patron:
            raise Refused(404, "reservation_not_found")
        return reservation

    def _not_to_be_had(self, patron: str | None, seat: str) -> dict[str, Any] | None:
        taken = self.taken.get(seat)
        if taken is None or taken[:2] == ("held", patron):
            return None
        if taken.status != "held":
            return _conflict(seat, f"seat_{taken.status}")
        late = 40 if self._has("tells a wrong retry_at") else 0
        return _conflict(seat, "seat_held") | {"retry_at": instant(taken.end_ms + late)}

    def _refuse_unless_held(self, patron: str, seats: Sequence[str]) -> None:
        conflicts = []
        for seat in seats:
            taken = self.taken.get(seat)
            if taken is None or (taken.status == "held" and taken.patron != patron):
                conflicts.append(_conflict(seat, "seat_not_held"))
            elif taken.status != "held":
                conflicts.append(_conflict(seat, f"seat_{taken.status}"))
        if conflicts:
            self._refuse(conflicts, patron)

    def _refuse(self, conflicts: Sequence[dict[str, Any]], patron: str | None) -> None:
        first = conflicts[0]
        members: dict[str, Any] = {"conflicts": list(conflicts)}
        if first["code"] == "seat_reserved":
            members["reserved_by_me"] = self.taken[first["seat_id"]].patron == patron
        raise Refused(409, first["code"], **members)

    def _only_held(self, conflicts: Sequence[dict[str, Any]]) -> bool:
        return all(each["code"] == "seat_held" for each in conflicts)

    def _free(self, seats: Sequence[str]) -> None:
        for seat in seats:
            del self.taken[seat]

    def _shown(self, seat: str, patron: str | None) -> dict[str, Any]:
        taken = self.taken.get(seat, Taken("free"))
        shown: dict[str, Any] = {"id": seat, "status": taken.status}
        if taken.patron is not None and patron in {None, taken.patron}:
            shown |= {"mine": True} if patron else {"patron": taken.patron}
            if taken.status == "held":
                shown["expires_at"] = instant(taken.end_ms)
            else:
                shown["reservation_id"] = taken.reservation
        return shown

    def _reservation(self, found: str) -> dict[str, Any]:
        return {"id": found, "seats": [{"id": seat} for seat in self.sold[found][1]]}

    def _write(self, kind: str, seats: Sequence[str], status: str, **members: Any) -> None:
        entry = {"at": instant(self.now_ms), "kind": kind, "seats": list(seats), "status": status}
        self.log.append(entry | members)
        for seat in seats:
            self.ghosts.pop(seat, None)
            for view in self.views:
                view[seat] = self.taken.get(seat, Taken("free"))


def instant(ms: int) -> str:
    """Write an instant as the service does."""
    found = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
    return found.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _conflict(seat: str, code: str) -> dict[str, Any]:
    return {"seat_id": seat, "code": code}

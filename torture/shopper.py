"""What clients do, as chance has it: shoppers, and the box office."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from torture.wire import Wire

if TYPE_CHECKING:
    from torture.clients import Sale

THINK_SECONDS = 0.03
SHARE_KEYED = 0.6
MOST_SEATS = 3


@dataclass
class Belongings:
    """What a shopper believes to have of an event: others may shop for the same patron."""

    held: set[str] = field(default_factory=set)
    reservations: dict[str, list[str]] = field(default_factory=dict)


class Shopper:
    """Holds, refreshes, reserves, releases, moves, cancels, and looks."""

    def __init__(self, wire: Wire, chance: random.Random) -> None:
        self._wire = wire
        self._chance = chance
        self._has: dict[str, Belongings] = {}
        self._deeds: dict[Callable[[Sale], None], int] = {
            self.look: 10,
            self.look_at_one: 4,
            self.hold: 24,
            self.hold_best: 10,
            self.refresh: 8,
            self.reserve: 12,
            self.reserve_all: 5,
            self.release: 8,
            self.release_all: 3,
            self.move: 6,
            self.cancel: 16,
            self.forget: 3,
        }

    def act(self, sales: Sequence[Sale]) -> None:
        """Do one thing, and think."""
        (deed,) = self._chance.choices(list(self._deeds), list(self._deeds.values()))
        deed(self._chance.choice(sales))
        time.sleep(self._chance.uniform(0, THINK_SECONDS))

    def look(self, sale: Sale) -> None:
        """List the seats."""
        status = self._chance.choice(["free", "free", "all"])
        query = f"/seats?status={status}"
        self._wire.do("list", sale.event, "GET", query, asked={"status": status})

    def look_at_one(self, sale: Sale) -> None:
        """Read one seat."""
        seat = self._chance.choice(sale.seats)
        self._wire.do("seat", sale.event, "GET", f"/seats/{seat}", seats=[seat])

    def hold(self, sale: Sale) -> None:
        """Hold some seats, now and then one that is held already."""
        seats = self._chance.sample(sale.seats, self._chance.randint(1, MOST_SEATS))
        self._hold(sale, "hold", {"seats": seats}, seats)

    def hold_best(self, sale: Sale) -> None:
        """Hold the best seats that can be had."""
        wish = {
            "count": self._chance.randint(1, MOST_SEATS),
            "together": self._chance.choice(["required", "preferred"]),
        }
        self._hold(sale, "best", {"best_available": wish}, None, wish)

    def refresh(self, sale: Sale) -> None:
        """Hold for longer what is held."""
        if seats := self._some_held(sale):
            self._hold(sale, "hold", {"seats": seats}, seats)

    def release(self, sale: Sale) -> None:
        """Let go of some seats."""
        if seats := self._some_held(sale):
            self._of(sale).held.difference_update(seats)
            path = f"/holds?seats={','.join(seats)}"
            self._wire.do("release", sale.event, "DELETE", path, seats=seats)

    def release_all(self, sale: Sale) -> None:
        """Let go of all."""
        self._of(sale).held.clear()
        self._wire.do("release", sale.event, "DELETE", "/holds")

    def reserve(self, sale: Sale) -> None:
        """Reserve some of the seats that are held."""
        if seats := self._some_held(sale):
            self._reserve(sale, {"seats": seats}, seats)

    def reserve_all(self, sale: Sale) -> None:
        """Reserve all that is held."""
        self._reserve(sale, {}, None)

    def move(self, sale: Sale) -> None:
        """Take another seat for a reserved one."""
        reservations = self._of(sale).reservations
        if reservations:
            reservation = self._chance.choice(list(reservations))
            asked = {
                "from": self._chance.choice(reservations[reservation]),
                "to": self._chance.choice(sale.seats),
            }
            path = f"/reservations/{reservation}/move"
            key = self._maybe_key()
            status, answer = self._wire.do(
                "move",
                sale.event,
                "POST",
                path,
                asked,
                key=key,
                asked={**asked, "reservation": reservation},
            )
            if status == 200:
                reservations[reservation] = [seat["id"] for seat in answer["seats"]]

    def cancel(self, sale: Sale) -> None:
        """Cancel a reservation."""
        reservations = self._of(sale).reservations
        if reservations:
            reservation = self._chance.choice(list(reservations))
            del reservations[reservation]
            self._wire.do(
                "cancel",
                sale.event,
                "DELETE",
                f"/reservations/{reservation}",
                key=self._maybe_key(),
                asked={"reservation": reservation},
            )

    def forget(self, sale: Sale) -> None:
        """Let holds run out."""
        self._of(sale).held.clear()

    def _hold(
        self,
        sale: Sale,
        operation: str,
        body: dict[str, Any],
        seats: list[str] | None,
        asked: dict[str, Any] | None = None,
    ) -> None:
        status, answer = self._wire.do(
            operation,
            sale.event,
            "POST",
            "/holds",
            body,
            seats=seats,
            key=self._maybe_key(),
            asked=asked,
        )
        if status == 200:
            self._of(sale).held.update(seat["id"] for seat in answer["seats"])

    def _reserve(self, sale: Sale, body: dict[str, Any], seats: list[str] | None) -> None:
        held = self._of(sale).held
        held.difference_update(seats or list(held))
        status, answer = self._wire.do(
            "reserve",
            sale.event,
            "POST",
            "/reservations",
            body,
            seats=seats,
            key=self._maybe_key(),
        )
        if status == 201:
            ids = [seat["id"] for seat in answer["seats"]]
            self._of(sale).reservations[answer["id"]] = ids

    def _of(self, sale: Sale) -> Belongings:
        return self._has.setdefault(sale.event, Belongings())

    def _some_held(self, sale: Sale) -> list[str]:
        held = sorted(self._of(sale).held)
        count = min(len(held), self._chance.randint(1, MOST_SEATS))
        return self._chance.sample(held, count)

    def _maybe_key(self) -> str | None:
        return self._wire.key() if self._chance.random() < SHARE_KEYED else None


class BoxOffice:
    """Takes seats off sale and puts them back, and looks."""

    def __init__(self, wire: Wire, chance: random.Random) -> None:
        self._wire = wire
        self._chance = chance
        self._blocked: dict[str, list[str]] = {}

    def act(self, sales: Sequence[Sale]) -> None:
        """Do one thing, and think."""
        sale = self._chance.choice(sales)
        seats = self._blocked.pop(sale.event, None)
        if seats:
            self._wire.do("unblock", sale.event, "DELETE", "/blocks", {"seats": seats}, seats=seats)
        else:
            seats = self._blocked[sale.event] = self._chance.sample(sale.seats, 2)
            self._wire.do("block", sale.event, "PUT", "/blocks", {"seats": seats}, seats=seats)
        time.sleep(self._chance.uniform(0, 10 * THINK_SECONDS))

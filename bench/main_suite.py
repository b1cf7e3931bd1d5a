"""The main suite: what an on-sale consists of, against the ceilings of the same run."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial

from bench import report, sale
from bench.cases import CLIENTS, Case, always
from bench.goals import Goal
from bench.load import Request
from bench.measuring import Measured, NotMeasured, measure
from bench.pictures import bars
from bench.report import RESULTS
from bench.servers import GUNICORN_DEFAULTS, running_ceilings, running_service
from bench.staleness import LISTS, stale_lists

SEATS = 1_000
MANY_SEATS = 50_000
FEW, MOST = 100, 100_000
"""Seats of the smallest and the largest event that are compared."""

CROWD = 500
TRIES = 20
FEW_CLIENTS = 8
"""For answers of megabytes."""

HOLDS_A_SECOND = (0, 10, 100)
GZIP = {"Accept_Encoding": "gzip"}

BARE = "Flask, bare JSON"
GUARDED = "Flask, stock jwt_required"
GUARDED_BY_DEFAULT = "stock jwt_required, gunicorn's defaults"
TRANSACTION = "Flask, a transaction in Redis"
ASKED = f"static, as {SEATS:,} seats, asking Redis"
HOLD = "hold a free seat"
FIRST_HOLD = "hold, token never seen before"
RESERVE = "reserve a held seat"
CREATE = f"create {SEATS:,} seats"
NOT_DURABLE = "hold, Redis without append-only file"
UNCHANGED = f"list of {SEATS:,}, unchanged (304)"
IN_FEW, IN_MOST = f"hold again, of {FEW:,} seats", f"hold again, of {MOST:,} seats"
CROWD_SINGLE = f"{CROWD} patrons, 4 seats of {SEATS:,}, one by one"
CROWD_BEST = f"{CROWD} patrons, 4 best of {SEATS:,} at once"


def run(rounds: int, seconds: float) -> None:
    """Measure, and write it down.

    Raises:
        NotMeasured: also when a list was outdated: what is wrong need not be fast.
    """
    with ExitStack() as stack:
        suite = MainSuite(stack)
        seen = measure(suite.cases, rounds, seconds)
        stale = Goal(f"stale lists of {LISTS:,}", stale_lists(suite.service), 0, at_most=True)
        found = [*suite.goals(seen), stale]
    print("\n".join([*report.table(suite.cases, seen), "", *report.goals(found)]))
    report.write_json(RESULTS / "results.json", suite.cases, seen, found)
    rates = {case.name: seen.typical(case.name).rate for case in suite.cases}
    bars(RESULTS / "results.svg", "Requests a second", rates, "requests/s")
    print(f"\nWritten: {RESULTS}/results.json and {RESULTS}/results.svg")
    if not stale.is_reached:
        raise NotMeasured(f"{stale.value:.0f} lists were outdated")


def static(size: int) -> str:
    """Name the static answer that is as large as a list of so many seats."""
    return f"static, as large as {size:,} seats"


def listed(size: int, rate: float = 0) -> str:
    """Name the list of so many seats, at so many holds a second."""
    return f"list of {size:,}, {rate:g} holds/s"


class MainSuite:
    """The cases of an on-sale, their servers, and the goals.

    Attributes:
        cases: in the order in which they are run.
        service: that most of them ask.
    """

    def __init__(self, stack: ExitStack) -> None:
        """Start all servers, which run until the stack ends."""
        self.ceilings = stack.enter_context(running_ceilings())
        self.by_default = stack.enter_context(running_ceilings(**GUNICORN_DEFAULTS))
        self.service = stack.enter_context(running_service())
        self.cases: Sequence[Case] = [
            *self._ceiling_cases(),
            *self._changes(),
            *self._list_cases(),
            *self._crowds(),
            Case(
                NOT_DURABLE,
                without := stack.enter_context(running_service(durable=False)),
                partial(sale.holds, without),
                HOLD,
            ),
        ]

    def goals(self, seen: Measured) -> Iterator[Goal]:
        """Yield what was seen of each goal."""

        def rate(case: str, against: str) -> float:
            return seen.ratio(case, against, lambda sample: sample.rate)

        def workers(case: str, against: str) -> float:
            return seen.ratio(case, against, lambda sample: sample.workers_us)

        yield Goal("hold, requests/s against stock jwt_required", rate(HOLD, GUARDED), 0.65)
        yield Goal("reserve, requests/s against hold", rate(RESERVE, HOLD), 0.9)
        for holds in HOLDS_A_SECOND:
            what = f"list of {SEATS:,} at {holds} holds/s, requests/s against static"
            yield Goal(what, rate(listed(SEATS, holds), static(SEATS)), 0.5)
        yield Goal("list 304, requests/s against stock jwt_required", rate(UNCHANGED, GUARDED), 0.8)
        busy, calm = listed(SEATS, HOLDS_A_SECOND[-1]), listed(SEATS)
        yield Goal("list at 100 holds/s, workers' CPU against none", workers(busy, calm), 1.3, True)
        large, as_large = listed(MANY_SEATS), static(MANY_SEATS)
        yield Goal(
            f"list of {MANY_SEATS:,}, gzip: CPU against static, nginx's with it",
            seen.ratio(large, as_large, lambda sample: sample.cpu_us),
            2,
            True,
        )
        yield Goal(
            f"list of {MANY_SEATS:,}, gzip: bytes against static",
            seen.ratio(large, as_large, lambda sample: sample.bytes),
            2,
            True,
        )
        yield Goal(f"create {SEATS:,} seats, CPU against hold", workers(CREATE, HOLD), 2, True)
        what = f"hold in {MOST:,} seats, CPU against {FEW:,}"
        yield Goal(what, workers(IN_MOST, IN_FEW), 1.15, True)
        yield Goal(
            "append-only file, hold requests/s against none", 1 / rate(NOT_DURABLE, HOLD), 0.6
        )
        for crowd in (CROWD_SINGLE, CROWD_BEST):
            spread = seen.median(crowd, lambda sample: sample.p99_ms / sample.p50_ms)
            yield Goal(f"{crowd}: p99 against p50", spread, 5, True)
            aborted = seen.median(crowd, lambda sample: sample.aborted)
            yield Goal(f"{crowd}: share of aborts", aborted, 0.01, True)

    def _ceiling_cases(self) -> Iterator[Case]:
        guarded = sale.of_each_patron("/guarded")
        yield Case(BARE, self.ceilings, always([Request("GET", "/bare")]))
        yield Case(GUARDED, self.ceilings, always(guarded), BARE)
        yield Case(GUARDED_BY_DEFAULT, self.by_default, always(guarded), GUARDED)
        bare_transaction = Request("PATCH", "/transaction", body={"action": "hold"})
        yield Case(TRANSACTION, self.ceilings, always([bare_transaction]), GUARDED)
        for size in (SEATS, MANY_SEATS):
            compressed = {"Accept-Encoding": "gzip"} if size == MANY_SEATS else {}
            request = Request("GET", f"/static?seats={size}", headers=compressed)
            clients = FEW_CLIENTS if size == MANY_SEATS else CLIENTS
            yield Case(static(size), self.ceilings, always([request]), GUARDED, clients)
        bare_question = Request("GET", f"/asked?seats={SEATS}")
        yield Case(ASKED, self.ceilings, always([bare_question]), static(SEATS))

    def _changes(self) -> Iterator[Case]:
        asked = self.service
        few, most = (
            sale.create(asked, seats=size, hold_time=3600, hold_max=36_000) for size in (FEW, MOST)
        )
        wish = Request("POST", "/v1/events", sale.admin(), {"name": "Matinee", "seats": SEATS})
        yield Case(HOLD, asked, partial(sale.holds, asked), GUARDED)
        yield Case(FIRST_HOLD, asked, partial(sale.first_holds, asked), GUARDED)
        yield Case(RESERVE, asked, partial(sale.reservations, asked), HOLD)
        yield Case(CREATE, asked, always([wish]), HOLD)
        yield Case(IN_FEW, asked, partial(sale.refreshes, few, FEW), HOLD)
        yield Case(IN_MOST, asked, partial(sale.refreshes, most, MOST), IN_FEW)

    def _list_cases(self) -> Iterator[Case]:
        asked = self.service
        for rate in HOLDS_A_SECOND:
            event = sale.create(asked, seats=SEATS, hold_time=1)
            requests = partial(sale.lists, event)
            beside = partial(sale.holding, asked, event, SEATS, rate)
            yield Case(listed(SEATS, rate), asked, requests, static(SEATS), beside=beside)
        event = sale.create(asked, seats=SEATS)
        unchanged = partial(sale.lists, event, If_None_Match=sale.tag(asked, event))
        yield Case(UNCHANGED, asked, unchanged, GUARDED)
        large = partial(sale.lists, sale.create(asked, seats=MANY_SEATS), **GZIP)
        yield Case(listed(MANY_SEATS), asked, large, static(MANY_SEATS), FEW_CLIENTS)

    def _crowds(self) -> Iterator[Case]:
        for name, asked in ((CROWD_SINGLE, self._single), (CROWD_BEST, self._best)):
            yield Case(name, self.service, asked, HOLD, CROWD, refusals=True)

    def _single(self) -> Sequence[Request]:
        """Return holds of seats anywhere in a new event, until each patron has had many tries."""
        event_id = sale.create(self.service, seats=SEATS)
        chance = random.Random(sale.SEED)  # noqa: S311
        return [
            Request("PATCH", sale.path(event_id, chance.randrange(SEATS)), sale.patron(each), body)
            for body in [{"action": "hold"}]
            for each in list(range(CROWD)) * TRIES
        ]

    def _best(self) -> Sequence[Request]:
        """Return holds of the four best seats of a new event, which a half of the patrons get."""
        event_id = sale.create(self.service, seats=SEATS)
        wish = {"best_available": {"count": sale.SEATS_EACH}}
        path = f"/v1/events/{event_id}/holds"
        return [
            Request("POST", path, sale.patron(each), wish) for each in list(range(CROWD)) * TRIES
        ]

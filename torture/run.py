"""One run after the other: load, faults, the last look, and the verdict."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from torture import clients, history
from torture.checker import EventTerms, Report, Window, check
from torture.clients import Orders, Sale
from torture.mutants import MUTANTS
from torture.sale import Organiser, tokens
from torture.stack import running
from torture.telling import Telling, Tried, tell_verdict
from torture.weather import FaultFailed, Struck, Weather, faults_for

RESULTS = Path("torture/results.json")
SOUND, BROKEN, NOTHING_TOLD = 0, 1, 2


@dataclass(frozen=True)
class Plan:
    """What is to be run.

    Attributes:
        minutes: of load, in each run.
        seeds: one run for each, and for each kind of store.
        faults: names of faults, or `all`, or `none`; with a mutant, `all` is what it needs.
        mutant: the protection that is taken out, if any.
        keep: a folder that keeps histories and logs.
    """

    minutes: float
    seeds: Sequence[int]
    kinds: Sequence[str]
    faults: Sequence[str]
    mutant: str | None
    workers: int
    threads: int
    keep: str | None

    @property
    def application(self) -> str:
        """What gunicorn is to serve."""
        return "wsgi:app" if self.mutant is None else MUTANTS[self.mutant].application

    @property
    def fault_names(self) -> Sequence[str]:
        """The faults that are wanted."""
        if self.mutant is not None and "all" in self.faults:
            return MUTANTS[self.mutant].faults
        return self.faults


def run_all(plan: Plan) -> int:
    """Run everything that is planned, and return the exit status."""
    telling = Telling()
    results = []
    status = SOUND
    for kind in plan.kinds:
        for seed in plan.seeds:
            telling.begin(plan.minutes, kind, seed, plan.mutant)
            try:
                with _folder(plan, kind, seed) as folder:
                    tried, report = run(plan, kind, seed, folder, telling)
                    results.append(tell_verdict(telling, tried, report, kind, seed))
            except FaultFailed as failure:
                telling.say(f"This run tells nothing: {failure}")
                return NOTHING_TOLD
            if not results[-1]["ok"]:
                status = BROKEN
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    telling.end(status == SOUND)
    return status


def run(plan: Plan, kind: str, seed: int, folder: Path, telling: Telling) -> tuple[Tried, Report]:
    """Run once.

    Raises:
        FaultFailed: a fault could not be struck, or, where everything is installed that
            they need, cannot be had; the run tells nothing.
    """
    faults, missing = faults_for(kind, plan.fault_names)
    for name, reason in missing.items():
        if os.environ.get("CI") == "true":
            raise FaultFailed(f"{name} cannot be had: {reason}")
        telling.say(f"  skipped {name}: {reason}")
    everyone = tokens()
    with running(folder, kind, plan.application, plan.workers, plan.threads) as stack:
        organiser = Organiser(stack.nginx.port, everyone["admin"])
        sales = organiser.make_sales(time.time(), plan.minutes * 60)
        stack.sales = sales
        ends = time.time() + plan.minutes * 60
        orders = Orders(stack.nginx.port, everyone, sales, ends, seed, folder)
        crowd = clients.start(orders)
        weather = Weather(stack, faults, seed, telling.strike)
        weather.run(ends)
        for process in crowd:
            process.join()
        telling.say("Everybody has gone; one last kill -9 of everything")
        final = organiser.final_state(sales)
        stack.kill()
        stack.start()
        after_restart = organiser.final_state(sales)
    telling.say("Checking")
    paths = clients.histories(folder)
    tried = Tried(weather.struck, paths)
    report = check(
        history.read(paths),
        final,
        after_restart,
        _windows(weather.struck),
        {sale.event: _terms(sale) for sale in sales},
        off_clock=[(s.start, s.end) for s in weather.struck if s.fault.off_clock],
    )
    return tried, report


def _windows(struck: Sequence[Struck]) -> list[Window]:
    return [Window(each.fault.name, each.start, each.end) for each in struck]


def _terms(sale: Sale) -> EventTerms:
    return EventTerms(sale.limit, sale.hold_time_ms, sale.hold_max_ms, sale.seats)


@contextmanager
def _folder(plan: Plan, kind: str, seed: int) -> Iterator[Path]:
    # A short path: the names of unix sockets cannot be long.
    folder = Path(tempfile.mkdtemp(prefix="torture-"))
    try:
        yield folder
    finally:
        if plan.keep is not None:
            kept = Path(plan.keep) / f"{kind}-{seed}"
            kept.mkdir(parents=True, exist_ok=True)
            for path in [*folder.glob("*.jsonl"), *folder.glob("**/*.log")]:
                shutil.copy(path, kept)
        shutil.rmtree(folder, ignore_errors=True)

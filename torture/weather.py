"""When what goes wrong: each fault by itself first, then some at once, as the seed has it."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from torture.faults import FAULTS, Fault
from torture.history import now
from torture.stack import Stack

CALM_SECONDS = (2.2, 3.5)
"""Between two faults: longer than the service may take to answer again."""


@dataclass(frozen=True)
class Struck:
    """A fault as it happened, with its times in nanoseconds since 1970."""

    fault: Fault
    start: int
    end: int


class FaultFailed(Exception):
    """A fault could not be struck or ended: the run tells nothing."""


def faults_for(kind: str, names: Sequence[str]) -> tuple[list[Fault], dict[str, str]]:
    """Return the faults that can be had with a kind of store, and why others cannot.

    Args:
        kind: of the store.
        names: of the faults that are wanted; `all` for all of them.
    """
    wanted = [f for f in FAULTS.values() if "all" in names or f.name in names]
    kind = "standalone" if kind == "standalone" else "replicated"
    fitting = [fault for fault in wanted if fault.store in {"any", kind}]
    reasons = {fault.name: fault.why_not() for fault in fitting}
    missing = {name: reason for name, reason in reasons.items() if reason is not None}
    return [fault for fault in fitting if fault.name not in missing], missing


class Weather:
    """Strikes faults until the end of the run."""

    def __init__(
        self, stack: Stack, faults: Sequence[Fault], seed: int, tell: Callable[[str], None]
    ) -> None:
        """Tell about each fault as it is struck."""
        self._stack = stack
        self._faults = faults
        self._chance = random.Random(f"faults {seed}")  # noqa: S311
        self._tell = tell
        self.struck: list[Struck] = []
        self._failures: list[BaseException] = []

    def run(self, ends: float) -> None:
        """Strike faults until a time in seconds since 1970.

        Raises:
            FaultFailed: one could not be struck.
        """
        for faults in self._order() if self._faults else ():
            self._wait(self._chance.uniform(*CALM_SECONDS), ends)
            # The longest takes some seconds, and all is to be well at the end.
            if time.time() > ends - CALM_SECONDS[1]:
                break
            self._strike_together(faults)
        self._wait(ends - time.time(), ends)

    def _order(self) -> Iterator[list[Fault]]:
        while True:
            each_by_itself = list(self._faults)
            self._chance.shuffle(each_by_itself)
            yield from ([fault] for fault in each_by_itself)
            for _ in self._faults:
                yield self._mixture()

    def _mixture(self) -> list[Fault]:
        chosen: list[Fault] = []
        for fault in self._chance.sample(self._faults, len(self._faults)):
            if len(chosen) < 3 and not any(fault.parts & each.parts for each in chosen):
                chosen.append(fault)
        return chosen

    def _strike_together(self, faults: Sequence[Fault]) -> None:
        self._tell(" + ".join(fault.name for fault in faults))
        seeds = [self._chance.randrange(2**32) for _ in faults]
        threads = [
            threading.Thread(target=self._strike, args=(fault, seed))
            for fault, seed in zip(faults, seeds, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for failure in self._failures:
            raise FaultFailed(str(failure)) from failure

    def _strike(self, fault: Fault, seed: int) -> None:
        start = now()
        try:
            tidy = fault.strike(self._stack, random.Random(seed))  # noqa: S311
            self.struck.append(Struck(fault, start, now()))
            if tidy is not None:
                tidy()
        except Exception as failure:
            self._failures.append(failure)

    def _wait(self, seconds: float, ends: float) -> None:
        time.sleep(max(0.0, min(seconds, ends - time.time())))

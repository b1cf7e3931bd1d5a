"""The checker: whether what clients saw can have been, and whether anything was lost.

It knows the contract and nothing of how the service works, and shares no code with it. Two
questions are asked: whether what was seen of each seat can have happened one operation
after the other (`linearizability.py`), and whether the promises about all of them were kept
(`holds.py`, `reservations.py`, `lists.py`, `groups.py`, `log.py`, `answers.py`).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from torture.checker.events import OfEvent, Terms, check_event
from torture.checker.given import EventTerms, FinalState, Record, Window
from torture.checker.report import Report, Verdict, Violation

__all__ = [
    "EventTerms",
    "FinalState",
    "OfEvent",
    "Report",
    "Terms",
    "Verdict",
    "Violation",
    "Window",
    "check",
    "check_event",
]


def check(
    history: Iterable[Record],
    final: FinalState,
    after_restart: FinalState | None,
    windows: Sequence[Window],
    events: Mapping[str, EventTerms],
    *,
    off_clock: Sequence[tuple[int, int]] = (),
    terms: Terms | None = None,
    processes: int = 1,
) -> Report:
    """Check the history of a run, event by event.

    Args:
        history: the records, in any order.
        final: what was read when all clients had stopped.
        after_restart: what was read after everything was killed and started again.
        windows: times of trouble, in which requests may fail.
        events: the terms of all events.
        off_clock: times in which the store's clock was off, in nanoseconds.
        terms: of the check itself.
        processes: that check side by side.

    Raises:
        ValueError: a record is about an event that is not in `events`.
    """
    lines: dict[str, list[str]] = defaultdict(list)
    for record in history:
        # As text, records take a fraction of the memory.
        lines[record["event"]].append(json.dumps(record, separators=(",", ":")))
    if unknown := lines.keys() - events.keys():
        raise ValueError(f"Records are about unknown events: {', '.join(sorted(unknown))}.")
    checked = partial(_check_lines, windows=windows, off_clock=off_clock, terms=terms or Terms())
    tasks = (
        (
            lines.pop(event, []),
            OfEvent(event, terms, final.of(event), after_restart and after_restart.of(event)),
        )
        for event, terms in events.items()
    )
    report = Report()
    if processes == 1:
        for task in tasks:
            report.merge(checked(task))
        return report
    with ProcessPoolExecutor(processes) as pool:
        for each in pool.map(checked, tasks):
            report.merge(each)
    return report


def _check_lines(
    task: tuple[Sequence[str], OfEvent],
    windows: Sequence[Window],
    off_clock: Sequence[tuple[int, int]],
    terms: Terms,
) -> Report:
    lines, event = task
    return check_event(
        [json.loads(line) for line in lines], event, windows, off_clock=off_clock, terms=terms
    )

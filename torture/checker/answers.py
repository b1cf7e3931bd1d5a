"""Answers: failures only in times of trouble, never a 500, none that takes too long."""

from __future__ import annotations

from collections.abc import Sequence

from torture.checker.given import Record, Window
from torture.checker.history import MS
from torture.checker.report import Report, Violation

AFTERMATH = 2_000 * MS
"""How long after a time of trouble requests may still fail."""

RULES = (
    "no status 500",
    "failures in trouble only",
    "answers outside trouble",
    "answers in time",
)


def check_answers(
    report: Report, records: Sequence[Record], windows: Sequence[Window], longest: int
) -> None:
    """Check the answers to all attempts, and count them.

    Args:
        report: that is added to.
        records: of one event.
        windows: the times of trouble.
        longest: nanoseconds that an answer may take.
    """
    for record in records:
        status, code = record["status"], record.get("code")
        report.counts[record["operation"], status, code] += 1
        broken = []
        if status == 500:
            broken.append("no status 500")
        if status is None and not _in_trouble(record, windows):
            broken.append("answers outside trouble")
        if status is not None and status >= 500 and not _in_trouble(record, windows):
            broken.append("failures in trouble only")
        if record["returned"] is not None and record["returned"] - record["invoked"] > longest:
            broken.append("answers in time")
        for rule in broken:
            report.verdict(rule).add(Violation(record["event"], _line(record)))
    for rule in RULES:
        report.verdict(rule).checked += len(records)


def _in_trouble(record: Record, windows: Sequence[Window]) -> bool:
    returned = record["returned"] or record["invoked"]
    return any(
        window.start <= returned and record["invoked"] <= window.end + AFTERMATH
        for window in windows
    )


def _line(record: Record) -> str:
    seconds = ((record["returned"] or record["invoked"]) - record["invoked"]) / 1e9
    what = f"process {record['process']} {record['operation']}"
    answer = f"{record['status']} {record.get('code')}"
    return f"{what} -> {answer} after {seconds:.3f} s, invoked {record['invoked']}"

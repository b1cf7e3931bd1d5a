"""bandit: what looks dangerous in the source."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from attack.outcome import TOOLS, NotDone, Outcome, run_tool

LEFT_OUT = ",".join(
    (
        # Every use of subprocess has a rule of its own.
        "B404",
        # Takes the word Bearer for a secret. ruff's rule of the same number is on.
        "B105",
    )
)
STATED = re.compile(r"# noqa: S([0-9]{3})")
"""ruff's rules have the numbers of bandit's, so a reason that a line states is one for both."""


def attack(package: Path, folder: Path) -> Outcome:
    """Run it.

    Args:
        package: to read.
        folder: where it may leave things.
    """
    command: list[str | Path] = [TOOLS / "bandit", "-r", package, "-s", LEFT_OUT]
    command += ["-f", "json", "-q"]
    done = run_tool(command, folder)
    try:
        report = json.loads(done.stdout)
    except ValueError as error:
        raise NotDone(f"bandit made no report: {done.stderr[-500:]}") from error
    lines = report["metrics"]["_totals"]["loc"]
    if report["errors"] or not lines:
        raise NotDone(f"bandit could not read everything: {report['errors']}")
    return Outcome.of(findings_of(report), f"{lines} lines")


def findings_of(report: dict[str, Any]) -> list[str]:
    """Return what a report has found, but for lines that state why they are right."""
    return [
        f"{found['filename']}:{found['line_number']}: {found['test_id']} {found['issue_text']}"
        for found in report["results"]
        if found["test_id"][1:] not in _stated(Path(found["filename"]), found["line_range"])
    ]


def _stated(path: Path, numbers: list[int]) -> set[str]:
    lines = path.read_text().splitlines()
    return {rule for number in numbers for rule in STATED.findall(lines[number - 1])}

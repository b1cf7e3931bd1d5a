"""schemathesis: requests that follow, bend and break the OpenAPI document, and chains of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from attack.outcome import TOOLS, NotDone, Outcome, run_tool
from attack.target import Target

SETTINGS = """\
# JSON Schema cannot say that a cursor has to be one that an earlier page gave, that one
# member must not be less than another, or that they exclude each other: 422, or 410 for a
# cursor of a change log that has moved on. Any other refusal of what is valid is reported.
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "304", 401, 403, 404, 409, 410, 422, 429]
"""
# The list of a patron's holds is there also when there are none.
HOLDS_REMAIN = """
[[operations]]
include-name = "DELETE /v1/events/{event_id}/holds"
checks.use_after_free.enabled = false
"""
# A made-up id leads nowhere, so other runs have real ones. What has them must stay, and is not
# what was created a moment before.
REAL_IDS = """
[parameters]
"path.event_id" = "{}"
"path.reservation_id" = "{}"
"path.seat_id" = "7"

[[operations]]
include-name = "DELETE /v1/events/{{event_id}}"
enabled = false

[[operations]]
include-name = "DELETE /v1/events/{{event_id}}/reservations/{{reservation_id}}"
enabled = false

[checks]
ensure_resource_availability.enabled = false
use_after_free.enabled = false
"""
GENERATED = re.compile(r"^ *([0-9]+) generated", re.MULTILINE)
HEADING = re.compile(r"^_+ (.+?) _+$", re.MULTILINE)
FAILURE = re.compile(r"^[0-9]+\. Test Case ID: .+\n", re.MULTILINE)
NAME = re.compile(r"^- (ST[0-9]+ .+)$", re.MULTILINE)
ANSWER = re.compile(r"^\[([0-9]{3})\] .*\n\n +(.*)", re.MULTILINE)
ERRORS = "= ERRORS ="
FAILURES = "= FAILURES ="
WARNINGS = "= WARNINGS ="
TOO_LONG = {"414", "431"}
"""Answers to addresses and headers that are too long to be read, so that nobody knows which
operation they were meant for. No operation's description has them."""


def attack(target: Target, seconds: int) -> Outcome:
    """Run it as an admin and as a patron, with ids of its own and with real ones.

    Args:
        target: to attack.
        seconds: for each of the four runs.
    """
    sold = target.sold
    findings: list[str] = []
    generated = 0
    admin = ("admin", sold.admin, REAL_IDS.format(sold.event_id, sold.admin_reservation))
    patron = ("patron", sold.patron, REAL_IDS.format(sold.event_id, sold.patron_reservation))
    # The others come last, because who learns an id may delete what has it.
    runs = [(f"{role}-real", token, real) for role, token, real in (admin, patron)]
    runs += [(f"{role}-made-up", token, "") for role, token, _real in (admin, patron)]
    for name, token, ids in runs:
        cases, found = _run(target, name, SETTINGS + HOLDS_REMAIN + ids, token, seconds)
        generated += cases
        findings += found
    return Outcome.of(findings, f"{generated} cases in four runs")


def _run(
    target: Target, name: str, settings: str, token: str, seconds: int
) -> tuple[int, Sequence[str]]:
    folder = target.folder / f"schemathesis-{name}"
    folder.mkdir()
    (folder / "settings.toml").write_text(settings)
    command: list[str | Path] = [TOOLS / "schemathesis", "--config-file", "settings.toml", "run"]
    command += [f"{target.url}/openapi.json", "--header", f"Authorization: Bearer {token}"]
    command += ["--checks", "all", "--phases", "examples,coverage,fuzzing,stateful"]
    command += ["--max-time", str(seconds), "--continue-on-failure", "--no-color"]
    done = run_tool(command, folder)
    (folder / "said").write_text(done.stdout + done.stderr)
    counted = GENERATED.search(done.stdout)
    if counted is None:
        raise NotDone(f"schemathesis tested nothing: {done.stdout[-500:]}{done.stderr[-500:]}")
    found = [] if done.returncode == 0 else findings_of(done.stdout)
    return int(counted[1]), [f"{name}: {finding}" for finding in found]


def findings_of(said: str) -> list[str]:
    """Return what a run that did not end well has found, but for what is accepted."""
    findings = []
    if ERRORS in said:
        findings.append(said[said.index(ERRORS) :][:2000])
    if FAILURES not in said:
        return findings or [f"it ended badly: {said[-2000:]}"]
    failures = said[said.index(FAILURES) :].partition(WARNINGS)[0]
    for heading, failure in _each(failures):
        answer = ANSWER.search(failure)
        if answer is None or answer[1] not in TOO_LONG:
            names = "; ".join(NAME.findall(failure))
            told = f"{answer[1]} {answer[2][:300]}" if answer else failure[:1000]
            findings.append(f"{heading}: {names}: {told}")
    return findings


def _each(failures: str) -> Iterator[tuple[str, str]]:
    """Yield each failure, with the operation that it is of."""
    parts = HEADING.split(failures)
    for heading, text in zip(parts[1::2], parts[2::2], strict=True):
        for failure in FAILURE.split(text)[1:]:
            yield heading, failure

"""No attack looks clean that found something, or that was not carried out."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from attack import dependencies, schema, source, web
from attack.__main__ import is_good
from attack.outcome import TOOLS, NotDone, Outcome, Verdict, run_tool
from attack.probe import Delays
from attack.slowness import faults_of
from tests.live import PROJECT

CLEAN = Outcome(Verdict.CLEAN, "")
PINNED = ["flask", "redis"]
VULNERABLE = [{"name": "jinja2", "version": "2.4.1", "vulns": [{"id": "CVE-2014-1402"}]}]
NOBODY_LISTENS = "http://127.0.0.1:1"

FAILED = """\
=================================== FAILURES ===================================
________________________________ GET /v1/events ________________________________
1. Test Case ID: a

- ST101 Server error

- ST103 Undocumented status code

[500] Internal Server Error:

    `{"code": "internal_error"}`

2. Test Case ID: b

- ST103 Undocumented status code

[414] Request-URI Too Long:

    `{"code": "uri_too_long"}`

=================================== WARNINGS ===================================
"""


def audited(*names: str, **vulnerable: str) -> list[dict[str, Any]]:
    ids = {name: [{"id": vulnerable[name]}] if name in vulnerable else [] for name in names}
    return [{"name": name, "version": "1", "vulns": found} for name, found in ids.items()]


def test_only_what_is_clean_or_was_skipped_by_intent_is_good() -> None:
    assert is_good([CLEAN, Outcome(Verdict.SKIPPED, "")])
    assert not is_good([CLEAN, Outcome(Verdict.FOUND, "")])
    assert not is_good([CLEAN, Outcome(Verdict.NOT_DONE, "")])


def test_a_tool_that_is_not_installed_is_an_attack_not_done(tmp_path: Path) -> None:
    with pytest.raises(NotDone, match="not installed"):
        run_tool([tmp_path / "no-such-tool"], tmp_path)


def test_an_audit_of_everything_that_finds_nothing_is_clean() -> None:
    outcome = dependencies.judge(PINNED, VULNERABLE, audited(*PINNED))
    assert outcome.verdict is Verdict.CLEAN


def test_an_audit_names_what_is_vulnerable() -> None:
    outcome = dependencies.judge(PINNED, VULNERABLE, audited(*PINNED, redis="CVE-1"))
    assert (outcome.verdict, outcome.findings) == (Verdict.FOUND, ["redis 1: CVE-1"])


@pytest.mark.parametrize(
    ("known", "said", "reason"),
    [
        (VULNERABLE, audited("flask"), "not asked about redis"),
        (audited("jinja2"), audited(*PINNED), "finds nothing wrong with jinja2"),
        (
            VULNERABLE,
            [*audited("flask"), {"name": "redis", "skip_reason": "not found"}],
            "does not answer for 1 packages",
        ),
    ],
)
def test_an_audit_that_was_not_of_everything_is_not_done(
    known: list[dict[str, Any]], said: list[dict[str, Any]], reason: str
) -> None:
    with pytest.raises(NotDone, match=reason):
        dependencies.judge(PINNED, known, said)


def test_an_audit_whose_database_cannot_be_reached_is_not_done(tmp_path: Path) -> None:
    if not (TOOLS / "pip-audit").exists():
        pytest.skip("pip-audit is not installed: make attack-tools")
    unreachable = {"HTTPS_PROXY": NOBODY_LISTENS, "https_proxy": NOBODY_LISTENS, "NO_PROXY": ""}
    requirements = PROJECT / "requirements.txt"
    with pytest.raises(NotDone, match="could not be done: the database"):
        dependencies.attack(requirements, tmp_path, unreachable)


def test_the_command_fails_loudly_when_an_attack_could_not_be_done(tmp_path: Path) -> None:
    # An interpreter of another place would have no tools beside it.
    skipped = "bandit,schemathesis,framing,slowness,wapiti"
    program = "import sys; sys.prefix = '/nowhere'; import attack.__main__ as a; sys.exit(a.main())"
    done = subprocess.run(
        [sys.executable, "-c", program, "--skip", skipped, "--keep", str(tmp_path / "kept")],
        cwd=PROJECT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    lines = [line.split()[:2] for line in done.stdout.splitlines()]
    assert ["audit", "NOT"] in lines and ["bandit", "skipped"] in lines


def test_a_vulnerability_in_a_report_of_wapiti_is_found() -> None:
    def report(info: str) -> dict[str, Any]:
        found = {"info": info, "method": "GET", "path": "/v1/events"}
        return {"vulnerabilities": {"SQL Injection": [found]}, "anomalies": {}}

    assert web.findings_of(report("SQL Injection in after")) == [
        "SQL Injection: SQL Injection in after (GET /v1/events)"
    ]
    assert web.findings_of(report("X-XSS-Protection is not set")) == []


def test_a_failure_in_a_report_of_schemathesis_is_found() -> None:
    (finding,) = schema.findings_of(FAILED)
    assert finding == (
        "GET /v1/events: ST101 Server error; ST103 Undocumented status code: "
        '500 `{"code": "internal_error"}`'
    )
    assert schema.findings_of("what nobody foresaw") != []


def test_a_line_that_looks_dangerous_is_found_unless_it_states_why_not(tmp_path: Path) -> None:
    code = tmp_path / "code.py"
    code.write_text("eval(x)\neval(y)  # noqa: S307 - ours\neval(z)  # noqa: S101\n")
    found = [
        {"filename": str(code), "line_number": n, "line_range": [n], "test_id": "B307"}
        | {"issue_text": "eval"}
        for n in (1, 2, 3)
    ]
    findings = source.findings_of({"results": found})
    assert findings == [f"{code}:1: B307 eval", f"{code}:3: B307 eval"]


@pytest.mark.parametrize(
    ("disturbed", "faults"),
    [
        (Delays(median=0.1, longest=3.0, number=9, failed=0), 0),
        (Delays(median=0.11, longest=0.2, number=9, failed=0), 1),
        (Delays(median=0.01, longest=0.2, number=9, failed=1), 1),
    ],
)
def test_slowness_is_found_where_others_wait_or_fail(disturbed: Delays, faults: int) -> None:
    alone = Delays(median=0.005, longest=0.01, number=9, failed=0)
    assert len(faults_of(alone, disturbed)) == faults

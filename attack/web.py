"""wapiti: what a scanner for web applications tries with every address that it learns of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from attack.outcome import NotDone, Outcome, run_tool
from attack.target import Target

MODULES = ",".join(
    (
        "all",
        # They fetch their databases from the internet, for software that is not here.
        "-nikto",
        "-wapp",
        # They ask a server on the internet what reached it. The service sends no requests,
        # and reads no XML.
        "-ssrf",
        "-xxe",
        # There is no form, and no password.
        "-brute_login_form",
    )
)
ACCEPTED = {
    # Browsers have given it up, because it could be turned against pages. The page has a
    # Content-Security-Policy.
    "X-XSS-Protection is not set",
    # The policy's frame-ancestors says the same, and more.
    "X-Frame-Options is not set",
    # It means nothing without TLS (RFC 6797, section 8.1).
    "Strict-Transport-Security is not set",
}


def attack(target: Target, seconds: int) -> Outcome:
    """Run it against the root, Swagger UI, and every kind of list, as an admin.

    Args:
        target: to attack.
        seconds: for each of its modules.
    """
    events = f"{target.url}/v1/events"
    event = f"{events}/{target.sold.event_id}"
    report = target.folder / "wapiti.json"
    command: list[str | Path] = ["wapiti", "--url", f"{target.url}/", "--scope", "domain"]
    command += ["--module", MODULES, "--format", "json", "--output", report]
    command += ["--store-session", target.folder / "wapiti", "--no-bugreport", "--flush-session"]
    command += ["--header", f"Authorization: Bearer {target.sold.admin}"]
    command += ["--max-attack-time", str(seconds)]
    for start in (
        f"{events}?limit=5&after=x",
        f"{event}?x=y",
        f"{event}/seats?status=all&category=A&section=B",
        f"{event}/holds?seats=1,2",
        f"{event}/changes?after=x",
        f"{event}/reservations?patron=x&reference=y&limit=5&after=z",
    ):
        command += ["--start", start]
    before = target.requests()
    done = run_tool(command, target.folder)
    sent = target.requests() - before
    if not report.exists() or sent < 100:
        raise NotDone(f"wapiti made no report: {done.stdout[-500:]}{done.stderr[-500:]}")
    findings = findings_of(json.loads(report.read_text()))
    return Outcome.of(findings, f"{sent} requests")


def findings_of(report: dict[str, Any]) -> list[str]:
    """Return what a report has found, but for what is accepted."""
    return [
        f"{kind}: {found['info']} ({found['method']} {found['path']})"
        for part in ("vulnerabilities", "anomalies")
        for kind, each in report[part].items()
        for found in each
        if found["info"] not in ACCEPTED
    ]

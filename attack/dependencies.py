"""pip-audit: whether what the service runs on is known to be vulnerable.

An audit that could not ask its database must never look like one that found nothing. pip-audit
itself takes a package that the database does not answer for as skipped, and ends well; so here
every package must have been looked up, and one that is known to be vulnerable must be found.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from attack.outcome import TOOLS, NotDone, Outcome, run_tool

PIN = re.compile(r"^([a-z0-9.-]+)==", re.MULTILINE)
KNOWN_TO_BE_VULNERABLE = "jinja2==2.4.1"
"""Of 2010; nothing here uses it."""
NOT_REACHED = "could not be done: the database of vulnerabilities "


def attack(requirements: Path, folder: Path, variables: Mapping[str, str] | None = None) -> Outcome:
    """Look all requirements up.

    Args:
        requirements: the file that pins them.
        folder: where it may leave things.
        variables: of the tool's environment.

    Raises:
        NotDone: the database cannot be asked, or not about everything.
    """
    canary = folder / "canary.txt"
    canary.write_text(KNOWN_TO_BE_VULNERABLE)
    pinned = PIN.findall(requirements.read_text())
    known = _audit(["-r", canary, "--no-deps"], folder, variables or {})
    audited = _audit(["-r", requirements, "--require-hashes"], folder, variables or {})
    return judge(pinned, known, audited)


def judge(
    pinned: Sequence[str], known: Sequence[dict[str, Any]], audited: Sequence[dict[str, Any]]
) -> Outcome:
    """Tell what came of an audit.

    Args:
        pinned: names of all requirements.
        known: what was said of what is known to be vulnerable.
        audited: what was said of the requirements.

    Raises:
        NotDone: not all of them were looked up.
    """
    reasons = [said["skip_reason"] for said in [*known, *audited] if "skip_reason" in said]
    if reasons:
        raise NotDone(f"{NOT_REACHED}does not answer for {len(reasons)} packages: {reasons[0]}")
    if not any(said["vulns"] for said in known):
        raise NotDone(f"{NOT_REACHED}finds nothing wrong with {KNOWN_TO_BE_VULNERABLE}")
    if missing := set(pinned) - {said["name"] for said in audited}:
        raise NotDone(f"{NOT_REACHED}was not asked about {', '.join(sorted(missing))}")
    findings = [
        f"{said['name']} {said['version']}: {found['id']}"
        for said in audited
        for found in said["vulns"]
    ]
    return Outcome.of(findings, f"{len(audited)} packages")


def _audit(
    arguments: Sequence[str | Path], folder: Path, variables: Mapping[str, str]
) -> Sequence[dict[str, Any]]:
    command = [TOOLS / "pip-audit", *arguments, "--disable-pip", "--progress-spinner", "off"]
    # What was known yesterday is not what is known.
    command += ["--cache-dir", folder / "pip-audit-cache", "--format", "json"]
    done = run_tool(command, folder, **variables)
    try:
        said: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except ValueError as error:
        last = done.stderr.strip().splitlines()[-1:]
        raise NotDone(f"{NOT_REACHED}cannot be reached: {''.join(last)[:300]}") from error
    return said

"""What came of an attack, and how a tool is run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

TOOLS = Path(f"{sys.prefix}-attack") / "bin"
"""Where `make attack` installs what is no Debian package."""
GRACE_SECONDS = 600


class Verdict(StrEnum):
    """How it ended; only `CLEAN` is good."""

    CLEAN = "clean"
    FOUND = "FOUND"
    NOT_DONE = "NOT DONE"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Outcome:
    """What came of one attack.

    Attributes:
        verdict: how it ended.
        summary: one line with figures.
        findings: what is wrong, one text each.
    """

    verdict: Verdict
    summary: str
    findings: Sequence[str] = ()

    @classmethod
    def of(cls, findings: Sequence[str], summary: str) -> Outcome:
        """Return that of an attack that was carried out."""
        return cls(Verdict.FOUND if findings else Verdict.CLEAN, summary, findings)


class NotDone(Exception):
    """The attack could not be carried out; the message says why."""


def run_tool(
    command: Sequence[str | Path], folder: Path, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a tool to its end.

    Args:
        command: its program and arguments.
        folder: where it runs, and may leave things.
        variables: of its environment, beside this process' own.

    Raises:
        NotDone: it is not installed, or does not end.
    """
    try:
        return subprocess.run(  # noqa: S603 - a program that this package names
            list(map(str, command)),
            cwd=folder,
            env=os.environ | {"HOME": str(folder)} | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=GRACE_SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        raise NotDone(f"{command[0]} is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise NotDone(f"{command[0]} did not end within {GRACE_SECONDS} s") from error

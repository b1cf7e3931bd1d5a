"""What was measured, as a table, as JSON and as a picture."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.cases import Case
from bench.goals import Goal
from bench.load import WRK
from bench.measuring import Measured
from reservations.embedded_server import find_server
from tests.nginx import PROGRAM

RESULTS = Path("bench")
"""Where results are written."""

HEADINGS = ("requests/s", "p50 ms", "p99 ms", "workers us", "redis us", "nginx us", "bytes")
WIDTHS = (10, 8, 8, 10, 8, 8, 9)


def table(cases: Sequence[Case], seen: Measured) -> Iterable[str]:
    """Yield the lines of a table, one a case."""
    heads = " ".join(f"{head:>{width}}" for head, width in zip(HEADINGS, WIDTHS, strict=True))
    yield f"{'case':40} {heads} {'ratio':>6}  against"
    for case in cases:
        sample = seen.typical(case.name)
        figures = (
            f"{sample.rate:.0f}",
            f"{sample.p50_ms:.1f}",
            f"{sample.p99_ms:.1f}",
            f"{sample.workers_us:.0f}",
            f"{sample.redis_us:.0f}",
            f"{sample.nginx_us:.0f}",
            f"{sample.bytes:.0f}",
        )
        columns = " ".join(f"{each:>{width}}" for each, width in zip(figures, WIDTHS, strict=True))
        ratio = ""
        if case.against:
            rates = seen.ratio(case.name, case.against, lambda sample: sample.rate)
            ratio = f"{rates:6.2f}  {case.against}"
        yield f"{case.name:40} {columns} {ratio}".rstrip()
    yield ""
    yield "us: microseconds of CPU a request; ratio: of the requests a second, in the same round."


def goals(found: Sequence[Goal]) -> Iterable[str]:
    """Yield a line for each goal."""
    for goal in found:
        bound = f"{'at most' if goal.at_most else 'at least'} {goal.bound:g}"
        verdict = "" if goal.is_reached else "  NOT REACHED"
        yield f"{goal.what:64} {goal.value:8.3f}  {bound}{verdict}"


def write_json(
    file: Path, cases: Sequence[Case], seen: Measured, found: Sequence[Goal], **more: Any
) -> None:
    """Write everything down for programs."""
    results = {
        "machine": machine(),
        **more,
        "cases": {
            case.name: asdict(seen.typical(case.name))
            | {"clients": case.clients, "against": case.against or None}
            | (
                {"ratio": seen.ratio(case.name, case.against, lambda sample: sample.rate)}
                if case.against
                else {}
            )
            for case in cases
        },
        "goals": [asdict(goal) | {"reached": goal.is_reached} for goal in found],
    }
    file.write_text(json.dumps(results, indent=2) + "\n")


def machine() -> dict[str, Any]:
    """Return what it was measured on."""
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("flask", "gunicorn", "redis", "hiredis")},
        "store": _said([str(find_server()), "--version"]),
        "nginx": _said([str(PROGRAM), "-v"]),
        "wrk": _said([str(WRK), "--version"]),
    }


def _said(command: Sequence[str]) -> str:
    said = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    found = re.search(r"[0-9]+\.[0-9]+(\.[0-9]+)?", said.stdout + said.stderr)
    return found[0] if found else "unknown"

"""slowhttptest: many who send or read as slowly as they can, while others want to be served."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from attack.outcome import NotDone, Outcome, run_tool
from attack.probe import Delays, Probe, to_port
from attack.target import Target

CONNECTIONS = 100
ALLOWED_SECONDS = 0.1
"""By how much the median of normal requests may be longer."""
UNDISTURBED_SECONDS = 3


def _modes(target: Target) -> dict[str, Sequence[str]]:
    holds = f"{target.url}/v1/events/{target.sold.event_id}/holds"
    long_file = f"{target.url}/swagger/assets/swagger-ui-bundle.js"
    return {
        "slow headers": ["-H", "-i", "1", "-u", target.url],
        "slow bodies": ["-B", "-i", "1", "-s", "8192", "-t", "POST", "-u", holds],
        "slow readers": ["-X", "-w", "1", "-y", "10", "-n", "1", "-k", "3", "-u", long_file],
        "many ranges": ["-R", "-a", "1", "-b", "3000", "-u", long_file],
    }


def attack(target: Target, seconds: int) -> Outcome:
    """Run it in all of its modes.

    Args:
        target: to attack.
        seconds: for each.
    """
    with Probe(to_port(target.port), target.sold.admin) as probe:
        time.sleep(UNDISTURBED_SECONDS)
    undisturbed = probe.delays()
    findings: list[str] = []
    summary = [f"alone {_milliseconds(undisturbed)}"]
    for name, arguments in _modes(target).items():
        disturbed = _disturbed(target, arguments, seconds)
        summary.append(f"{name} {_milliseconds(disturbed)}")
        findings += [f"{name}: {fault}" for fault in faults_of(undisturbed, disturbed)]
    return Outcome.of(findings, f"{CONNECTIONS} connections; " + ", ".join(summary))


def _disturbed(target: Target, arguments: Sequence[str], seconds: int) -> Delays:
    command: list[str | Path] = ["slowhttptest", *arguments]
    command += ["-c", str(CONNECTIONS), "-r", str(CONNECTIONS), "-l", str(seconds)]
    with Probe(to_port(target.port), target.sold.admin) as probe:
        done = run_tool(command, target.folder)
    if "connected" not in done.stdout:
        raise NotDone(f"slowhttptest did not connect: {done.stdout[-500:]}{done.stderr[-500:]}")
    return probe.delays()


def faults_of(undisturbed: Delays, disturbed: Delays) -> Sequence[str]:
    """Tell what is wrong with how normal requests were served meanwhile."""
    faults = []
    if disturbed.median > undisturbed.median + ALLOWED_SECONDS:
        faults.append(f"normal requests took {_milliseconds(disturbed)}")
    if disturbed.failed:
        faults.append(f"{disturbed.failed} of {disturbed.number} normal requests failed")
    return faults


def _milliseconds(delays: Delays) -> str:
    return f"{delays.median * 1000:.0f} ms (at most {delays.longest * 1000:.0f})"

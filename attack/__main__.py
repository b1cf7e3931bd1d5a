"""Runs all attacks, and ends well only if all were carried out and found nothing."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from attack import dependencies, framing, schema, slowness, source, web
from attack.outcome import NotDone, Outcome, Verdict
from attack.target import Target, running_target
from tests.live import PROJECT

ON_SERVICE: dict[str, Callable[[Target, int], Outcome]] = {
    "schemathesis": schema.attack,
    "framing": framing.attack,
    "slowness": slowness.attack,
    "wapiti": web.attack,
}
ON_SOURCE: dict[str, Callable[[Path], Outcome]] = {
    "bandit": lambda folder: source.attack(PROJECT / "reservations", folder),
    "audit": lambda folder: dependencies.attack(PROJECT / "requirements.txt", folder),
}


def main() -> int:
    """Run what the command line asks for, and return the status to exit with."""
    names = [*ON_SERVICE, *ON_SOURCE]
    parser = argparse.ArgumentParser(prog="attack", description=__doc__)
    parser.add_argument("--seconds", type=int, default=30, help="for each run of a tool")
    parser.add_argument("--skip", default="", help=f"some of {','.join(names)}")
    parser.add_argument("--keep", type=Path, help="a folder for logs and reports")
    given = parser.parse_args()
    skipped = {name for name in given.skip.split(",") if name}
    if unknown := skipped - set(names):
        parser.error(f"there is no attack named {', '.join(sorted(unknown))}")
    folder = given.keep or Path(tempfile.mkdtemp(prefix="attack-"))
    folder.mkdir(parents=True, exist_ok=True)
    outcomes = run(folder.resolve(), given.seconds, skipped)
    if given.keep is None and is_good(outcomes):
        shutil.rmtree(folder)
    else:
        print(f"logs and reports: {folder}")
    return 0 if is_good(outcomes) else 1


def run(folder: Path, seconds: int, skipped: set[str]) -> Sequence[Outcome]:
    """Run all attacks but those that are skipped.

    Args:
        folder: for all that is written.
        seconds: for each run of a tool.
        skipped: names of attacks.
    """
    outcomes = [_tried(name, skipped, partial(of, folder)) for name, of in ON_SOURCE.items()]
    if set(ON_SERVICE) <= skipped:
        return outcomes + [_tried(name, skipped, _nothing) for name in ON_SERVICE]
    with running_target(folder) as target:
        for name, attack in ON_SERVICE.items():
            outcomes.append(_tried(name, skipped, partial(_watched, target, attack, seconds)))
    return outcomes


def is_good(outcomes: Sequence[Outcome]) -> bool:
    """Whether nothing was found, and nothing left undone but by intent."""
    return all(outcome.verdict in (Verdict.CLEAN, Verdict.SKIPPED) for outcome in outcomes)


def _watched(target: Target, attack: Callable[[Target, int], Outcome], seconds: int) -> Outcome:
    """Attack, and have a look at what the service itself complains of."""
    before = target.requests()
    outcome = attack(target, seconds)
    findings = [*outcome.findings, *target.complaints(before)]
    return Outcome.of(findings, f"{outcome.summary}, {target.requests() - before} requests in all")


def _tried(name: str, skipped: set[str], attack: Callable[[], Outcome]) -> Outcome:
    began = time.monotonic()
    try:
        outcome = Outcome(Verdict.SKIPPED, "") if name in skipped else attack()
    except NotDone as error:
        outcome = Outcome(Verdict.NOT_DONE, str(error))
    seconds = time.monotonic() - began
    print(f"{name:<13} {outcome.verdict:<9} {seconds:4.0f} s  {outcome.summary}", flush=True)
    for finding in outcome.findings:
        print(f"    {finding}", flush=True)
    return outcome


def _nothing() -> Outcome:
    raise NotDone("it was to be skipped")


if __name__ == "__main__":
    sys.exit(main())

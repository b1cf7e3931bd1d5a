"""Torture the service: real processes, faults, and a check of everything that clients saw.

`make torture MINUTES=1 SEED=1` says what it does and what it found; the exit status is 0
if nothing is wrong, 1 if something is, and 2 if the run tells nothing.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys

from torture.faults import FAULTS
from torture.mutants import MUTANTS
from torture.run import Plan, run_all
from torture.stores import KINDS


def main() -> int:
    """Run, and return the exit status."""
    plan = _plan()
    if _wants_own_mounts():
        # What is mounted vanishes with the run, however it ends.
        command = ["unshare", "--mount", sys.executable, "-m", "torture", *sys.argv[1:]]
        os.execvpe("unshare", command, {**os.environ, OWN_MOUNTS: "1"})  # noqa: S606, S607
    return run_all(plan)


OWN_MOUNTS = "TORTURE_HAS_OWN_MOUNTS"


def _wants_own_mounts() -> bool:
    return os.geteuid() == 0 and OWN_MOUNTS not in os.environ and bool(shutil.which("unshare"))


def _plan() -> Plan:
    parser = argparse.ArgumentParser(prog="python -m torture", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1, help="of load, for each seed")
    parser.add_argument("--seed", type=int, nargs="+", default=[1], help="one run for each")
    parser.add_argument("--store", choices=[*KINDS, "all"], default="standalone")
    parser.add_argument(
        "--faults", default="all", help=f"all, none, or of these: {','.join(FAULTS)}"
    )
    parser.add_argument("--mutant", choices=sorted(MUTANTS), help="a protection to take out")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--keep", help="a folder for histories and logs, else thrown away")
    given = parser.parse_args()
    names = tuple(given.faults.split(","))
    if unknown := set(names) - {*FAULTS, "all", "none"}:
        parser.error(f"there is no fault {', '.join(sorted(unknown))}")
    return Plan(
        minutes=given.minutes,
        seeds=tuple(given.seed),
        kinds=KINDS if given.store == "all" else (given.store,),
        faults=names,
        mutant=given.mutant,
        workers=given.workers,
        threads=given.threads,
        keep=given.keep,
    )


if __name__ == "__main__":
    sys.exit(main())

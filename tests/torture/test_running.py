"""Whole runs: a service that keeps its promises, and some that do not."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.live import PROJECT, environment
from tests.nginx import why_no_nginx
from torture.run import Plan, run
from torture.telling import Telling
from torture.weather import FaultFailed

pytestmark = [
    pytest.mark.skipif(why_no_nginx() is not None, reason=str(why_no_nginx())),
    pytest.mark.skipif(
        shutil.which("redis-server") is None,
        reason="install redis-server: apt-get install redis-server",
    ),
    pytest.mark.timeout(300),
]

PLAN = Plan(
    minutes=0.1,
    seeds=(1,),
    kinds=("standalone",),
    faults=("all",),
    mutant=None,
    workers=2,
    threads=8,
    keep=None,
)


def torture(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "torture", *arguments]
    return subprocess.run(
        command, cwd=PROJECT, env=environment(), capture_output=True, text=True, timeout=280
    )


def reasons_in(folder: Path) -> str:
    """Tell why the store could not do what it was asked, and how often in each second."""
    logged = (line for log in folder.rglob("gunicorn.log") for line in log.read_text().splitlines())
    lines = [json.loads(line) for line in logged if '"reason"' in line]
    counted = Counter((line["at"][:19], line["reason"]) for line in lines)
    return "\n".join(f"{at} {number:5} {why}" for (at, why), number in sorted(counted.items()))


@pytest.mark.parametrize("mutant", ["without-watch", "without-patron-watched", "with-time-window"])
def test_a_service_without_one_of_its_protections_is_reported(mutant: str) -> None:
    ran = torture("--minutes", "0.5", "--mutant", mutant)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "BROKEN" in ran.stdout
    assert re.search(r"checked +[1-9][0-9]* violations", ran.stdout)


def test_a_fault_that_cannot_be_had_is_not_taken_for_one_that_was_struck() -> None:
    ran = torture("--minutes", "0.1", "--faults", "no-such-fault")
    assert ran.returncode == 2
    assert "no-such-fault" in ran.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="run as root: a disk of its own is mounted")
def test_a_sound_service_with_its_store_killed_is_sound() -> None:
    ran = torture("--minutes", "0.5", "--faults", "kill-store,cut-power")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "Nothing is wrong." in ran.stdout
    assert "kill-store" in ran.stdout and "cut-power" in ran.stdout


# How soon all is well again is judged, too.
@pytest.mark.alone
@pytest.mark.parametrize("store", ["sentinel", "cluster"])
def test_a_sound_service_is_sound_while_a_replica_takes_over(store: str, tmp_path: Path) -> None:
    kept = ("--keep", str(tmp_path / "run"))
    ran = torture("--minutes", "0.5", "--store", store, "--faults", "kill-primary", *kept)
    assert ran.returncode == 0, f"{ran.stdout}{ran.stderr}{reasons_in(tmp_path)}"
    assert "Nothing is wrong." in ran.stdout
    assert "kill-primary" in ran.stdout


def test_where_everything_is_installed_no_fault_may_be_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CI", "true")
    missing = {"cut-power": "needs root"}
    monkeypatch.setattr("torture.run.faults_for", lambda *_: ([], missing))
    with pytest.raises(FaultFailed, match="cut-power cannot be had: needs root"):
        run(PLAN, "standalone", 1, tmp_path, Telling())

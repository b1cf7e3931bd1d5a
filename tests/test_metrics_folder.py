"""The folder of what is counted: one's own, and gone with its master, however that ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from reservations import metrics_folder
from tests.live import PROJECT

BEGIN = """
import os, sys
from pathlib import Path
from reservations import metrics_folder
metrics_folder.IN_MEMORY = Path(sys.argv[1])
metrics_folder.choose()
metrics_folder.choose()
metrics_folder.begin()
print(os.environ[metrics_folder.VARIABLE], flush=True)
if os.fork() == 0:
    sys.exit()
os.wait()
sys.stdin.read()
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where folders are made."""
    return tmp_path


def start(place: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", BEGIN, str(place)],
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"]},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def folder_of(master: subprocess.Popen[str]) -> Path:
    assert master.stdout is not None
    return Path(master.stdout.readline().strip())


def make_old(folder: Path) -> None:
    os.utime(folder, (1, 1))


def test_it_goes_with_its_master_but_not_with_a_worker(place: Path) -> None:
    with start(place) as master:
        folder = folder_of(master)
        assert folder.parent == place and folder.stat().st_mode & 0o777 == 0o700
        assert master.stdin is not None and master.poll() is None and folder.exists()
        master.stdin.close()
        assert master.wait(30) == 0
    assert list(place.iterdir()) == []


def test_what_a_killed_master_has_left_goes_with_the_next(place: Path) -> None:
    with start(place) as killed, start(place) as other:
        left, used = folder_of(killed), folder_of(other)
        killed.kill()
        killed.wait()
        make_old(left)
        make_old(used)
        (place / "of somebody else").mkdir()
        with start(place) as next_one:
            new = folder_of(next_one)
            assert {each.name for each in place.iterdir()} == {
                used.name,
                new.name,
                "of somebody else",
            }


def test_a_master_that_takes_the_place_of_another_has_another() -> None:
    named = {metrics_folder.VARIABLE: "/srv/counted", "A": "a"}
    metrics_folder.disown(named)
    assert named == {metrics_folder.VARIABLE: "/srv/counted", "A": "a"}
    own = {metrics_folder.VARIABLE: "/dev/shm/reservations-metrics-1-a", "A": "a"}  # noqa: S108
    metrics_folder.disown(own)
    metrics_folder.disown(own)
    assert own == {"A": "a"}

"""The README's commands do what the README says, run as they stand there."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live import PROJECT, answers, environment, free_port, wait_for

WALK_THROUGH = re.compile(r"<!-- walk-through -->\n```sh\n(.*?)```", re.DOTALL)
PORT_OF_README = "9000"
BETWEEN = "--- between the walk-throughs ---"

pytestmark = pytest.mark.skipif(
    shutil.which("curl") is None or shutil.which("make") is None,
    reason="needs curl and make: apt-get install curl make",
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the project as somebody has it who has just cloned it."""
    copy = tmp_path / "reservations"
    ignored = shutil.ignore_patterns(".git", ".venv", ".data", "tests", ".*_cache", "__pycache__")
    shutil.copytree(PROJECT, copy, ignore=ignored)
    # The installed packages are this run's own: a second installation proves nothing more.
    (copy / ".venv").symlink_to(Path(sys.prefix))
    for stamp in ("requirements.txt", "requirements-dev.txt"):
        (copy / stamp).touch()
    return copy


def test_the_walk_throughs_run_as_they_stand_in_the_readme(checkout: Path) -> None:
    port = free_port()
    main_job, booking = WALK_THROUGH.findall((PROJECT / "README.md").read_text())
    script = f"{main_job}\necho {BETWEEN}\n{booking}"
    assert PORT_OF_README in script
    env = environment(PORT=port, VENV=sys.prefix)
    serving = subprocess.Popen(
        ["make", "run"],
        cwd=checkout,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        wait_for(lambda: answers(port) or serving.poll() is not None)
        walked = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script.replace(PORT_OF_README, str(port))],
            cwd=checkout,
            env=env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        # As a terminal does on Ctrl+C: to make and to all that it has started.
        os.killpg(serving.pid, signal.SIGINT)
        said = serving.communicate(timeout=30)[0].decode()
    assert walked.returncode == 0, walked.stderr
    assert "problem" not in walked.stdout
    first, second = (part.splitlines() for part in walked.stdout.split(f"{BETWEEN}\n"))
    for status in ("held", "reserved", "free"):
        assert any(f'"status":"{status}"' in line for line in first)
    counts = json.loads(first[-1])["counts"]
    assert counts == {"free": 719, "held": 0, "reserved": 1, "blocked": 0, "total": 720}
    held, made, again, moved, header, row, _earlier, cancelled, event = second
    assert json.loads(held)["together"] is True
    assert (made, again, cancelled) == ("201 first", "201 again", "204")
    assert "balcony-A-12" in [seat["id"] for seat in json.loads(moved)["seats"]]
    assert header.startswith("id,patron,seats") and "balcony-A-12" in row and "A-1042" in row
    assert json.loads(event)["counts"] == counts
    readme = (PROJECT / "README.md").read_text()
    assert f'"counts":{json.dumps(counts, separators=(",", ":"))}' in readme
    assert f"http://127.0.0.1:{port}/swagger" in said
    assert "/jwt" in said


def test_every_setting_is_in_the_readme_and_reaches_make_run() -> None:
    config = (PROJECT / "reservations" / "config.py").read_text()
    settings = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', config))
    readme = (PROJECT / "README.md").read_text()
    table = readme[readme.index("| name | default |") : readme.index("## Running it for real")]
    first_cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert settings == set(re.findall(r"`([A-Z_]+)`", " ".join(first_cells)))
    makefile = (PROJECT / "Makefile").read_text()
    assert settings <= set(re.findall(r"\b[A-Z_]+\b", makefile))


def test_make_help_lists_every_target(checkout: Path) -> None:
    listed = subprocess.run(
        ["make"], cwd=checkout, env=environment(), capture_output=True, text=True, check=True
    ).stdout
    for target in ("run", "test", "check", "lock", "token", "bench"):
        assert f"make {target}" in listed

"""What a request costs within one process."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from bench.load import NEEDS_WRK, WRK
from tests.live import PROJECT
from tests.nginx import why_no_nginx

pytestmark = [
    pytest.mark.skipif(WRK is None, reason=NEEDS_WRK),
    pytest.mark.skipif(why_no_nginx() is not None, reason=str(why_no_nginx())),
]


def test_each_case_is_measured_and_nothing_else_is_said() -> None:
    command = [sys.executable, "-m", "bench", "--suite", "process", "--rounds", "1"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    heads, *lines = done.stdout.splitlines()
    assert heads.split() == ["case", "us", "of", "CPU"]
    found = [re.fullmatch(r"(.+?) +([1-9][0-9]*)", line) for line in lines]
    assert [match and match[1] for match in found] == [
        "Flask, bare JSON",
        "Flask, stock jwt_required",
        "Flask, a transaction in Redis",
        "list of 1,000",
        "hold a free seat",
    ]

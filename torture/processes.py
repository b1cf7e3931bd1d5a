"""The processes of a run: all in one group, which ends with the run, however it ends."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

POLL_SECONDS = 0.005

_GUARD = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
sys.stdin.read()
os.killpg(0, signal.SIGKILL)
"""


class NotReady(Exception):
    """Something that was started does not answer; the message says what."""


class Group:
    """A group of processes with a guard that kills it once the run is gone."""

    def __init__(self) -> None:
        # The guard reads from a pipe that only the run holds open.
        self._guard = subprocess.Popen(  # noqa: S603
            [sys.executable, "-I", "-S", "-c", _GUARD], stdin=subprocess.PIPE, process_group=0
        )

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Kill all that are left."""
        assert self._guard.stdin is not None
        self._guard.stdin.close()
        self._guard.wait()

    def start(
        self, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a process whose output is added to a log."""
        with log.open("ab") as output:
            return subprocess.Popen(  # noqa: S603
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment,
                process_group=self._guard.pid,
            )


def kill(process: subprocess.Popen[bytes] | psutil.Process) -> None:
    """Kill a process as the kernel does when memory runs out, and see it gone."""
    with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
        process.kill()
    process.wait()


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 20) -> None:
    """Wait until something is so.

    Raises:
        NotReady: it is not within that many seconds.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise NotReady(f"{what}: not within {seconds:g} s")
        time.sleep(POLL_SECONDS)

"""The workers of a running gunicorn, and how others take their place."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence

import psutil

from tests.live import WAIT_SECONDS, LiveService, has_ended, wait_for


def workers(service: LiveService) -> list[psutil.Process]:
    """Return the workers that live."""
    master = psutil.Process(service.process.pid)
    return [child for child in master.children() if _is_worker(child, master.cmdline())]


def replace_workers(service: LiveService, seconds: float = WAIT_SECONDS) -> None:
    """Have all workers replaced, as when settings have changed, and wait until they are."""
    before = workers(service)
    os.kill(service.process.pid, signal.SIGHUP)
    wait_for(lambda: all(map(has_ended, before)), seconds)
    wait_for(lambda: len(workers(service)) == len(before) > 0)


def _is_worker(child: psutil.Process, command: Sequence[str]) -> bool:
    # The embedded store's server is the master's child too, and who has ended has no command.
    try:
        return child.cmdline() == command
    except psutil.NoSuchProcess:
        return False

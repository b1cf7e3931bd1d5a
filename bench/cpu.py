"""How much CPU processes have used."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import psutil

NS_A_SECOND = 1_000_000_000


def of_workers(master_pid: int) -> float:
    """Return the seconds of CPU that the children of a process have used so far."""
    return of_processes([child.pid for child in psutil.Process(master_pid).children()])


def of_processes(pids: Sequence[int]) -> float:
    """Return the seconds of CPU that processes have used so far."""
    return sum(map(_of_process, pids))


def _of_process(pid: int) -> float:
    tasks = list(Path(f"/proc/{pid}/task").glob("*/schedstat"))
    if tasks:
        # To the nanosecond, where the times of processes are kept in hundredths of a second
        # (https://docs.kernel.org/scheduler/sched-stats.html).
        return sum(int(task.read_text().split()[0]) for task in tasks) / NS_A_SECOND
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)

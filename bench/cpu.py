"""How much CPU the service's workers have used."""

from __future__ import annotations

from pathlib import Path

import psutil

NS_A_SECOND = 1_000_000_000


def of_workers(master_pid: int) -> float:
    """Return the seconds of CPU that the workers of a gunicorn have used so far."""
    return sum(map(_of_process, psutil.Process(master_pid).children()))


def _of_process(process: psutil.Process) -> float:
    tasks = list(Path(f"/proc/{process.pid}/task").glob("*/schedstat"))
    if tasks:
        # To the nanosecond, where the times of processes are kept in hundredths of a second
        # (https://docs.kernel.org/scheduler/sched-stats.html).
        return sum(int(task.read_text().split()[0]) for task in tasks) / NS_A_SECOND
    times = process.cpu_times()
    return float(times.user + times.system)

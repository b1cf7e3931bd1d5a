"""A core for each of gunicorn's workers.

One thread of a worker runs at a time: the one that has Python's lock, which it lets go of for
each call of the system. Where the threads may run on any core, Linux wakes one that has waited
on an idle one, and it takes the lock from a thread that would have been back in a microsecond.
So they take turns at every call, and the worker's memory moves from one core's caches to the
other's with each. On one core, who lets go of the lock has it back before anybody else wakes.
nginx has the same setting, `worker_cpu_affinity`. Imports nothing of the service.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterable
from contextlib import suppress


def usable_cores() -> frozenset[int]:
    """Return the numbers of the cores that this process may use; none where nobody tells."""
    if not hasattr(os, "sched_getaffinity"):
        return frozenset()
    return frozenset(os.sched_getaffinity(0))


def core_for_another(
    cores: Collection[int], workers: int, taken: Iterable[int | None]
) -> int | None:
    """Return the core that one more worker should keep to; None for any of them.

    Args:
        cores: that there are.
        workers: that are to be. A worker keeps to a core only if each core gets as many: then
            also those of several servers on a machine are spread evenly.
        taken: the cores of the workers that there are.
    """
    if not cores or workers % len(cores):
        return None
    busy = Counter(taken)
    return min(sorted(cores), key=lambda core: busy[core])


def keep_to(core: int | None) -> None:
    """Let this process, and each thread that it will start, run on one core only."""
    if core is not None:
        # Not everybody may choose, and a core may be gone by now.
        with suppress(OSError):
            os.sched_setaffinity(0, {core})

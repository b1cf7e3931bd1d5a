"""The folder where the workers of one gunicorn keep what they have counted.

prometheus_client takes it from the environment, and only when it is imported
(https://prometheus.github.io/client_python/multiprocess/). So gunicorn's master names it
before it imports anything else, and this module imports nothing.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import MutableMapping
from contextlib import suppress
from pathlib import Path

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
PREFIX = "reservations-metrics-"
IN_MEMORY = Path("/dev/shm")  # noqa: S108
"""Where it is: a file on a disk that is busy syncing would stall who counts."""

NEW_SECONDS = 60
"""For so long a folder may be one that is just being made."""


def choose() -> None:
    """Make a folder and name it in the environment, unless that names one already.

    It does when gunicorn reads its settings anew: then the old folder, with all that was
    counted, stays.
    """
    if VARIABLE in os.environ:
        return
    place = IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    folder = place / f"{PREFIX}{os.getpid()}-{secrets.token_hex(4)}"
    # At once, since who only has the settings checked loads the application too.
    folder.mkdir(mode=0o700)
    atexit.register(_remove, folder, os.getpid())
    os.environ[VARIABLE] = str(folder)


def begin() -> None:
    """Begin to count in the folder, without what an earlier master has left in it."""
    folder = Path(os.environ[VARIABLE])
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in folder.glob("*.db"):
        left.unlink()
    if _is_own(folder):
        _lock(folder)
        # A master that has become a daemon is another process than the one that chose.
        atexit.register(_remove, folder, os.getpid())
        _remove_left(folder.parent)


def disown(environment: MutableMapping[str, str]) -> None:
    """Leave it out of the environment of a master that is to take this one's place."""
    if _is_own(Path(environment.get(VARIABLE, ""))):
        del environment[VARIABLE]


def is_shared() -> bool:
    """Whether several processes count together."""
    return VARIABLE in os.environ


def _is_own(folder: Path) -> bool:
    return folder.name.startswith(PREFIX)


def _lock(folder: Path) -> int:
    """Lock a folder for as long as this process lives, or one that it forks.

    Returns:
        The file descriptor that has the lock.

    Raises:
        OSError: another process has.
    """
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(opened)
        raise
    return opened


def _remove_left(place: Path) -> None:
    """Remove what masters that were killed have left."""
    for folder in place.glob(f"{PREFIX}*"):
        # Somebody else's, or still in use.
        with suppress(OSError):
            if folder.stat().st_mtime < time.time() - NEW_SECONDS:
                opened = _lock(folder)
                shutil.rmtree(folder, ignore_errors=True)
                os.close(opened)


def _remove(folder: Path, made_by: int) -> None:
    # Workers are copies of the master, and end as it does.
    if os.getpid() == made_by:
        shutil.rmtree(folder, ignore_errors=True)

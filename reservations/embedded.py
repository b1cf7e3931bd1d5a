"""One local Redis-protocol server for a data folder: started, shared, restarted, stopped.

Imports the standard library only. Everything rests on one lock file and two
facts of the kernel:

* **A lock of flock(2) belongs to the open file description**, which a child
  inherits. The server inherits it, and never knows: so the lock is taken
  exactly as long as a server lives, whoever started it and however it ends.
* **Who waits for the lock is woken by the server's death.** Every process that
  uses the store has a thread waiting; the kernel lets one of them in, and that
  one starts the next server. To start, to share and to restart are one act.

The lock needs a local disk: over NFS it is not inherited.
"""

import contextlib
import hashlib
import logging
import math
import os
import socket
import stat
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from reservations.embedded_server import (
    EmbeddedStoreError,
    await_exit,
    find_server,
    last_line,
    locked,
    remove_leftovers,
    spawn,
    terminate,
)

__all__ = ["EmbeddedStore", "EmbeddedStoreError", "socket_path", "store_url"]

logger = logging.getLogger(__name__)

SILENCE_SECONDS = 30.0
"""How long `EmbeddedStore.start` waits for a server that does not answer at all."""
CRASH_SECONDS = 1.0
"""A server that lived shorter than this is restarted only after a pause."""
LONGEST_PAUSE_SECONDS = 5.0
LONGEST_SOCKET_PATH_BYTES = 100
"""`sun_path` has 108 bytes on Linux and 104 on macOS, see unix(7)."""


def socket_path(data_dir: Path) -> Path:
    """Return where the server of a data folder listens, the same in every process.

    That is `store.sock` in the folder. Where this path would be too long for a
    socket it is a name made from it in a private folder of the temporary one
    (which is made here: a client, too, must know that nobody else made it).
    `XDG_RUNTIME_DIR` is not used: a shell, cron and a service see different ones.

    Raises:
        EmbeddedStoreError: The private folder cannot be made, or could be somebody else's.
    """
    folder = data_dir.resolve()
    path = folder / "store.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH_BYTES:
        return path
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    path = _private_folder() / f"{name}.sock"
    if len(os.fsencode(path)) > LONGEST_SOCKET_PATH_BYTES:
        raise EmbeddedStoreError(f"The path {path} is too long for a socket: set a shorter TMPDIR.")
    return path


def store_url(data_dir: Path) -> str:
    """Return the URL of a data folder's server, for redis-py's `from_url`.

    Raises:
        EmbeddedStoreError: As `socket_path`.
    """
    return f"unix://{quote(os.fsencode(socket_path(data_dir)))}"


class EmbeddedStore:
    """One local server for one data folder, shared by all who ask for it.

    Several processes may start it on the same folder: one server runs, and when
    its owner ends another of them starts the next one, on the same data.
    A forked child uses the server by its URL, and neither watches nor stops it.
    On Linux the server ends with its owner, even a killed one; on macOS it
    survives a killed owner, and the next one to start shares it.
    """

    def __init__(self, data_dir: Path) -> None:
        """Name the folder, which `start` makes if need be; a relative path is resolved now."""
        self._folder = data_dir.resolve()
        self._watch: _Watch | None = None

    @property
    def url(self) -> str:
        """The server's URL, for redis-py's `from_url`."""
        return store_url(self._folder)

    def start(self) -> None:
        """Start the server, or share the running one; return when it answers.

        A server that says it is loading its data is waited for, however long.

        Raises:
            EmbeddedStoreError: No usable program or folder, or no answer.
        """
        if self._own_watch() is not None:
            return
        program = find_server()
        _make_data_folder(self._folder)
        self._watch = _Watch(self._folder, [str(program), *_options(self._folder)])
        self._watch.start()
        try:
            self._await_answer(self._watch)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server if this process started it, and stop watching it in any case."""
        watch = self._own_watch()
        self._watch = None
        if watch is not None:
            watch.stop()

    def __enter__(self) -> Self:
        """Start the store."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the store."""
        self.stop()

    def _own_watch(self) -> "_Watch | None":
        """Return the watch of this process, none in a child forked after the start."""
        if self._watch is None or self._watch.process_id != os.getpid():
            return None
        return self._watch

    def _await_answer(self, watch: "_Watch") -> None:
        path = socket_path(self._folder)
        deadline = time.monotonic() + SILENCE_SECONDS
        while not (answer := _ping(path)).startswith(b"+PONG"):
            if watch.failure is not None:
                raise EmbeddedStoreError(watch.failure)
            if answer.startswith(b"-LOADING"):
                deadline = time.monotonic() + SILENCE_SECONDS
            elif time.monotonic() > deadline:
                raise EmbeddedStoreError(
                    f"No server answered on {path} in {SILENCE_SECONDS:.0f} seconds:"
                    f" see {self._folder / 'store.log'}."
                )
            time.sleep(0.01)


class _Watch(threading.Thread):
    """Waits for the lock of a data folder, and starts a server whenever it gets it.

    Every server is started by this thread, the first one too: PR_SET_PDEATHSIG
    sends its signal at the end of the *thread* that forked, and this one lasts
    until `stop` or the end of the process. One that is left waiting by `stop`
    behind another process's server gives the lock back as soon as it gets it.
    """

    def __init__(self, folder: Path, command: list[str]) -> None:
        super().__init__(name="embedded-store", daemon=True)
        self.process_id = os.getpid()
        self.failure: str | None = None
        self._folder = folder
        self._command = command
        self._stopping = threading.Event()
        self._server_id: int | None = None
        self._server_mutex = threading.Lock()

    def run(self) -> None:
        started_at = -math.inf
        pause_seconds = 0.0
        while not self._stopping.is_set():
            try:
                with locked(self._folder / "store.lock") as lock:
                    self._bury_server()
                    crashed = time.monotonic() - started_at < CRASH_SECONDS
                    pause_seconds = _next_pause(pause_seconds) if crashed else 0.0
                    self._stopping.wait(pause_seconds)
                    started_at = time.monotonic()
                    self._start_server(lock)
            except OSError as error:
                self._fail(f"The server could not be started: {error}")
                self._stopping.wait(LONGEST_PAUSE_SECONDS)

    def stop(self) -> None:
        self._stopping.set()
        with self._server_mutex:
            if self._server_id is not None:
                terminate(self._server_id)
                self._server_id = None

    def _start_server(self, lock: int) -> None:
        remove_leftovers(self._folder)
        with self._server_mutex:
            if self._stopping.is_set():
                return
            self._server_id = spawn(self._command, self._folder / "store.log", lock)
            logger.info("Started the server %d of %s.", self._server_id, self._folder)

    def _bury_server(self) -> None:
        """Reap the server whose death has freed the lock, if it was ours."""
        with self._server_mutex:
            if self._server_id is None:
                return
            await_exit(self._server_id, seconds=1)
            self._server_id = None
        last_words = last_line(self._folder / "store.log")
        self._fail(f"The server ended by itself, and its log ends with: {last_words}")

    def _fail(self, failure: str) -> None:
        self.failure = failure
        if not self._stopping.is_set():
            logger.error("%s (starting it again)", failure)


def _options(folder: Path) -> list[str]:
    """Return the server's whole configuration; no file has a part in it.

    No RDB preamble: Redis cannot read the one that Valkey 9 writes, and the next
    server on this folder may be the other program.
    """
    options = {
        "port": "0",
        "unixsocket": str(socket_path(folder)),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "always",
        "aof-load-truncated": "yes",
        "aof-use-rdb-preamble": "no",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "loglevel": "notice",
    }
    return [word for name, value in options.items() for word in (f"--{name}", value)]


def _make_data_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except FileExistsError as error:
        raise EmbeddedStoreError(f"The data folder {folder} is not a folder.") from error
    except OSError as error:
        raise EmbeddedStoreError(
            f"The data folder {folder} cannot be written: {error.strerror}."
        ) from error


def _private_folder() -> Path:
    """Return our folder for sockets, made if need be, in the temporary one that all can write."""
    try:
        folder = Path(tempfile.gettempdir()) / f"reservations-{os.getuid()}"
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        status = folder.lstat()
    except OSError as error:
        raise EmbeddedStoreError(
            f"The temporary folder has no place for a socket: {error.strerror}."
        ) from error
    ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid()
    if not ours or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise EmbeddedStoreError(
            f"The folder {folder} could have been made by somebody else:"
            " remove it, or choose a shorter data folder."
        )
    return folder


def _next_pause(seconds: float) -> float:
    return min(max(0.1, 2 * seconds), LONGEST_PAUSE_SECONDS)


def _ping(path: Path) -> bytes:
    """Return the server's answer to PING, empty if there is none."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(64)
    except OSError:
        return b""

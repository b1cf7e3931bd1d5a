"""The store of a run: one Redis server whose connections all go by way of a front.

The front is a symbolic link to the socket that the service connects to: the server's own,
or that of a proxy before it.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import redis

from reservations.embedded_server import find_server
from torture.clock import Clock, why_no_clock
from torture.disk import make_disk
from torture.processes import Group, NotReady, kill, wait_until


class StandaloneStore:
    """One server, with everything flushed to disk before it answers."""

    durability = "local"

    def __init__(self, folder: Path, group: Group) -> None:
        self.disk = make_disk(folder)
        self.clock = Clock(folder / "store-clock")
        self._folder = folder
        self._group = group
        self._socket = folder / "redis.sock"
        self._front = folder / "front.sock"
        self._process: subprocess.Popen[bytes] | None = None
        self._lead_to(self._socket)

    @property
    def url(self) -> str:
        """Where the service connects to."""
        return f"unix://{self._front}"

    def start(self) -> None:
        """Start the server, and wait until it answers.

        Raises:
            NotReady: it does not.
        """
        self._socket.unlink(missing_ok=True)
        command = [str(find_server()), "--port", "0", "--unixsocket", str(self._socket)]
        command += ["--dir", str(self.disk.folder), "--save", "", "--appendonly", "yes"]
        command += ["--appendfsync", "always", "--maxmemory-policy", "noeviction"]
        environment = dict(os.environ)
        if why_no_clock() is None:
            environment |= self.clock.environment()
        log = self._folder / "redis.log"
        process = self._process = self._group.start(command, log, environment)
        wait_until(lambda: self.answers() or process.poll() is not None, "redis")
        if process.poll() is not None:
            raise NotReady("redis: ended while it started")

    def answers(self) -> bool:
        """Whether it does what it is asked."""
        try:
            return bool(self.client().ping())
        except redis.RedisError:
            return False

    def client(self) -> Any:
        """Return a client of the server itself."""
        return redis.Redis(unix_socket_path=str(self._socket), socket_timeout=1, protocol=2)

    def is_running(self) -> bool:
        """Whether the server's process runs."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """Kill the server."""
        assert self._process is not None, "never started"
        kill(self._process)

    def signal(self, number: signal.Signals) -> None:
        """Send the server a signal."""
        assert self._process is not None, "never started"
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, number)

    def jump(self, seconds: int) -> None:
        """Let the server's clock be off by so many seconds, and wait until it is.

        Raises:
            NotReady: it does not notice.
        """
        self.clock.jump(seconds)
        wait_until(lambda: abs(self._seconds_off() - seconds) < 1, "the store's clock")

    def _seconds_off(self) -> float:
        whole, microseconds = self.client().time()
        return float(whole + microseconds / 1e6 - time.time())

    def cut_connections(self) -> None:
        """Cut all connections of the service."""
        with contextlib.suppress(redis.RedisError):
            self.client().execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    @contextlib.contextmanager
    def behind_proxy(self, chance: random.Random, share: float) -> Iterator[None]:
        """Let a share of the commits be lost, cut or delayed meanwhile."""
        listen = self._folder / "proxy.sock"
        listen.unlink(missing_ok=True)
        command = [sys.executable, "-m", "torture.proxy", str(listen), str(self._socket)]
        command += [str(chance.randrange(2**32)), str(share)]
        process = self._group.start(command, self._folder / "proxy.log")
        wait_until(listen.exists, "the proxy")
        self._lead_to(listen)
        self.cut_connections()
        try:
            yield
        finally:
            self._lead_to(self._socket)
            kill(process)

    def run_for(self, seconds: float) -> None:
        """Start the server again and again for so long, as a supervisor does."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not self.is_running():
                with contextlib.suppress(NotReady):
                    self.start()
            time.sleep(0.1)

    def close(self) -> None:
        """Stop the server, and let go of its disk."""
        if self.is_running():
            self.kill()
        self.disk.close()

    def _lead_to(self, socket: Path) -> None:
        draft = self._front.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        draft.symlink_to(socket)
        draft.replace(self._front)

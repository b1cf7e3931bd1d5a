"""The service of a run: gunicorn with several workers on a unix socket, behind nginx."""

from __future__ import annotations

import contextlib
import http.client
import os
import secrets
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil

from tests.live import environment
from torture.clock import Clock
from torture.processes import Group, NotReady, kill, wait_until

JWT_SECRET = secrets.token_urlsafe(48)


class Service:
    """A running gunicorn."""

    def __init__(self, folder: Path, group: Group, application: str, **settings: object) -> None:
        """Serve an application with these settings, as its environment has them."""
        self.socket = folder / "gunicorn.sock"
        self.clock = Clock(folder / "service-clock")
        self._group = group
        self._log = folder / "gunicorn.log"
        self._command = [sys.executable, "-m", "torture.gunicorn", application]
        self._command += ["--bind", f"unix:{self.socket}"]
        self._settings = {"MODE": "production", "JWT_SECRET": JWT_SECRET, **settings}
        self._master: subprocess.Popen[bytes] | None = None

    def start(self, *, clocked: bool = False) -> None:
        """Start the master, and wait until a worker answers.

        Args:
            clocked: whether to live by the clock that can be made to jump, which makes
                threads slow.

        Raises:
            NotReady: none does.
        """
        given = environment(**self._settings)
        if clocked:
            given |= self.clock.environment()
        master = self._master = self._group.start(self._command, self._log, given)
        wait_until(lambda: self.answers() or master.poll() is not None, "gunicorn")
        if master.poll() is not None:
            raise NotReady(f"gunicorn: {self._log.read_text()[-2000:]}")

    def answers(self) -> bool:
        """Whether a worker answers."""
        connection = http.client.HTTPConnection("localhost", timeout=1)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(1)
        try:
            connection.sock.connect(str(self.socket))
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def workers(self) -> list[psutil.Process]:
        """Return the workers' processes."""
        assert self._master is not None, "never started"
        with contextlib.suppress(psutil.NoSuchProcess):
            return psutil.Process(self._master.pid).children()
        return []

    def reload(self) -> None:
        """Replace all workers by new ones, as when settings have changed."""
        assert self._master is not None, "never started"
        os.kill(self._master.pid, signal.SIGHUP)

    def stop(self) -> None:
        """Let the master and its workers finish what they have begun."""
        assert self._master is not None, "never started"
        self._master.terminate()
        self._master.wait()

    def kill_master(self) -> None:
        """Kill the master; its workers notice."""
        assert self._master is not None, "never started"
        kill(self._master)

    def kill_all(self) -> None:
        """Kill the master and all workers at once."""
        workers = self.workers()
        self.kill_master()
        for worker in workers:
            with contextlib.suppress(psutil.NoSuchProcess):
                worker.kill()

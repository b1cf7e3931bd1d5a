"""A real nginx with the deployed rules, on a port of loopback, before a service of the tests."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from tests.live import PROJECT, LiveService, free_port, listener, live_service, wait_for

DEPLOYED = PROJECT / "deploy" / "nginx"
PROGRAM = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
NEEDS_NGINX = "install nginx: apt-get install nginx-light"

# Only what differs between machines stands here; all rules are the deployed files' own.
CONFIGURATION = """\
daemon off;
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
worker_processes 2;
events {{
    worker_connections 2048;
}}
http {{
    client_body_temp_path {folder}/temporary/body;
    proxy_temp_path {folder}/temporary/proxy;
    fastcgi_temp_path {folder}/temporary/fastcgi;
    uwsgi_temp_path {folder}/temporary/uwsgi;
    scgi_temp_path {folder}/temporary/scgi;
    include limits.conf;
    access_log {folder}/access.log requests;
    upstream patrons {{
        zone patrons 256k;
        {patrons}
        include upstream.conf;
    }}
    upstream box_office {{
        zone box_office 256k;
        {box_office}
        include upstream.conf;
    }}
    server {{
        listen 127.0.0.1:{port};
        include service.conf;
    }}
}}
"""
LOOPBACK_IS_TRUSTED = "127.0.0.0/8 1;\n"

# Ends with whoever holds the other end of its standard input, and takes nginx with it;
# else nginx would outlive a run that was killed.
GUARD = ["sh", "-c", "read -r _; kill -s KILL 0"]


def why_no_nginx() -> str | None:
    """Tell why nginx cannot be run here, if it cannot."""
    return None if PROGRAM else NEEDS_NGINX


class Nginx:
    """A running nginx.

    Attributes:
        port: where it listens, on 127.0.0.1.
        access_log: what it logs of requests.
        error_log: what it logs of itself.
    """

    def __init__(
        self,
        folder: Path,
        *patrons: Path | str,
        box_office: Path | str | None = None,
        port: int | None = None,
        trusted: bool = False,
        configuration: str = CONFIGURATION,
    ) -> None:
        """Prepare it.

        Args:
            folder: for all that it writes.
            patrons: the unix sockets, or addresses, of the services that patrons ask.
            box_office: the same of the service which the box office asks; by default the same.
            port: by default one that is free.
            trusted: whether loopback is listed as an operator lists a shop's back end.
            configuration: its main file, with the names of what differs in braces.
        """
        self.port = port or free_port()
        self.access_log = folder / "access.log"
        self.error_log = folder / "error.log"
        self._file = folder / "nginx.conf"
        self._guard: subprocess.Popen[bytes] | None = None
        self._master: subprocess.Popen[bytes] | None = None
        (folder / "temporary").mkdir(parents=True, exist_ok=True)
        self._file.write_text(
            configuration.format(
                # Workers of root's would not get into root's folders as somebody else.
                user="user root;" if os.geteuid() == 0 else "",
                folder=folder,
                patrons=_servers(*patrons),
                box_office=_servers(box_office) if box_office else _servers(*patrons),
                port=self.port,
            )
        )
        for rules in DEPLOYED.glob("*.conf"):
            if not (folder / rules.name).exists():
                (folder / rules.name).symlink_to(rules)
        if trusted:
            (folder / "trusted.conf").unlink()
            (folder / "trusted.conf").write_text(LOOPBACK_IS_TRUSTED)

    def __enter__(self) -> Self:
        """Run it."""
        # In a group of its own, which Ctrl+C does not reach.
        self._guard = subprocess.Popen(GUARD, stdin=subprocess.PIPE, process_group=0)
        try:
            self.start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it, if it runs."""
        try:
            self.stop()
        finally:
            self._end()

    @property
    def pid(self) -> int:
        """Its master's process id."""
        assert self._master is not None, "not running"
        return self._master.pid

    def start(self) -> None:
        """Start it, and wait until it accepts connections."""
        assert PROGRAM is not None, NEEDS_NGINX
        assert self._guard is not None, "only within its context"
        # The log given here is for what comes before the file's own is read.
        command = [PROGRAM, "-c", str(self._file), "-e", str(self.error_log)]
        self._master = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=self._guard.pid,
        )
        master = self._master
        wait_for(lambda: self.accepts() or master.poll() is not None)
        assert master.poll() is None, self.error_log.read_text()

    def stop(self) -> None:
        """Stop it at once, whatever is under way."""
        if self._master is not None:
            self._master.send_signal(signal.SIGTERM)
            self._master.wait(10)
            self._master = None

    def restart(self) -> None:
        """Stop it at once, and start it again."""
        self.stop()
        self.start()

    def reload(self) -> None:
        """Let it read its files anew; what is under way ends in peace."""
        os.kill(self.pid, signal.SIGHUP)

    def kill(self) -> None:
        """Kill it and its workers."""
        assert self._master is not None, "not running"
        workers = psutil.Process(self.pid).children()
        self._master.kill()
        self._master.wait()
        self._master = None
        for worker in workers:
            with contextlib.suppress(psutil.NoSuchProcess):
                worker.kill()

    def accepts(self) -> bool:
        """Whether it accepts connections."""
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def _end(self) -> None:
        assert self._guard is not None and self._guard.stdin is not None
        self._guard.stdin.close()
        self._guard.wait(10)


def _servers(*servers: Path | str) -> str:
    # As containers that come and go.
    options = "max_fails=1 fail_timeout=1s" if len(servers) > 1 else ""
    return " ".join(f"server {listener(server)} {options};" for server in servers)


@contextlib.contextmanager
def behind_nginx(
    folder: Path, *, trusted: bool = False, **settings: object
) -> Iterator[LiveService]:
    """Run the service behind nginx, as `live_service` runs it alone.

    The port is nginx's, whose logs are in `folder / "nginx"`.
    """
    # The names of sockets are short, those of tests' folders may not be.
    with tempfile.TemporaryDirectory(prefix="reservations-") as place:
        upstream = Path(place) / "gunicorn.sock"
        with (
            Nginx(folder / "nginx", upstream, trusted=trusted) as nginx,
            live_service(
                folder, "wsgi:app", listens_on=upstream, PORT=nginx.port, **settings
            ) as service,
        ):
            yield service

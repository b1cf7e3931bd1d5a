"""What is measured: the service as in production, and the ceilings beside it.

gunicorn's workers on a unix socket behind nginx with the deployed rules, and a Redis of
their own on a unix socket.
"""

from __future__ import annotations

import contextlib
import secrets
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import jwt
import psutil
import redis

from bench import cpu
from reservations.embedded_server import find_server
from tests.live import live_service, wait_for
from tests.nginx import Nginx

SECRET = secrets.token_urlsafe(48)
TOKEN_SECONDS = 24 * 3600

GUNICORN_DEFAULTS = {"GUNICORN_CMD_ARGS": "--config /dev/null"}
"""Has gunicorn serve as it does where nobody set anything but how many workers there are."""


@dataclass(frozen=True)
class Used:
    """What a server has used so far.

    Attributes:
        workers: seconds of CPU of all its workers.
        redis: the same of its Redis.
        nginx: and of its nginx.
        commits: transactions that were sent to Redis.
        changes: entries of change logs: one for each transaction that was executed.
    """

    workers: float
    redis: float
    nginx: float
    commits: int
    changes: int


class Measurable(Protocol):
    """Whatever can be put under load."""

    @property
    def url(self) -> str:
        """Its address, without a path."""

    def used(self) -> Used:
        """Return what it has used so far."""


class Server:
    """A server that is measured.

    Attributes:
        url: nginx's, without a path.
        workers_of: the process whose children are the workers.
        store: a client of its Redis.
    """

    def __init__(self, port: int, workers_of: int, nginx: int, store: redis.Redis) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.workers_of = workers_of
        self.store = store
        self._nginx = nginx
        self._redis = int(store.info("server")["process_id"])

    def used(self) -> Used:
        """Return what it has used so far."""
        return Used(
            cpu.of_workers(self.workers_of),
            cpu.of_processes([self._redis]),
            cpu.of_workers(self._nginx),
            self._calls("exec"),
            self._calls("xadd"),
        )

    def workers_bytes(self) -> int:
        """Return what its largest worker has of memory for itself."""
        workers = psutil.Process(self.workers_of).children()
        return max(int(worker.memory_full_info().uss) for worker in workers)

    def stored_bytes(self) -> int:
        """Return what its Redis keeps in memory."""
        return int(self.store.info("memory")["used_memory"])

    def _calls(self, command: str) -> int:
        stats = self.store.info("commandstats")
        return int(stats.get(f"cmdstat_{command}", {"calls": 0})["calls"])


def token(subject: str, role: str = "patron") -> str:
    """Sign a token as a shop's back end does, for the header `Authorization`."""
    now = int(time.time())
    claims = {"sub": subject, "role": role, "jti": str(uuid4()), "type": "access", "fresh": False}
    claims |= {"iat": now, "exp": now + TOKEN_SECONDS, "iss": "reservations"}
    signed = jwt.encode(claims | {"aud": "reservations"}, SECRET, "HS256")
    return f"Bearer {signed}"


@contextlib.contextmanager
def running_redis(*, durable: bool) -> Iterator[str]:
    """Run a Redis that flushes each change to disk, or writes nothing there; yield its URL."""
    with tempfile.TemporaryDirectory(prefix="reservations-") as folder:
        socket = Path(folder) / "redis.sock"
        command = [str(find_server()), "--port", "0", "--unixsocket", str(socket)]
        command += ["--dir", folder, "--save", "", "--maxmemory-policy", "noeviction"]
        command += ["--appendonly", "yes" if durable else "no", "--appendfsync", "always"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603
        try:
            wait_for(socket.exists)
            yield f"unix://{socket}"
        finally:
            process.kill()
            process.wait()


@contextlib.contextmanager
def running_service(*, durable: bool = True, **settings: object) -> Iterator[Server]:
    """Run the service.

    Args:
        durable: whether its Redis flushes each change to disk.
        settings: of the service, as its environment has them.
    """
    with (
        running_redis(durable=durable) as url,
        _behind_nginx("wsgi:app", REDIS_URL=url, **settings) as (nginx, master),
        redis.Redis.from_url(url, protocol=2) as store,
    ):
        yield Server(nginx.port, master, nginx.pid, store)


@contextlib.contextmanager
def running_ceilings(**settings: object) -> Iterator[Server]:
    """Run the routes that the service's are compared with."""
    with (
        running_redis(durable=True) as url,
        _behind_nginx("bench.ceilings:app", REDIS_URL=url, **settings) as (nginx, master),
        redis.Redis.from_url(url, protocol=2) as store,
    ):
        yield Server(nginx.port, master, nginx.pid, store)


@contextlib.contextmanager
def _behind_nginx(application: str, **settings: object) -> Iterator[tuple[Nginx, int]]:
    """Serve an application; yield nginx, and the process id of gunicorn's master."""
    given = {"MODE": "production", "JWT_SECRET": SECRET, "WEB_CONCURRENCY": 2, **settings}
    with tempfile.TemporaryDirectory(prefix="reservations-") as place:
        folder = Path(place)
        socket = folder / "gunicorn.sock"
        with (
            Nginx(folder / "nginx", socket, trusted=True) as nginx,
            live_service(
                folder, application, listens_on=socket, PORT=nginx.port, **given
            ) as service,
        ):
            yield nginx, service.process.pid

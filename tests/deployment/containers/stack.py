"""The stack of the compose file, beside any other that runs on this machine."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.deployment.containers.engine import environment_of_engine
from tests.live import PROJECT, Client, free_port, wait_for

PROJECT_NAME = "reservations-test"
SETTINGS = {
    "COMPOSE_PROJECT_NAME": PROJECT_NAME,
    "IMAGE": "reservations:test",
    "WEB_CONCURRENCY": "1",
    "BOX_OFFICE_CONCURRENCY": "1",
    "CLUSTER_NETWORK": "10.211.78",
}
PORTS = ("BOX_OFFICE_PORT", "DEV_PORT", "PROMETHEUS_PORT", "GRAFANA_PORT")


class Stack:
    """Containers that are up, or can be brought up.

    Attributes:
        port: of https, on loopback.
        plain_port: of http, which leads there.
    """

    def __init__(self, folder: Path, **settings: str) -> None:
        """Prepare it.

        Args:
            folder: for its secrets and copies.
            settings: of the compose file, besides those of every test.
        """
        self.port, self.plain_port = free_port(), free_port()
        self._folder = folder
        trusted = folder / "trusted.conf"
        # All tests come from one address.
        trusted.write_text("0.0.0.0/0 1;\n")
        engine = environment_of_engine()
        assert engine is not None
        self.env = {
            **os.environ,
            **engine,
            **SETTINGS,
            "SECRETS_DIR": str(folder / "secrets"),
            "TRUSTED_CONF": str(trusted),
            "HTTPS_PORT": str(self.port),
            "HTTP_PORT": str(self.plain_port),
            **{name: str(free_port()) for name in PORTS},
            **settings,
        }

    def run(self, *command: str) -> str:
        """Run a command in the project's folder, and return what it prints.

        Raises:
            AssertionError: it failed.
        """
        done = subprocess.run(  # noqa: S603
            command, cwd=PROJECT, env=self.env, stdin=subprocess.DEVNULL, capture_output=True
        )
        assert done.returncode == 0, done.stderr.decode()[-3000:]
        return done.stdout.decode()

    def compose(self, *arguments: str) -> str:
        """Run docker compose, and return what it prints."""
        return self.run("docker", "compose", *arguments)

    def make(self, *arguments: str) -> str:
        """Run make, and return what it prints."""
        return self.run("make", "--no-print-directory", *arguments)

    def begin(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Have make begin, in a process group of its own, as a terminal does."""
        command = ["make", "--no-print-directory", *arguments]
        return subprocess.Popen(  # noqa: S603
            command,
            cwd=PROJECT,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def inside(self, service: str, *command: str) -> str:
        """Run a command in a container of a service, and return what it prints."""
        return self.compose("exec", "-T", service, *command)

    def python(self, service: str, program: str) -> str:
        """Run a Python program in a container of a service, and return what it prints."""
        return self.inside(service, "python", "-c", program)

    def containers(self, service: str = "") -> list[str]:
        """Return the ids of the running containers, of one service if it is named."""
        return self.compose("ps", "--quiet", *([service] if service else [])).split()

    def inspect(self, container: str) -> dict[str, Any]:
        """Return what the engine knows of a container."""
        (found,) = json.loads(self.run("docker", "inspect", container))
        assert isinstance(found, dict)
        return found

    def logs(self, container: str) -> str:
        """Return what a container has written to its standard output."""
        return self.run("docker", "logs", container)

    def kill(self, service: str) -> None:
        """Kill one of the containers of a service from outside, so that it is restarted."""
        container = self.containers(service)[0]
        found = self.inspect(container)
        restarts = found["RestartCount"]
        os.kill(found["State"]["Pid"], signal.SIGKILL)
        wait_for(lambda: self.inspect(container)["RestartCount"] > restarts)
        self.await_health(container)

    def await_health(self, *containers: str) -> None:
        """Wait until containers are healthy."""
        for container in containers:
            wait_for(
                lambda one=container: (
                    self.inspect(one)["State"].get("Health", {}).get("Status") == "healthy"
                ),
                60,
            )

    def tls(self) -> ssl.SSLContext:
        """Return a context that trusts the stack's own certificate."""
        certificate = self.inside("nginx", "cat", "/etc/nginx/tls/tls.crt")
        return ssl.create_default_context(cadata=certificate)

    def client(self, who: str, role: str = "patron") -> Client:
        """Return a client with a token."""
        return Client(self.port, f"Bearer {self.token(who, role)}", self.tls())

    def token(self, who: str, role: str = "patron") -> str:
        """Have a token issued, as an operator does."""
        return self.inside("box-office", "flask", "tokens", "issue", who, "--role", role).strip()

    def tokens(self, patrons: Sequence[str]) -> list[str]:
        """Have the box office issue tokens for many."""
        admin = self.client("box-office", "admin")
        answers = [
            admin.request("POST", "/v1/tokens", {"subject": who, "role": "patron"})
            for who in patrons
        ]
        admin.close()
        return [f"Bearer {answer.body['access_token']}" for answer in answers]


@contextmanager
def running_stack(folder: Path, *up: str, **settings: str) -> Iterator[Stack]:
    """Bring a stack up with `make up`, and take it down without a trace."""
    stack = Stack(folder, **settings)
    try:
        stack.make("up", *up)
        yield stack
    finally:
        stack.make("down", "VOLUMES=1")

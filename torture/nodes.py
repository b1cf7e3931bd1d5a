"""Servers of a set of several, each with an address of its own, that can be cut off."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from torture.processes import Group, kill, wait_until

PORT = 7000
ANSWER_SECONDS = 0.3
START_SECONDS = 20


class Network:
    """A network on loopback, which nobody else uses, and who is cut off in it.

    Clients are not part of it: they come from 127.0.0.1.
    """

    def __init__(self) -> None:
        self._prefix = f"127.{20 + secrets.randbelow(200)}.{secrets.randbelow(256)}"
        self._cuts: dict[str, subprocess.Popen[str]] = {}

    def address(self, number: int) -> str:
        """Return one of its addresses."""
        return f"{self._prefix}.{number}"

    def cut_off(self, address: str) -> None:
        """Let nothing pass between an address and all others of the network.

        Somebody else takes the rules back: also when this process is killed.

        Raises:
            PermissionError: only root may do that.
        """
        if os.geteuid() != 0:
            raise PermissionError("iptables needs root")
        others = f"{self._prefix}.0/24"
        rules = [f"INPUT -s {address} -d {others}", f"INPUT -s {others} -d {address}"]
        script = [
            *(f"iptables -w -I {rule} -j DROP" for rule in rules),
            "echo done",
            "trap '' INT TERM",
            "read -r _",
            *(f"iptables -w -D {rule} -j DROP" for rule in rules),
        ]
        cut = subprocess.Popen(  # noqa: S603
            ["/bin/sh", "-c", "\n".join(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._cuts[address] = cut
        assert cut.stdout is not None
        assert cut.stdout.readline() == "done\n", "iptables does not work here"

    def reconnect(self, address: str) -> None:
        """Let everything pass again."""
        cut = self._cuts.pop(address, None)
        if cut is not None:
            cut.communicate()

    def reconnect_all(self) -> None:
        """Cut nobody off any more."""
        for address in list(self._cuts):
            self.reconnect(address)


class Node:
    """One server process with its folder."""

    def __init__(
        self, group: Group, folder: Path, host: str, port: int, options: dict[str, str]
    ) -> None:
        """Write its configuration, which it may rewrite."""
        folder.mkdir()
        self.host = host
        self.port = port
        self._group = group
        self._folder = folder
        # A sentinel is told by its first option.
        self._is_sentinel = any(name.startswith("sentinel ") for name in options)
        shared = {
            "bind": host,
            "bind-source-addr": host,
            "port": str(port),
            "dir": str(folder),
            "protected-mode": "no",
        }
        lines = [f"{name} {value}\n" for name, value in {**shared, **options}.items()]
        (folder / "server.conf").write_text("".join(lines))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return self.host, self.port

    @property
    def pid(self) -> int:
        """The id of its process."""
        assert self._process is not None
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def restart(self) -> None:
        """Start it on its folder, unless it is running; and wait until it can be asked."""
        if self.is_running:
            return
        command = ["redis-server", str(self._folder / "server.conf")]
        if self._is_sentinel:
            command.append("--sentinel")
        self._process = self._group.start(command, self._folder / f"{self._folder.name}.log")
        wait_until(self.answers, f"the server at {self.host}:{self.port}", START_SECONDS)

    def kill(self) -> None:
        """Kill it at once."""
        if self._process is not None:
            kill(self._process)

    def stop(self) -> None:
        """Let it stand still."""
        os.kill(self.pid, signal.SIGSTOP)

    def cont(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def client(self) -> redis.Redis:
        """Return a client of it, that does not wait for long."""
        return redis.Redis(
            self.host,
            self.port,
            protocol=2,
            decode_responses=True,
            socket_timeout=ANSWER_SECONDS,
            socket_connect_timeout=ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )

    def tell(self, *command: str | int) -> object:
        """Return the answer to a command.

        Raises:
            redis.RedisError, OSError: there is none, or it is refused.
        """
        with self.client() as client:
            return client.execute_command(*command)

    def ask(self, *command: str | int) -> object:
        """Return the answer to a command; None if there is none."""
        try:
            return self.tell(*command)
        except (redis.RedisError, OSError):
            return None

    def answers(self) -> bool:
        """Whether it can be asked."""
        return bool(self.ask("PING"))

    def is_replica(self) -> bool:
        """Whether it follows another."""
        role = self.ask("ROLE")
        return isinstance(role, list) and role[0] == "slave"

    def has_followed_to(self, offset: int) -> bool:
        """Whether it is linked to a primary, and has whatever that one wrote up to an offset."""
        info = self.ask("INFO", "replication")
        return (
            isinstance(info, dict)
            and info.get("master_link_status") == "up"
            and info["slave_repl_offset"] >= offset
        )

"""Load by wrk: so many clients that each send the next request once they have an answer."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

SCRIPT = Path(__file__).parent / "load.lua"
WRK = shutil.which("wrk")
NEEDS_WRK = "install wrk: apt-get install wrk"
TIMEOUT_SECONDS = 10


class NotSent(Exception):
    """Nothing could be sent; the message is wrk's."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request that a client sends."""

    method: str
    path: str
    token: str = ""
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def as_line(self) -> str:
        """Write it down for `load.lua`."""
        headers = dict(self.headers)
        if self.token:
            headers["Authorization"] = self.token
        if self.body is not None:
            headers["Content-Type"] = "application/json"
        listed = "|".join(f"{name}: {value}" for name, value in headers.items())
        body = "" if self.body is None else json.dumps(self.body)
        return f"{self.method}\t{self.path}\t{listed}\t{body}\n"


@dataclass(frozen=True, slots=True)
class Load:
    """What clients saw.

    Attributes:
        requests: how many were answered.
        bytes: of all answers, headers among them.
        refused: how many answers had a status of 400 or more.
        broken: connections that failed, and answers that took longer than 10 s.
        p50_ms: milliseconds that half of the answers took at most.
    """

    requests: int
    seconds: float
    bytes: int
    refused: int
    broken: int
    p50_ms: float
    p99_ms: float
    max_ms: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.requests / self.seconds


def send(url: str, requests: Iterable[Request], clients: int, seconds: float) -> Load:
    """Have clients send requests in turn, from the first again after the last.

    Args:
        url: of the server, without a path.
        requests: in the order in which they are sent.
        clients: connections, each of which waits for its answer.
        seconds: for how long.

    Raises:
        NotSent
    """
    assert WRK is not None, NEEDS_WRK
    with tempfile.NamedTemporaryFile("w", prefix="reservations-", suffix=".tsv") as file:
        file.writelines(request.as_line() for request in requests)
        file.flush()
        command = [WRK, "--threads", "1", "--connections", str(clients)]
        command += ["--duration", f"{max(1, round(seconds))}s", "--timeout", f"{TIMEOUT_SECONDS}s"]
        command += ["--script", str(SCRIPT), url, "--", file.name]
        done = subprocess.run(command, capture_output=True, text=True)  # noqa: S603
    if done.returncode:
        raise NotSent(done.stderr.strip() or done.stdout.strip())
    return Load(**json.loads(done.stdout.splitlines()[-1]))

"""A running Prometheus, and how it is asked."""

from __future__ import annotations

import http.client
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest


def program(name: str, package: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"install {name}: apt-get install --no-install-recommends {package}")
    return found


@contextmanager
def running(command: list[str], log: Path) -> Iterator[None]:
    """Run a program until it is not wanted any more."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def get(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    except OSError:
        return 0, ""
    finally:
        connection.close()


class Monitor:
    """A running Prometheus."""

    def __init__(self, port: int) -> None:
        self.port = port

    def ask(self, query: str) -> list[dict[str, Any]]:
        """Return the series that answer a query.

        Raises:
            AssertionError: it is not answered.
        """
        status, text = get(self.port, f"/api/v1/query?{urlencode({'query': query})}")
        answer = json.loads(text) if text else {}
        assert status == 200 and answer["status"] == "success", (query, text)
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found

    def value(self, query: str) -> float:
        """Return the one value that answers a query; 0 for none."""
        found = self.ask(query)
        return float(found[0]["value"][1]) if found else 0

    def is_ready(self) -> bool:
        """Whether it answers."""
        return get(self.port, "/-/ready")[0] == 200

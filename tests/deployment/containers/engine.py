"""A container engine: the machine's own, or one with stand-ins for images of a registry."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import cache

from tests.live import PROJECT

STAND_INS = PROJECT.parent / "shared" / "docker-standins" / "docker-standins.sh"
IMAGES = (
    "python:3.13-slim",
    "redis:8-alpine",
    # The suite's own is older than what the upstreams need.
    "nginx:1.29-alpine=nginx@sid",
    "prom/prometheus:v3.5.0",
    "grafana/grafana:12.1.0=dummy:3000",
    "redis/redisinsight:2.70=dummy:5540",
    "nginx/nginx-prometheus-exporter:1.4.2=dummy:9113",
)
NEEDS_ENGINE = "needs a container engine with compose: https://docs.docker.com/engine/install/"


@cache
def environment_of_engine() -> dict[str, str] | None:
    """Return what has docker find its engine, which is started if need be; None without one."""
    if _answers():
        return {}
    if os.geteuid() != 0 or not STAND_INS.exists():
        return None
    subprocess.run([STAND_INS, "up", *IMAGES], check=True, stdin=subprocess.DEVNULL)  # noqa: S603
    exports = subprocess.run([STAND_INS, "env"], check=True, capture_output=True, text=True).stdout  # noqa: S603
    found = dict(re.findall(r"^export (\w+)=(.*)$", exports, re.MULTILINE))
    return {name: os.path.expandvars(value) for name, value in found.items()}


def stop_stand_ins() -> None:
    """Stop an engine that was started here."""
    if environment_of_engine():
        subprocess.run([STAND_INS, "stop"], check=False, stdin=subprocess.DEVNULL)  # noqa: S603


def _answers() -> bool:
    if shutil.which("docker") is None:
        return False
    asked = [["docker", "version"], ["docker", "compose", "version"]]
    return all(subprocess.run(command, capture_output=True).returncode == 0 for command in asked)  # noqa: S603

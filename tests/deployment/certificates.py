"""A certificate that an operator would have from an authority, signed by itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.live import PROJECT

NAME = "reservations.test"
PROGRAM = PROJECT / "deploy" / "compose" / "self_signed.py"


def write_certificate(folder: Path) -> None:
    """Write `tls.crt` and `tls.key`, as the stack of containers does when it has none."""
    folder.mkdir(parents=True)
    subprocess.run([sys.executable, PROGRAM, folder, NAME], check=True, capture_output=True)  # noqa: S603

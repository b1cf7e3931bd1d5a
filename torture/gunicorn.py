"""gunicorn for a clock that can be made to jump: `python -m torture.gunicorn APPLICATION`.

libfaketime lets clock_nanosleep(2) fail, which Python's `time.sleep` uses; select(2) it
leaves alone.
"""

from __future__ import annotations

import select
import sys
import time
from typing import SupportsIndex


def sleep(seconds: float | SupportsIndex) -> None:
    """Sleep."""
    select.select([], [], [], float(seconds))


if __name__ == "__main__":
    time.sleep = sleep
    from gunicorn.app.wsgiapp import run

    sys.exit(run())

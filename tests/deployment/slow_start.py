"""The service, on a machine on which a worker takes long to start."""

import time

START_SECONDS = 4
"""More than nginx waits for an answer."""

time.sleep(START_SECONDS)

from wsgi import app  # noqa: E402

__all__ = ["app"]

"""gunicorn's own log, written as the service's, and without what clients sent.

Named by `gunicorn.conf.py`. gunicorn's warnings of requests that it cannot read repeat
them, with their tokens; such a request has its line in the log of requests instead.
"""

from __future__ import annotations

import logging
from typing import Any

from gunicorn import glogging

from reservations.observability.logs import JsonLines, TextLines, add_request_id

OF_UNREAD_REQUESTS = "Invalid request from ip="
OF_ADDRESSES = "Error handling request"


class DevelopmentLogger(glogging.Logger):  # type: ignore[misc]
    """For somebody who looks on."""

    lines: type[logging.Formatter] = TextLines

    def setup(self, cfg: Any) -> None:
        """Write as the service does; called again when settings are read anew."""
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.addFilter(add_request_id)
            handler.addFilter(leave_out_what_was_sent)
            handler.setFormatter(self.lines())


class ProductionLogger(DevelopmentLogger):
    """For programs."""

    lines = JsonLines


def leave_out_what_was_sent(record: logging.LogRecord) -> bool:
    """Leave out queries of addresses, and records that repeat a request."""
    message = str(record.msg)
    if message.startswith(OF_ADDRESSES) and isinstance(record.args, tuple):
        record.args = tuple(str(each).partition("?")[0] for each in record.args)
    return not message.startswith(OF_UNREAD_REQUESTS)

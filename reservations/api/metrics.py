"""Figures for Prometheus: for those who run the service, not for its clients.

Undocumented, and only for who reaches the service itself. nginx refuses the address, but it
has many spellings; so what a proxy has passed on is refused here too.
"""

from __future__ import annotations

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from reservations.observability import CONTENT_TYPE, exposed

metrics = Blueprint("metrics", __name__)

PASSED_ON = ("X-Forwarded-For", "Forwarded", "Via")
"""Headers, one of which a proxy adds. Ours sets the first in all that it passes on."""


@metrics.route("/metrics")
def get_metrics() -> Response:
    """Tell all figures, as Prometheus reads them"""
    if any(name in request.headers for name in PASSED_ON):
        raise NotFound
    return Response(exposed(), content_type=CONTENT_TYPE)

"""Figures for Prometheus: for those who run the service, not for its clients.

Undocumented, and refused by nginx, so only who reaches the service itself can ask.
"""

from __future__ import annotations

from flask import Blueprint, Response

from reservations.observability import CONTENT_TYPE, exposed

metrics = Blueprint("metrics", __name__)


@metrics.route("/metrics")
def get_metrics() -> Response:
    """Tell all figures, as Prometheus reads them"""
    return Response(exposed(), content_type=CONTENT_TYPE)

"""All metrics as Prometheus reads them: https://prometheus.io/docs/instrumenting/exposition_formats/."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from reservations import metrics_folder
from reservations.observability.collector import ServiceCollector
from reservations.observability.metrics import Metrics

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4


def exposition(metrics: Metrics, service: ServiceCollector) -> bytes:
    """Return what all workers have counted, and how the service is now."""
    registry = CollectorRegistry()
    if metrics_folder.is_shared():
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(metrics.registry)
    registry.register(service)
    return generate_latest(registry)

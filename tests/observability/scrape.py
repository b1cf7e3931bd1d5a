"""Metrics as Prometheus reads them."""

from __future__ import annotations

from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


class Scrape:
    """What one answer of `/metrics` says."""

    def __init__(self, text: str) -> None:
        self.samples: Samples = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def value(self, name: str, **labels: str) -> float:
        """Return the sum of all series of a name that have these labels; 0 for none."""
        wanted = frozenset(labels.items())
        return sum(v for (n, had), v in self.samples.items() if n == name and wanted <= had)

    def labels(self, name: str, label: str) -> set[str]:
        """Return all values of a label."""
        return {dict(had)[label] for n, had in self.samples if n == name}


def scrape(client: FlaskClient) -> Scrape:
    """Ask an application."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    return Scrape(answer.text)

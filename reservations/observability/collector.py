"""What is not counted but looked up, whenever Prometheus asks."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from threading import Lock

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from reservations import __version__
from reservations.domain.errors import StoreNotReady, StoreUnavailable
from reservations.domain.seat import SeatStatus
from reservations.service import EventFigures, ReservationService

SECONDS = 2.0
"""For reading events' figures. Prometheus waits for ten unless it is told otherwise."""


class ServiceCollector(Collector):
    """The store, and the events on sale, as they are now.

    One thread of a worker looks at a time; who asks meanwhile is told what was found last,
    so that nobody can have all threads of a worker look.
    """

    def __init__(self, service: ReservationService) -> None:
        self._service = service
        self._looking = Lock()
        self._found: list[Metric] = []

    def collect(self) -> Iterator[Metric]:
        """Yield what there is."""
        if self._looking.acquire(blocking=not self._found):
            try:
                self._found = [*self._look(), _build_info()]
            finally:
                self._looking.release()
        yield from self._found

    def _look(self) -> Iterator[Metric]:
        is_up, is_ready = self._state()
        figures: list[EventFigures] = []
        if is_up:
            try:
                figures = self._service.figures(SECONDS)
            except StoreUnavailable:
                is_up = is_ready = False
        yield GaugeMetricFamily("reservations_store_up", "Whether the store answers.", value=is_up)
        yield GaugeMetricFamily(
            "reservations_store_ready",
            "Whether it takes writes, evicts nothing, and keeps an append-only file.",
            value=is_ready,
        )
        yield from _of_events(figures)

    def _state(self) -> tuple[bool, bool]:
        try:
            self._service.check_ready()
        except StoreNotReady:
            return True, False
        except StoreUnavailable:
            return False, False
        return True, True


def _of_events(figures: list[EventFigures]) -> Iterator[Metric]:
    names = GaugeMetricFamily(
        "reservations_event_info", "The name of an event on sale.", labels=["event", "name"]
    )
    seats = GaugeMetricFamily(
        "reservations_seats", "Seats of an event on sale.", labels=["event", "status"]
    )
    holds = GaugeMetricFamily(
        "reservations_open_holds", "Seats of an event that are held now.", labels=["event"]
    )
    entries = GaugeMetricFamily(
        "reservations_change_log_entries", "Length of an event's change log.", labels=["event"]
    )
    for each in figures:
        names.add_metric([each.event_id, each.name], 1)
        for status, number in each.seats.items():
            seats.add_metric([each.event_id, status], number)
        holds.add_metric([each.event_id], each.seats[SeatStatus.HELD])
        entries.add_metric([each.event_id], each.log_entries)
    return iter([names, seats, holds, entries])


def _build_info() -> Metric:
    build = GaugeMetricFamily(
        "reservations_build_info", "What runs here.", labels=["version", "python"]
    )
    build.add_metric([__version__, platform.python_version()], 1)
    return build

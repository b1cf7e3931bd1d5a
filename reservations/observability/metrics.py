"""What is counted, for Prometheus.

Names follow https://prometheus.io/docs/practices/naming/. Whatever a client can choose is
bounded before it becomes a label: an address is known by its rule, a method by its name if
the service knows it. With several workers prometheus_client keeps what each has counted in a
file of its own, see `metrics_folder.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.metrics import disable_created_metrics

from reservations.domain.tally import DEEDS

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER_METHOD = "other"
UNMATCHED = "unmatched"

REQUEST_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
TRANSACTION_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
"""In seconds; a transaction ends within two, whatever the store does."""

# They would double the number of series, and several workers have none of them anyway.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """What one application counts; tells the same as `store.Observer`.

    Attributes:
        registry: has it, if there is one process only.
    """

    def __init__(self, problem_codes: Iterable[str]) -> None:
        """Begin to count.

        Args:
            problem_codes: those of problems that are foreseen. They are counted from none
                on, so that the first of its kind is seen as an increase.
        """
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "reservations_http_requests_total",
            "Requests that were answered.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self._request_seconds = Histogram(
            "reservations_http_request_seconds",
            "Time from the beginning of a request until its answer was made.",
            ["method", "route"],
            buckets=REQUEST_BUCKETS,
            registry=self.registry,
        )
        self._seats_changed = Counter(
            "reservations_seats_changed_total",
            "Seats that were held, refreshed, reserved and so on.",
            ["change"],
            registry=self.registry,
        )
        self._refusals = Counter(
            "reservations_refusals_total",
            "Problems that were answered, by their code.",
            ["code"],
            registry=self.registry,
        )
        self._transaction_seconds = Histogram(
            "reservations_transaction_seconds",
            "Time of a transaction, further attempts included.",
            buckets=TRANSACTION_BUCKETS,
            registry=self.registry,
        )
        self._conflicts = Counter(
            "reservations_transaction_conflicts_total",
            "Attempts whose commit found that others had been faster.",
            registry=self.registry,
        )
        self._retries = Counter(
            "reservations_transaction_retries_total",
            "Attempts after the first.",
            registry=self.registry,
        )
        # To look a series up among prometheus_client's takes longer than to count.
        self._counted = {code: self._refusals.labels(code) for code in problem_codes}
        self._deeds = {deed: self._seats_changed.labels(deed) for deed in DEEDS}
        self._answers: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def request_ended(
        self, method: str, route: str, status: int, code: str | None, seconds: float
    ) -> None:
        """A request was answered.

        Args:
            method: one of `METHODS`, or `OTHER_METHOD`.
            route: the rule of its address, or `UNMATCHED`.
            status: of the answer.
            code: of the problem, if it is one.
            seconds: that it took.
        """
        answer = (method, route, status)
        counted = self._answers.get(answer)
        if counted is None:
            counted = self._answers[answer] = (
                self._requests.labels(method, route, str(status)),
                self._request_seconds.labels(method, route),
            )
        requests, request_seconds = counted
        requests.inc()
        request_seconds.observe(seconds)
        if code is not None:
            (self._counted.get(code) or self._refusals.labels(code)).inc()

    def transaction_ended(self, seconds: float, attempts: int, conflicts: int) -> None:
        """A transaction has come to its end; see `Observer`."""
        self._transaction_seconds.observe(seconds)
        if attempts > 1:
            self._retries.inc(attempts - 1)
        if conflicts:
            self._conflicts.inc(conflicts)

    def seats_changed(self, seats: Mapping[str, int]) -> None:
        """Seats were changed; see `Observer`."""
        for deed, number in seats.items():
            self._deeds[deed].inc(number)

"""How often one caller may ask for what stays after it was answered.

Each worker counts by itself, which costs a few microseconds and asks nothing of the store.
So with several workers a caller may get as many times as much: enough to bound what one of
them can do, and no more exact than that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from flask import Flask, current_app
from throttled import MemoryStore, Throttled
from throttled.rate_limiter import Quota, per_hour, per_min

from reservations.api.auth import caller
from reservations.domain.errors import TooManyRequests

CALLERS = 100_000
"""Of how many callers is known how much they had; of more, those seen last."""

_EXTENSION = "reservations.limits"


class TooManyTokens(TooManyRequests):
    """The admin has had many tokens issued in a short time."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__("You have had many tokens issued in a short time.", wait)


class TooManyKeyedRequests(TooManyRequests):
    """The patron has sent many requests that have to be remembered."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(
            "You have sent many requests with an Idempotency-Key; each is remembered for a day.",
            wait,
        )


@dataclass(frozen=True, slots=True)
class _Limits:
    tokens: Throttled
    keyed_requests: Throttled


def init_app(app: Flask, tokens_per_minute: int, keyed_requests_per_hour: int) -> None:
    """Let an application count.

    Args:
        app: the application.
        tokens_per_minute: that one admin may have issued.
        keyed_requests_per_hour: that one patron may send with an `Idempotency-Key`.
    """
    app.extensions[_EXTENSION] = _Limits(
        _counter(per_min(tokens_per_minute, burst=tokens_per_minute)),
        _counter(per_hour(keyed_requests_per_hour, burst=keyed_requests_per_hour)),
    )


def count_token() -> None:
    """Count a token that the caller wants issued.

    Raises:
        TooManyTokens: it is not to be issued.
    """
    if wait := _wait(_limits().tokens):
        raise TooManyTokens(wait)


def count_keyed_request() -> None:
    """Count a request of the caller's, if it is a patron's, that would be remembered.

    Raises:
        TooManyKeyedRequests: it is not to be done.
    """
    if not caller().is_admin and (wait := _wait(_limits().keyed_requests)):
        raise TooManyKeyedRequests(wait)


def _wait(counter: Throttled) -> timedelta | None:
    """Count once more for the caller; return for how long it has to wait, if it has to."""
    counted = counter.limit(caller().id)
    return timedelta(seconds=counted.state.retry_after) if counted.limited else None


def _counter(quota: Quota) -> Throttled:
    store = MemoryStore(options={"MAX_SIZE": CALLERS})
    return Throttled(using="gcra", quota=quota, store=store)


def _limits() -> _Limits:
    limits: _Limits = current_app.extensions[_EXTENSION]
    return limits

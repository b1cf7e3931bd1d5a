"""What is measured: each case is one kind of request, sent over and over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from bench.load import Request
from bench.servers import Measurable

CLIENTS = 64


@dataclass(frozen=True)
class Case:
    """One kind of request.

    Attributes:
        name: tells it from all others.
        server: that is asked.
        requests: makes what is sent in one round, anew for each.
        against: the name of the case that it is compared with; empty if with none.
        clients: connections that each wait for their answer.
        refusals: whether some of the requests are meant to be refused.
        beside: what goes on meanwhile.
    """

    name: str
    server: Measurable
    requests: Callable[[], Sequence[Request]]
    against: str = ""
    clients: int = CLIENTS
    refusals: bool = False
    beside: Callable[[], AbstractContextManager[object]] = field(default=nullcontext)


def always(requests: Sequence[Request]) -> Callable[[], Sequence[Request]]:
    """Return what makes the same requests for each round."""
    return lambda: requests

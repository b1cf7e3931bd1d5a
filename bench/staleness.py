"""Whether a list ever shows a seat as free whose hold was acknowledged before.

Of the seats that are held, each is looked for in a list that is asked for as soon as its hold
was answered, over a connection of its own, so that any worker may answer.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from bench import sale
from bench.servers import Server
from tests.live import Client

SEATS = 100
THREADS = 4
LISTS = 10_000


def stale_lists(server: Server) -> int:
    """Return how many of 10,000 lists are outdated: after holds, and after releases."""
    event = sale.create(server, seats=SEATS, hold_time=3600)
    each = LISTS // 2 // THREADS
    with ThreadPoolExecutor(THREADS) as threads:
        return sum(threads.map(lambda one: _stale(server, event, one, each), range(THREADS)))


def _stale(server: Server, event_id: str, patron: int, rounds: int) -> int:
    """Hold and release seats that nobody else does; return how many lists were outdated."""
    client = Client(server.port, sale.patron(patron))
    share = SEATS // THREADS
    stale = 0
    for number in range(rounds):
        seat = str(share * patron + number % share + 1)
        for action, is_free in (("hold", False), ("release", True)):
            assert client.change(event_id, seat, action).status == 200
            looking = Client(server.port, sale.patron(patron))
            listed = {each["id"] for each in looking.seats(event_id, "free")}
            looking.close()
            stale += (seat in listed) is not is_free
    client.close()
    return stale

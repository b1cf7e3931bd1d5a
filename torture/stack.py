"""Everything that a run is about: the store, the service, and nginx before it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.nginx import Nginx
from torture.clients import Sale
from torture.processes import Group
from torture.service import Service
from torture.stores import Store, make_store


class Stack:
    """A running service with all that it stands on.

    Attributes:
        group: all its processes.
        store: where everything is kept.
        sales: what is sold, and when.
    """

    def __init__(self, group: Group, store: Store, service: Service, nginx: Nginx) -> None:
        self.group = group
        self.store = store
        self.service = service
        self.nginx = nginx
        self.sales: Sequence[Sale] = ()

    def event_on_sale(self) -> str:
        """Return an event that clients are after now."""
        return [sale.event for sale in self.sales if sale.begins <= time.time()][-1]

    def kill(self) -> None:
        """Kill the service and its store at once."""
        self.store.kill()
        self.service.kill_all()

    def start(self) -> None:
        """Start the store and the service.

        Raises:
            NotReady: one does not answer.
        """
        self.store.start()
        self.service.start()


@contextlib.contextmanager
def running(
    folder: Path, kind: str, application: str, workers: int, threads: int
) -> Iterator[Stack]:
    """Run a stack.

    Args:
        folder: for everything that it writes; a short path, for the names of sockets.
        kind: of the store.
        application: what gunicorn is to serve.
        workers: of gunicorn.
        threads: of each.

    Raises:
        NotReady: something does not start.
    """
    with contextlib.ExitStack() as stack:
        group = stack.enter_context(Group())
        store = stack.enter_context(make_store(kind, folder, group))
        service = Service(
            folder,
            group,
            application,
            REDIS_URL=store.url,
            DURABILITY=store.durability,
            WEB_CONCURRENCY=workers,
            THREADS=threads,
            LOG_LEVEL="WARNING",
            # A shopper of a run does in a minute what others do in hours.
            KEYED_REQUESTS_PER_HOUR=10_000_000,
        )
        service.start()
        (folder / "nginx").mkdir()
        nginx = stack.enter_context(Nginx(folder / "nginx", service.socket, trusted=True))
        yield Stack(group, store, service, nginx)

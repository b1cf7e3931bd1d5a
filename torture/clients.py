"""Clients of a run, in processes of their own: each a number of shoppers and an admin.

A client does one thing after the other, as chance has it, and writes everything down.
"""

from __future__ import annotations

import multiprocessing
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

from torture.history import Journal
from torture.shopper import BoxOffice, Shopper
from torture.wire import Wire

SHOPPERS = 24
PATRONS = 16
"""Fewer than shoppers: some patrons shop in two windows at once."""
PROCESSES = 4


@dataclass(frozen=True)
class Sale:
    """An event that is sold during one span of the run.

    Attributes:
        begins: in seconds since 1970; it lasts until the next begins.
        cursor: of its change log, before all changes.
    """

    event: str
    seats: tuple[str, ...]
    begins: float
    hold_time_ms: int
    hold_max_ms: int
    limit: int
    cursor: str


@dataclass(frozen=True)
class Orders:
    """What the clients are to do.

    Attributes:
        port: nginx's.
        tokens: of all patrons, and of the admin under `admin`.
        ends: when they stop, in seconds since 1970.
    """

    port: int
    tokens: dict[str, str]
    sales: Sequence[Sale]
    ends: float
    seed: int
    folder: Path


def start(orders: Orders) -> list[BaseProcess]:
    """Start all processes of clients."""
    spawning = multiprocessing.get_context("spawn")
    processes: list[BaseProcess] = [
        spawning.Process(target=run, args=(orders, number), daemon=True)
        for number in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    return processes


def histories(folder: Path) -> list[Path]:
    """Return the files that clients have written."""
    return sorted(folder.glob("history-*.jsonl"))


def run(orders: Orders, number: int) -> None:
    """Let one process' clients do what they like until the end."""
    journal = Journal(orders.folder / f"history-{number}.jsonl")
    clients: list[Shopper | BoxOffice] = []
    for process in range(number, SHOPPERS, PROCESSES):
        patron = f"patron-{process % PATRONS}"
        wire = Wire(orders.port, orders.tokens[patron], process, patron, journal, orders.seed)
        clients.append(Shopper(wire, _chance(orders, process)))
    if number == 0:
        wire = Wire(orders.port, orders.tokens["admin"], SHOPPERS, "admin", journal, orders.seed)
        clients.append(BoxOffice(wire, _chance(orders, SHOPPERS)))
    threads = [threading.Thread(target=_live, args=(orders, client)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.close()


def _live(orders: Orders, client: Shopper | BoxOffice) -> None:
    sales = list(orders.sales)
    while (now := time.time()) < orders.ends:
        current = [sale for sale in sales if sale.begins <= now]
        latest = max(sale.begins for sale in current)
        client.act([sale for sale in current if sale.begins == latest])


def _chance(orders: Orders, process: int) -> random.Random:
    return random.Random(f"{orders.seed} {process}")  # noqa: S311

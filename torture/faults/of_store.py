"""What can go wrong with one store, its disk, its clock, and the way to it."""

from __future__ import annotations

import random
import signal
import time

from torture.clock import why_no_clock
from torture.disk import ImageDisk, why_no_image
from torture.faults.fault import fault
from torture.stack import Stack
from torture.store import StandaloneStore

HOUR_SECONDS = 3600


@fault("store", store="standalone")
def kill_store(stack: Stack, chance: random.Random) -> None:
    """Kill the store, and start it."""
    store = _standalone(stack)
    store.kill()
    time.sleep(chance.uniform(0, 0.5))
    store.start()


@fault("store", store="standalone")
def stop_store(stack: Stack, chance: random.Random) -> None:
    """Let the store stand still for 0.3 to 5 s."""
    store = _standalone(stack)
    store.signal(signal.SIGSTOP)
    time.sleep(chance.uniform(0.3, 5))
    store.signal(signal.SIGCONT)


@fault("links", store="standalone")
def cut_connections(stack: Stack, chance: random.Random) -> None:
    """Cut all connections to the store, many times over."""
    for _ in range(chance.randint(20, 60)):
        _standalone(stack).cut_connections()
        time.sleep(chance.uniform(0, 0.05))


@fault("links", store="standalone")
def lose_commits(stack: Stack, chance: random.Random) -> None:
    """Let commits, or their replies, be lost, cut, or delayed on their way."""
    with _standalone(stack).behind_proxy(chance, share=0.05):
        time.sleep(chance.uniform(1.5, 3))


@fault("store", store="standalone", why_not=why_no_image)
def fill_disk(stack: Stack, chance: random.Random) -> None:
    """Leave the store no room on its disk."""
    store = _standalone(stack)
    disk = store.disk
    assert isinstance(disk, ImageDisk), "the disk is no image"
    disk.fill()
    store.run_for(chance.uniform(0.5, 2))
    disk.empty()
    if not store.is_running():
        store.start()


@fault("store", store="standalone")
def fill_memory(stack: Stack, chance: random.Random) -> None:
    """Let the store have more in memory than it may."""
    client = _standalone(stack).client()
    client.config_set("maxmemory", "1mb")
    time.sleep(chance.uniform(0.5, 2))
    client.config_set("maxmemory", "0")


@fault("store", store="standalone", why_not=why_no_clock, off_clock=True)
def jump_store_clock(stack: Stack, chance: random.Random) -> None:
    """Let the store's clock be an hour off."""
    store = _standalone(stack)
    store.jump(chance.choice([-HOUR_SECONDS, HOUR_SECONDS]))
    time.sleep(chance.uniform(1, 2))
    store.jump(0)


@fault("store", store="standalone", why_not=why_no_image)
def cut_power(stack: Stack, _chance: random.Random) -> None:
    """Let the store go on with what had reached its disk's device."""
    store = _standalone(stack)
    disk = store.disk
    assert isinstance(disk, ImageDisk), "the disk is no image"
    # Stopped, so that the image does not change while it is copied.
    store.signal(signal.SIGSTOP)
    disk.copy()
    store.kill()
    disk.cut_power()
    store.start()


def _standalone(stack: Stack) -> StandaloneStore:
    assert isinstance(stack.store, StandaloneStore), "the store is another"
    return stack.store

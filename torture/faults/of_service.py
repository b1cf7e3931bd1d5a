"""What can go wrong with the service and with nginx."""

from __future__ import annotations

import random
import time

from torture.clock import why_no_clock
from torture.faults.fault import fault
from torture.processes import kill
from torture.stack import Stack

HOUR_SECONDS = 3600


@fault("workers", in_flight_only=True)
def kill_worker(stack: Stack, chance: random.Random) -> None:
    """Kill one of gunicorn's workers; its master starts another."""
    workers = stack.service.workers()
    if workers:
        # Until it is gone, nginx has connections to it, and may send another request by them.
        kill(chance.choice(workers))


@fault("workers")
def kill_master(stack: Stack, chance: random.Random) -> None:
    """Kill gunicorn's master, and start another as a supervisor would."""
    stack.service.kill_master()
    time.sleep(chance.uniform(0, 0.5))
    stack.service.start()


@fault("workers")
def reload_service(stack: Stack, _chance: random.Random) -> None:
    """Let gunicorn replace its workers."""
    stack.service.reload()
    time.sleep(2)


@fault("nginx")
def reload_nginx(stack: Stack, _chance: random.Random) -> None:
    """Let nginx read its settings anew."""
    stack.nginx.reload()
    time.sleep(0.5)


@fault("nginx")
def restart_nginx(stack: Stack, _chance: random.Random) -> None:
    """Stop nginx, and start it."""
    stack.nginx.restart()


@fault("workers", why_not=why_no_clock)
def jump_service_clock(stack: Stack, chance: random.Random) -> None:
    """Let the clock of the service be an hour off; nothing is to depend on it."""
    stack.service.stop()
    stack.service.start(clocked=True)
    stack.service.clock.jump(chance.choice([-HOUR_SECONDS, HOUR_SECONDS]))
    time.sleep(chance.uniform(3, 4))
    stack.service.clock.jump(0)
    stack.service.stop()
    stack.service.start()

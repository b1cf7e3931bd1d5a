"""Whether the patrons' own machine kept up, or is what was measured."""

from __future__ import annotations

import asyncio
from array import array

from reservations.rehearsal.measures import percentile

TICK_SECONDS = 0.02
SLOW_SECONDS = 0.1
"""An answer that is noticed so late, and no later, is nothing to speak of."""


class Lag:
    """By how much the loop was late, in seconds, each time that it was to wake up."""

    def __init__(self) -> None:
        self._late = array("d")

    async def watch(self) -> None:
        """Note it for ever."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + TICK_SECONDS
            await asyncio.sleep(TICK_SECONDS)
            self._late.append(loop.time() - due)

    @property
    def worst(self) -> float:
        """How late it was at worst."""
        return max(self._late, default=0.0)

    @property
    def p95(self) -> float:
        """How late it was at most in 95 of 100 moments."""
        return percentile(sorted(self._late), 95) if self._late else 0.0

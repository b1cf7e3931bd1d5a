"""gunicorn's worker of threads, whom others can take the place of without a failed request.

Upon SIGHUP gunicorn's master starts new workers, and tells the old ones at once to leave.
They would accept nothing more while the new ones are still starting, which takes seconds
where the machine is busy, and nginx waits for two and a half. So they serve on until a
successor does.

Upon SIGTERM all of a master's workers leave, and other masters have to do. gunicorn's would
let clients still connect for as long as they are busy, and never answer them. Theirs is a
closed door, so that nginx turns to another server at once. Imports nothing of the service.
"""

from __future__ import annotations

import mmap
import select
from types import FrameType
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

# Made in the master, and seen by all processes that it forks.
_shared = memoryview(mmap.mmap(-1, 16)).cast("Q")
_REPLACED, _SERVING = range(2)


def replace_all(age: int) -> None:
    """Tell the master's workers that they are to be replaced.

    Args:
        age: of the worker that was started last; gunicorn counts them.
    """
    _shared[_REPLACED] = age


class Worker(ThreadWorker):
    """A worker of threads that leaves when somebody else serves.

    Attributes:
        core: that it keeps to; None for any.
    """

    core: int | None = None
    is_to_leave = False
    sockets: list[Any]

    @property
    def stays(self) -> bool:
        """Whether nobody was started to take its place."""
        return bool(self.age > _shared[_REPLACED])

    def run(self) -> None:
        """Serve until it is time to leave."""
        _shared[_SERVING] = self.age
        super().run()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Leave, if this is a restart as soon as a successor serves, or when told twice."""
        if self.is_to_leave or self.stays:
            super().handle_exit(sig, frame)
        self.is_to_leave = True

    def set_accept_enabled(self, enabled: bool) -> None:
        """Accept connections or not; who leaves closes the door, and is never told otherwise."""
        # It may be told to leave before it has begun to accept.
        super().set_accept_enabled(enabled and self.alive)
        if not self.alive:
            for listener in self.sockets:
                if not self._has_successor():
                    self._let_in_who_waits(listener)
                listener.close()
            self.sockets = []

    def notify(self) -> None:
        """Give the master a sign of life, which gunicorn has a worker do once a second."""
        super().notify()
        if self.is_to_leave and self._has_successor():
            self.alive = False

    def _has_successor(self) -> bool:
        """Whether a worker that was started to replace this one serves at the same door."""
        return not self.stays and bool(_shared[_SERVING] > _shared[_REPLACED])

    def _let_in_who_waits(self, listener: Any) -> None:
        waiting = select.poll()
        waiting.register(listener, select.POLLIN)
        # No more than have room there: others come for as long as the door is open.
        for _ in range(self.cfg.backlog):
            if not waiting.poll(0):
                break
            self.accept(listener)

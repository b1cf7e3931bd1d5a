"""A clock that can be made to jump, for processes that are started with it.

Uses libfaketime (https://github.com/wolfcw/libfaketime); monotonic clocks go on as they do.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

PLACES = ("/usr/lib/*/faketime", "/usr/lib/faketime", "/usr/local/lib/faketime")


class Clock:
    """The wall clock of some processes, off by as many seconds as its file says."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.jump(0)

    def jump(self, seconds: int) -> None:
        """Let the clock be off by so many seconds, which is noticed within some two."""
        draft = self._path.with_suffix(".draft")
        draft.write_text(f"{seconds:+d}")
        draft.replace(self._path)

    def environment(self) -> Mapping[str, str]:
        """Return what makes a process live by this clock."""
        libraries = [found for found in (_find("libfaketimeMT.so.1"), _libc()) if found]
        return {
            # The C library before jemalloc, which asks for the time before it can be told.
            "LD_PRELOAD": " ".join(map(str, libraries)),
            "FAKETIME_TIMESTAMP_FILE": str(self._path),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DISABLE_SHM": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }


def why_no_clock() -> str | None:
    """Return why clocks cannot be made to jump; None if they can."""
    if _find("libfaketimeMT.so.1") is None:
        return "needs libfaketime: apt-get install libfaketime"
    return None


def _find(library: str) -> Path | None:
    for place in PLACES:
        for found in Path("/").glob(f"{place}/{library}".lstrip("/")):
            return found
    return None


def _libc() -> Path | None:
    for found in Path("/").glob("lib/*/libc.so.6"):
        return found
    return None

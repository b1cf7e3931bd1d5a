"""The disk that the store writes to: an ext4 image where root allows it.

Only a disk of its own can be filled up, or lose its power, without harm to others.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

IMAGE_BYTES = 512 * 2**20
MEMORY = Path("/dev/shm")  # noqa: S108
"""Images are here where they can be: what counts is what is flushed, not how long it takes."""
SMALLEST_PIECE = 1024
"""A block of the smallest kind that ext4 has."""


class Disk:
    """A plain folder: can neither be filled up nor lose its power."""

    is_image = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "store"
        self.folder.mkdir()

    def close(self) -> None:
        """Let go of it."""


class ImageDisk(Disk):
    """A file system in an image file, mounted by way of a loop device.

    What the file system has not flushed to its device is not in the image: a copy of
    the image is what a power cut leaves.
    """

    is_image = True

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._image = (MEMORY if MEMORY.is_dir() else folder) / f"{folder.name}.img"
        with self._image.open("wb") as image:
            image.truncate(IMAGE_BYTES)
        _run("mkfs.ext4", "-q", "-m", "0", str(self._image))
        self._mount()

    def fill(self) -> None:
        """Leave no room."""
        with (self.folder / "filler").open("wb", buffering=0) as filler:
            piece = IMAGE_BYTES
            while piece >= SMALLEST_PIECE:
                try:
                    os.posix_fallocate(filler.fileno(), filler.seek(0, os.SEEK_END), piece)
                except OSError:
                    piece //= 2

    def empty(self) -> None:
        """Make room again."""
        (self.folder / "filler").unlink(missing_ok=True)

    def cut_power(self) -> None:
        """Go on with what had reached the device.

        Whoever writes is to be stopped before, and killed after `copy`.
        """
        self._unmount()
        self._copy.replace(self._image)
        self._mount()

    def copy(self) -> None:
        """Keep what has reached the device so far."""
        _run("cp", "--sparse=always", str(self._image), str(self._copy))

    def close(self) -> None:
        """Unmount it, and remove the image."""
        self._unmount()
        self._image.unlink()

    @property
    def _copy(self) -> Path:
        return self._image.with_suffix(".copy")

    def _mount(self) -> None:
        _run("mount", "-o", "loop", str(self._image), str(self.folder))

    def _unmount(self) -> None:
        _run("umount", "--lazy", str(self.folder))


def why_no_image() -> str | None:
    """Return why there can be no disk in an image; None if there can."""
    if os.geteuid() != 0:
        return "needs root"
    for program in ("mkfs.ext4", "mount", "umount"):
        if shutil.which(program) is None:
            return f"needs {program}: apt-get install e2fsprogs mount"
    if not Path("/dev/loop-control").exists():
        return "needs loop devices"
    return None


def make_disk(folder: Path) -> Disk:
    """Return the best disk that can be had, in a folder."""
    return Disk(folder) if why_no_image() else ImageDisk(folder)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603

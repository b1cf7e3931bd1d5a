"""The disk of a run: can be filled up, and lose its power."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from torture.disk import ImageDisk, why_no_image

pytestmark = pytest.mark.skipif(why_no_image() is not None, reason=f"a disk {why_no_image()}")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[ImageDisk]:
    """A disk in an image."""
    image = ImageDisk(tmp_path)
    yield image
    image.close()


def write(path: Path, *, flushed: bool) -> None:
    with path.open("wb") as file:
        file.write(b"something")
        file.flush()
        if flushed:
            os.fsync(file.fileno())
            folder = os.open(path.parent, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)


def test_a_full_disk_takes_nothing_until_it_is_emptied(disk: ImageDisk) -> None:
    disk.fill()
    with pytest.raises(OSError, match="No space") as full:
        (disk.folder / "more").write_bytes(bytes(8192))
    assert full.value.errno == errno.ENOSPC
    disk.empty()
    (disk.folder / "more").write_bytes(bytes(8192))


def test_a_power_cut_takes_what_was_not_flushed_and_nothing_else(disk: ImageDisk) -> None:
    write(disk.folder / "flushed", flushed=True)
    write(disk.folder / "not-flushed", flushed=False)
    disk.copy()
    disk.cut_power()
    assert (disk.folder / "flushed").read_bytes() == b"something"
    lost = disk.folder / "not-flushed"
    assert not lost.exists() or lost.read_bytes() == b""

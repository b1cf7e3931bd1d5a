"""The free seats of one event as JSON, plain or compressed, put together of parts.

A hold changes one seat of a list that may have 100,000. So the list is kept in parts of some
hundred seats, and a part is written and compressed anew only when one of its seats has changed.
Parts that were compressed by themselves can be joined: each ends at a full byte and refers to
no other (a full flush, see https://www.zlib.net/manual.html#Basic).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import compress

SEATS_A_PART = 250
LEVEL = 1
"""Of compression. Lists shrink to a tenth even so."""

# Numbers of a member of a gzip file (RFC 1952, section 2.3), of no time and no system.
GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
GZIP_TAIL = struct.Struct("<LL")


def deflate(text: bytes) -> bytes:
    """Compress a part so that it can stand between others (RFC 1951)."""
    compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return compressor.compress(text) + compressor.flush(zlib.Z_FULL_FLUSH)


OPENING, COMMA, CLOSING = b"[", b",", b"]\n"
DEFLATED_OPENING, DEFLATED_COMMA, DEFLATED_CLOSING = map(deflate, (OPENING, COMMA, CLOSING))
DEFLATED_END = zlib.compressobj(wbits=-zlib.MAX_WBITS).flush()


class Part:
    """Some seats in a row: their bytes while just these of them are free."""

    def __init__(self, free: bytes, seats: Sequence[bytes]) -> None:
        """Write the seats that `free` has 1 for."""
        self.free = free
        self.text = COMMA.join(compress(seats, free))

    @cached_property
    def deflated(self) -> bytes:
        """The same, compressed."""
        return deflate(self.text)


class FreeSeats:
    """Lists of the free seats of one event.

    Attributes:
        seats: the bytes of each seat in reading order, as it looks when it is free.
    """

    def __init__(self, seats: Sequence[bytes]) -> None:
        self.seats = seats
        self._parts: list[Part] = [Part(b"", ()) for _ in range(0, len(seats), SEATS_A_PART)]
        # Of each, the list that was asked for last: most who come find nothing changed.
        self._listed: tuple[bytes | None, bytes] = (None, b"")
        self._gzipped: tuple[bytes | None, bytes] = (None, b"")

    def listed(self, free: bytes) -> bytes:
        """Return a JSON array of the seats that `free` has 1 for."""
        known, text = self._listed
        if known != free:
            text = self._joined(list(self._written(free)))
            self._listed = (free, text)
        return text

    def gzipped(self, free: bytes) -> bytes:
        """Return the same, compressed by gzip."""
        known, gzipped = self._gzipped
        if known != free:
            parts = list(self._written(free))
            text = self._joined(parts)
            deflated = DEFLATED_COMMA.join([part.deflated for part in parts])
            gzipped = b"".join(
                [
                    *(GZIP_HEAD, DEFLATED_OPENING, deflated, DEFLATED_CLOSING, DEFLATED_END),
                    GZIP_TAIL.pack(zlib.crc32(text), len(text)),
                ]
            )
            self._gzipped = (free, gzipped)
        return gzipped

    @staticmethod
    def _joined(parts: Sequence[Part]) -> bytes:
        return b"".join([OPENING, COMMA.join([part.text for part in parts]), CLOSING])

    def _written(self, free: bytes) -> Iterator[Part]:
        """Yield the parts that have a free seat, each as it is now."""
        # Without a lock: whoever finds a part of another instant makes its own.
        for number, start in enumerate(range(0, len(self.seats), SEATS_A_PART)):
            part, its = self._parts[number], free[start : start + SEATS_A_PART]
            if part.free != its:
                part = Part(its, self.seats[start : start + SEATS_A_PART])
                self._parts[number] = part
            if part.text:
                yield part

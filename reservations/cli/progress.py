"""How a rehearsal goes on, as a bar on standard error; nothing where that is no terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    # The type of what click.progressbar returns has no public name.
    from click._termui_impl import ProgressBar

LABEL_WIDTH = 16


class Progress:
    """A bar that is full when all patrons have gone home."""

    def __init__(self, bar: ProgressBar[int]) -> None:
        self._bar = bar

    def say(self, label: str) -> None:
        """Tell what is going on now."""
        self._bar.label = f"{label:{LABEL_WIDTH}}"
        self._bar.render_progress()

    def watch(self, gone_home: int, seats_reserved: int) -> None:
        """Show how far the sale is."""
        self._bar.update(gone_home - self._bar.pos, seats_reserved)
        self._bar.current_item = seats_reserved
        self._bar.render_progress()


@contextmanager
def progress(patrons: int) -> Iterator[Progress]:
    """Show a bar for so many patrons."""
    bar: ProgressBar[int]
    with click.progressbar(
        length=patrons,
        label=f"{'Getting ready':{LABEL_WIDTH}}",
        hidden=not sys.stderr.isatty(),
        show_eta=False,
        show_pos=True,
        item_show_func=lambda reserved: None if reserved is None else f"{reserved:,} seats sold",
        file=sys.stderr,
    ) as bar:
        yield Progress(bar)

"""Pictures of what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
# Text stays text, and the same figures make the same file.
mpl.rcParams["svg.fonttype"] = "none"
mpl.rcParams["svg.hashsalt"] = "reservations"

from matplotlib import pyplot as plt  # noqa: E402

INCHES_A_BAR = 0.3
PANELS_A_ROW = 3
HEADROOM = 1.1
"""How much higher than its highest value a diagram is."""


@dataclass(frozen=True)
class Panel:
    """One diagram of several.

    Attributes:
        title: what grows.
        lines: for each name, what was seen, by the size.
        unit: of what was seen.
    """

    title: str
    lines: Mapping[str, Mapping[float, float]]
    unit: str


def bars(file: Path, title: str, values: Mapping[str, float], unit: str) -> None:
    """Draw one bar for each value."""
    figure, axes = plt.subplots(figsize=(9, 1 + INCHES_A_BAR * len(values)))
    drawn = axes.barh(list(values), list(values.values()), color="#4477aa")
    axes.bar_label(drawn, fmt="%.0f", padding=3)
    axes.invert_yaxis()
    axes.set_title(title)
    axes.set_xlabel(unit)
    axes.margins(x=0.12)
    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None})
    plt.close(figure)


def panels(file: Path, drawn: Sequence[Panel]) -> None:
    """Draw diagrams whose horizontal axis is a size, each ten times the last."""
    rows = -(-len(drawn) // PANELS_A_ROW)
    figure, grid = plt.subplots(
        rows, PANELS_A_ROW, figsize=(5 * PANELS_A_ROW, 3.6 * rows), squeeze=False
    )
    for axes, panel in zip(grid.flat, drawn, strict=False):
        for name, line in panel.lines.items():
            axes.plot(list(line), list(line.values()), marker="o", label=name)
        axes.set_xscale("symlog" if 0 in next(iter(panel.lines.values())) else "log")
        seen = [value for line in panel.lines.values() for value in line.values()]
        axes.set_ylim(0, HEADROOM * max(seen))
        axes.set_title(panel.title)
        axes.set_ylabel(panel.unit)
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small")
    for axes in grid.flat[len(drawn) :]:
        axes.set_visible(False)
    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None})
    plt.close(figure)

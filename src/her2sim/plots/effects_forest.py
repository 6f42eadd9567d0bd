"""Forest of effects: one row per treatment against a reference, on a logarithmic axis for ratios."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from her2sim.plots.style import ARMS, MUTED, RULE, house_style, new_figure, shortened

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROW_IN, HEAD_IN, FOOT_IN = 0.21, 0.5, 0.42
AXIS_LEFT, AXIS_WIDTH = 0.38, 0.32
TICKS = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)


@dataclass(frozen=True)
class EffectRow:
    """A ratio with its interval. ``text`` is how it is written at the side."""

    label: str
    value: float
    low: float
    high: float
    text: str


def effects_figure(rows: Sequence[EffectRow], *, title: str, subtitle: str, axis: str) -> Figure:
    """Draw ratios with intervals.

    Main arguments:
        rows: from top to bottom, at least one; values above 0.
        title, subtitle: what is compared with what, and how.
        axis: what the axis shows.
    """
    height = HEAD_IN + ROW_IN * len(rows) + FOOT_IN
    low = max(0.08, min(0.65, 0.9 * min(row.low for row in rows)))
    high = min(12.0, max(1.5, 1.1 * max(row.high for row in rows)))
    with house_style():
        figure = new_figure(height)
        figure.text(0.012, 1 - 0.09 / height, title, weight="bold", size=10, va="top")
        figure.text(0.012, 1 - 0.3 / height, subtitle, size=8, color=MUTED, va="top")
        axes = figure.add_axes((AXIS_LEFT, FOOT_IN / height, AXIS_WIDTH, ROW_IN * len(rows) / height))
        axes.set_xscale("log")
        axes.set_xlim(low, high)
        axes.set_ylim(len(rows), 0)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        ticks = [tick for tick in TICKS if low <= tick <= high]
        while len(ticks) > 5:
            ticks = [tick for number, tick in enumerate(ticks) if tick == 1.0 or number % 2 == 0]
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.minorticks_off()
        axes.axvline(1.0, color=RULE, linewidth=0.9, zorder=0)
        axes.set_xlabel(axis, size=8, labelpad=1)
        beside = axes.get_yaxis_transform()
        words: dict[str, Any] = {"transform": beside, "va": "center", "clip_on": False, "size": 8}
        for place, row in enumerate(rows):
            y = place + 0.5
            axes.plot([max(low, row.low), min(high, row.high)], [y, y], color=ARMS[0], linewidth=1.3)
            if low <= row.value <= high:
                axes.plot([row.value], [y], marker="o", markersize=4.2, color=ARMS[0], linestyle="none")
            axes.text((0.012 - AXIS_LEFT) / AXIS_WIDTH, y, shortened(row.label, 28), **words)
            axes.text(1.05, y, row.text, **words)
    return figure

"""Predicted against published figures: one panel per kind of figure, intervals, and the line of agreement."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from her2sim.plots.style import ARMS, MUTED, RULE, house_style, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL_IN = 2.35
TICKS = {
    "percent": (0, 20, 40, 60, 80, 100),
    "months": (2, 3, 5, 10, 20, 30, 60),
    "ratio": (0.2, 0.3, 0.5, 0.7, 1.0, 1.5),
}
LIMITS = {"percent": (0.0, 100.0), "months": (1.5, 90.0), "ratio": (0.15, 2.0)}


@dataclass(frozen=True)
class Pair:
    """A published figure and its prediction; bounds may be infinite. ``seen``: the trial was fitted."""

    published: float
    predicted: float
    low: float
    high: float
    seen: bool


def predicted_figure(panels: Mapping[str, tuple[str, Sequence[Pair]]]) -> Figure:
    """Draw predicted against published figures.

    Main arguments:
        panels: title -> (unit: ``percent``, ``months`` or ``ratio``; pairs). Medians and ratios on logarithmic axes.
    """
    rows = max(1, math.ceil(len(panels) / 2))
    height = 0.35 + PANEL_IN * rows
    with house_style():
        figure = new_figure(height)
        grid = figure.subplots(rows, 2, squeeze=False)
        figure.subplots_adjust(
            left=0.1, right=0.985, bottom=0.45 / height, top=1 - 0.3 / height, wspace=0.3, hspace=0.5
        )
        places = [grid[row][column] for row in range(rows) for column in range(2)]
        for axes, (title, (unit, pairs)) in zip(places, panels.items(), strict=False):
            _panel(axes, title, unit, pairs)
        for axes in places[len(panels) :]:
            axes.set_visible(False)
        figure.text(0.55, 0.1 / height, "published", ha="center", size=8.5)
        figure.text(0.012, 0.5, "predicted, with 90 % interval", va="center", rotation=90, size=8.5)
        figure.text(0.985, 0.1 / height, "unseen", color=ARMS[0], ha="right", size=8.5, weight="bold")
        figure.text(0.1, 0.1 / height, "fitted", color=MUTED, size=8.5, weight="bold")
    return figure


def _panel(axes: Axes, title: str, unit: str, pairs: Sequence[Pair]) -> None:
    low, high = LIMITS[unit]
    if unit != "percent":
        axes.set_xscale("log")
        axes.set_yscale("log")
    axes.plot([low, high], [low, high], color=RULE, linewidth=0.9, zorder=0)
    for seen, color, order in ((True, MUTED, 1), (False, ARMS[0], 2)):
        mine = [pair for pair in pairs if pair.seen == seen]
        for pair in mine:
            ends = [min(max(bound, low), high) for bound in (pair.low, pair.high)]
            axes.plot([pair.published] * 2, ends, color=color, linewidth=0.7, alpha=0.45, zorder=order)
        axes.plot(
            [pair.published for pair in mine],
            [min(max(pair.predicted, low), high) for pair in mine],
            "o",
            color=color,
            markersize=2.6,
            zorder=order + 2,
        )
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    axes.minorticks_off()
    ticks = [tick for tick in TICKS[unit] if low <= tick <= high]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_title({"percent": f"{title}, %", "months": f"{title}, months", "ratio": title}[unit])

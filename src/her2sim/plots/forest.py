"""Forest of published beside simulated figures: two rows per figure, with the numbers written out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from her2sim.plots.style import INK, MUTED, RULE, house_style, new_figure, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIMULATED, PUBLISHED = "#0072b2", INK
ROW_IN, HEAD_IN, FOOT_IN = 0.37, 0.12, 0.36
AXIS_LEFT, AXIS_WIDTH = 0.40, 0.27
AXIS_WORDS = {"percent": "percent", "months": "months", "ratio": "hazard ratio (below 1 favors the first arm)"}


@dataclass(frozen=True)
class ForestRow:
    """One figure, simulated and published.

    Main arguments:
        label: what, in words; ``group`` is the arm or the contrast.
        unit: ``percent``, ``months`` or ``ratio``; rows of a unit share an axis.
        simulated, published: (value, low, high); None for what is not known or not reached.
        simulated_text, published_text: the numbers as they are to be written.
        read: whether the published number was read at its source; False: recalled.
    """

    group: str
    label: str
    unit: str
    simulated: tuple[float | None, float | None, float | None]
    published: tuple[float | None, float | None, float | None]
    simulated_text: str
    published_text: str
    read: bool = True


def forest_figure(rows: Sequence[ForestRow], *, title: str, interval: str = "90% prediction interval") -> Figure:
    """All rows, those of one unit together on an axis of their own.

    Main arguments:
        rows: at least one.
        title: of the figure.

    Other arguments:
        interval: what the simulated intervals are.
    """
    units = list(dict.fromkeys(row.unit for row in rows))
    sizes = [HEAD_IN + ROW_IN * sum(row.unit == unit for row in rows) + FOOT_IN for unit in units]
    top_in = 0.66
    height = top_in + sum(sizes)
    with house_style():
        figure = new_figure(height)
        figure.text(0.012, 1 - 0.09 / height, title, weight="bold", size=10, va="top")
        figure.text(0.012, 1 - 0.32 / height, "●", color=SIMULATED, size=9, va="top")
        figure.text(0.045, 1 - 0.32 / height, f"simulated, {interval}", size=8, color=MUTED, va="top")
        figure.text(0.012, 1 - 0.48 / height, "◆", color=PUBLISHED, size=8, va="top")
        figure.text(
            0.045, 1 - 0.48 / height, "published, 95% interval; hollow: recalled", size=8, color=MUTED, va="top"
        )
        used = top_in
        for unit, size in zip(units, sizes, strict=True):
            these = [row for row in rows if row.unit == unit]
            box = (AXIS_LEFT, 1 - (used + size - FOOT_IN) / height, AXIS_WIDTH, (size - FOOT_IN - HEAD_IN) / height)
            _draw_panel(figure, figure.add_axes(box), these, unit)
            used += size
    return figure


def _draw_panel(figure: Figure, axes: Axes, rows: Sequence[ForestRow], unit: str) -> None:
    axes.set_ylim(len(rows), 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    low, high = _limits(rows, unit)
    if unit == "ratio":
        axes.set_xscale("log")
        marks = (0.1, 0.2, 0.5, 1, 2, 5, 10) if high > 4 * low else (0.3, 0.4, 0.6, 0.8, 1, 1.4, 2, 3)
        ticks = [mark for mark in marks if low <= mark <= high]
        axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
        axes.minorticks_off()
        axes.axvline(1, color=RULE, linewidth=0.9, zorder=0)
    else:
        axes.locator_params(axis="x", nbins=4)
    axes.set_xlim(low, high)
    axes.set_xlabel(AXIS_WORDS.get(unit, unit), size=8, labelpad=1)
    beside = axes.get_yaxis_transform()
    left, right = (0.012 - AXIS_LEFT) / AXIS_WIDTH, 1.05
    last_group = ""
    for place, row in enumerate(rows):
        if row.group != last_group and place:
            axes.plot(
                [left, (1 - AXIS_LEFT) / AXIS_WIDTH],
                [place, place],
                color=RULE,
                linewidth=0.5,
                transform=beside,
                clip_on=False,
            )
        upper, lower = place + 0.31, place + 0.69
        words: dict[str, Any] = {"transform": beside, "va": "center", "clip_on": False}
        axes.text(left, upper, shortened(row.label, 26), size=8.3, **words)
        if row.group != last_group:
            axes.text(left, lower, shortened(row.group, 30), size=7.6, color=MUTED, **words)
        last_group = row.group
        axes.text(right, upper, row.simulated_text, size=7.8, color=SIMULATED, **words)
        axes.text(right, lower, row.published_text, size=7.8, color=PUBLISHED, **words)
        _draw_interval(axes, upper, row.simulated, SIMULATED, "o", filled=True, limits=(low, high))
        _draw_interval(axes, lower, row.published, PUBLISHED, "D", filled=row.read, limits=(low, high))


def _draw_interval(
    axes: Axes,
    y: float,
    figures: tuple[float | None, float | None, float | None],
    color: str,
    marker: str,
    *,
    filled: bool,
    limits: tuple[float, float],
) -> None:
    value, low, high = figures
    if low is not None or high is not None:
        start, end = (limits[0] if low is None else low), (limits[1] if high is None else high)
        axes.plot([start, end], [y, y], color=color, linewidth=1.3)
    if value is not None:
        face = color if filled else "none"
        axes.plot([value], [y], marker=marker, markersize=4.6, markerfacecolor=face, color=color, linestyle="none")


def _limits(rows: Sequence[ForestRow], unit: str) -> tuple[float, float]:
    known = [v for row in rows for v in (*row.simulated, *row.published) if v is not None and math.isfinite(v)]
    if unit == "percent":
        return -2.0, 102.0
    if not known:
        return (0.5, 2.0) if unit == "ratio" else (0.0, 1.0)
    if unit == "ratio":
        return min(0.9 * min(known), 0.7), max(1.1 * max(known), 1.4)
    return 0.0, 1.06 * max(known)

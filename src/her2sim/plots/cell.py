"""Cells under drugs: dose-response curves, and what a pair of drugs does beyond what is expected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from her2sim.plots.style import INK, MUTED, RULE, arm_color, house_style, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

PANEL_IN, HEAD_IN, FOOT_IN = 1.35, 0.62, 0.5


@dataclass(frozen=True)
class DoseCurve:
    """One drug alone.

    Main arguments:
        drug: its name.
        doses: (n,) nM, positive.
        responses: panel title -> (n,) values.
        untreated: panel title -> value without drug.
    """

    drug: str
    doses: Floats
    responses: Mapping[str, Floats]
    untreated: Mapping[str, float]


def dose_response_figure(curves: Sequence[DoseCurve], *, title: str) -> Figure:
    """One panel per response, one line per drug; a dotted line is the untreated cell.

    Main arguments:
        curves: at least one; all with the same responses.
        title: of the figure.
    """
    panels = list(curves[0].responses)
    height = HEAD_IN + FOOT_IN + PANEL_IN * len(panels)
    with house_style():
        figure = new_figure(height)
        figure.text(0.012, 1 - 0.09 / height, title, weight="bold", size=10, va="top")
        x = 0.012
        for number, curve in enumerate(curves):
            figure.text(x, 1 - 0.34 / height, f"— {curve.drug}", color=arm_color(number), size=8.5, va="top")
            x += 0.05 + 0.017 * len(curve.drug)
        decades = _decades(min(float(c.doses[0]) for c in curves), max(float(c.doses[-1]) for c in curves))
        for place, panel in enumerate(panels):
            bottom = FOOT_IN + PANEL_IN * (len(panels) - 1 - place) + 0.12
            axes = figure.add_axes((0.14, bottom / height, 0.83, (PANEL_IN - 0.38) / height))
            axes.set_xscale("log")
            axes.set_title(panel, size=8.5, weight="normal", color=MUTED, pad=3)
            for number, curve in enumerate(curves):
                axes.plot(curve.doses, curve.responses[panel], color=arm_color(number))
            axes.axhline(curves[0].untreated[panel], color=MUTED, linewidth=0.8, linestyle=":")
            low = min(float(c.responses[panel].min()) for c in curves)
            high = max(curves[0].untreated[panel], *(float(c.responses[panel].max()) for c in curves))
            if low < 0.0:
                axes.axhline(0.0, color=RULE, linewidth=0.8)
            margin = 0.06 * (high - min(low, 0.0) or 1.0)
            axes.set_ylim(min(low, 0.0) - (margin if low < 0.0 else 0.0), high + margin)
            axes.locator_params(axis="y", nbins=4)
            last = place == len(panels) - 1
            axes.set_xticks(decades, [f"{dose:g}" if last else "" for dose in decades])
            axes.minorticks_off()
            if last:
                axes.set_xlabel("free concentration at the cell, nM")
    return figure


def pair_figure(
    drugs: tuple[str, str], doses: tuple[Floats, Floats], effect: Floats, excess: Mapping[str, Floats], *, title: str
) -> Figure:
    """The surface of effects, and its excess over each expectation.

    Main arguments:
        drugs: names of the first (upward) and the second drug (to the right).
        doses: (m,), (n,) nM, each starting with 0.
        effect: (m, n), 0 to 1; ``excess``: expectation -> (m, n).
        title: of the figure.
    """
    names = list(excess)
    rows = 1 + (len(names) + 1) // 2
    height, side = 0.62 + 2.0 * rows, 1.42
    width = 4.8
    largest = max(0.05, *(float(np.max(np.abs(values))) for values in excess.values()))
    with house_style():
        figure = new_figure(height, width)
        figure.text(0.012, 1 - 0.09 / height, title, weight="bold", size=10, va="top")
        axes_are = f"across: {drugs[1]}, up: {drugs[0]}; free nM at the cell; first: none"
        figure.text(0.012, 1 - 0.32 / height, axes_are, size=8, color=MUTED, va="top")
        tables: list[tuple[str, Floats, str, float, float]] = [
            ("effect (1 - viability)", effect, "Blues", 0.0, 1.0),
            *((f"excess over {name}", values, "RdBu_r", -largest, largest) for name, values in excess.items()),
        ]
        for number, (words, table, colors, low, high) in enumerate(tables):
            row, column = (0, 0) if number == 0 else (1 + (number - 1) // 2, (number - 1) % 2)
            top = 0.8 + 2.0 * row
            box = (0.1 + 0.485 * column, 1 - (top + side) / height, side / width, side / height)
            axes = figure.add_axes(box)
            image = _heat(axes, table, doses, colors, low, high)
            axes.set_title(words, size=8.5, weight="normal", color=INK, pad=3)
            bar = figure.add_axes((box[0] + box[2] + 0.012, box[1], 0.018, box[3]))
            figure.colorbar(image, cax=bar)
            bar.tick_params(labelsize=7, length=2)
            bar.locator_params(nbins=5)
        rows_ = [("", "mean", "least", "most")] + [
            (name, *(f"{round(float(number), 2) + 0.0:+.2f}" for number in (v[1:, 1:].mean(), v.min(), v.max())))
            for name, v in excess.items()
        ]
        figure.text(0.57, 1 - 0.85 / height, "excess of the pair", size=8.5, va="top")
        for number, cells in enumerate(rows_):
            for x, words in zip((0.57, 0.74, 0.84, 0.94), cells, strict=True):
                y = 1 - (1.08 + 0.19 * number) / height
                side_ = "left" if x < 0.6 else "right"
                figure.text(x, y, words, size=8, va="top", ha=side_, color=INK if number else MUTED)
    return figure


def _decades(low: float, high: float) -> list[float]:
    """Powers of ten from ``low`` to ``high``; the ends where there is none."""
    found = [10.0**n for n in range(-12, 13) if low * 0.999 <= 10.0**n <= high * 1.001]
    return found or [float(low), float(high)]


def _heat(axes: Axes, table: Floats, doses: tuple[Floats, Floats], colors: str, low: float, high: float) -> Any:
    image = axes.imshow(table, origin="lower", cmap=colors, vmin=low, vmax=high, aspect="auto", interpolation="nearest")
    for doses_, ticks in ((doses[1], axes.set_xticks), (doses[0], axes.set_yticks)):
        marks = _decades(doses_[1], doses_[-1])
        marks = marks[:: -(-len(marks) // 3)]
        places = np.interp(np.log10(marks), np.log10(doses_[1:]), np.arange(1, len(doses_)))
        ticks([float(place) for place in places], [f"{mark:g}" for mark in marks])
    axes.tick_params(labelsize=7, length=2)
    return image

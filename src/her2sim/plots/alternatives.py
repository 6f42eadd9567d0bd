"""One patient under alternative regimens: what shrinks, what grows back and what is left of HER2, in one figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from her2sim.core.calendar import DAYS_PER_MONTH
from her2sim.plots.style import MUTED, RESPONSES, arm_color, decade_ticks, house_style, new_figure
from her2sim.plots.wrapping import wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
WIDTH_IN, LEFT_IN, RIGHT_IN, PANEL_IN, GAP_IN, FOOT_IN = 7.4, 0.86, 0.2, 1.15, 0.3, 0.5
LEAST_ML = 1e-3


@dataclass(frozen=True)
class Alternative:
    """One regimen given to the patient; series over ``days`` (n,).

    Main arguments:
        title: of the regimen; ``sentence``: what happened.
        living_mL: living tumor outside the brain; ``brain_mL``: inside.
        sum_mm: true sum of target diameters; ``her2_per_cell``: NaN where too little is left.
        progression_day: or None.
    """

    title: str
    sentence: str
    days: Floats
    living_mL: Floats
    brain_mL: Floats
    sum_mm: Floats
    her2_per_cell: Floats
    progression_day: float | None


def alternatives_figure(alternatives: Sequence[Alternative], *, title: str, subtitle: str = "") -> Figure:
    """Draw the alternatives over each other, each in its color; a cross is the progression that ended it.

    Main arguments:
        alternatives: two or more, of the same patient.
        title: who she is.

    Other arguments:
        subtitle: for example what was removed from the model.
    """
    room = (WIDTH_IN - 0.3) * 72
    words = [wrapped([f"{item.title}: {item.sentence}"], room, size=8.5) for item in alternatives]
    panels = [
        ("sum of target\ndiameters, mm", "sum_mm", False),
        ("living tumor outside\nthe brain, mL", "living_mL", True),
        ("HER2 per\ntumor cell", "her2_per_cell", True),
    ]
    if any(float(np.max(item.brain_mL)) > 0.05 for item in alternatives):
        panels.insert(2, ("living tumor in\nthe brain, mL", "brain_mL", True))
    heads = [line.strip() for line in wrapped([title], room, size=10, bold_first=True)]
    head = 0.14 + 0.2 * len(heads) + (0.17 if subtitle else 0.0) + 0.16 * sum(map(len, words)) + 0.2
    height = head + (PANEL_IN + GAP_IN) * len(panels) - GAP_IN + FOOT_IN
    last = max(float(item.days[-1]) for item in alternatives) / DAYS_PER_MONTH
    with house_style():
        figure = new_figure(height, WIDTH_IN)
        y = 0.1
        for line in heads:
            figure.text(0.15 / WIDTH_IN, 1 - y / height, line, weight="bold", size=10, va="top")
            y += 0.2
        if subtitle:
            figure.text(0.15 / WIDTH_IN, 1 - y / height, subtitle, size=8.5, va="top", color=MUTED)
            y += 0.17
        for number, lines in enumerate(words):
            for line in lines:
                figure.text(0.15 / WIDTH_IN, 1 - y / height, line, size=8.5, va="top", color=arm_color(number))
                y += 0.16
        for place, (name, field, logarithmic) in enumerate(panels):
            bottom = height - head - PANEL_IN - place * (PANEL_IN + GAP_IN)
            axes = figure.add_axes(
                (LEFT_IN / WIDTH_IN, bottom / height, 1 - (LEFT_IN + RIGHT_IN) / WIDTH_IN, PANEL_IN / height)
            )
            _panel(axes, alternatives, field, logarithmic=logarithmic)
            axes.set_xlim(0.0, last)
            axes.set_ylabel(name, size=8)
            axes.yaxis.set_label_coords(-0.5 * LEFT_IN / (WIDTH_IN - LEFT_IN - RIGHT_IN) - 0.012, 0.5)
            axes.tick_params(labelsize=7.5, labelbottom=place == len(panels) - 1)
            if place == len(panels) - 1:
                axes.set_xlabel("months", size=8)
    return figure


def _panel(axes: Axes, alternatives: Sequence[Alternative], field: str, *, logarithmic: bool) -> None:
    least = LEAST_ML if field.endswith("_mL") else 1.0
    top = max(float(np.nanmax(np.append(getattr(item, field), least))) for item in alternatives)
    for number, item in enumerate(alternatives):
        values = np.asarray(getattr(item, field), dtype=np.float64)
        months = item.days / DAYS_PER_MONTH
        axes.plot(months, np.maximum(values, least / 10) if logarithmic else values, color=arm_color(number))
        if item.progression_day is not None and np.isfinite(values[-1]) and values[-1] >= least:
            cross: Any = {
                "markersize": 8,
                "color": RESPONSES["PD"],
                "markeredgewidth": 1.6,
                "clip_on": False,
                "zorder": 5,
            }
            axes.plot([item.progression_day / DAYS_PER_MONTH], [values[-1]], "x", **cross)
    if logarithmic:
        axes.set_yscale("log")
        low = min(float(np.nanmin(np.append(getattr(item, field), top))) for item in alternatives)
        axes.set_ylim(max(least, low / 2), top * 2.0)
        decade_ticks(axes)
    else:
        axes.set_ylim(0.0, 1.1 * top)
        axes.locator_params(axis="y", nbins=4)

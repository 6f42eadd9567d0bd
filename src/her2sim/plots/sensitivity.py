"""What results hang on: a table of colored effects, numbers of the model against what is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from her2sim.plots.style import ARMS, MUTED, house_style, new_figure, shortened

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
ROW_IN, HEAD_IN, FOOT_IN = 0.19, 2.25, 0.42
WIDTH, LEFT, TABLE = 7.2, 0.36, 0.40
STRONGEST = 1.0


def sensitivity_figure(
    numbers: Sequence[str],
    outputs: Sequence[str],
    effects: Floats,
    bars: Floats,
    *,
    title: str,
    subtitle: str,
    bars_are: str,
) -> Figure:
    """Colored effects of numbers on outputs, and one bar per number.

    Main arguments:
        numbers: names, the most important first.
        outputs: names of the columns.
        effects: (n_numbers, n_outputs) signed, in standard deviations of the output; colors end at plus and minus one.
        bars: (n_numbers,) 0 or more.
        title, subtitle: what is shown.
        bars_are: what the bars show.
    """
    height = HEAD_IN + ROW_IN * len(numbers) + FOOT_IN
    with house_style():
        figure = new_figure(height, WIDTH)
        figure.text(0.008, 1 - 0.09 / height, title, weight="bold", size=10, va="top")
        figure.text(0.008, 1 - 0.30 / height, subtitle, size=8, color=MUTED, va="top", linespacing=1.35)
        bottom, tall = FOOT_IN / height, ROW_IN * len(numbers) / height
        axes = figure.add_axes((LEFT, bottom, TABLE, tall))
        image = axes.imshow(
            effects, cmap="RdBu_r", vmin=-STRONGEST, vmax=STRONGEST, aspect="auto", interpolation="nearest"
        )
        axes.set_yticks(range(len(numbers)), [shortened(name.replace("_", " "), 44) for name in numbers])
        axes.set_xticks(range(len(outputs)), list(outputs), rotation=60, ha="left", rotation_mode="anchor")
        axes.xaxis.tick_top()
        axes.tick_params(labelsize=7.5, length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
        scale = figure.add_axes((LEFT, 0.6 * bottom, TABLE, 0.08 / height))
        figure.colorbar(image, cax=scale, orientation="horizontal")
        scale.tick_params(labelsize=7, length=2, pad=1)
        beside = figure.add_axes((LEFT + TABLE + 0.015, bottom, 1 - LEFT - TABLE - 0.03, tall))
        beside.barh(range(len(numbers)), bars, color=ARMS[0], height=0.68)
        beside.set_ylim(len(numbers) - 0.5, -0.5)
        beside.set_yticks([])
        beside.set_title(bars_are, size=7.5, weight="normal", color=MUTED, pad=4, loc="left")
        beside.tick_params(labelsize=7, length=2)
        beside.spines["left"].set_visible(False)
    return figure

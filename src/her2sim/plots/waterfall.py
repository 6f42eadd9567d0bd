"""Waterfall: the best change of each patient's target lesions, colored by best overall response."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from her2sim.plots.style import MUTED, RESPONSES, house_style, new_figure, shortened

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

RESPONSE_LINE, PROGRESSION_LINE = -30.0, 20.0  # RECIST 1.1, doi:10.1016/j.ejca.2008.10.026
HIGHEST = 100.0


def waterfall_figure(frame: pd.DataFrame, *, title: str) -> Figure:
    """One bar per patient, from the greatest growth to the greatest shrinkage.

    Main arguments:
        frame: columns ``best_change_pct`` (NaN where no scan followed the first) and ``bor``.
        title: usually the arm's name.
    """
    measured = frame[frame["best_change_pct"].notna()].sort_values(
        ["best_change_pct", "bor"], ascending=[False, True], kind="stable"
    )
    change = measured["best_change_pct"].to_numpy(dtype=float)
    responses = measured["bor"].to_numpy()
    with house_style():
        figure = new_figure(3.3)
        axes = figure.add_axes((0.145, 0.03, 0.845, 0.70))
        figure.text(0.012, 0.972, shortened(title, 48), weight="bold", size=10, va="top")
        figure.text(0.012, 0.908, _words(frame, change), size=8, color=MUTED, va="top", linespacing=1.35)
        response_key(figure, {name: int((frame["bor"] == name).sum()) for name in RESPONSES}, 0.80)
        for name, color in RESPONSES.items():
            here = responses == name
            axes.bar(
                np.flatnonzero(here),
                np.clip(change[here], -100, HIGHEST),
                width=1.0 if len(change) > 60 else 0.85,
                color=color,
                edgecolor=color,
                linewidth=0.2,
            )
        for level in (RESPONSE_LINE, PROGRESSION_LINE):
            axes.axhline(level, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
        axes.axhline(0, color=MUTED, linewidth=0.8)
        axes.set_ylim(-103, HIGHEST + 3)
        axes.set_yticks([-100, -60, RESPONSE_LINE, 0, PROGRESSION_LINE, 60, 100])
        axes.set_xlim(-0.5 - 0.01 * len(change), len(change) - 0.5 + 0.01 * len(change))
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
        axes.set_ylabel("Best change (%)")
    return figure


def response_key(figure: Figure, counts: Mapping[str, int], y: float) -> None:
    """Which color is which best overall response, and how many patients had it."""
    place = 0.012
    for name, color in RESPONSES.items():
        if counts.get(name):
            words = f"{name} {counts[name]}"
            figure.text(place, y + 0.003, "■", color=color, size=9, va="top")
            figure.text(place + 0.033, y, words, size=8, va="top")
            place += 0.06 + 0.0165 * len(words)


def _words(frame: pd.DataFrame, change: np.ndarray[tuple[int], np.dtype[np.float64]]) -> str:
    unmeasured = len(frame) - len(change)
    words = f"Best change of target lesions of {len(change)} patients"
    cut = int((change > HIGHEST).sum())
    if cut:
        words += f"; {cut} beyond +{HIGHEST:.0f}%"
    if unmeasured:
        words += f"\n{unmeasured} not drawn, without target lesions or a later scan"
    return words

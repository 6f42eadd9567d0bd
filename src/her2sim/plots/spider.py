"""Spider: how the target lesions of each patient changed over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from her2sim.core.calendar import DAYS_PER_MONTH, months
from her2sim.plots.style import MUTED, RESPONSES, house_style, new_figure, shortened
from her2sim.plots.survival import tick_days
from her2sim.plots.waterfall import PROGRESSION_LINE, RESPONSE_LINE, response_key

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

MOST_PATIENTS = 150
HIGHEST = 150.0


def spider_figure(frame: pd.DataFrame, *, title: str) -> Figure:
    """A line per patient.

    Main arguments:
        frame: columns ``patient``, ``day``, ``change_pct`` and ``bor``; the first scan of a patient has change 0.
        title: usually the arm's name.

    More than ``MOST_PATIENTS`` patients would be a blot: then the first of them are drawn, and the figure says so.
    """
    from matplotlib.collections import LineCollection

    measured = frame[frame["change_pct"].notna()].sort_values(["patient", "day"], kind="stable")
    patients = measured["patient"].drop_duplicates()
    shown = patients.iloc[:MOST_PATIENTS]
    lines: dict[str, list[np.ndarray[tuple[int, int], np.dtype[np.float64]]]] = {name: [] for name in RESPONSES}
    last_month = 1.0
    for _, rows in measured[measured["patient"].isin(shown)].groupby("patient", sort=True):
        time = rows["day"].to_numpy(dtype=float) / DAYS_PER_MONTH
        lines.setdefault(str(rows["bor"].iloc[0]), []).append(
            np.column_stack([time, np.clip(rows["change_pct"].to_numpy(dtype=float), -100, HIGHEST)])
        )
        last_month = max(last_month, float(time[-1]))
    with house_style():
        figure = new_figure(3.3)
        axes = figure.add_axes((0.145, 0.13, 0.835, 0.645))
        figure.text(0.012, 0.972, shortened(title, 48), weight="bold", size=10, va="top")
        words = f"Target lesions of {len(shown)} patients over time"
        if len(patients) > len(shown):
            words = f"Target lesions of the first {len(shown)} of {len(patients)} patients over time"
        figure.text(0.012, 0.908, words, size=8, color=MUTED, va="top")
        response_key(figure, {name: len(these) for name, these in lines.items()}, 0.85)
        for name in ("NE", "SD", "PR", "CR", "PD"):
            if not lines[name]:
                continue
            axes.add_collection(LineCollection(lines[name], colors=RESPONSES[name], linewidths=0.9, alpha=0.6))
        for level in (RESPONSE_LINE, PROGRESSION_LINE):
            axes.axhline(level, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)), zorder=3)
        ticks = [months(day) for day in tick_days(last_month * DAYS_PER_MONTH, None)]
        axes.set_xticks(ticks, [f"{month:.0f}" for month in ticks])
        axes.set_xlim(0, last_month * 1.02)
        axes.set_ylim(-103, HIGHEST)
        axes.set_yticks([-100, -60, RESPONSE_LINE, 0, PROGRESSION_LINE, 60, 100, 150])
        axes.set_ylabel("Change of sum (%)")
        axes.set_xlabel("Months since randomization")
    return figure

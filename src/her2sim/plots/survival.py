"""Kaplan-Meier figures in the form that readers trust most: bands, and at risk, censored and events under the axis.

Source of the form: Morris TP et al. BMJ Open 2019;9:e030215, doi:10.1136/bmjopen-2019-030215 (KMunicate).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from her2sim.analysis.kaplan_meier import SurvivalCurve, risk_table, survival_quantile
from her2sim.core.calendar import DAYS_PER_MONTH, DAYS_PER_WEEK, months
from her2sim.plots.style import INK, MUTED, RULE, WIDTH_IN, arm_color, house_style, new_figure, quiet_axis, shortened
from her2sim.plots.wrapping import text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
AXIS_IN = 0.64
LEFT, WIDTH = 0.182, 0.79
LABEL_SIZE, LABEL_LINE = 8.5, 0.072
TABLE_ROWS = (("at_risk", "at risk"), ("censored", "censored"), ("events", "events"))
MOST_TICKS = 7


@dataclass(frozen=True)
class PublishedPoint:
    """A published figure to lay over the curves.

    Main arguments:
        months: median time, or the time of a landmark rate.
        share: 0.5 for a median, or the rate as a fraction.
        low, high: its 95% interval: months for a median, fractions for a rate; None where not given or not reached.
        is_median: a median rather than a rate.
        read: read at its source; recalled figures are drawn hollow.
    """

    months: float
    share: float
    low: float | None
    high: float | None
    is_median: bool
    read: bool = True


@dataclass(frozen=True)
class SurvivalArm:
    """One arm of the figure.

    Main arguments:
        name: shown beside its curve.
        curve: Kaplan-Meier estimate, times in days.

    Other arguments:
        band: (times in days, low, high) to draw instead of the curve's own confidence limits.
        published: published figures of this arm.
        median_days: the median to be written; that of ``curve`` if not given, infinite where it was not reached.
    """

    name: str
    curve: SurvivalCurve
    band: tuple[Floats, Floats, Floats] | None = None
    published: tuple[PublishedPoint, ...] = ()
    median_days: float | None = None


def survival_figure(
    arms: Sequence[SurvivalArm],
    *,
    title: str,
    y_label: str,
    scan_days: float | None = None,
    band_label: str = "95% confidence",
    last_day: float | None = None,
) -> Figure:
    """Curves of all arms with bands, medians, published figures, and the table of numbers underneath.

    Main arguments:
        arms: at least one.
        title: what the curves are.
        y_label: what the height means.

    Other arguments:
        scan_days: interval between scans; ticks and columns of the table stand at multiples of it. None for endpoints
            without scans: ticks at whole months.
        band_label: what the bands are.
        last_day: end of the axis; the last follow-up if not given.
    """
    end = last_day or max(float(arm.curve.time[-1]) for arm in arms)
    ticks = tick_days(end, scan_days)
    rows = len(arms) * (len(TABLE_ROWS) + 1)
    curve_in, table_in = 2.75, 0.2 + 0.165 * rows
    height = 0.75 + curve_in + AXIS_IN + table_in
    with house_style():
        figure = new_figure(height)
        axes = figure.add_axes((LEFT, (table_in + AXIS_IN) / height, WIDTH, curve_in / height))
        table = figure.add_axes((LEFT, 0.0, WIDTH, table_in / height))
        figure.text(0.012, 1 - 0.09 / height, title, weight="bold", size=10, va="top")
        figure.text(
            0.012, 1 - 0.29 / height, _legend(arms, band_label), size=8, color=MUTED, va="top", linespacing=1.35
        )
        for number, arm in enumerate(arms):
            _draw_curve(axes, arm, arm_color(number))
            _draw_published(axes, arm, arm_color(number), months(end))
        labeled = _label_curves(axes, arms, months(end))
        axes.set_xlim(0, months(end) * 1.02)
        axes.set_ylim(0, 1.03)
        axes.set_yticks([0, 0.25, 0.5, 0.75, 1.0], ["0", "25", "50", "75", "100"])
        axes.set_ylabel(y_label)
        labels = [_month_text(months(day)) for day in ticks]
        axes.set_xticks([months(day) for day in ticks], labels)
        axes.set_xlabel(_axis_words(ticks, scan_days))
        _draw_table(table, arms, ticks, axes.get_xlim(), with_medians=not labeled)
    return figure


def tick_days(end: float, scan_days: float | None) -> list[float]:
    """Days of the ticks: multiples of the scan interval (else of a month), at most seven after zero.

    >>> tick_days(700.0, 42.0)
    [0.0, 126.0, 252.0, 378.0, 504.0, 630.0]
    """
    unit = scan_days or DAYS_PER_MONTH
    steps = (1, 2, 3, 4, 6, 8, 12, 16, 24, 48) if scan_days else (1, 2, 3, 6, 12, 24, 48)
    step = next((s for s in steps if end / (s * unit) <= MOST_TICKS), math.ceil(end / unit / MOST_TICKS)) * unit
    return [number * step for number in range(int(end / step + 1e-9) + 1)]


def _month_text(value: float) -> str:
    return f"{value:.0f}" if abs(value - round(value)) < 0.05 else f"{value:.1f}"


def _axis_words(ticks: Sequence[float], scan_days: float | None) -> str:
    words = "Months since randomization"
    if scan_days and len(ticks) > 1:
        step, scan = ticks[1] / DAYS_PER_WEEK, scan_days / DAYS_PER_WEEK
        words += f"\n(a tick every {step:g} weeks, scans every {scan:g})"
    return words


def _legend(arms: Sequence[SurvivalArm], band_label: str) -> str:
    words = f"Lines: simulated, with {band_label}; ticks: censored."
    if any(arm.published for arm in arms):
        words += "\nDiamonds, circles: published medians, rates (hollow: recalled)."
    return words


def _draw_curve(axes: Axes, arm: SurvivalArm, color: str) -> None:
    frame = arm.curve.frame()
    time = frame["time"].to_numpy() / DAYS_PER_MONTH
    survival = frame["survival"].to_numpy()
    if arm.band is None:
        days, low, high = frame["time"].to_numpy(), frame["low"].to_numpy(), frame["high"].to_numpy()
    else:
        days, low, high = arm.band
    known = ~np.isnan(low) & ~np.isnan(high)
    axes.fill_between(
        days[known] / DAYS_PER_MONTH, low[known], high[known], step="post", color=color, alpha=0.16, linewidth=0
    )
    axes.step(time, survival, where="post", color=color)
    gone = frame["censored"].to_numpy() > 0
    if gone.sum() <= 400:  # more would hide the curve
        axes.plot(time[gone], survival[gone], linestyle="none", marker="|", markersize=4, color=color, alpha=0.6)


def _draw_published(axes: Axes, arm: SurvivalArm, color: str, end: float) -> None:
    for point in arm.published:
        if point.months > end:
            continue
        if point.is_median:
            low = point.low if point.low is not None else point.months
            high = min(point.high, end) if point.high is not None else end
            axes.plot([low, high], [point.share] * 2, color=INK, linewidth=2.6, alpha=0.9, zorder=4)
            axes.plot([low, high], [point.share] * 2, color=color, linewidth=1.4, zorder=4)
        elif point.low is not None and point.high is not None:
            axes.plot([point.months] * 2, [point.low, point.high], color=INK, linewidth=2.6, alpha=0.9, zorder=4)
            axes.plot([point.months] * 2, [point.low, point.high], color=color, linewidth=1.4, zorder=4)
        axes.plot(
            [point.months],
            [point.share],
            marker="D" if point.is_median else "o",
            markersize=5.5,
            markerfacecolor=color if point.read else "none",
            markeredgecolor=INK,
            markeredgewidth=0.9,
            linestyle="none",
            zorder=5,
        )


def _label(arm: SurvivalArm) -> str:
    median = arm.median_days if arm.median_days is not None else survival_quantile(arm.curve).value
    reached = median is not None and math.isfinite(median)
    words = f"median {months(median):.1f} mo" if median is not None and reached else "median not reached"
    return f"{shortened(arm.name, 30)}: {words}"


def _label_curves(axes: Axes, arms: Sequence[SurvivalArm], end: float) -> bool:
    """The arms' names and medians in a corner that no curve needs; False where there is no such corner."""
    axes.axhline(0.5, color=RULE, linewidth=0.7, linestyle=(0, (2, 3)), zorder=0)
    order = sorted(range(len(arms)), key=lambda i: -_height_at(arms[i].curve, 0.6 * end))
    wide = max(text_width(_label(arm), LABEL_SIZE, True) for arm in arms) / (WIDTH * WIDTH_IN * 72) + 0.03
    tall = LABEL_LINE * len(arms) + 0.02
    above = max(_height_at(arm.curve, (1 - wide) * end) for arm in arms) < 1 - tall
    below = min(_height_at(arm.curve, wide * end) for arm in arms) > tall + 0.02
    if not above and not below:
        return False
    for place, number in enumerate(order):
        axes.text(
            0.995 if above else 0.015,
            1.0 - LABEL_LINE * place if above else 0.03 + LABEL_LINE * (len(order) - place),
            _label(arms[number]),
            color=arm_color(number),
            weight="bold",
            size=LABEL_SIZE,
            ha="right" if above else "left",
            va="top",
            transform=axes.transAxes,
            zorder=6,
        )
    return True


def _height_at(curve: SurvivalCurve, month: float) -> float:
    place = int(np.searchsorted(curve.time, month * DAYS_PER_MONTH, side="right")) - 1
    return 1.0 if place < 0 else float(curve.survival[place])


def _draw_table(
    axes: Axes,
    arms: Sequence[SurvivalArm],
    ticks: Sequence[float],
    x_limits: tuple[float, float],
    *,
    with_medians: bool,
) -> None:
    quiet_axis(axes)
    axes.set_facecolor("none")
    axes.set_xlim(*x_limits)
    rows = len(arms) * (len(TABLE_ROWS) + 1)
    axes.set_ylim(rows + 0.15, 0)
    edge = -(LEFT - 0.012) / WIDTH * (x_limits[1] - x_limits[0])
    for number, arm in enumerate(arms):
        top = number * (len(TABLE_ROWS) + 1)
        color = arm_color(number)
        name = _label(arm) if with_medians else shortened(arm.name, 50)
        axes.text(edge, top + 0.5, name, color=color, weight="bold", size=8.5, va="center", clip_on=False)
        counts = risk_table(arm.curve, ticks)
        for row, (column, words) in enumerate(TABLE_ROWS, start=1):
            y = top + row + 0.5
            axes.text(edge, y, words, size=8, va="center", color=MUTED, clip_on=False)
            for day, count in zip(ticks, counts[column], strict=True):
                axes.text(months(day), y, f"{count}", size=8, ha="center", va="center")

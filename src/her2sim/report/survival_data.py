"""From the table of events to what a Kaplan-Meier figure shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from her2sim.analysis.compare import of_stratum
from her2sim.analysis.kaplan_meier import kaplan_meier
from her2sim.core.calendar import DAYS_PER_MONTH, months
from her2sim.plots.survival import PublishedPoint, SurvivalArm
from her2sim.record.types import Result, TrialRecord
from her2sim.report.headline import preferred
from her2sim.report.words import landmark, spaced

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
GRID = 160
LOW, HIGH = 0.05, 0.95  # of replicate trials, for a 90% band
ENOUGH = 0.8  # share of replicates that must still be followed for the band to be drawn
TITLES = {
    "PFS": "Progression-free survival",
    "OS": "Overall survival",
    "EFS": "Event-free survival",
    "iDFS": "Invasive-disease-free survival",
    "DFS": "Disease-free survival",
    "DOR": "Duration of response",
}
AXES = {"PFS": "Without progression (%)", "OS": "Alive (%)", "DOR": "Still in response (%)"}


def survival_arms(
    events: pd.DataFrame, record: TrialRecord, published: TrialRecord | None, endpoint: str, assessor: str
) -> tuple[SurvivalArm, ...]:
    """The arms of one figure, in the order of the record; replicates are pooled for the curve.

    With several replicates the band holds 90% of the replicate trials; else it is left to the curve.
    """
    rows = events[(events["endpoint"] == endpoint) & (events["assessor"] == assessor) & events["time_days"].notna()]
    arms: list[SurvivalArm] = []
    for arm in record.arms:
        mine = rows[rows["arm"] == arm.name]
        if not len(mine):
            continue
        time, event = mine["time_days"].to_numpy(dtype=np.float64), mine["event"].to_numpy(dtype=bool)
        known = next((a.results for a in published.arms if a.name == arm.name), ()) if published else ()
        known = tuple(result for result in known if not of_stratum(result))
        arms.append(
            SurvivalArm(
                name=spaced(arm.name),
                curve=kaplan_meier(time, event),
                band=replicate_band(mine["replicate"].to_numpy(), time, event),
                published=published_points(known, endpoint, assessor),
                median_days=_median_days(arm.results, endpoint, assessor),
            )
        )
    return tuple(arms)


def _median_days(results: tuple[Result, ...], endpoint: str, assessor: str) -> float | None:
    """The median that stands in the record, so that figure and tables say the same number."""
    result = preferred([r for r in results if r.endpoint == f"{endpoint}_median" and r.unit == "months"], assessor)
    if result is None:
        return None
    return float("inf") if result.not_reached or result.value is None else result.value * DAYS_PER_MONTH


def replicate_band(
    replicate: NDArray[np.int64], time: Floats, event: NDArray[np.bool_]
) -> tuple[Floats, Floats, Floats] | None:
    """(days, low, high) between which 90% of the replicates' curves run; None for a single replicate."""
    numbers = np.unique(replicate)
    if len(numbers) < 2:
        return None
    days = np.linspace(0.0, float(time.max()), GRID)
    heights = np.full((len(numbers), GRID), np.nan)
    for row, number in enumerate(numbers):
        here = replicate == number
        curve = kaplan_meier(time[here], event[here])
        place = np.searchsorted(curve.time, days, side="right")
        heights[row] = np.concatenate([[1.0], curve.survival])[place]
        if curve.survival[-1] > 0:
            heights[row, days > curve.time[-1]] = np.nan
    enough = (~np.isnan(heights)).mean(axis=0) >= ENOUGH
    low, high = np.full(GRID, np.nan), np.full(GRID, np.nan)
    low[enough], high[enough] = np.nanquantile(heights[:, enough], (LOW, HIGH), axis=0)
    return days, low, high


def published_points(results: tuple[Result, ...], endpoint: str, assessor: str) -> tuple[PublishedPoint, ...]:
    """Published median and landmark rates of an endpoint."""
    points: list[PublishedPoint] = []
    for name in dict.fromkeys(r.endpoint for r in results):
        result = preferred([r for r in results if r.endpoint == name], assessor)
        if result is None or result.value is None:
            continue
        low, high = result.ci95 or (None, None)
        mark = landmark(name)
        if name == f"{endpoint}_median" and result.unit == "months":
            points.append(PublishedPoint(result.value, 0.5, low, high, True, result.read))
        elif mark is not None and mark[0] == endpoint and result.unit == "percent":
            share = [None if v is None else v / 100 for v in (low, high)]
            points.append(PublishedPoint(months(mark[1]), result.value / 100, share[0], share[1], False, result.read))
    return tuple(points)

"""A digitized curve made fit for inversion: it starts at 1, never rises, and has a point at each printed time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from her2sim.analysis.kaplan_meier import Floats
from her2sim.analysis.logrank import Ints
from her2sim.core.errors import InputError
from her2sim.evidence.importers.curve_csv import DigitizedCurve, RiskTable


@dataclass(frozen=True)
class Clicks:
    """Points of a curve, cut into the intervals of its risk table.

    Main arguments:
        time, survival: (n_points,) from time 0 and survival 1; survival never rises.
        first: (n_intervals,) index of the first point of each interval.
        at_risk: (n_intervals,) patients at risk just before that point.
    """

    time: Floats
    survival: Floats
    first: Ints
    at_risk: Ints


def clicks(curve: DigitizedCurve, risk: RiskTable) -> Clicks:
    """Clean points with one at each time of the risk table, at the height the curve has just before that time.

    Where numbers at risk are printed for times after the last point, the curve is drawn on flat to there; a final
    zero beyond it says only that everybody has left. Small rises, which digitizing makes, are leveled by isotonic
    regression; a running minimum would lower the whole curve by the noise.

    Raises:
        InputError: curve and table count time in different units.

    >>> curve = DigitizedCurve(np.array([2.0, 5.0]), np.array([0.8, 0.6]))
    >>> clicks(curve, RiskTable(np.array([0.0, 4.0]), np.array([10, 7]))).time.tolist()
    [0.0, 2.0, 4.0, 5.0]
    """
    from scipy.optimize import isotonic_regression

    if curve.unit and risk.unit and curve.unit != risk.unit:
        raise InputError(
            f"the curve counts {curve.unit} and the risk table {risk.unit}",
            where=risk.name,
            hint="Give both in the same unit.",
        )
    time = np.concatenate([[0.0], curve.time])
    smooth = isotonic_regression(curve.survival, increasing=False).x
    survival = np.concatenate([[1.0], np.clip(smooth, 0.0, 1.0)])
    keep = (risk.time <= time[-1]) | (risk.at_risk > 0)
    printed, at_risk = risk.time[keep], risk.at_risk[keep]
    before = survival[np.maximum(np.searchsorted(time, printed, side="left") - 1, 0)]
    missing = ~np.isin(printed, time)
    time = np.concatenate([time, printed[missing]])
    survival = np.concatenate([survival, before[missing]])
    order = np.lexsort((-survival, time))
    time, survival = time[order], survival[order]
    first = np.searchsorted(time, printed, side="left").astype(np.int64)
    return Clicks(time, survival, first, at_risk)

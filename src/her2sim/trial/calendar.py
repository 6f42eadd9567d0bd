"""The scan calendar of a trial and the days on which each patient is actually scanned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from her2sim.core.random import normals, uniforms

Floats = NDArray[np.float64]


def planned_scans(steps: Sequence[tuple[float, float]], horizon_days: float) -> Floats:
    """Planned scan days, the baseline (day 0) first.

    Main arguments:
        steps: (from_day, interval_days): the interval that holds from that day on.
        horizon_days: last day of interest.

    >>> planned_scans([(0, 42), (84, 84)], 300).tolist()
    [0.0, 42.0, 84.0, 168.0, 252.0]
    """
    ordered = sorted(steps)
    days, day = [0.0], 0.0
    while True:
        interval = [step for start, step in ordered if start <= day][-1]
        day += interval
        if day > horizon_days:
            return np.array(days)
        days.append(day)


def visit_days(planned: Floats, parameters: Mapping[str, float], *, seed: int, patients: NDArray[np.int64]) -> Floats:
    """Days on which each patient is scanned, shape (n_patients, n_visits); NaN where a visit is missed.

    The baseline is always done, at day 0. Visits keep their order: the spread around the planned day is cut at
    half the distance to the neighbors.

    Main arguments:
        planned: (n_visits,) planned days, ascending, from 0.
        parameters: needs ``visit_jitter_days`` and ``missed_visit_probability``.
    """
    count = len(planned)
    jitter = normals(seed, patients, "visit days", count) * parameters["visit_jitter_days"]
    gap = np.diff(planned, prepend=planned[0] - 1.0).min(initial=np.inf, where=np.arange(count) > 0)
    days = planned + np.clip(jitter, -0.45 * gap, 0.45 * gap)
    missed = uniforms(seed, patients, "missed visits", count) < parameters["missed_visit_probability"]
    days[missed] = np.nan
    days[:, 0] = 0.0
    return days

"""RECIST 1.1 for all patients at once: from what one assessor wrote down to responses.

The rules are tables in ``data/recist``; this file only puts the steps in order.
Source: Eisenhauer EA et al. Eur J Cancer 2009;45:228, doi:10.1016/j.ejca.2008.10.026.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from her2sim.endpoints.best_response import BestResponse, best_response
from her2sim.endpoints.readings import Readings
from her2sim.endpoints.response import Bools, Floats, Response
from her2sim.endpoints.rules import RecistRules, recist_rules
from her2sim.endpoints.time_point import TimePoints, time_points


@dataclass(frozen=True)
class Assessment:
    """All that RECIST says about the readings of one assessor.

    Main arguments:
        day: (n_patients, n_visits) days; NaN: visit not done.
        visits: sums, statuses and overall response at each visit.
        best: best overall response of each patient, confirmed and unconfirmed.
        measurable: (n_patients,) bool, the patient had target lesions at baseline.
        has_baseline: (n_patients,) bool, the baseline visit was done.
    """

    day: Floats
    visits: TimePoints
    best: BestResponse
    measurable: Bools
    has_baseline: Bools

    def responders(self, *, confirmed: bool) -> Bools:
        """(n_patients,): whose best response is CR or PR."""
        best = self.best.confirmed if confirmed else self.best.unconfirmed
        return (best == Response.CR) | (best == Response.PR)


def assess(readings: Readings, rules: RecistRules | None = None, until_day: Floats | None = None) -> Assessment:
    """Apply RECIST 1.1 to the readings of one assessor.

    Main arguments:
        readings: diameters, non-target status and new lesions at each visit.

    Other arguments:
        rules: thresholds and choices of the protocol; default ``recist_rules()``.
        until_day: (n_patients,) last day that counts for the best response (data cutoff, new therapy); NaN: no limit.

    >>> readings = Readings(
    ...     day=np.array([[0.0, 42.0, 84.0]]),
    ...     target_mm=np.array([[[60.0, 40.0], [40.0, 30.0], [35.0, 20.0]]]),
    ...     nontarget=np.full((1, 3), 4),
    ...     new_lesion=np.zeros((1, 3), dtype=bool),
    ... )
    >>> found = assess(readings)
    >>> found.visits.targets.sum_mm.tolist(), Response(found.best.confirmed[0]).name
    ([[100.0, 70.0, 55.0]], 'PR')
    """
    chosen = recist_rules() if rules is None else rules
    visits = time_points(readings, chosen)
    measurable = np.asarray(readings.targets().any(axis=1))
    has_baseline = ~np.isnan(readings.day[:, 0])
    best = best_response(readings.day, visits.overall, chosen, measurable, until_day)
    return Assessment(readings.day, visits, best, measurable, has_baseline)

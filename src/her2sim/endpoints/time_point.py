"""The response at each visit: targets, non-targets and new lesions together, and what follows a complete response.

Source: RECIST 1.1, tables 1, 2 and 3 (footnote a), doi:10.1016/j.ejca.2008.10.026.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from her2sim.endpoints.readings import Readings
from her2sim.endpoints.response import Bools, Codes, Floats, Response, is_in, nontarget_responses
from her2sim.endpoints.rules import RecistRules, time_point_table
from her2sim.endpoints.target_lesions import TargetLesions, target_lesions

_DISEASE_SEEN = (Response.PR, Response.SD, Response.NON_CR_NON_PD)


@dataclass(frozen=True)
class TimePoints:
    """Responses at each visit, shape (n_patients, n_visits).

    Main arguments:
        targets: sums and status of the target lesions.
        nontarget: status of the non-target lesions; ``NOT_DONE`` at baseline and where the visit was not done.
        new_lesion: bool, a new lesion was seen.
        overall: response of the visit.
    """

    targets: TargetLesions
    nontarget: Codes
    new_lesion: Bools
    overall: Codes


def time_points(readings: Readings, rules: RecistRules) -> TimePoints:
    """Judge every visit of every patient.

    Main arguments:
        readings: of one assessor.
        rules: thresholds and choices.
    """
    targets = target_lesions(readings, rules)
    judged = ~np.isnan(readings.day)
    judged[:, 0] = False
    nontarget = np.where(judged, nontarget_responses(readings.nontarget), np.int8(Response.NOT_DONE))
    new_lesion = (readings.new_lesion | targets.reappeared_elsewhere) & judged
    overall = time_point_table()[targets.status, nontarget, new_lesion.astype(np.int8)]
    overall = np.where(judged, overall, np.int8(Response.NOT_DONE))
    partly_read = is_in(targets.status, Response.CR) & is_in(nontarget, Response.NE)
    overall = after_complete_response(readings.day, overall, rules, partly_read)
    return TimePoints(targets, nontarget, new_lesion, overall)


def after_complete_response(day: Floats, overall: Codes, rules: RecistRules, partly_read: Bools | None = None) -> Codes:
    """Judge again the visits that follow a complete response and show disease.

    "If a CR is truly met at first time point, then any disease seen at a subsequent time point, even disease meeting
    PR criteria relative to baseline, makes the disease PD at that point" (table 3, footnote a). With
    ``rules.after_cr = "partial_if_unconfirmed"`` a complete response that no later visit had confirmed is changed
    to a partial response instead.

    Main arguments:
        day: (n_patients, n_visits) days; NaN: not done.
        overall: (n_patients, n_visits) responses by tables 1 and 2.
        rules: ``after_cr`` and ``confirmation_days``.

    Other arguments:
        partly_read: (n_patients, n_visits) bool, targets gone but non-targets not evaluated. By table 1 this is PR,
            yet no disease was seen: after a complete response it is ``NE``.

    >>> from her2sim.endpoints.rules import recist_rules
    >>> visits = np.array([[0, Response.CR, Response.PR]], dtype=np.int8)
    >>> after_complete_response(np.array([[0.0, 42.0, 84.0]]), visits, recist_rules()).tolist()
    [[0, 1, 5]]
    """
    out = overall.copy()
    patients = out.shape[0]
    first_cr_day = np.full(patients, np.nan)
    first_cr_visit = np.full(patients, out.shape[1])
    confirmed = np.zeros(patients, dtype=np.bool_)
    seen = np.zeros(patients, dtype=np.bool_)
    for visit in range(1, out.shape[1]):
        if partly_read is not None:
            out[seen & partly_read[:, visit] & (out[:, visit] == Response.PR), visit] = Response.NE
        disease = seen & is_in(out[:, visit], *_DISEASE_SEEN)
        if rules.after_cr == "partial_if_unconfirmed":
            relabel = disease & ~confirmed
            earlier = (np.arange(out.shape[1]) >= first_cr_visit[:, None]) & (out == Response.CR)
            out[relabel[:, None] & earlier] = Response.PR
            disease &= confirmed
            seen &= ~relabel
            first_cr_visit[relabel], first_cr_day[relabel] = out.shape[1], np.nan
        out[disease, visit] = Response.PD
        complete = out[:, visit] == Response.CR
        confirmed |= complete & (day[:, visit] - first_cr_day >= rules.confirmation_days)
        starts = complete & ~seen
        first_cr_day[starts], first_cr_visit[starts] = day[starts, visit], visit
        seen |= complete
    return out

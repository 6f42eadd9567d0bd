"""Target lesions: sum of diameters, its smallest value so far, and the status of the targets at each visit.

Source: RECIST 1.1, section 4.3, doi:10.1016/j.ejca.2008.10.026; by products of diameters Miller 1981, PMID 7214354.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from her2sim.endpoints.readings import Readings
from her2sim.endpoints.response import Bools, Codes, Floats, Response
from her2sim.endpoints.rules import RecistRules

_ROUNDING = 1e-9
"""Relative slack that keeps 100 mm to 120 mm an increase of 20 % in floating point."""


@dataclass(frozen=True)
class TargetLesions:
    """Targets at each visit, all of shape (n_patients, n_visits).

    Main arguments:
        sum_mm: sum of diameters (short axis for nodes); NaN where a target was not evaluated or there is none.
        nadir_mm: smallest complete sum of the earlier visits, baseline included: what growth is measured from.
        change_pct: change of the sum from baseline in percent; NaN where either is not known.
        status: ``CR``, ``PR``, ``SD``, ``PD``, ``NE``, or ``NOT_PRESENT`` for patients without targets;
            ``NOT_DONE`` at baseline and where the visit was not done.
        reappeared_elsewhere: a target slot that was empty (0 mm) at baseline holds a lesion: a new lesion.
    """

    sum_mm: Floats
    nadir_mm: Floats
    change_pct: Floats
    status: Codes
    reappeared_elsewhere: Bools


def target_lesions(readings: Readings, rules: RecistRules) -> TargetLesions:
    """Judge the target lesions at each visit.

    A sum is known only where every target was evaluated. Where some were not, progression can still be called if
    those that were evaluated have grown enough by themselves; otherwise the targets are ``NE``. Nodes below
    ``node_normal_below_mm`` count as normal for CR although their short axis still adds to the sum. PD comes before PR.

    Main arguments:
        readings: of one assessor.
        rules: thresholds.
    """
    done = ~np.isnan(readings.day)
    exists = readings.targets()
    size_mm = readings.target_mm
    if readings.too_small is not None:
        size_mm = np.where(readings.too_small, rules.too_small_mm, size_mm)
    in_use = exists[:, None, :] & done[:, :, None]
    evaluated = in_use & ~np.isnan(size_mm)
    measured_mm = np.where(evaluated, size_mm, 0.0).sum(axis=2)
    has_targets = np.asarray(exists.any(axis=1))
    complete = done & has_targets[:, None] & (evaluated == in_use).all(axis=2)
    sum_mm = np.where(complete, measured_mm, np.nan)
    baseline_mm = sum_mm[:, :1]

    limit_mm = np.where(readings.nodes(), rules.node_normal_below_mm, 0.0)[:, None, :]
    normal = np.where(limit_mm > 0.0, size_mm < limit_mm, size_mm <= 0.0)
    gone = complete & (normal | ~exists[:, None, :]).all(axis=2)
    nadir_mm = _earlier_minimum(sum_mm)
    if rules.product:
        grown, small = _by_product(np.where(evaluated, size_mm, np.nan), rules)
        shrunk = complete & small
    else:
        growth_mm = measured_mm - nadir_mm
        slack_mm = _ROUNDING * np.maximum(measured_mm, 1.0)
        grown = (measured_mm >= rules.progression_ratio * nadir_mm - slack_mm) & (
            growth_mm >= rules.progression_min_mm - slack_mm
        )
        shrunk = complete & (sum_mm <= rules.response_ratio * baseline_mm + slack_mm)

    status = np.select(
        [~done, ~has_targets[:, None], np.isnan(baseline_mm), gone, grown, shrunk, complete],
        [
            Response.NOT_DONE,
            Response.NOT_PRESENT,
            Response.NE,
            Response.CR,
            Response.PD,
            Response.PR,
            Response.SD,
        ],
        Response.NE,
    ).astype(np.int8)
    status[:, 0] = Response.NOT_DONE
    empty_at_baseline = (readings.target_mm[:, :1, :] == 0.0) & done[:, :, None]
    return TargetLesions(
        sum_mm=sum_mm,
        nadir_mm=nadir_mm,
        change_pct=100.0 * (sum_mm / baseline_mm - 1.0),
        status=status,
        reappeared_elsewhere=(empty_at_baseline & (readings.target_mm > 0.0)).any(axis=2),
    )


def _by_product(size_mm: Floats, rules: RecistRules) -> tuple[Bools, Bools]:
    """Whether one lesion has grown, and whether the sum of products has shrunk enough, (n_patients, n_visits) each.

    Main arguments:
        size_mm: (n_patients, n_visits, n_targets) root of the product of two diameters; NaN where not evaluated.
    """
    product = size_mm**2
    earlier = _earlier_minimum(product)
    one_grew = product >= rules.progression_ratio * earlier * (1.0 - _ROUNDING)
    grown = np.asarray((one_grew & (product > 0.0) & (earlier > 0.0)).any(axis=2))
    total = np.nansum(product, axis=2)
    return grown, np.asarray(total <= rules.response_ratio * total[:, :1] * (1.0 + _ROUNDING))


def _earlier_minimum(size: Floats) -> Floats:
    """Smallest known value of the earlier visits (axis 1); NaN at the first and where the first is not known."""
    known = np.where(np.isnan(size), np.inf, size)
    earlier = np.full_like(size, np.nan)
    earlier[:, 1:] = np.minimum.accumulate(known, axis=1)[:, :-1]
    return np.where(np.isnan(size[:, :1]), np.nan, earlier)

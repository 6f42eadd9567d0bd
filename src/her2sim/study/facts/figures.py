"""Figures of the facts: one number from the outcomes of a cohort, for all patients or for a resample of them."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from her2sim.analysis.hazard_ratio import hazard_ratio
from her2sim.analysis.kaplan_meier import kaplan_meier, survival_quantile
from her2sim.core.calendar import DAYS_PER_MONTH
from her2sim.study.facts.cohorts import ArmOutcome, CohortOutcome
from her2sim.study.facts.fact import Figure

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
LARGEST_RATIO = 50.0
"""A hazard ratio without estimate, because one arm has no events, counts as this or its inverse."""


def value_of(figure: Figure, outcome: CohortOutcome, rows: Ints, readings: Mapping[str, float]) -> float:
    """The value of a figure; infinity for a median that is not reached, NaN where the stratum has no patient.

    Main arguments:
        figure: which number.
        outcome: of its cohort.
        rows: patient numbers, in a resample some of them more than once.
        readings: ``FactBase.readings``.
    """
    chosen = rows[_stratum(figure.where, outcome, readings["homogeneous_below"])[rows]]
    if not len(chosen):
        return math.nan
    if figure.quantity == "HER2_loss":
        return 100.0 * float((outcome.her2_share[chosen] < readings["her2_positive_share"]).mean())
    who = figure.assessor or outcome.assessor
    arm = outcome.arms[figure.arm, who]
    chosen = chosen[arm.well[chosen]]
    if figure.quantity in ("PFS_HR", "CNS_PFS_HR"):
        other = outcome.arms[figure.reference, who]
        return _ratio(arm, other, chosen[other.well[chosen]], in_brain=figure.quantity.startswith("CNS"))
    if figure.quantity == "ORR":
        confirmed = outcome.confirmed if figure.confirmed is None else figure.confirmed
        return 100.0 * float((arm.confirmed if confirmed else arm.unconfirmed)[chosen].mean())
    if figure.quantity == "CNS_ORR":
        return 100.0 * float(arm.cns_response[chosen[arm.cns_measurable[chosen]]].mean())
    days, event = _times(arm, chosen, in_brain=figure.quantity.startswith("CNS"))
    curve = kaplan_meier(days, event)
    if figure.quantity == "PFS_rate":
        before = np.flatnonzero(curve.time <= figure.month * DAYS_PER_MONTH)
        return 100.0 * float(curve.survival[before[-1]]) if len(before) else 100.0
    median = survival_quantile(curve).value
    return math.inf if median is None else median / DAYS_PER_MONTH


def _stratum(where: str, outcome: CohortOutcome, homogeneous_below: float) -> Bools:
    if not where:
        return np.ones(len(outcome.her2low_before), dtype=np.bool_)
    homogeneous = outcome.her2low_before < homogeneous_below
    return homogeneous if where == "homogeneous" else ~homogeneous


def _times(arm: ArmOutcome, rows: Ints, *, in_brain: bool) -> tuple[NDArray[np.float64], Bools]:
    if not in_brain:
        return arm.pfs_days[rows], arm.pfs_event[rows]
    applies = rows[~np.isnan(arm.cns_days[rows])]
    return arm.cns_days[applies], arm.cns_event[applies]


def _ratio(arm: ArmOutcome, reference: ArmOutcome, rows: Ints, *, in_brain: bool) -> float:
    treated_days, treated_event = _times(arm, rows, in_brain=in_brain)
    days, event = _times(reference, rows, in_brain=in_brain)
    found = hazard_ratio(
        np.concatenate([treated_days, days]),
        np.concatenate([treated_event, event]),
        np.concatenate([np.ones(len(treated_days), dtype=np.bool_), np.zeros(len(days), dtype=np.bool_)]),
    )
    if found.value is not None:
        return found.value
    return 1.0 / LARGEST_RATIO if treated_event.sum() < event.sum() else LARGEST_RATIO

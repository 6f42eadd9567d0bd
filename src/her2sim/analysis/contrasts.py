"""Two arms side by side: hazard ratio with log-rank test, difference of proportions."""

from __future__ import annotations

import numpy as np

from her2sim.analysis.arm_results import ArmEndpoints
from her2sim.analysis.cox import Ties
from her2sim.analysis.hazard_ratio import hazard_ratio
from her2sim.analysis.kaplan_meier import Bools
from her2sim.analysis.logrank import Ints, logrank
from her2sim.analysis.rates import rate_difference
from her2sim.endpoints.response import Response, is_in
from her2sim.endpoints.time_to_event import TimeToEvent
from her2sim.record.types import Contrast


def arm_contrasts(arm: ArmEndpoints, reference: ArmEndpoints, *, confirmed: bool = True) -> tuple[Contrast, ...]:
    """PFS and OS by hazard ratio, ORR by difference.

    Main arguments:
        arm, reference: endpoints of the patients of each, by the same assessor.

    Other arguments:
        confirmed: whether the trial counts confirmed responses.
    """
    best = [each.confirmed if confirmed else each.unconfirmed for each in (arm, reference)]
    response = [is_in(each, Response.CR, Response.PR) for each in best]
    names = (arm.name, reference.name)
    return (
        hazards("PFS", names, arm.pfs, reference.pfs, assessor=arm.assessor),
        hazards("OS", names, arm.os, reference.os),
        proportions("ORR", names, response[0], response[1], assessor=arm.assessor),
    )


def hazards(
    endpoint: str,
    names: tuple[str, str],
    arm: TimeToEvent,
    reference: TimeToEvent,
    *,
    assessor: str = "",
    strata: tuple[Ints, Ints] | None = None,
    ties: Ties = "efron",
) -> Contrast:
    """Hazard ratio (Cox) with its interval, and the two-sided p value of the log-rank test.

    Main arguments:
        endpoint: ``PFS``, ``OS``, …
        names: of the arm and of the reference arm.
        arm, reference: times of their patients.

    Other arguments:
        strata: of the patients of each arm; both Cox model and test are then stratified.
        ties: handling of ties in the Cox model, named in ``extra``.
    """
    time = np.concatenate([arm.time_days, reference.time_days])
    event = np.concatenate([arm.event, reference.event])
    treated = np.concatenate([np.ones(len(arm.event), dtype=np.bool_), np.zeros(len(reference.event), dtype=np.bool_)])
    blocks = None if strata is None else np.concatenate(strata)
    applies = ~np.isnan(time)
    time, event, treated = time[applies], event[applies], treated[applies]
    blocks = None if blocks is None else blocks[applies]
    found = hazard_ratio(time, event, treated, strata=blocks, ties=ties)
    p_value = logrank(time, event, treated.astype(np.int64), blocks).p_value if 0 < treated.sum() < len(time) else None
    counts = {"ties": ties, "events": int(event[treated].sum()), "events_reference": int(event[~treated].sum())}
    return Contrast(
        endpoint=endpoint,
        arm=names[0],
        reference=names[1],
        hr=found.value,
        ci95=None if found.value is None else (found.low, found.high),
        p_value=p_value,
        assessor=assessor,
        note=found.reason,
        extra=counts,
    )


def proportions(endpoint: str, names: tuple[str, str], arm: Bools, reference: Bools, *, assessor: str = "") -> Contrast:
    """Difference of two proportions in percentage points with Newcombe's interval, and the odds ratio.

    Main arguments:
        endpoint: ``ORR``, ``pCR``, …
        names: of the arm and of the reference arm.
        arm, reference: (n_patients,) bool.
    """
    counts = int(arm.sum()), len(arm), int(reference.sum()), len(reference)
    found = rate_difference(*counts).scaled(100.0)
    odds, odds_reference = _odds(counts[0], counts[1]), _odds(counts[2], counts[3])
    return Contrast(
        endpoint=endpoint,
        arm=names[0],
        reference=names[1],
        difference=found.value,
        odds_ratio=odds / odds_reference if odds and odds_reference else None,  # of no responders there is none
        ci95=None if found.value is None else (found.low, found.high),
        assessor=assessor,
        note=found.reason,
        extra={"unit": "percentage points", "interval": "difference, Newcombe"},
    )


def _odds(count: int, n: int) -> float | None:
    """Odds, or None where they are infinite."""
    return count / (n - count) if count < n else None

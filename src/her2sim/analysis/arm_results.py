"""From the endpoints of each patient of an arm to the figures of a publication, under the names of the trial record.

Responses are given with Clopper-Pearson intervals over all patients of the arm, medians with Brookmeyer-Crowley's,
landmark rates with log-log limits; times in months of 30.4375 days, rates in percent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from her2sim.analysis.estimate import Estimate
from her2sim.analysis.kaplan_meier import Bools, kaplan_meier, survival_at, survival_quantile
from her2sim.analysis.rates import clopper_pearson
from her2sim.core.calendar import DAYS_PER_MONTH
from her2sim.endpoints.response import Codes, Response, is_in
from her2sim.endpoints.time_to_event import TimeToEvent
from her2sim.record.types import Result

LANDMARK_MONTHS = (6, 12, 24)


@dataclass(frozen=True)
class ArmEndpoints:
    """Endpoints of the patients of one arm, as one assessor saw them.

    Main arguments:
        name: of the arm, as in the record.
        assessor: ``INV`` or ``BICR``.
        confirmed, unconfirmed: (n_patients,) best overall response with and without confirmation.
        pfs, os: of all patients.
        dor: duration of confirmed response; time is NaN for patients without one.

    Other arguments:
        dor_unconfirmed: the same for unconfirmed responses.
    """

    name: str
    assessor: str
    confirmed: Codes
    unconfirmed: Codes
    pfs: TimeToEvent
    os: TimeToEvent
    dor: TimeToEvent
    dor_unconfirmed: TimeToEvent | None = None


def arm_results(
    arm: ArmEndpoints, *, confirmed: bool = True, landmarks: Sequence[int] = LANDMARK_MONTHS
) -> tuple[Result, ...]:
    """The figures of one arm: ORR, CR, DCR, DoR, PFS and OS with their intervals.

    Main arguments:
        arm: endpoints of each patient.

    Other arguments:
        confirmed: whether the trial counts confirmed responses; ORR is given both ways in any case.
        landmarks: months at which rates without event are given.
    """
    best = arm.confirmed if confirmed else arm.unconfirmed
    dor = arm.dor if confirmed or arm.dor_unconfirmed is None else arm.dor_unconfirmed
    by = arm.assessor
    other_best = arm.unconfirmed if confirmed else arm.confirmed
    response = (Response.CR, Response.PR)
    control = (*response, Response.SD, Response.NON_CR_NON_PD, Response.NED)
    return (
        proportion("ORR", is_in(best, *response), assessor=by, confirmed=confirmed),
        proportion("ORR", is_in(other_best, *response), assessor=by, confirmed=not confirmed),
        proportion("CR", is_in(best, Response.CR), assessor=by, confirmed=confirmed),
        proportion("DCR", is_in(best, *control), assessor=by, confirmed=confirmed),
        median("DoR", dor, assessor=by, confirmed=confirmed),
        *times(arm.pfs, "PFS", landmarks, assessor=by),
        *times(arm.os, "OS", landmarks),
    )


def times(endpoint: TimeToEvent, name: str, landmarks: Sequence[int], *, assessor: str = "") -> tuple[Result, ...]:
    """Median and landmark rates of one time to event."""
    rates = (landmark(name, endpoint, at, assessor=assessor) for at in landmarks)
    return (median(name, endpoint, assessor=assessor), *rates)


def proportion(
    endpoint: str, having: Bools, *, assessor: str = "", confirmed: bool | None = None, note: str = ""
) -> Result:
    """Share of patients with something, in percent, with its exact interval.

    Main arguments:
        endpoint: name in the record: ``ORR``, ``pCR``, ``CNS_ORR``, ``HER2_loss``, …
        having: (n_patients,) bool; only patients who can be evaluated.

    >>> proportion("pCR", np.array([True, False, True, True])).value
    75.0
    """
    count, n = int(having.sum()), len(having)
    found = clopper_pearson(count, n).scaled(100.0)
    return _result(endpoint, found, "percent", n, {"count": count}, assessor, confirmed, note=note)


def median(endpoint: str, times: TimeToEvent, *, assessor: str = "", confirmed: bool | None = None) -> Result:
    """Median of a time to event in months; ``not_reached`` where it is not. Patients with NaN times are left out."""
    applies = ~np.isnan(times.time_days)
    n, events = int(applies.sum()), int(times.event[applies].sum())
    name = f"{endpoint}_median"
    if n == 0:
        nobody = Estimate(None, reason="no patient")
        return _result(name, nobody, "months", 0, {"events": 0}, assessor, confirmed)
    found = survival_quantile(kaplan_meier(times.time_days[applies], times.event[applies]))
    found = found.scaled(1.0 / DAYS_PER_MONTH)
    return _result(name, found, "months", n, {"events": events}, assessor, confirmed, not_reached=found.value is None)


def landmark(
    endpoint: str, times: TimeToEvent, months: int, *, assessor: str = "", confirmed: bool | None = None
) -> Result:
    """Share of patients without the event at ``months``, in percent (Kaplan-Meier)."""
    applies = ~np.isnan(times.time_days)
    n, events = int(applies.sum()), int(times.event[applies].sum())
    found = Estimate(None, reason="no patient")
    if n:
        curve = kaplan_meier(times.time_days[applies], times.event[applies])
        found = survival_at(curve, months * DAYS_PER_MONTH).scaled(100.0)
    return _result(f"{endpoint}_rate_{months}mo", found, "percent", n, {"events": events}, assessor, confirmed)


def _result(
    endpoint: str,
    found: Estimate,
    unit: str,
    n: int,
    counts: dict[str, Any],
    assessor: str,
    confirmed: bool | None,
    *,
    not_reached: bool = False,
    note: str = "",
) -> Result:
    interval = None if found.low is None and found.high is None else (found.low, found.high)
    return Result(
        endpoint=endpoint,
        value=found.value,
        unit=unit,
        ci95=interval,
        not_reached=not_reached,
        assessor=assessor,
        confirmed=confirmed,
        n_evaluated=n,
        note=note or found.reason,
        extra=counts,
    )

"""Simulated figures for the fit: what the simulated trial would have published, made smooth in the parameters.

A published median lies on a scan day; as a function of the parameters it jumps from one scan to the next. Here a
median is the mean log time at which the Kaplan-Meier curve, interpolated between its steps, crosses the levels around
one half.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from her2sim.analysis.hazard_ratio import hazard_ratio
from her2sim.analysis.kaplan_meier import kaplan_meier
from her2sim.core.calendar import DAYS_PER_MONTH
from her2sim.endpoints.response import Response, is_in
from her2sim.endpoints.time_to_event import duration_of_response, time_to_progression
from her2sim.record.types import TrialRecord
from her2sim.study.arm_endpoints import os_of, pfs_of
from her2sim.study.cohort import calibrated
from her2sim.study.course import ArmCourse, ChunkCourse, simulate_chunk
from her2sim.study.fit_targets import Stratum, Target
from her2sim.study.plan import ASSESSORS, TrialPlan, make_plan

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
LEVELS = (0.40, 0.45, 0.50, 0.55, 0.60)
LONGEST = 3.0


@dataclass(frozen=True)
class Endpoints:
    """What became of the patients of one arm, (n,) each; of those whose simulation failed there is no row.

    Main arguments:
        best: (assessor, confirmed) -> best responses.
        pfs, ttp: assessor -> times in days and events; ``ttp``, time to progression, does not count deaths.
        dor: (assessor, confirmed) -> durations of response in days, NaN for who did not respond, and events.
        os: times in days and events.
        columns: covariates that strata need.
    """

    best: Mapping[tuple[str, bool], NDArray[np.int8]]
    pfs: Mapping[str, tuple[Floats, Bools]]
    ttp: Mapping[str, tuple[Floats, Bools]]
    dor: Mapping[tuple[str, bool], tuple[Floats, Bools]]
    os: tuple[Floats, Bools]
    columns: Mapping[str, Floats]

    def of(self, keep: Bools) -> Endpoints:
        """Some of the patients."""
        return Endpoints(
            {key: codes[keep] for key, codes in self.best.items()},
            {who: (time[keep], event[keep]) for who, (time, event) in self.pfs.items()},
            {who: (time[keep], event[keep]) for who, (time, event) in self.ttp.items()},
            {key: (time[keep], event[keep]) for key, (time, event) in self.dor.items()},
            (self.os[0][keep], self.os[1][keep]),
            {name: values[keep] for name, values in self.columns.items()},
        )


def plan_for(record: TrialRecord, targets: Sequence[Target], *, patients: int, seed: int, rtol: float) -> TrialPlan:
    """The plan of a trial for its figures of the fit: no longer and with no more arms than they need.

    Main arguments:
        record: the trial.
        targets: its figures.
        patients: per arm.
        seed: seed of the patients.
        rtol: relative tolerance of the solver.
    """
    mine = [target for target in targets if target.trial == record.id]
    survival = any(target.kind.startswith("OS") for target in mine)
    assessment = record.assessment
    if not survival:
        longest = max((_days(target) for target in mine), default=assessment.follow_up_days / LONGEST)
        assessment = replace(assessment, follow_up_days=min(assessment.follow_up_days, LONGEST * longest))
    plan = make_plan(replace(record, assessment=assessment), patients=patients, seed=seed)
    named = {target.arm for target in mine} | {target.reference for target in mine}
    arms = tuple(arm for arm in plan.arms if arm.name in named)
    return replace(plan, arms=arms, after_progression=survival, rtol=rtol)


def _days(target: Target) -> float:
    if target.kind in ("PFS_median", "TTP_median", "DoR_median"):
        return target.published * DAYS_PER_MONTH
    return (target.months or 6.0) * DAYS_PER_MONTH


def simulate_part(plan: TrialPlan, numbers: Mapping[str, float], first: int, stop: int) -> dict[str, Endpoints]:
    """What becomes of some patients of a plan, by arm, with calibrated numbers in force."""
    chunk = simulate_chunk(replace(plan, overrides=calibrated(plan.record, numbers)), 0, first, stop)
    return {arm.arm: _endpoints(chunk, arm) for arm in chunk.arms}


def _endpoints(chunk: ChunkCourse, arm: ArmCourse) -> Endpoints:
    well = arm.status == 0
    rows = np.searchsorted(chunk.numbers, arm.numbers)
    best: dict[tuple[str, bool], NDArray[np.int8]] = {}
    pfs: dict[str, tuple[Floats, Bools]] = {}
    ttp: dict[str, tuple[Floats, Bools]] = {}
    dor: dict[tuple[str, bool], tuple[Floats, Bools]] = {}
    for who in ASSESSORS:
        judged = arm.judged[who]
        best[who, True], best[who, False] = judged.best.confirmed[well], judged.best.unconfirmed[well]
        known = pfs_of(arm, who)
        for confirmed, day, codes in (
            (True, judged.best.confirmed_day, judged.best.confirmed),
            (False, judged.best.unconfirmed_day, judged.best.unconfirmed),
        ):
            lasted = duration_of_response(known, day, is_in(codes, Response.CR, Response.PR)).of(well)
            dor[who, confirmed] = lasted.time_days, lasted.event
        found = known.of(well)
        pfs[who], ttp[who] = (found.time_days, found.event), (found.time_days, time_to_progression(found).event)
    lived = os_of(arm).of(well)
    needed = ("pik3ca_mutated", "hr_positive", "ihc3", "her2_class", "brain_metastases")
    columns = {name: chunk.patients.columns[name][rows][well] for name in needed if name in chunk.patients.columns}
    return Endpoints(best, pfs, ttp, dor, (lived.time_days, lived.event), columns)


def joined(parts: Sequence[Mapping[str, Endpoints]]) -> dict[str, Endpoints]:
    """Parts of a trial's patients as one."""
    out: dict[str, Endpoints] = {}
    for arm in parts[0]:
        mine = [part[arm] for part in parts]
        out[arm] = Endpoints(
            {key: np.concatenate([one.best[key] for one in mine]) for key in mine[0].best},
            {who: _together([one.pfs[who] for one in mine]) for who in mine[0].pfs},
            {who: _together([one.ttp[who] for one in mine]) for who in mine[0].ttp},
            {key: _together([one.dor[key] for one in mine]) for key in mine[0].dor},
            _together([one.os for one in mine]),
            {name: np.concatenate([one.columns[name] for one in mine]) for name in mine[0].columns},
        )
    return out


def _together(parts: Sequence[tuple[Floats, Bools]]) -> tuple[Floats, Bools]:
    return np.concatenate([time for time, _ in parts]), np.concatenate([event for _, event in parts])


def simulated_value(target: Target, arms: Mapping[str, Endpoints]) -> float:
    """The figure of a target in a simulated trial, on the scale of the residual; NaN where nobody is left to tell."""
    arm = _part(arms[target.arm], target.stratum)
    if not len(arm.os[0]):
        return math.nan
    if target.kind in ("ORR", "CR"):
        codes = (Response.CR, Response.PR) if target.kind == "ORR" else (Response.CR,)
        found = is_in(arm.best[target.assessor, target.confirmed], *codes)
        return _logit(found.sum(), len(found))
    curve, what = target.kind.split("_")
    time, event = _times(arm, curve, target)
    if not len(time):
        return math.nan
    if what == "median":
        return smooth_median(time, event)
    if what == "rate":
        return smooth_rate(time, event, target.months * DAYS_PER_MONTH)
    reference = _part(arms[target.reference], target.stratum)
    other, happened = _times(reference, curve, target)
    if event.sum() < 2 or happened.sum() < 2:
        return math.nan
    treated = np.repeat([True, False], [len(time), len(other)])
    ratio = hazard_ratio(np.concatenate([time, other]), np.concatenate([event, happened]), treated).value
    return math.log(min(max(ratio, 0.02), 50.0)) if ratio else math.nan


def _part(arm: Endpoints, stratum: Stratum | None) -> Endpoints:
    if stratum is None:
        return arm
    values = arm.columns[stratum.column]
    return arm.of((values > stratum.low) & (values <= stratum.high))


def _times(arm: Endpoints, curve: str, target: Target) -> tuple[Floats, Bools]:
    if curve == "OS":
        time, event = arm.os
    elif curve == "DoR":
        time, event = arm.dor[target.assessor, target.confirmed]
    else:
        time, event = {"PFS": arm.pfs, "TTP": arm.ttp}[curve][target.assessor]
    known = ~np.isnan(time)
    return time[known], event[known]


def _logit(count: float, n: int) -> float:
    share = (float(count) + 0.5) / (n + 1.0)
    return math.log(share / (1.0 - share))


def _curve(time: Floats, event: Bools) -> tuple[Floats, Floats]:
    """Times and survival of the points between which the Kaplan-Meier curve is interpolated, from (0, 1) on."""
    curve = kaplan_meier(time, event)
    steps = curve.events > 0
    return np.append(0.0, curve.time[steps]), np.append(1.0, curve.survival[steps])


def smooth_median(time: Floats, event: Bools) -> float:
    """Log of the median in months: mean over the levels around one half; beyond the curve by its mean hazard.

    >>> days = np.linspace(1.0, 200.0, 200)
    >>> round(math.exp(smooth_median(days, np.full(200, True))) * DAYS_PER_MONTH)
    99
    """
    days, survival = _curve(time, event)
    if len(days) == 1:
        return math.log(2.0 * LONGEST * float(time.max()) / DAYS_PER_MONTH)
    last, end = survival[-1], float(time.max())
    crossing: list[float] = []
    for level in LEVELS:
        if last <= level:
            crossing.append(float(np.interp(-level, -survival, days)))
        else:
            crossing.append(end + end * math.log(last / level) / -math.log(last))
    return float(np.mean(np.log(np.maximum(crossing, 1.0)))) - math.log(DAYS_PER_MONTH)


def smooth_rate(time: Floats, event: Bools, day: float) -> float:
    """Logit of the share without event on a day, from the interpolated curve; beyond it by its mean hazard."""
    days, survival = _curve(time, event)
    end, last = float(time.max()), float(survival[-1])
    share = float(np.interp(day, days, survival)) if day <= end or last <= 0.0 else last ** (day / end)
    return _logit(share * len(time), len(time))

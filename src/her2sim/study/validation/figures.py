"""The figures of a simulated trial on the scales on which they are taken to be normal, with resampling of patients.

A figure is a number of an arm (rate of response, median, landmark rate) or a hazard ratio of two arms, by one assessor,
in all patients or in a stratum. Scales: logit of a rate of response, log of a median or ratio, log of the cumulative
hazard at a landmark. Resampled figures weight patients, so thousands cost little; they equal what the same patients,
drawn with repetition, would give.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from her2sim.analysis.hazard_ratio import hazard_ratio
from her2sim.core.calendar import DAYS_PER_MONTH
from her2sim.endpoints.response import Response, is_in
from her2sim.endpoints.time_to_event import TimeToEvent, time_to_progression
from her2sim.study.arm_endpoints import os_of, pfs_of
from her2sim.study.course import ArmCourse, ChunkCourse
from her2sim.study.validation.settings import strata

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
CURVES = ("PFS", "TTP", "OS")


@dataclass(frozen=True, order=True)
class Key:
    """Which figure: arm, reference arm (of a ratio), stratum, endpoint as in records, assessor, whether confirmed."""

    arm: str
    endpoint: str
    assessor: str = ""
    confirmed: bool | None = None
    reference: str = ""
    stratum: str = ""


@dataclass(frozen=True)
class ArmData:
    """What figures are made of: one arm, one assessor, patients whose simulation ended well.

    Main arguments:
        numbers: (n,) patient numbers.
        responses: (confirmed, endpoint) -> (n,) bool.
        times: curve -> times to event.
        columns: (n,) baseline columns of strata.
    """

    numbers: NDArray[np.int64]
    responses: Mapping[tuple[bool, str], Bools]
    times: Mapping[str, TimeToEvent]
    columns: Mapping[str, Floats]

    def up_to(self, number: int) -> ArmData:
        """The patients with lower numbers than ``number``."""
        return self._of(self.numbers < number)

    def since(self, day: float) -> ArmData:
        """The patients under observation without progression on ``day``, whose times count from then."""
        kept = self._of(self.times["PFS"].time_days > day)
        times = {name: replace(each, time_days=each.time_days - day) for name, each in kept.times.items()}
        return replace(kept, times=times)

    def _of(self, keep: Bools) -> ArmData:
        return ArmData(
            self.numbers[keep],
            {name: having[keep] for name, having in self.responses.items()},
            {name: times.of(keep) for name, times in self.times.items()},
            {name: column[keep] for name, column in self.columns.items()},
        )


def arms_of(course: ChunkCourse, assessor: str, clock_starts: float = 0.0) -> dict[str, ArmData]:
    """The arms of a simulated chunk as one assessor saw them.

    Other arguments:
        clock_starts: simulated day from which time counts, in the patients who are then without progression; patients
            who were seen no longer are left out, and responses keep those of the whole time.
    """
    found = {arm.arm: _arm(course, arm, assessor) for arm in course.arms}
    return {name: arm.since(clock_starts) for name, arm in found.items()} if clock_starts else found


def _arm(course: ChunkCourse, arm: ArmCourse, who: str) -> ArmData:
    well, judged = arm.status == 0, arm.judged[who]
    pfs = pfs_of(arm, who).of(well)
    responses: dict[tuple[bool, str], Bools] = {}
    for confirmed, best in ((True, judged.best.confirmed), (False, judged.best.unconfirmed)):
        responses[confirmed, "ORR"] = is_in(best[well], Response.CR, Response.PR)
        responses[confirmed, "CR"] = is_in(best[well], Response.CR)
    numbers = arm.numbers[well]
    rows = np.searchsorted(course.numbers, numbers)
    known = {each.column for each in strata().values()} & set(course.patients.columns)
    return ArmData(
        numbers,
        responses,
        {"PFS": pfs, "TTP": time_to_progression(pfs), "OS": os_of(arm).of(well)},
        {name: np.asarray(course.patients.columns[name], dtype=np.float64)[rows] for name in sorted(known)},
    )


def figure(key: Key, arms: Mapping[str, ArmData], weights: Floats, reference_weights: Floats | None = None) -> Floats:
    """A figure, transformed, under each row of weights.

    Main arguments:
        key: the figure.
        arms: of the key's assessor.
        weights: (n_resamples, n_patients), how often the patient of each number counts.

    Other arguments:
        reference_weights: of the reference arm, where its patients are resampled apart; the same ones by default.

    Returns:
        (n_resamples,) transformed figures; infinity for a median not reached, NaN where there is no figure.
    """
    data = arms[key.arm]
    inside = members(key, data)
    mine = weights[:, data.numbers[inside]]
    if key.reference:
        other = arms[key.reference]
        there = members(key, other)
        theirs = (weights if reference_weights is None else reference_weights)[:, other.numbers[there]]
        times = data.times[key.endpoint].of(inside), other.times[key.endpoint].of(there)
        return np.array([_log_ratio(*times, one, two) for one, two in zip(mine, theirs, strict=True)])
    curve, _, kind = key.endpoint.partition("_")
    if curve in CURVES:
        times_of = data.times[curve].of(inside)
        if kind == "median":
            return _log_median(times_of, mine)
        return _log_hazard(times_of, mine, float(kind.removeprefix("rate_").removesuffix("mo")))
    having = data.responses[bool(key.confirmed), key.endpoint][inside]
    total = mine.sum(axis=1)
    share = (mine @ having.astype(np.float64) + 0.5) / (total + 1.0)
    return np.where(total > 0, np.log(share / (1.0 - share)), np.nan)


def members(key: Key, arm: ArmData) -> Bools:
    """Which patients of an arm the figure is of, (n,)."""
    if not key.stratum:
        return np.ones(len(arm.numbers), dtype=np.bool_)
    rule = strata()[key.stratum]
    column = arm.columns.get(rule.column)
    return np.zeros(len(arm.numbers), dtype=np.bool_) if column is None else np.isclose(column, rule.equals)


def natural(key: Key, transformed: float) -> float:
    """Back to months, percent or a ratio.

    >>> natural(Key("A", "PFS_median"), 0.0), natural(Key("A", "ORR"), 0.0)
    (1.0, 50.0)
    """
    if key.reference or key.endpoint.endswith("_median"):
        return math.exp(transformed) if transformed < math.inf else math.inf
    if "_rate_" in key.endpoint:
        return 100.0 * math.exp(-math.exp(transformed))
    return 100.0 / (1.0 + math.exp(-transformed))


def unit_of(key: Key) -> str:
    """``months``, ``percent`` or ``ratio``."""
    return "ratio" if key.reference else "months" if key.endpoint.endswith("_median") else "percent"


def kind_of(key: Key) -> str:
    """Which discrepancy applies: ``ORR``, ``CR``, ``PFS``, ``OS``, ``PFS ratio`` or ``OS ratio``.

    >>> kind_of(Key("A", "TTP_median")), kind_of(Key("A", "OS", reference="B"))
    ('PFS', 'OS ratio')
    """
    curve = key.endpoint.partition("_")[0]
    kind = "PFS" if curve == "TTP" else curve
    return f"{kind} ratio" if key.reference else kind


def _curves(times: TimeToEvent, weights: Floats) -> tuple[Floats, Floats]:
    """Times in order, and survival just after each: (n,), (n_resamples, n). Events before censorings at ties."""
    applies = ~np.isnan(times.time_days)
    order = np.lexsort((~times.event[applies], times.time_days[applies]))
    time, event = times.time_days[applies][order], times.event[applies][order]
    ordered = weights[:, applies][:, order]
    at_risk = np.cumsum(ordered[:, ::-1], axis=1)[:, ::-1]
    with np.errstate(invalid="ignore", divide="ignore"):
        step = np.where((at_risk > 0) & event, ordered / at_risk, 0.0)
    survival: Floats = np.cumprod(1.0 - step, axis=1, dtype=np.float64)
    return time, survival


def _log_median(times: TimeToEvent, weights: Floats) -> Floats:
    time, survival = _curves(times, weights)
    if not len(time):
        return np.full(len(weights), np.nan)
    below = survival <= 0.5 + 1e-12
    first = below.argmax(axis=1)
    months: Floats = np.maximum(time[first], 1.0) / DAYS_PER_MONTH
    return np.where(below.any(axis=1), np.log(months), np.inf)


def _log_hazard(times: TimeToEvent, weights: Floats, months: float) -> Floats:
    """Log of the cumulative hazard at a landmark; half a patient keeps it finite."""
    time, survival = _curves(times, weights)
    day = months * DAYS_PER_MONTH
    if not len(time) or time[-1] < day:
        return np.full(len(weights), np.nan)
    column = int(np.searchsorted(time, day, side="right")) - 1
    alive = survival[:, column] if column >= 0 else np.ones(len(weights))
    total = np.maximum(weights.sum(axis=1), 1.0)
    alive = np.clip(alive, 0.5 / total, 1.0 - 0.5 / total)
    return np.log(-np.log(alive))


def _log_ratio(arm: TimeToEvent, reference: TimeToEvent, one: Floats, two: Floats) -> float:
    counts = np.concatenate([one, two]).astype(np.int64)
    time = np.repeat(np.concatenate([arm.time_days, reference.time_days]), counts)
    event = np.repeat(np.concatenate([arm.event, reference.event]), counts)
    treated = np.repeat(np.arange(len(counts)) < len(one), counts)
    applies = ~np.isnan(time)
    if not applies.any():
        return math.nan
    found = hazard_ratio(time[applies], event[applies], treated[applies]).value
    return math.log(found) if found else math.nan

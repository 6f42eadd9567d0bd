"""Predictions of a trial from its protocol alone, with intervals and what they are made of.

The point prediction is the trial simulated at the frozen calibration. Draws of the posterior are simulated on the same
patients, so that they differ from the point by their parameters. The interval joins, on the scale on which the figure
is taken to be normal: the variance over draws (less what resampling of patients explains), the sampling variance at the
trial's own size, and the between-trial discrepancy.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from her2sim.core.errors import InputError
from her2sim.core.random import stream
from her2sim.model.frozen import load_frozen
from her2sim.record.protocol import holds_results
from her2sim.record.types import TrialRecord
from her2sim.study.cohort import calibrated
from her2sim.study.course import simulate_chunk
from her2sim.study.plan import TrialPlan, make_plan
from her2sim.study.validation.figures import ArmData, Key, arms_of, figure, kind_of, members, natural, unit_of
from her2sim.study.validation.settings import Settings

Floats = NDArray[np.float64]
MOST_MISSING = 0.05


@dataclass(frozen=True)
class Predicted:
    """One predicted figure.

    Main arguments:
        key: which figure.
        unit: ``months``, ``percent`` or ``ratio``.
        value: at the frozen calibration; infinity for a median that is not reached.
        low, high: predictive interval; infinity where the bound is not reached.
        center: middle of the interval, the mean over the posterior.
        n: patients of the arm that the sampling error is for.

    Other arguments:
        sd_parameters, sd_sampling, sd_discrepancy: standard deviations on the figure's own scale; NaN where unknown.
        draws: the figure under each posterior draw, less the figure at the point values, same patients.
    """

    key: Key
    unit: str
    value: float
    low: float
    high: float
    center: float
    n: int
    sd_parameters: float = math.nan
    sd_sampling: float = math.nan
    sd_discrepancy: float = math.nan
    draws: tuple[float, ...] = ()


@dataclass(frozen=True)
class TrialPrediction:
    """All predictions of a protocol.

    Main arguments:
        trial: its id.
        figures: the predictions.
        simulated, failed: patients (times arms) that were simulated, and those that could not be.
        draws: the calibrated numbers of each posterior draw used, in the order of ``Predicted.draws``.
    """

    trial: str
    figures: tuple[Predicted, ...]
    simulated: int
    failed: int
    draws: tuple[Mapping[str, float], ...] = ()


def predict_trial(
    protocol: TrialRecord, keys: Sequence[Key], settings: Settings, *, without: Sequence[str] = ()
) -> TrialPrediction:
    """Predict figures of a trial.

    Main arguments:
        protocol: the trial without any result (``her2sim.record.protocol.protocol_of``).
        keys: the figures asked for.
        settings: sizes.

    Other arguments:
        without: mechanisms to remove.

    Raises:
        InputError: the record holds results, or cannot be simulated.
        SimulationError: no patient comes through.
    """
    if holds_results(protocol):
        raise InputError(
            f"{protocol.id}: a prediction is made from the protocol, and this record holds results.",
            hint="Give her2sim.record.protocol.protocol_of(record).",
        )
    plan = planned(protocol, settings, without=without, survival=any(_needs_survival(key) for key in keys))
    point = simulate_chunk(plan, 0, 0, settings.patients)
    few = min(settings.patients_per_draw, settings.patients)
    draws = posterior_draws(protocol, settings.draws)
    drawn = [simulate_chunk(replace(plan, overrides=numbers), 0, 0, few) for numbers in draws]
    rng = stream(settings.seed, 0, f"validation/{protocol.id}")
    own = plan.record.assessment.assessor
    sizes = {arm.name: arm.n or settings.patients_if_unknown for arm in protocol.arms}
    whole, paired = _weights(rng, settings.resamples, settings.patients), _weights(rng, settings.resamples // 4, few)
    figures: list[Predicted] = []
    for who in sorted({key.assessor or own for key in keys}):
        simulated = _Simulated(
            arms_of(point, who),
            {name: arm.up_to(few) for name, arm in arms_of(point, who).items()},
            [arms_of(each, who) for each in drawn],
            whole,
            _weights(rng, settings.resamples, settings.patients),
            paired,
        )
        for key in keys:
            if (key.assessor or own) == who:
                figures += _predicted(key, simulated, sizes, settings)
    courses = [point, *drawn]
    return TrialPrediction(
        protocol.id,
        tuple(figures),
        sum(len(arm.status) for course in courses for arm in course.arms),
        sum(int((arm.status != 0).sum()) for course in courses for arm in course.arms),
        tuple(draws),
    )


def planned(
    protocol: TrialRecord, settings: Settings, *, without: Sequence[str] = (), survival: bool = True
) -> TrialPlan:
    """The plan of a prediction: as a run's, with follow-up no longer than the settings say."""
    days = min(protocol.assessment.follow_up_days, settings.most_follow_up_days)
    short = replace(protocol, assessment=replace(protocol.assessment, follow_up_days=days))
    plan = make_plan(short, patients=settings.patients, seed=settings.seed, without=without)
    sized = tuple(replace(arm, n=settings.patients) for arm in plan.arms)
    return replace(plan, arms=sized, after_progression=survival)


def posterior_draws(protocol: TrialRecord, count: int) -> list[dict[str, float]]:
    """``count`` draws of the frozen posterior, evenly spaced; none before the first freeze."""
    frozen = load_frozen()
    if frozen is None or not frozen.draws or count < 1:
        return []
    places = np.unique(np.linspace(0, len(frozen.draws) - 1, min(count, len(frozen.draws))).round().astype(int))
    return [calibrated(protocol, frozen.draws[place]) for place in places]


def _needs_survival(key: Key) -> bool:
    return key.endpoint.startswith("OS")


@dataclass(frozen=True)
class _Simulated:
    """Arms at the point values and under each draw, as one assessor saw them, and weights for resampling."""

    point: Mapping[str, ArmData]
    first: Mapping[str, ArmData]
    drawn: Sequence[Mapping[str, ArmData]]
    weights: Floats
    reference_weights: Floats
    paired: Floats


def _weights(rng: np.random.Generator, resamples: int, patients: int) -> Floats:
    return rng.multinomial(patients, np.full(patients, 1.0 / patients), size=resamples).astype(np.float64)


def _predicted(key: Key, simulated: _Simulated, sizes: Mapping[str, int], settings: Settings) -> list[Predicted]:
    """The figure with its interval; nothing where the simulation has no such figure."""
    patients = simulated.weights.shape[1]
    if not members(key, simulated.point[key.arm]).any():
        return []
    value = float(figure(key, simulated.point, np.ones((1, patients)))[0])
    if math.isnan(value):
        return []
    again = figure(key, simulated.point, simulated.weights, simulated.reference_weights)
    shrink = patients * sum(1.0 / sizes[arm] for arm in (key.arm, key.reference or key.arm)) / 2.0
    reached = again[np.isfinite(again)]
    sampling = float(reached.std() * math.sqrt(shrink)) if len(reached) > 1 else math.nan
    changes, parameters = _over_draws(key, simulated)
    discrepancy = math.hypot(
        settings.discrepancy[kind_of(key)], settings.discrepancy["stratum"] if key.stratum else 0.0
    )
    spread = NormalDist().inv_cdf(0.5 + settings.interval / 2.0) * math.sqrt(
        sum(part**2 for part in (sampling, parameters, discrepancy) if not math.isnan(part))
    )
    center = value + (float(np.mean(changes)) if changes else 0.0)
    low, high = center - spread, center + spread
    if math.isinf(value):
        low = float(np.quantile(np.append(reached, math.inf), MOST_MISSING, method="lower")) if len(reached) else value
        high = math.inf
    elif len(reached) < (1.0 - MOST_MISSING) * len(again) and key.endpoint.endswith("_median"):
        high = math.inf
    bounds = sorted((natural(key, low), natural(key, high)))
    return [
        Predicted(
            key=key,
            unit=unit_of(key),
            value=natural(key, value),
            low=bounds[0],
            high=bounds[1],
            center=natural(key, center),
            n=sizes[key.arm],
            sd_parameters=parameters,
            sd_sampling=sampling,
            sd_discrepancy=discrepancy,
            draws=tuple(changes),
        )
    ]


def _over_draws(key: Key, simulated: _Simulated) -> tuple[list[float], float]:
    """The figure under each draw less the figure at the point values, and its standard deviation without noise.

    Part of the variance over draws comes from who the patients are; resampling the patients, the same ones at the point
    values and under the draw, tells how much, and it is taken off.
    """
    if not simulated.drawn:
        return [], math.nan
    ones = np.ones((1, simulated.paired.shape[1]))
    at_point, again_at_point = (figure(key, simulated.first, w) for w in (ones, simulated.paired))
    changes: list[float] = []
    noise: list[float] = []
    for arms in simulated.drawn:
        with np.errstate(invalid="ignore"):
            change = float((figure(key, arms, ones) - at_point)[0])
            jitter = figure(key, arms, simulated.paired) - again_at_point
        changes.append(change if math.isfinite(change) else math.nan)
        noise.append(float(np.var(jitter[np.isfinite(jitter)])) if np.isfinite(jitter).sum() > 1 else math.nan)
    known = [change for change in changes if not math.isnan(change)]
    if len(known) < 3 or len(known) < len(changes) / 2:
        return [], math.nan
    excess = float(np.var(known, ddof=1)) - float(np.nanmean(noise))
    filled = [0.0 if math.isnan(change) else change for change in changes]
    return filled, math.sqrt(max(excess, 0.0))

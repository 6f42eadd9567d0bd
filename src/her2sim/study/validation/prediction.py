"""Predictions of a trial from its protocol alone, with intervals and what they are made of.

The point prediction is the trial simulated at the frozen calibration. Draws of the posterior are simulated on the same
patients, so that they differ from the point by their parameters. The interval joins, on the scale on which the figure
is taken to be normal: the variance over draws (less what resampling of patients explains), the sampling variance at the
trial's own size, and the discrepancy: of a figure that was fitted that between trials of one regimen, of any other that
which the model was seen to have in trials left out of the fit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from her2sim.core.errors import InputError
from her2sim.core.random import stream
from her2sim.evidence.roles import role_of_figure
from her2sim.model.parameters import fitted_draws
from her2sim.record.protocol import holds_results
from her2sim.record.types import TrialRecord
from her2sim.study.cohort import calibrated
from her2sim.study.course import simulate_chunk
from her2sim.study.plan import TrialPlan, make_plan
from her2sim.study.validation.figures import Key, arms_of
from her2sim.study.validation.induction import clock_starts
from her2sim.study.validation.interval import Predicted, Simulated, predicted_figures, resampling_weights
from her2sim.study.validation.settings import Settings

Floats = NDArray[np.float64]


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
    lived = min(settings.draws_with_survival, len(draws)) if plan.after_progression else 0
    drawn = [
        simulate_chunk(replace(plan, overrides=numbers, after_progression=place < lived), 0, 0, few)
        for place, numbers in enumerate(draws)
    ]
    rng = stream(settings.seed, 0, f"validation/{protocol.id}")
    start = clock_starts(protocol)
    own = plan.record.assessment.assessor
    sizes = {arm.name: arm.n or settings.patients_if_unknown for arm in protocol.arms}
    whole, paired = (
        resampling_weights(rng, settings.resamples, settings.patients),
        resampling_weights(rng, settings.resamples // 4, few),
    )
    figures: list[Predicted] = []
    for who in sorted({key.assessor or own for key in keys}):
        simulated = Simulated(
            arms_of(point, who, start),
            {name: arm.up_to(few) for name, arm in arms_of(point, who, start).items()},
            [arms_of(each, who, start) for each in drawn],
            lived,
            whole,
            resampling_weights(rng, settings.resamples, settings.patients),
            paired,
        )
        for key in keys:
            if (key.assessor or own) == who:
                figures += predicted_figures(key, simulated, sizes, settings, fitted=was_fitted(protocol.id, key))
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
    return replace(plan, arms=sized, after_progression=survival, rtol=settings.rtol)


def posterior_draws(protocol: TrialRecord, count: int) -> list[dict[str, float]]:
    """``count`` draws of the frozen posterior, evenly spaced; none before the first freeze."""
    draws = fitted_draws()
    if not draws or count < 1:
        return []
    places = np.unique(np.linspace(0, len(draws) - 1, min(count, len(draws))).round().astype(int))
    return [calibrated(protocol, draws[place]) for place in places]


def was_fitted(trial: str, key: Key) -> bool:
    """Whether a figure of a trial is one that the fit may have seen, by its role."""
    contrast = bool(key.reference)
    role = role_of_figure(trial, endpoint=key.endpoint, arm=key.arm, subgroup=key.stratum, contrast=contrast)
    return role == "fit"


def _needs_survival(key: Key) -> bool:
    return key.endpoint.startswith("OS")

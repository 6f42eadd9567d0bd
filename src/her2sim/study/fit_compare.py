"""Two fits side by side: do a fit and its repeat from another seed say the same of numbers, and of unseen trials?

Unseen trials are predicted from their protocols at the modes of both fits and under some draws of each posterior, all
with the same patients. A difference between the modes is held against the Monte Carlo error that a prediction has
anyway (its patients are a sample), and against the posterior's own spread. No published value is read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from her2sim.core.errors import Her2SimError, InputError
from her2sim.core.random import stream
from her2sim.evidence.base import all_records
from her2sim.evidence.roles import role_of
from her2sim.jobs.crew import in_order
from her2sim.record.protocol import protocol_of
from her2sim.record.types import TrialRecord
from her2sim.study.cohort import calibrated
from her2sim.study.course import simulate_chunk
from her2sim.study.fit import Fit
from her2sim.study.validation.figures import ArmData, Key, arms_of, figure
from her2sim.study.validation.induction import clock_starts
from her2sim.study.validation.interval import resampling_weights
from her2sim.study.validation.prediction import planned
from her2sim.study.validation.scope import scope_of
from her2sim.study.validation.settings import Settings, default_settings

Floats = NDArray[np.float64]
Numbers = Mapping[str, float]
PRIOR_DRIVEN = 0.2
RESAMPLES = 100


@dataclass(frozen=True)
class Number:
    """A calibrated number in both fits: posterior means and SD in prior SD, and contraction of each."""

    name: str
    means: tuple[float, float]
    sd: tuple[float, float]
    contraction: tuple[float, float]

    @property
    def apart(self) -> float:
        """Difference of the means in posterior standard deviations."""
        return (self.means[1] - self.means[0]) / math.sqrt(0.5 * (self.sd[0] ** 2 + self.sd[1] ** 2))

    @property
    def told(self) -> str:
        """``contracted`` or ``prior-driven`` in both fits, else ``unsure``."""
        driven = [each < PRIOR_DRIVEN for each in self.contraction]
        return "prior-driven" if all(driven) else "unsure" if any(driven) else "contracted"


@dataclass(frozen=True)
class Figure:
    """A figure of a trial predicted by both fits, on its own scale (logit, log).

    Main arguments:
        trial, key: which figure.
        difference: at the mode of the second less that of the first fit, same patients.
        chance: variance of ``difference`` by the draw of these patients.
        noise: Monte Carlo error of a prediction with as many patients as a validation has.
        variance: over posterior draws, within each fit, less that by the draw of patients; may come out negative, so
            it is to be averaged over figures.
    """

    trial: str
    key: Key
    difference: float
    chance: float
    noise: float
    variance: float


@dataclass(frozen=True)
class Comparison:
    """Two fits side by side.

    Main arguments:
        numbers: those that both fitted.
        figures: predictions of unseen trials.
        patients: per arm, with which these were simulated.
        draws: of each posterior.
        failed: trials that could not be simulated.
    """

    numbers: tuple[Number, ...]
    figures: tuple[Figure, ...]
    patients: int
    draws: int
    failed: tuple[str, ...] = ()


def compare_fits(
    one: Fit,
    other: Fit,
    *,
    patients: int = 80,
    draws: int = 3,
    trials: Sequence[str] = (),
    workers: int = 1,
    tell: Callable[[str], object] = lambda line: None,
) -> Comparison:
    """Compare numbers and predictions of two fits.

    Main arguments:
        one, other: finished fits of the same numbers.

    Other arguments:
        patients: per arm.
        draws: of each posterior.
        trials: ids; default: every unseen trial that can be predicted.
        workers: processes; changes no number.
        tell: called with lines of progress.

    Raises:
        InputError: the fits share no number.
    """
    numbers = compared_numbers(one, other)
    if not numbers:
        raise InputError("the two fits share no number.")
    protocols = [
        part
        for record in all_records()
        if role_of(record.id) == "validate" and record.kind == "trial" and (not trials or record.id in trials)
        for part in scope_of(protocol_of(record)).protocols
    ]
    settings = replace(default_settings(), patients=patients)
    work = _Work(settings, _modes_and_draws(one, draws), _modes_and_draws(other, draws))
    figures: list[Figure] = []
    failed: list[str] = []
    for place, (protocol, found) in enumerate(zip(protocols, in_order(work, protocols, workers), strict=True), start=1):
        figures += found or ()
        failed += [] if found is not None else [protocol.id]
        if place % 10 == 0:
            tell(f"{place} of {len(protocols)} trials")
    return Comparison(numbers, tuple(figures), patients, draws, tuple(failed))


def compared_numbers(one: Fit, other: Fit) -> tuple[Number, ...]:
    """The numbers that both fits have, in the order of the first."""
    place = {number.number: k for k, number in enumerate(other.free)}
    found: list[Number] = []
    for k, number in enumerate(one.free):
        if number.number in place:
            pair = one.posterior.points[:, k], other.posterior.points[:, place[number.number]]
            sd = float(pair[0].std()), float(pair[1].std())
            found.append(
                Number(
                    number.number,
                    (float(pair[0].mean()), float(pair[1].mean())),
                    sd,
                    (1.0 - sd[0], 1.0 - sd[1]),
                )
            )
    return tuple(found)


def _modes_and_draws(result: Fit, draws: int) -> tuple[Numbers, ...]:
    points = result.posterior.points
    rows = [result.mode, *points[np.linspace(0, len(points) - 1, draws).astype(np.int64)]]
    return tuple({n.number: n.from_score(float(z)) for n, z in zip(result.free, row, strict=True)} for row in rows)


@dataclass(frozen=True)
class _Work:
    """One trial under all numbers of both fits; None where it cannot be simulated."""

    settings: Settings
    one: tuple[Numbers, ...]
    other: tuple[Numbers, ...]

    def __call__(self, protocol: TrialRecord) -> list[Figure] | None:
        patients = self.settings.patients
        who, start = protocol.assessment.assessor, clock_starts(protocol)
        try:
            plan = planned(protocol, self.settings, survival=False)
            courses: list[list[Mapping[str, ArmData]]] = [
                [
                    arms_of(
                        simulate_chunk(replace(plan, overrides=calibrated(protocol, numbers)), 0, 0, patients),
                        who,
                        start,
                    )
                    for numbers in fit
                ]
                for fit in (self.one, self.other)
            ]
        except Her2SimError:
            return None
        weights = resampling_weights(stream(self.settings.seed, 0, f"fit/compare/{protocol.id}"), RESAMPLES, patients)
        found = [_compared(protocol.id, key, courses, weights) for key in figures_of(protocol)]
        return [each for each in found if each is not None]


def figures_of(protocol: TrialRecord) -> list[Key]:
    """Response and median PFS of each arm, and the hazard ratio of each against the last, by the main assessor."""
    who, confirmed = protocol.assessment.assessor, protocol.assessment.confirmed
    names = [arm.name for arm in protocol.arms]
    keys = [] if clock_starts(protocol) else [Key(arm, "ORR", who, confirmed) for arm in names]
    keys += [Key(arm, "PFS_median", who) for arm in names]
    return keys + [Key(arm, "PFS", who, reference=names[-1]) for arm in names[:-1]]


def _compared(
    trial: str, key: Key, courses: Sequence[Sequence[Mapping[str, ArmData]]], weights: Floats
) -> Figure | None:
    ones = np.ones((1, weights.shape[1]))
    values = [np.array([float(figure(key, arms, ones)[0]) for arms in fit]) for fit in courses]
    if not all(np.isfinite(fit).all() for fit in values):
        return None
    again = [[figure(key, arms, weights) for arms in fit] for fit in courses]
    again = [[np.where(np.isfinite(sample), sample, np.nan) for sample in fit] for fit in again]
    here, there = again[0][0], again[1][0]
    noise = _variance(here) * weights.shape[1] / default_settings().patients
    # resampling the same patients under a draw and at the mode: what changes is chance, and is taken off
    inner = [
        float(np.var(value[1:], ddof=1)) - float(np.mean([_variance(draw - sample[0]) for draw in sample[1:]]))
        for value, sample in zip(values, again, strict=True)
        if len(value) > 2
    ]
    return Figure(
        trial,
        key,
        float(values[1][0] - values[0][0]),
        _variance(there - here),
        math.sqrt(noise),
        float(np.mean(inner)) if inner else math.nan,
    )


def _variance(values: Floats) -> float:
    """Of the finite ones; a median may not be reached among patients drawn with repetition."""
    known = values[np.isfinite(values)]
    return float(np.var(known)) if len(known) > 1 else math.nan

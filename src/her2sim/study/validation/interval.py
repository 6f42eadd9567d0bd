"""What a predictive interval is made of: posterior draws, sampling at the trial's size, discrepancy.

The discrepancy of a figure that was fitted is that between trials of one regimen; that of any other is what the model
was seen to miss in trials left out of the fit (``her2sim.study.fit_discrepancy``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from her2sim.study.validation.figures import ArmData, Key, figure, kind_of, members, natural, unit_of
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
class Simulated:
    """Arms at the point values and under each draw, as one assessor saw them, and weights for resampling.

    Main arguments:
        point: at the calibrated values.
        first: the same, of the patients that the draws were simulated with.
        drawn: under each draw.
        lived: how many of the draws, the first ones, were taken through later lines.
        weights, reference_weights: (n_resamples, n_patients) of ``point``, for the arm and for the reference arm.
        paired: (n_resamples, n_patients) of ``first`` and ``drawn``.
    """

    point: Mapping[str, ArmData]
    first: Mapping[str, ArmData]
    drawn: Sequence[Mapping[str, ArmData]]
    lived: int
    weights: Floats
    reference_weights: Floats
    paired: Floats


def resampling_weights(rng: np.random.Generator, resamples: int, patients: int) -> Floats:
    """How often each patient is drawn with repetition, (n_resamples, n_patients)."""
    return rng.multinomial(patients, np.full(patients, 1.0 / patients), size=resamples).astype(np.float64)


def discrepancy_of(key: Key, settings: Settings, *, fitted: bool = False) -> float:
    """Standard deviation of the discrepancy of a figure, on its own scale.

    Main arguments:
        key: the figure.
        settings: of the validation.

    Other arguments:
        fitted: whether the fit has seen it.
    """
    known = settings.discrepancy_fitted if fitted else settings.discrepancy
    return math.hypot(known[kind_of(key)], known["stratum"] if key.stratum else 0.0)


def width_of(settings: Settings) -> float:
    """Half the width of a predictive interval over its standard deviation.

    >>> from dataclasses import replace
    >>> from her2sim.study.validation.settings import default_settings
    >>> round(width_of(replace(default_settings(), degrees=5.0)), 3)
    2.015
    """
    level = 0.5 + settings.interval / 2.0
    if math.isinf(settings.degrees):
        return NormalDist().inv_cdf(level)
    from scipy.special import stdtrit

    return float(stdtrit(settings.degrees, level))


def predicted_figures(
    key: Key, simulated: Simulated, sizes: Mapping[str, int], settings: Settings, *, fitted: bool = False
) -> list[Predicted]:
    """The figure with its interval; nothing where the simulation has no such figure.

    Other arguments:
        fitted: whether the fit has seen it.
    """
    patients = simulated.weights.shape[1]
    if not members(key, simulated.point[key.arm]).any():
        return []
    value = float(figure(key, simulated.point, np.ones((1, patients)))[0])
    if math.isnan(value):
        return []
    again = figure(key, simulated.point, simulated.weights, simulated.reference_weights)
    both = (key.arm, key.reference or key.arm)
    shrink = sum(len(simulated.point[arm].numbers) / sizes[arm] for arm in both) / 2.0
    reached = again[np.isfinite(again)]
    sampling = float(reached.std() * math.sqrt(shrink)) if len(reached) > 1 else math.nan
    changes, parameters = _over_draws(key, simulated)
    discrepancy = discrepancy_of(key, settings, fitted=fitted)
    spread = width_of(settings) * math.sqrt(
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


def _over_draws(key: Key, simulated: Simulated) -> tuple[list[float], float]:
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
    for arms in simulated.drawn[: simulated.lived] if key.endpoint.startswith("OS") else simulated.drawn:
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

"""Predictive intervals of a run made as wide as those of a validation: replicates do not know what the model misses.

Replicates of a run differ by patients and parameters. The discrepancy of unseen trials (``interval.discrepancy_of``) is
added in quadrature to each half of their interval, on the scale of the figure. Durations of response, disease control
and differences of rates keep the interval of the replicates: nothing was learned of them.
"""

from __future__ import annotations

import math
from dataclasses import replace

from her2sim.analysis.common_terms import common_endpoint, landmark_of
from her2sim.record.types import Contrast, Result, TrialRecord
from her2sim.study.validation.figures import CURVES, Key
from her2sim.study.validation.interval import discrepancy_of, width_of
from her2sim.study.validation.prediction import was_fitted
from her2sim.study.validation.settings import Settings, default_settings

Interval = tuple[float | None, float | None]
LEAST, MOST = 0.0025, 0.9975
"""Shares nearer to none or all of the patients are counted as these."""


def with_discrepancy(record: TrialRecord, settings: Settings | None = None) -> TrialRecord:
    """A simulated record whose predictive intervals hold what the model misses.

    Main arguments:
        record: with simulated results; those without ``pi90`` are left alone.

    Other arguments:
        settings: of the validation; those of the package by default.
    """
    used = settings or default_settings()
    arms = tuple(
        replace(arm, results=tuple(_result(record.id, arm.name, each, used) for each in arm.results))
        for arm in record.arms
    )
    return replace(record, arms=arms, contrasts=tuple(_contrast(record.id, each, used) for each in record.contrasts))


def widened(value: float | None, interval: Interval, spread: float, *, scale: str) -> Interval:
    """Both halves of an interval with ``spread`` added in quadrature.

    Main arguments:
        value: the figure; None for a median that was not reached, whose lower bound moves by all of ``spread``.
        interval: its bounds; None where a bound is open.
        spread: half a width on the scale of the figure.

    Other arguments:
        scale: ``log``, ``logit`` or ``hazard`` (percent without event; log of the cumulative hazard).

    >>> low, high = widened(10.0, (10.0 / 1.3, 10.0 * 1.3), math.log(1.4), scale="log")
    >>> round(low, 2), round(high, 2)
    (6.53, 15.32)
    """
    given = [None if bound is None else _to(bound, scale) for bound in interval]
    known = [bound for bound in given if bound is not None]
    if not known:
        return interval
    middle = _to(value, scale) if value is not None else known[0]
    low, high = (
        None if bound is None else middle + sign * math.hypot(bound - middle, spread)
        for bound, sign in zip(given, (1.0, -1.0) if scale == "hazard" else (-1.0, 1.0), strict=True)
    )
    return (
        None if low is None else min(_back(low, scale), interval[0] or 0.0),
        None if high is None else max(_back(high, scale), interval[1] or 0.0),
    )


def _to(value: float, scale: str) -> float:
    if scale == "log":
        return math.log(max(value, 1e-6))
    share = min(max(value / 100.0, LEAST), MOST)
    return math.log(share / (1.0 - share)) if scale == "logit" else math.log(-math.log(share))


def _back(value: float, scale: str) -> float:
    if scale == "log":
        return math.exp(value)
    return 100.0 / (1.0 + math.exp(-value)) if scale == "logit" else 100.0 * math.exp(-math.exp(value))


def _result(trial: str, arm: str, result: Result, settings: Settings) -> Result:
    scale = _scale(result.endpoint)
    if result.pi90 is None or not scale:
        return result
    spread = _spread(trial, Key(arm, common_endpoint(result.endpoint)), settings)
    return replace(result, pi90=widened(result.value, result.pi90, spread, scale=scale))


def _contrast(trial: str, contrast: Contrast, settings: Settings) -> Contrast:
    if contrast.pi90 is None or contrast.hr is None or contrast.endpoint not in CURVES:
        return contrast
    spread = _spread(trial, Key(contrast.arm, contrast.endpoint, reference=contrast.reference), settings)
    return replace(contrast, pi90=widened(contrast.hr, contrast.pi90, spread, scale="log"))


def _spread(trial: str, key: Key, settings: Settings) -> float:
    return width_of(settings) * discrepancy_of(key, settings, fitted=was_fitted(trial, key))


def _scale(endpoint: str) -> str:
    """The scale of a figure whose discrepancy is known; empty for others."""
    name = common_endpoint(endpoint)
    if name in ("ORR", "CR"):
        return "logit"
    if name in {f"{curve}_median" for curve in CURVES}:
        return "log"
    mark = landmark_of(name)
    return "hazard" if mark is not None and mark[0] in CURVES else ""

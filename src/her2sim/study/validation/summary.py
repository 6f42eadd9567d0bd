"""Validation in few numbers: errors, coverage, signs, and the difference to each benchmark with its uncertainty.

Uncertainty is over trials: whole trials are drawn with repetition, since the arms of a trial share what makes it
different. Benchmarks are compared on the figures that both predict.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from her2sim.core.random import stream
from her2sim.study.validation.scoring import Scored

Floats = NDArray[np.float64]
MEASURES = (
    "ORR", "PFS median", "OS median", "PFS hazard ratio", "OS hazard ratio", "PFS rate", "OS rate", "CR",
)  # fmt: skip
IN_POINTS = ("ORR", "CR", "PFS rate", "OS rate")
RATIOS = ("PFS hazard ratio", "OS hazard ratio")


@dataclass(frozen=True)
class Against:
    """The model against one benchmark on the figures that both predict.

    Main arguments:
        benchmark: its name.
        figures, trials: how many.
        model, other: median absolute error of each.
        difference: model less benchmark (negative: the model is better), with 95 % interval over trials.
    """

    benchmark: str
    figures: int
    trials: int
    model: float
    other: float
    difference: float
    low: float
    high: float


@dataclass(frozen=True)
class Summary:
    """How well one kind of figure is predicted in one group of figures.

    Main arguments:
        measure: kind of figure; in points for rates, |log ratio| for medians and ratios.
        figures, trials: how many have an error.
        error: median absolute error with 95 % interval over trials; NaN where there is no figure.
        bias: median signed error.
        covered, asked: figures inside their predictive interval, of those for which it can be told.
        at_least: figures whose error is a lower bound.
        signs: contrasts with the right sign, of how many; of those whose published interval excludes 1, likewise.
        against: the benchmarks.
    """

    measure: str
    figures: int
    trials: int
    error: float
    low: float
    high: float
    bias: float
    covered: int
    asked: int
    at_least: int
    signs: tuple[int, int]
    clear_signs: tuple[int, int]
    against: tuple[Against, ...]


def summarize(rows: Sequence[Scored], *, resamples: int, seed: int) -> tuple[Summary, ...]:
    """One summary for each kind of figure that occurs in ``rows``.

    Main arguments:
        rows: scored figures, for example those of unseen trials seen at their source.
        resamples: of trials.
        seed: of the resampling.
    """
    return tuple(
        _summary(measure, mine, resamples, seed)
        for measure in MEASURES
        if (mine := [row for row in rows if row.measure == measure])
    )


def size_of(row: Scored, predicted: float | None = None) -> float:
    """Absolute error of a row: the model's, or that of another prediction of the same figure.

    In points for rates, |log ratio| else.
    """
    if predicted is None:
        return abs(row.error)
    if row.measure in IN_POINTS:
        return abs(predicted - row.published.value)
    return abs(math.log(predicted / row.published.value))


def _summary(measure: str, rows: Sequence[Scored], resamples: int, seed: int) -> Summary:
    known = [row for row in rows if math.isfinite(row.error)]
    told = [row.inside for row in rows if row.inside is not None]
    errors, trials = np.array([size_of(row) for row in known]), [row.trial for row in known]
    low, high = over_trials(errors, trials, _median, resamples, seed) if known else (math.nan, math.nan)
    names = dict.fromkeys(name for row in known for name in row.benchmarks)
    return Summary(
        measure=measure,
        figures=len(known),
        trials=len(set(trials)),
        error=_median(errors),
        low=low,
        high=high,
        bias=_median(np.array([row.error for row in known])),
        covered=sum(told),
        asked=len(told),
        at_least=sum(row.at_least for row in known),
        signs=_signs(known) if measure in RATIOS else (0, 0),
        clear_signs=_signs([row for row in known if _excludes_one(row)]) if measure in RATIOS else (0, 0),
        against=tuple(_against(name, known, resamples, seed) for name in names),
    )


def _against(name: str, rows: Sequence[Scored], resamples: int, seed: int) -> Against:
    both = [row for row in rows if name in row.benchmarks]
    pair = np.array([[size_of(row), size_of(row, row.benchmarks[name])] for row in both])
    trials = [row.trial for row in both]

    def difference(values: Floats) -> float:
        return _median(values[:, 0]) - _median(values[:, 1])

    low, high = over_trials(pair, trials, difference, resamples, seed)
    return Against(
        name, len(both), len(set(trials)), _median(pair[:, 0]), _median(pair[:, 1]), difference(pair), low, high
    )


def over_trials(
    values: Floats, trials: Sequence[str], statistic: Callable[[Floats], float], resamples: int, seed: int
) -> tuple[float, float]:
    """95 % interval of a statistic over trials drawn with repetition; NaN where there is one trial only.

    Main arguments:
        values: one row per figure.
        trials: the trial of each.
        statistic: of the rows drawn.
    """
    names = sorted(set(trials))
    if len(names) < 2:
        return math.nan, math.nan
    rows_of = [np.flatnonzero(np.array(trials) == name) for name in names]
    rng = stream(seed, len(values), "validation/trials")
    found = [
        statistic(values[np.concatenate([rows_of[i] for i in rng.integers(0, len(names), len(names))])])
        for _ in range(resamples)
    ]
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)


def _median(values: Floats) -> float:
    return float(np.median(values)) if len(values) else math.nan


def _signs(rows: Sequence[Scored]) -> tuple[int, int]:
    asked = [row for row in rows if row.published.value != 1.0]
    return sum((row.published.value < 1.0) == (row.predicted.value < 1.0) for row in asked), len(asked)


def _excludes_one(row: Scored) -> bool:
    interval = row.published.ci95
    if interval is None or interval[0] is None or interval[1] is None:
        return False
    return interval[0] > 1.0 or interval[1] < 1.0

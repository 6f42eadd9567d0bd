"""From normal scores to covariates: the quantile functions of the marginal distributions.

Each covariate has a normal score z per patient. Its value is the quantile of its own distribution at Phi(z), so its
marginal is exact whatever the scores of other covariates are correlated with (Gaussian copula). A ``shift`` moves a
distribution to a published baseline: it is added to the mean (normal), to the log of the median (lognormal, poisson)
or to the probit of the probability (bernoulli).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from her2sim.population.specification import Covariate, Level

Floats = NDArray[np.float64]


def fraction(level: Level, name: str) -> float:
    """A probability, from a quantity in percent or as a plain fraction."""
    quantity = level[name]
    return quantity.value / 100.0 if quantity.unit == "percent" else quantity.value


def class_probabilities(covariate: Covariate, level: Level) -> Floats:
    """(n_classes,) probabilities of a flag or of ordered classes, summing to 1."""
    if covariate.distribution == "bernoulli":
        p = fraction(level, "probability")
        return np.array([1.0 - p, p])
    shares = np.array([fraction(level, name) for name in covariate.classes])
    return shares / shares.sum()


def cuts(probabilities: Floats, shift: float = 0.0) -> Floats:
    """(n_classes + 1,) borders on the score scale; class k is between border k and k + 1. A shift favors high classes.

    >>> cuts(np.array([0.5, 0.5])).tolist()
    [-inf, 0.0, inf]
    """
    from scipy.special import ndtri

    inner = ndtri(np.clip(np.cumsum(probabilities)[:-1], 0.0, 1.0)) - shift
    return np.concatenate([[-np.inf], inner, [np.inf]])


def quantile(covariate: Covariate, level: Level, z: Floats, shift: float = 0.0) -> Floats:
    """(n,) values of a covariate at normal scores ``z`` (n,)."""
    from scipy.special import ndtr, ndtri

    if covariate.discrete:
        borders = cuts(class_probabilities(covariate, level), shift)
        return np.asarray(covariate.codes)[np.searchsorted(borders[1:-1], z, side="left")]
    if covariate.distribution == "constant":
        return np.full(len(z), level["value"].value)
    if covariate.distribution == "poisson":
        return _poisson_quantile(ndtr(z), level["mean"].value * math.exp(shift), level["high"].value)
    center, spread, low, high = _normal_form(covariate, level, shift)
    a, b = ndtr((low - center) / spread), ndtr((high - center) / spread)
    x = np.clip(center + spread * ndtri(a + (b - a) * ndtr(z)), low, high)
    return np.exp(x) if covariate.distribution == "lognormal" else x


def score(covariate: Covariate, level: Level, value: float, shift: float = 0.0) -> float:
    """The normal score at which a continuous covariate has ``value``: the inverse of ``quantile``."""
    from scipy.special import ndtr, ndtri

    center, spread, low, high = _normal_form(covariate, level, shift)
    x = math.log(value) if covariate.distribution == "lognormal" else value
    a, b = ndtr((low - center) / spread), ndtr((high - center) / spread)
    return float(ndtri(np.clip((ndtr((x - center) / spread) - a) / (b - a), 0.0, 1.0)))


def _normal_form(covariate: Covariate, level: Level, shift: float) -> tuple[float, float, float, float]:
    low, high = level["low"].value, level["high"].value
    if covariate.distribution == "lognormal":
        return math.log(level["median"].value) + shift, level["sd_log"].value, math.log(low), math.log(high)
    return level["mean"].value + shift, level["sd"].value, low, high


def _poisson_quantile(u: Floats, mean: float, high: float) -> Floats:
    from scipy.special import pdtr

    counts = np.arange(int(high))
    return np.searchsorted(pdtr(counts, mean), u, side="left").astype(np.float64)


def rows_by_level(
    covariate: Covariate, given: Sequence[Covariate], values: Mapping[str, Floats], n: int
) -> dict[tuple[int, ...], NDArray[np.bool_]]:
    """(n,) mask of the patients at each combination of classes of the covariates that this one depends on."""
    masks: dict[tuple[int, ...], NDArray[np.bool_]] = {}
    for key in covariate.levels:
        mask = np.ones(n, dtype=bool)
        for other, number in zip(given, key, strict=True):
            mask &= values[other.name] == other.codes[number]
        masks[key] = mask
    return masks

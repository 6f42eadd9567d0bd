"""Pairwise meta-analysis: fixed and random effects, heterogeneity, prediction interval.

Estimation is by ``statsmodels.stats.meta_analysis`` except REML, which it does not offer. Sources: DerSimonian R, Laird
N. Control Clin Trials 1986;7:177, PMID 3802833. Paule RC, Mandel J. J Res Natl Bur Stand 1982;87:377,
doi:10.6028/jres.087.022. Higgins JPT, Thompson SG. Stat Med 2002;21:1539, doi:10.1002/sim.1186 (I2). Higgins JPT et al.
J R Stat Soc A 2009;172:137, doi:10.1111/j.1467-985X.2008.00552.x (prediction interval).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from her2sim.analysis.estimate import Estimate
from her2sim.core.errors import InputError, did_you_mean

Floats = NDArray[np.float64]
Method = Literal["DL", "PM", "REML"]
_METHODS = ("DL", "PM", "REML")
_STATSMODELS = {"DL": "chi2", "PM": "iterated"}


@dataclass(frozen=True)
class Pooled:
    """Result of a pairwise meta-analysis, on the scale of the effects.

    Main arguments:
        studies: how many.
        fixed, random: pooled effect and its interval under a common effect, and under effects that vary.
        fixed_error, random_error: their standard errors.
        tau2: variance of the effects between studies.
        q, df, p_heterogeneity: Cochran's Q and its test.
        i2: share of the variation that is beyond chance, 0 to 1.
        prediction: interval of the effect in a new study; bounds None with fewer than three studies.
        method: of ``tau2``.
    """

    studies: int
    fixed: Estimate
    random: Estimate
    fixed_error: float
    random_error: float
    tau2: float
    q: float
    df: int
    p_heterogeneity: float | None
    i2: float
    prediction: Estimate
    method: Method


def pool(effects: Sequence[float], errors: Sequence[float], *, method: Method = "DL", level: float = 0.95) -> Pooled:
    """Pool the effects of several studies.

    Main arguments:
        effects: (n_studies,) effects on an additive scale.
        errors: (n_studies,) their standard errors.

    Other arguments:
        method: of the variance between studies: ``DL`` (DerSimonian-Laird), ``PM`` (Paule-Mandel) or ``REML``.
        level: of the intervals.

    Raises:
        InputError: no study, an error that is not above 0, or an unknown method.

    >>> found = pool([-0.4, -0.2, -0.6], [0.1, 0.1, 0.1])
    >>> round(found.random.value or 0.0, 3), round(found.tau2, 3), round(found.i2, 2)
    (-0.4, 0.03, 0.75)
    """
    if method not in _METHODS:
        raise InputError(f"unknown method {method!r}.", hint=did_you_mean(method, _METHODS))
    y, s = np.asarray(effects, dtype=np.float64), np.asarray(errors, dtype=np.float64)
    if len(y) == 0 or y.shape != s.shape or not bool(np.isfinite(y).all() and (s > 0.0).all()):
        raise InputError("there is no study to pool, or an effect or standard error is missing or not above 0.")
    fixed, fixed_error = _weighted(y, s**2)
    q = float(np.sum((y - fixed) ** 2 / s**2))
    df = len(y) - 1
    tau2 = 0.0 if df == 0 else _reml(y, s**2) if method == "REML" else _by_moments(y, s**2, method, excess=q - df)
    random, random_error = _weighted(y, s**2 + tau2)
    return Pooled(
        studies=len(y),
        fixed=_interval(fixed, fixed_error, level),
        random=_interval(random, random_error, level),
        fixed_error=fixed_error,
        random_error=random_error,
        tau2=tau2,
        q=q,
        df=df,
        p_heterogeneity=chi2_tail(q, df),
        i2=i_squared(q, df),
        prediction=_prediction(random, random_error, tau2, len(y), level),
        method=method,
    )


def i_squared(q: float, df: int) -> float:
    """Share of the variation that is beyond chance: (Q - df) / Q, not below 0; 0 without degrees of freedom.

    >>> i_squared(20.0, 5), i_squared(3.0, 5)
    (0.75, 0.0)
    """
    return max(0.0, (q - df) / q) if q > 0.0 and df > 0 else 0.0


def chi2_tail(q: float, df: int) -> float | None:
    """Probability of a larger chi-square; None without degrees of freedom.

    >>> chi2_tail(3.0, 0) is None, round(chi2_tail(3.841459, 1) or 0.0, 4)
    (True, 0.05)
    """
    if df <= 0:
        return None
    from scipy.stats import chi2

    return float(chi2.sf(q, df))


def two_sided(z: float) -> float:
    """P value of a normal deviate.

    >>> round(two_sided(1.959964), 4)
    0.05
    """
    return math.erfc(abs(z) / math.sqrt(2.0))


def _by_moments(y: Floats, variance: Floats, method: Method, *, excess: float) -> float:
    if excess <= 0.0:
        return 0.0  # both estimators are cut off here, which statsmodels leaves to its user
    from statsmodels.stats.meta_analysis import combine_effects

    found: Any = combine_effects(y, variance, method_re=_STATSMODELS[method])
    return float(found.tau2)


def _weighted(y: Floats, variance: Floats) -> tuple[float, float]:
    weight = 1.0 / variance
    return float(np.sum(weight * y) / np.sum(weight)), float(1.0 / math.sqrt(np.sum(weight)))


def _reml(y: Floats, variance: Floats) -> float:
    """Variance between studies that maximizes the restricted likelihood."""

    def loss(tau2: float) -> float:
        weight = 1.0 / (variance + tau2)
        mean = float(np.sum(weight * y) / np.sum(weight))
        return float(np.sum(weight * (y - mean) ** 2) - np.sum(np.log(weight)) + math.log(np.sum(weight)))

    return minimized_variance(loss, float(np.var(y, ddof=1) + np.max(variance)))


def minimized_variance(loss: Any, scale: float) -> float:
    """The variance, 0 or more, at which a function of one variance is least; ``scale`` is a generous upper guess."""
    from scipy.optimize import minimize_scalar

    found: Any = minimize_scalar(loss, bounds=(0.0, 10.0 * scale), method="bounded", options={"xatol": 1e-10 * scale})
    best = float(found.x)
    return best if float(found.fun) < loss(0.0) else 0.0


def _interval(value: float, error: float, level: float) -> Estimate:
    half = NormalDist().inv_cdf(0.5 + level / 2.0) * error
    return Estimate(value, value - half, value + half)


def _prediction(value: float, error: float, tau2: float, studies: int, level: float) -> Estimate:
    if studies < 3:
        return Estimate(value, reason="a prediction interval needs three studies")
    from scipy.stats import t

    half = float(t.ppf(0.5 + level / 2.0, studies - 2)) * math.sqrt(tau2 + error**2)
    return Estimate(value, value - half, value + half)

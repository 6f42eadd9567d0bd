"""Additive meta-regression with shrinkage: drugs, groups of drugs, line and disease add up on the transformed scale.

A linear mixed model: coefficients are draws of one normal distribution (which is ridge regression), arms vary about
their sum, and both variances are found by restricted likelihood from the arms at hand, so nothing is tuned by hand.
Source: Robinson GK. Stat Sci 1991;6:15, doi:10.1214/ss/1177011926 (ridge regression as best linear unbiased
prediction).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from her2sim.analysis.benchmarks.arm_figures import ArmFigure, values
from her2sim.analysis.benchmarks.prediction import Prediction

Floats = NDArray[np.float64]
_START = (math.log(0.5), math.log(0.3))
_STOP: Any = {"xatol": 0.02, "fatol": 0.01}  # far below what the likelihood can tell
_ENOUGH = 5
_BORDER = 1e12  # large enough to leave the bordered matrix positive; it does not enter the result


@dataclass(frozen=True)
class Ridge:
    """A fitted regression.

    Main arguments:
        features: names of the columns.
        intercept: fitted value of an arm without any feature.
        coefficients: (n_features,) shrunken effects.
        spread: standard deviation of the coefficients.
        residual: standard deviation of arms about their sum, beyond sampling.
    """

    features: tuple[str, ...]
    intercept: float
    coefficients: Floats
    spread: float
    residual: float
    _columns: Floats
    _solver: Floats
    _inverse_one: Floats

    def predict(self, arm: ArmFigure) -> Prediction:
        """The value of an arm; features never seen add their variance to the error."""
        names = features_of(arm)
        row = np.array([names.get(name, 0.0) for name in self.features])
        unseen = sum(share**2 for name, share in names.items() if name not in self.features)
        value = self.intercept + float(row @ self.coefficients)
        shared = self.spread**2 * self._columns @ row
        ones = 1.0 - float(self._inverse_one @ shared)
        variance = self.spread**2 * (float(row @ row) + unseen) - float(shared @ self._solver @ shared)
        variance += ones**2 / float(np.sum(self._inverse_one))
        error = math.sqrt(max(0.0, variance) + self.residual**2)
        known = sum(1 for name in names if name in self.features)
        return Prediction(value, error, f"{known} of {len(names)} features seen")


def ridge(known: Sequence[ArmFigure], wanted: Sequence[ArmFigure], /) -> list[Prediction | None]:
    """Predict arms from a regression on the known ones; None if there are fewer than five."""
    if len(known) < _ENOUGH:
        return [None for _ in wanted]
    fitted = fit_ridge(known)
    return [fitted.predict(arm) for arm in wanted]


def features_of(arm: ArmFigure) -> dict[str, float]:
    """Features of an arm: its drugs, groups of drugs, disease, line, and line within disease."""
    found = {f"drug {name}": share for name, share in arm.drugs.items()}
    found |= {f"group {name}": share for name, share in arm.groups.items()}
    found |= {f"disease {arm.disease}": 1.0, f"line {arm.setting}": 1.0, f"{arm.disease} {arm.setting}": 1.0}
    return found


def fit_ridge(known: Sequence[ArmFigure]) -> Ridge:
    """Fit the regression.

    Main arguments:
        known: arms with their figures.
    """
    from scipy.optimize import minimize

    rows = [features_of(arm) for arm in known]
    names = tuple(sorted({name for row in rows for name in row}))
    columns = np.array([[row.get(name, 0.0) for name in names] for row in rows])
    y, variance = values(known)
    gram = columns @ columns.T

    def loss(logs: Floats) -> float:
        return _restricted_loss(y, variance, gram, math.exp(logs[0]), math.exp(logs[1]))

    bounds = [(math.log(1e-3), math.log(10.0))] * 2
    found: Any = minimize(loss, np.array(_START), method="Nelder-Mead", bounds=bounds, options=_STOP)
    spread, residual = (math.exp(float(value)) for value in found.x)
    covariance = spread**2 * gram + np.diag(variance + residual**2)
    inverse: Floats = np.asarray(np.linalg.inv(covariance), dtype=np.float64)
    inverse_one = inverse @ np.ones(len(y))
    intercept = float(inverse_one @ y / np.sum(inverse_one))
    coefficients = spread**2 * columns.T @ inverse @ (y - intercept)
    return Ridge(names, intercept, coefficients, spread, residual, columns, inverse, inverse_one)


def _restricted_loss(y: Floats, variance: Floats, gram: Floats, spread: float, residual: float) -> float:
    """Twice the negative restricted log likelihood, but for a constant.

    The covariance is bordered by the data and a column of ones: the border of its Cholesky factor then holds both in
    units of independent noise, for one factorization and no further solving.
    """
    n = len(y)
    bordered = np.empty((n + 2, n + 2))
    bordered[:n, :n] = spread**2 * gram
    bordered[range(n), range(n)] += variance + residual**2
    bordered[n, :n], bordered[n + 1, :n] = y, 1.0
    bordered[n:, n:] = np.diag([_BORDER, _BORDER])
    factor = np.linalg.cholesky(bordered)
    data, ones = factor[n, :n], factor[n + 1, :n]
    information = float(ones @ ones)
    mean = float(data @ ones) / information
    fit = float(np.sum((data - mean * ones) ** 2))
    return fit + 2.0 * float(np.sum(np.log(np.diag(factor)[:n]))) + math.log(information)

"""Closed-form concentrations of linear one-, two- and three-compartment models: the yardstick for the ODE solver.

A mammillary model becomes symmetric when amounts are divided by the square root of their volume, so its hybrid rates
are eigenvalues of a symmetric matrix: real, positive, and stable to compute even when two of them nearly coincide.
The central concentration after a unit dose is then a sum of exponentials, and every input is an integral of that sum.

Source of the equations: Gibaldi M, Perrier D. Pharmacokinetics, 2nd ed. 1982, appendix B.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from her2sim.core.errors import InputError

Floats = NDArray[np.float64]
_NOT_LINEAR = ("Vmax", "Vmax12", "CLmax")


@dataclass(frozen=True)
class Disposition:
    """Central concentration t days after a bolus of 1 mg: sum of ``weights`` · exp(-``rates`` · t), in mg/L.

    Main arguments:
        weights: (k,) in 1/L; they sum to 1/V1.
        rates: (k,) in 1/day, ascending; the first gives the terminal half-life.
    """

    weights: Floats
    rates: Floats

    @property
    def half_life_days(self) -> float:
        """Terminal half-life."""
        return float(np.log(2.0) / self.rates[0])


def disposition(values: Mapping[str, float]) -> Disposition:
    """The exponentials of a linear model.

    Main arguments:
        values: CL (L/day), V1 (L), and for each further compartment Q2 and V2, Q3 and V3.

    Raises:
        InputError: the model has saturable or time-varying elimination, for which no closed form exists.

    >>> one = disposition({"CL": 1.0, "V1": 2.0})
    >>> one.weights.round(9).tolist(), one.rates.round(9).tolist()
    ([0.5], [0.5])
    """
    found = [name for name in _NOT_LINEAR if name in values]
    if found:
        raise InputError(f"no closed form: {', '.join(found)} makes the model nonlinear", hint="Use the ODE solver.")
    numbers = [number for number in (2, 3) if f"Q{number}" in values]
    volumes = np.array([values["V1"], *(values[f"V{number}"] for number in numbers)])
    flows = [values[f"Q{number}"] for number in numbers]
    matrix = np.diag([values["CL"] + sum(flows), *flows])
    for index, flow in enumerate(flows, start=1):
        matrix[0, index] = matrix[index, 0] = -flow
    scale = np.sqrt(volumes)
    rates, vectors = np.linalg.eigh(matrix / np.outer(scale, scale))
    return Disposition(vectors[0] ** 2 / volumes[0], rates)


def bolus(model: Disposition, amount_mg: float, days: ArrayLike) -> Floats:
    """Concentration in mg/L at ``days`` after an intravenous bolus; 0 before it.

    >>> bolus(disposition({"CL": 1.0, "V1": 2.0}), 10.0, [-1.0, 0.0]).tolist()
    [0.0, 5.0]
    """
    t, given = _times(days)
    return np.where(given, amount_mg * (np.exp(-t[..., None] * model.rates) @ model.weights), 0.0)


def infusion(model: Disposition, amount_mg: float, duration_days: float, days: ArrayLike) -> Floats:
    """Concentration in mg/L at ``days`` after the start of a constant-rate infusion; 0 before it."""
    if duration_days <= 0.0:
        return bolus(model, amount_mg, days)
    t, given = _times(days)
    running, after = np.minimum(t, duration_days), np.maximum(t - duration_days, 0.0)
    decay = np.exp(-after[..., None] * model.rates) * -np.expm1(-running[..., None] * model.rates)
    return np.where(given, amount_mg / duration_days * (decay @ (model.weights / model.rates)), 0.0)


def absorbed(model: Disposition, amount_mg: float, ka_per_day: float, days: ArrayLike) -> Floats:
    """Concentration in mg/L at ``days`` after a dose into a depot with first-order absorption; 0 before it.

    Written so that it stays exact when ka equals a rate of disposition: the difference quotient of two exponentials
    is the slower exponential times t times (1 - e^-x)/x.

    Main arguments:
        amount_mg: the amount that is absorbed (F times the dose).
        ka_per_day: absorption rate.
    """
    t, given = _times(days)
    slow = np.minimum(model.rates, ka_per_day)
    x = np.abs(model.rates - ka_per_day) * t[..., None]
    quotient = np.divide(-np.expm1(-x), x, out=np.ones_like(x), where=x > 0.0)
    each = t[..., None] * np.exp(-slow * t[..., None]) * quotient
    return np.where(given, amount_mg * ka_per_day * (each @ model.weights), 0.0)


def superposed(
    model: Disposition,
    amounts_mg: ArrayLike,
    start_days: ArrayLike,
    days: ArrayLike,
    *,
    duration_days: float = 0.0,
    ka_per_day: float | None = None,
) -> Floats:
    """Concentration in mg/L at ``days`` under any number of doses, each given the same way.

    Main arguments:
        amounts_mg, start_days: (k,) amount and start of each dose.
        days: (m,) times of observation.

    Other arguments:
        duration_days: length of each infusion; 0 for a bolus.
        ka_per_day: absorption rate for doses into a depot; None for intravenous doses.
    """
    at = np.asarray(days, dtype=np.float64)
    total = np.zeros(at.shape)
    starts, amounts = np.asarray(start_days, dtype=np.float64), np.asarray(amounts_mg, dtype=np.float64)
    for start, amount in zip(np.atleast_1d(starts), np.broadcast_to(amounts, np.atleast_1d(starts).shape), strict=True):
        if ka_per_day is not None:
            total += absorbed(model, float(amount), ka_per_day, at - start)
        else:
            total += infusion(model, float(amount), duration_days, at - start)
    return total


def _times(days: ArrayLike) -> tuple[Floats, NDArray[np.bool_]]:
    t = np.asarray(days, dtype=np.float64)
    return np.maximum(t, 0.0), t >= 0.0

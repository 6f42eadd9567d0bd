"""When patients die: background mortality by age, and disease by its burden inside and outside the brain."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from her2sim.core.calendar import DAYS_PER_YEAR
from her2sim.core.random import stream

Floats = NDArray[np.float64]
SMALLEST_ML = 1e-6
"""About a thousand cells: the pace of fewer is not told from errors of the solver."""


def death_hazard(
    days: Floats, body_mL: Floats, cns_mL: Floats, age_years: Floats, frailty: Floats, parameters: Mapping[str, float]
) -> Floats:
    """Hazard of death per day, shape (n_patients, n_times).

    h = background(age) + frailty * [h_T (V_body / V_ref)^p + h_C (V_CNS / V_refC)^p]; background mortality doubles
    every so many years of age (Gompertz).

    Main arguments:
        days: (n_patients, n_times) days since the start of the line.
        body_mL, cns_mL: (n_patients, n_times) viable tumor volume outside and inside the brain.
        age_years, frailty: (n_patients,).
        parameters: the values of ``data/parameters/mortality.yaml``.
    """
    age = age_years[:, None] + days / DAYS_PER_YEAR
    doublings = (age - 60.0) / parameters["background_death_doubling_years"]
    background = parameters["background_death_rate_at_60_per_day"] * 2.0**doublings
    power = parameters["burden_exponent"]
    lead = parameters["death_lead_days"]
    body_mL, cns_mL = ahead(days, body_mL, lead), ahead(days, cns_mL, lead)
    body = parameters["death_rate_at_reference_burden_per_day"] * (body_mL / parameters["reference_burden_mL"]) ** power
    cns = parameters["death_rate_at_reference_cns_per_day"] * (cns_mL / parameters["reference_cns_mL"]) ** power
    return background + frailty[:, None] * (body + cns)


def ahead(days: Floats, volume_mL: Floats, lead_days: float) -> Floats:
    """The volume that lies ``lead_days`` ahead at the pace of the same number of days before, (n_patients, n_times).

    V(t) V(t)/V(t - lead): more than V where tumor grows, less where it shrinks, V where it stands. A burden that is
    growing kills more than the same burden that is responding. Nothing later than t is looked at. What came before the
    line counts as standing.

    Main arguments:
        days: (n_patients, n_times) ascending.
        volume_mL: (n_patients, n_times).
        lead_days: 0 gives the volume itself.

    >>> day = np.arange(0.0, 101.0, 10.0)[None, :]
    >>> growing = ahead(day, 5.0 * 2.0 ** (day / 50.0), 50.0)
    >>> growing[0, [0, 5, 10]].round(3).tolist()
    [5.0, 20.0, 40.0]
    """
    if lead_days <= 0.0:
        return volume_mL
    before = np.empty_like(volume_mL)
    for row, (day, volume) in enumerate(zip(days, volume_mL, strict=True)):
        before[row] = np.interp(day - lead_days, day, volume)
    return volume_mL * (volume_mL + SMALLEST_ML) / (before + SMALLEST_ML)


def cumulative(days: Floats, hazard: Floats) -> Floats:
    """Cumulative hazard by the trapezoid rule, 0 at the first time; shape (n_patients, n_times)."""
    steps = 0.5 * (hazard[:, 1:] + hazard[:, :-1]) * np.diff(days, axis=1)
    return np.concatenate([np.zeros((len(days), 1)), np.cumsum(steps, axis=1)], axis=1)


def time_at(days: Floats, cumulative_hazard: Floats, level: Floats) -> Floats:
    """Day at which the cumulative hazard of each patient reaches ``level`` (n_patients,); infinity if never."""
    out = np.full(len(days), np.inf)
    for row in range(len(days)):
        curve = cumulative_hazard[row]
        if curve[-1] >= level[row]:
            out[row] = np.interp(level[row], curve, days[row])
    return out


def value_at(days: Floats, cumulative_hazard: Floats, when: Floats) -> Floats:
    """Cumulative hazard of each patient at day ``when`` (n_patients,)."""
    return np.array([np.interp(when[row], days[row], cumulative_hazard[row]) for row in range(len(days))])


def death_levels(seed: int, patients: NDArray[np.int64]) -> Floats:
    """Unit exponential draws: a patient dies when her cumulative hazard reaches hers. The same in all arms."""
    return np.array([stream(seed, int(p), "death").standard_exponential() for p in patients])


def susceptibilities(seed: int, patients: NDArray[np.int64], disease: str, parameters: Mapping[str, float]) -> Floats:
    """Factor on the disease hazard of each patient, (n_patients,): her frailty, times how her disease kills.

    Gastric cancer kills at a smaller measured volume than breast cancer: it obstructs, bleeds, wastes, and spreads over
    the peritoneum where scans measure little. Its ratio is set by patients without therapy (REGARD).

    Main arguments:
        disease: ``breast`` or ``gastric``.
        parameters: the values of ``data/parameters/mortality.yaml``.
    """
    ratio = parameters["death_rate_ratio_gastric"] if disease == "gastric" else 1.0
    return ratio * frailties(seed, patients, parameters["frailty_log_sd"])


def frailties(seed: int, patients: NDArray[np.int64], log_sd: float) -> Floats:
    """Log-normal factors with median 1 on the disease hazard of each patient."""
    return np.array([np.exp(log_sd * stream(seed, int(p), "frailty").standard_normal()) for p in patients])

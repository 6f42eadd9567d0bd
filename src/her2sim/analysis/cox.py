"""Proportional hazards regression with covariates, by statsmodels' ``PHReg``.

The hazard ratio of two arms, which simulated trials need by the thousand, has a file of its own: ``hazard_ratio``.
Sources: Cox DR. J R Stat Soc B 1972;34:187. Efron B. J Am Stat Assoc 1977;72:557, doi:10.1080/01621459.1977.10480613.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np

from her2sim.analysis.kaplan_meier import Bools, Floats, check_times
from her2sim.analysis.logrank import Ints

Ties = Literal["efron", "breslow"]


@dataclass(frozen=True)
class CoxFit:
    """A fitted proportional hazards model.

    Main arguments:
        coefficient: (n_covariates,) log hazard ratios.
        std_error: (n_covariates,) from the observed information.
        log_likelihood: partial log likelihood at the estimate.
        n, events: patients and events.
    """

    coefficient: Floats
    std_error: Floats
    log_likelihood: float
    n: int
    events: int


def cox(
    time: Floats, event: Bools, covariates: Floats, *, strata: Ints | None = None, ties: Ties = "efron"
) -> CoxFit | None:
    """Fit a proportional hazards model; None where the likelihood has no maximum.

    Main arguments:
        time: (n,) times to event or censoring.
        event: (n,) bool.
        covariates: (n, n_covariates).

    Other arguments:
        strata: (n,) whole numbers; each stratum has a baseline hazard of its own.
        ties: ``efron`` (default of R and of most trials) or ``breslow`` (default of SAS).
    """
    from statsmodels.duration.hazard_regression import PHReg

    check_times(time, event)
    model = PHReg(time, covariates, status=event.astype(np.float64), strata=strata, ties=ties)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit = model.fit(disp=0)
            coefficient, std_error = np.asarray(fit.params), np.asarray(fit.bse)
    except np.linalg.LinAlgError:
        return None
    if not (np.isfinite(coefficient).all() and np.isfinite(std_error).all()) or float(np.abs(std_error).max()) > 1e3:
        return None
    return CoxFit(coefficient, std_error, float(np.asarray(fit.llf)), len(time), int(event.sum()))

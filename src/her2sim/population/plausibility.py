"""Bounds that every virtual patient must meet, whatever was drawn.

A patient whose tumor could not have grown to its size within a plausible time, or grows faster or slower than any
seen, is not a patient. Its traits are drawn again (covariates stay, so that baseline shares stay exact).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from her2sim.core.calendar import DAYS_PER_YEAR
from her2sim.core.errors import InputError, did_you_mean
from her2sim.model.patient_parameters import growth_rate_per_day
from her2sim.population.specification import PlausibleRange

Floats = NDArray[np.float64]
Columns = Mapping[str, Floats]


def implausible(ranges: Sequence[PlausibleRange], columns: Columns, *, disease: str) -> NDArray[np.bool_]:
    """(n,) True for patients outside a bound.

    Main arguments:
        ranges: a quantity is a column or a key of ``COMPUTED``.
        columns: name -> (n,) covariates and traits, and as constant columns parameters and constants.

    Raises:
        InputError: a quantity is neither, or a column that it needs is missing.
    """
    bad = np.zeros(len(next(iter(columns.values()))), dtype=bool)
    for item in ranges:
        if item.quantity in COMPUTED:
            try:
                values = COMPUTED[item.quantity](columns, disease)
            except KeyError as lack:
                raise InputError(f"{lack} is needed", where=f"plausibility: {item.quantity}") from None
        elif item.quantity in columns:
            values = columns[item.quantity]
        else:
            hint = did_you_mean(item.quantity, [*COMPUTED, *columns])
            raise InputError("unknown quantity.", where=f"plausibility: {item.quantity}", hint=hint)
        bad |= ~((values >= item.low) & (values <= item.high))
    return bad


def doubling_time_days(columns: Columns, disease: str) -> Floats:
    """(n,) volume doubling time of target T1 without drugs, while it is small: ln 2 over the model's growth rate."""
    return np.log(2.0) / growth_rate_per_day(columns, disease)


def years_from_one_cell(columns: Columns, disease: str) -> Floats:
    """(n,) years in which target T1 grows from one cell: doublings times the doubling time."""
    doublings = np.log2(np.maximum(columns["V0_T1_mL"] / columns["cell_volume_mL"], 1.0))
    return doublings * doubling_time_days(columns, disease) / DAYS_PER_YEAR


def hidden_cns_mL(columns: Columns, disease: str) -> Floats:
    """(n,) volume of disease in the brain where no brain metastasis is known, else 0."""
    return np.where(columns["brain_metastases"] > 0.5, 0.0, columns["V0_CNS_mL"])


COMPUTED: Mapping[str, Callable[[Columns, str], Floats]] = {
    "doubling_time_days": doubling_time_days,
    "years_from_one_cell": years_from_one_cell,
    "hidden_cns_mL": hidden_cns_mL,
}

"""How long patients are followed: withdrawal from the study and the administrative cut-off."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from her2sim.core.random import stream

Floats = NDArray[np.float64]


def follow_up_days(
    follow_up: float, parameters: Mapping[str, float], *, seed: int, patients: NDArray[np.int64]
) -> tuple[Floats, Floats]:
    """Day of withdrawal and day of the data cut-off of each patient, both counted from randomization, (n_patients,).

    Entry is staggered: a patient's cut-off is uniform around the trial's follow-up. The same in all arms.

    Main arguments:
        follow_up: median follow-up of the trial, in days.
        parameters: needs ``withdrawal_rate_per_day`` and ``follow_up_spread``.
    """
    withdrawal, cutoff = np.empty(len(patients)), np.empty(len(patients))
    for row, patient in enumerate(patients):
        draw = stream(seed, int(patient), "follow-up")
        withdrawal[row] = draw.standard_exponential() / max(parameters["withdrawal_rate_per_day"], 1e-12)
        cutoff[row] = follow_up * (1.0 + parameters["follow_up_spread"] * (2.0 * draw.random() - 1.0))
    return withdrawal, cutoff


def longest_follow_up_days(follow_up: float, parameters: Mapping[str, float]) -> float:
    """The latest data cut-off that any patient of the trial can have; the same whoever is simulated together.

    >>> longest_follow_up_days(100.0, {"follow_up_spread": 0.25})
    125.0
    """
    return follow_up * (1.0 + parameters["follow_up_spread"])

"""Progression by true sizes: what ends a line of therapy where no trial reads the scans."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from her2sim.model.lesions import SLOTS, volumes
from her2sim.trial.lesion_state import slot_diameters_mm
from her2sim.trial.treatment import Trajectory

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ProgressionRule:
    """What counts as progression in lines before and after the trial. The thresholds are those of RECIST 1.1.

    Main arguments:
        growth_ratio: sum of target diameters over its nadir.
        growth_min_mm: least absolute growth of the same sum over its nadir.
        detection_mm: diameter at which a lesion of the slots ``OC``, ``CNS`` and ``OB`` is found.
    """

    growth_ratio: float
    growth_min_mm: float
    detection_mm: Mapping[str, float]

    def grown(self, size_mm: Floats, nadir_mm: Floats) -> NDArray[np.bool_]:
        """Whether sizes have grown from their nadir by the ratio and by the millimeters; of any shape."""
        return (size_mm >= self.growth_ratio * nadir_mm) & (size_mm >= nadir_mm + self.growth_min_mm)


def first_true_progression(
    days: Floats, target_mm: Floats, new_lesion: NDArray[np.bool_], rule: ProgressionRule
) -> Floats:
    """Day of progression by true sizes, (n_patients,): the target sum has grown, or a new lesion is there; else inf.

    Main arguments:
        days: (n_patients, n_times).
        target_mm: (n_patients, n_times, n_targets) true diameters, NaN where there is no lesion.
        new_lesion: (n_patients, n_times) whether a lesion outside the first set is visible.
    """
    total = np.nansum(target_mm, axis=2)
    nadir = np.minimum.accumulate(total, axis=1)
    progressed = rule.grown(total, nadir) | new_lesion
    progressed[:, 0] = False
    first = np.argmax(progressed, axis=1)
    return np.where(progressed.any(axis=1), days[np.arange(len(days)), first], np.inf)


def progression_of(course: Trajectory, rule: ProgressionRule, occult_ratio: Floats | None = None) -> Floats:
    """Day of the first true progression along a course, (n_patients,); infinity where there is none.

    A lesion that could be found when the line began is no new lesion of that line.

    Other arguments:
        occult_ratio: (n_patients,) factor on the diameter at which the occult lesion is found; 1 by default.
    """
    mm = slot_diameters_mm(volumes(course.values, course.names).total_mL)
    targets = np.stack([mm[s.name] for s in SLOTS if s.role == "target"], axis=2)
    new = np.zeros(targets.shape[:2], dtype=bool)
    for slot, limit in rule.detection_mm.items():
        found = limit if occult_ratio is None or slot != "OC" else limit * occult_ratio[:, None]
        new |= (mm[slot] >= found) & (mm[slot][:, :1] < found)
    return first_true_progression(course.days, targets, new, rule)

"""From a simulated course to the scans of its patients: true sizes at the visits, and what RECIST is given to judge."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from her2sim.endpoints.readings import Readings
from her2sim.endpoints.recist import Assessment
from her2sim.endpoints.response import Response
from her2sim.endpoints.rules import RecistRules
from her2sim.model.lesions import SLOTS, volumes
from her2sim.population.patients import Patients
from her2sim.study.cohort import scar_mL
from her2sim.trial.lesion_organs import detection_ratio, is_node, organ_codes
from her2sim.trial.lesion_state import slot_diameters_mm
from her2sim.trial.readings import Reading, TrueScans
from her2sim.trial.treatment import Trajectory

Floats = NDArray[np.float64]


def true_scans(
    course: Trajectory, visits: Floats, columns: NDArray[np.int64], patients: Patients, parameters: Mapping[str, float]
) -> TrueScans:
    """True diameters at the visits.

    Main arguments:
        visits: (n_patients, n_visits) days, NaN where a visit is missed.
        columns: (n_patients, n_visits) column of each visit in the times of ``course``.
        parameters: the values of ``data/parameters/organs.yaml``.
    """
    mm = slot_diameters_mm(volumes(course.values, course.names, stroma_mL=scar_mL(patients, parameters)).total_mL)
    at_visit = {name: np.take_along_axis(values, columns, axis=1) for name, values in mm.items()}
    target = np.stack([at_visit[s.name] for s in SLOTS if s.role == "target"], axis=2)
    target = np.where(target[:, :1] > 0.0, target, np.nan)
    nontarget = np.where(at_visit["NT"][:, :1] > 0.0, at_visit["NT"], np.nan)
    day = np.where(visits > course.days[:, -1:], np.nan, visits)
    known = patients.columns["brain_metastases"] > 0.5
    return TrueScans(
        day, target, nontarget, at_visit["OC"], at_visit["CNS"], at_visit["OB"], known,
        target_node=is_node(organ_codes(patients, "target")),
        nontarget_node=is_node(organ_codes(patients, "nontarget"))[:, 0],
        occult_ratio=detection_ratio(patients, parameters),
    )  # fmt: skip


def as_read(parameters: Mapping[str, float], rules: RecistRules) -> dict[str, float]:
    """The values of ``data/parameters/observation.yaml`` for a protocol's criteria.

    Where lesions are measured by products, a diameter stands for the root of two that are measured each with its own
    error, and what is unequivocal in non-target disease follows the same ratio, as a volume.
    """
    if not rules.product:
        return dict(parameters)
    less = {name: value / 2.0**0.5 for name, value in parameters.items() if name.startswith("measurement_sd_")}
    ratio = rules.progression_ratio**1.5
    return {
        **parameters,
        **less,
        "nontarget_progression_ratio": ratio,
        "nontarget_min_increase_mm": rules.progression_min_mm,
    }


def seen_until(reading: Reading, until: Floats) -> Readings:
    """The reading as RECIST takes it, without scans after ``until`` (n_patients,)."""
    late = reading.day > until[:, None]
    return Readings(
        day=np.where(late, np.nan, reading.day),
        target_mm=np.where(late[..., None], np.nan, reading.target_mm),
        nontarget=reading.nontarget,
        new_lesion=reading.new_lesion & ~late,
        is_node=reading.target_node,
    )


def first_progression(judged: Assessment) -> Floats:
    """Day of the first progression of each patient, (n_patients,); infinity if never."""
    progressed = (judged.visits.overall == Response.PD) & ~np.isnan(judged.day)
    first = progressed.argmax(axis=1)
    return np.where(progressed.any(axis=1), judged.day[np.arange(len(first)), first], np.inf)

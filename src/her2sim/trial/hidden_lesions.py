"""Between lines of therapy: a lesion that has been found is hidden no longer, and another is the largest hidden one.

A patient with metastases that can be seen has many that cannot (see ``her2sim.population.geometry.hidden_volume_mL``).
One of them is simulated, the largest, and one in the brain beside known brain metastases. When it has been found it is
followed with the known disease there, and the next line begins with the next hidden lesion: as large as the first was
at the start, of the clones of the one found, for both have lived through the same therapy.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from her2sim.model.lesions import diameter_mm, sphere_volume_mL, volume_states
from her2sim.trial.lesion_organs import detection_ratio, occult_volume_mL
from her2sim.trial.treatment import Cohort

Floats = NDArray[np.float64]
JOINS = {"OC": "NT", "OB": "CNS"}
"""Slot of a hidden lesion -> the slot of known disease that it joins when it has been found."""


def follow_found_lesions(
    cohort: Cohort, state: Mapping[str, Floats], limits_mm: Mapping[str, float]
) -> dict[str, Floats]:
    """States at the start of the next line: what was found joins the known disease, the next hidden one follows.

    Main arguments:
        cohort: the patients; their columns ``V0_OC_mL`` and ``V0_OB_mL`` are the sizes of hidden lesions.
        state: state name -> (n_patients,) values at the end of a line.
        limits_mm: slot -> diameter at which a lesion is found; in whom it is smaller, nothing changes.
    """
    out = dict(state)
    names = volume_states()
    for hidden_slot, known_slot in JOINS.items():
        total = np.sum([np.maximum(state[name], 0.0) for name in names[hidden_slot]], axis=0)
        limit = np.full(len(total), limits_mm[hidden_slot])
        column = f"V0_{hidden_slot}_mL"
        size = cohort.patients.get(column, cohort.typical[column])
        if hidden_slot == "OC":
            limit *= detection_ratio(cohort.patients, cohort.typical)
            size = occult_volume_mL(cohort.patients, size, cohort.typical)
        found = diameter_mm(total) >= limit
        size = np.minimum(size, sphere_volume_mL(limit))
        share = np.divide(size, total, out=np.ones_like(total), where=found)
        for hidden, known in zip(names[hidden_slot], names[known_slot], strict=True):
            out[known] = np.where(found, state[known] + state[hidden], state[known])
            out[hidden] = np.where(found, state[hidden] * share, state[hidden])
    return out

"""What the organ of a lesion does in a trial: how it is read, when it is found, and what it weighs in mortality.

Numbers stand in ``data/parameters/organs.yaml``. A lesion whose organ is not known (code 0) is like the average one;
the knock-out ``organs`` makes all so.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from her2sim.model.lesions import SLOTS
from her2sim.population.organs import BRAIN, NODE, load_organs, organ_column
from her2sim.population.patients import Patients

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def organ_codes(patients: Patients, role: str) -> Ints:
    """(n_patients, n_slots of this role) codes of the organs; 0 where the table does not say."""
    return _all_codes(patients)[:, [slot.role == role for slot in SLOTS]]


def is_node(codes: Ints) -> NDArray[np.bool_]:
    """Which of these organs are lymph nodes: read by their short axis, and normal below 10 mm."""
    return codes == load_organs().code(NODE)


def node_slots(patients: Patients) -> NDArray[np.bool_]:
    """(n_patients, n_slots) which lesions known at baseline are lymph nodes."""
    known = [slot.role in ("target", "nontarget") for slot in SLOTS]
    return is_node(_all_codes(patients)) & np.array(known)[None, :]


def detection_ratio(patients: Patients, parameters: Mapping[str, float]) -> Floats:
    """(n_patients,) diameter at which the occult lesion is found, over that of new lesions on average."""
    if organ_column("OC") not in patients:
        return np.ones(len(patients))
    return _by_organ("detection_in", parameters)[organ_codes(patients, "occult")[:, 0]]


def occult_volume_mL(patients: Patients, volume_mL: Floats, parameters: Mapping[str, float]) -> Floats:
    """(n_patients,) volume of the occult lesion in its organ, from its volume where lesions are found as on average.

    The hidden lesion is the largest below the limit of detection (``her2sim.population.geometry.hidden_volume_mL``), so
    it is as much larger or smaller as that limit is in its organ.
    """
    return volume_mL * detection_ratio(patients, parameters) ** 3


def death_weights(patients: Patients, disease: str, parameters: Mapping[str, float]) -> Floats:
    """(n_patients, n_slots) what a milliliter of living tumor weighs in mortality; 1 is the average of the population.

    The weights of the data file are divided by their mean over where the tumor of the disease's population lies, so
    organs move deaths between patients and not the deaths of all. The brain has a hazard of its own.

    Main arguments:
        disease: ``breast`` or ``gastric``.
        parameters: the values of ``data/parameters/organs.yaml``.
    """
    if not any(organ_column(slot.name) in patients for slot in SLOTS):
        return np.ones((len(patients), len(SLOTS)))
    weights = _by_organ("death_weight", parameters)
    where = load_organs().shares[disease]["volume"]
    weights[1:] /= where @ weights[1:] / where.sum()
    return weights[_all_codes(patients)]


def _all_codes(patients: Patients) -> Ints:
    """(n_patients, n_slots) codes of the organs; 0 where the table does not say."""
    return np.stack([patients.get(organ_column(slot.name), 0.0) for slot in SLOTS], axis=1).astype(np.int64)


def _by_organ(effect: str, parameters: Mapping[str, float]) -> Floats:
    """(1 + n_organs,) a number by the code of the organ; 1 where it is not known, and in the brain."""
    names = load_organs().names
    words = [name.lower().replace(" ", "_") for name in names]
    found = [1.0 if name == BRAIN else parameters[f"{effect}_{w}"] for name, w in zip(names, words, strict=True)]
    return np.array([1.0, *found])

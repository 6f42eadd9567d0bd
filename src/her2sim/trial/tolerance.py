"""The absolute tolerance of each state of a regimen's model: how small an amount of drug has to be to be of no matter.

A solver that follows every state to a relative error follows a drug to its last molecule: between two cycles of an
oral drug, and weeks after an infusion, its steps are set by amounts that do nothing. So an amount of drug is exact
relative to itself or to a share of its dose, whichever is larger. Volumes of tumor get no such floor: a lesion grows
back from the few cells that are left, and these must be right relative to their own number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from her2sim.core.paths import data_dir
from her2sim.model.drug import Drug
from her2sim.record.types import RegimenItem
from her2sim.trial.dosing import amount_mg

Floats = NDArray[np.float64]
ATOL = 1e-8
"""Absolute tolerance of what is no amount of drug, in the unit of the state."""


def absolute_tolerance(
    state_names: Sequence[str], regimen: Sequence[RegimenItem], drugs: Mapping[str, Drug], rtol: float
) -> Floats:
    """Absolute tolerance of each state, for a relative tolerance and the doses of a regimen.

    It depends on the regimen alone, never on the patients at hand: a patient's course must not depend on the others.

    Main arguments:
        state_names: states of the model, in the order of the engine.
        regimen: items of a line of therapy; those without a dose set no floor.
        drugs: the words of the record -> drug.
        rtol: relative tolerance of a step.

    Returns:
        (n_states,) in the units of the states: ``rtol`` times a tenth of a usual dose for the compartments of a drug
        (``A0_`` to ``A3_<drug>_mg``), ``ATOL`` for all others.

    >>> from her2sim.model.drug_file import load_drug
    >>> from her2sim.record.types import Dose, RegimenItem, Schedule, Until
    >>> item = RegimenItem("tucatinib", Dose(300.0, "mg"), Schedule(1.0), Until("progression"), "po")
    >>> drugs = {"tucatinib": load_drug("tucatinib")}
    >>> [float(f"{x:.3g}") for x in absolute_tolerance(("A1_tucatinib_mg", "V_T1_dead_mL"), (item,), drugs, 1e-3)]
    [0.03, 1e-08]
    """
    settings = _settings()
    patient = {name: np.array([float(value)]) for name, value in settings["reference_patient"].items()}
    tolerance = np.full(len(state_names), ATOL)
    for item in regimen:
        if item.dose is None:
            continue
        drug = drugs[item.drug]
        floor = settings["share_of_dose"] * float(amount_mg(item.dose, drug, patient, 1)[0])
        own = [f"A{number}_{drug.id}_mg" for number in range(4)]
        mine = np.array([name in own for name in state_names])
        tolerance[mine] = np.maximum(tolerance[mine], rtol * floor)
    return tolerance


@cache
def _settings() -> Mapping[str, Any]:
    content = yaml.safe_load((data_dir("defaults") / "solver.yaml").read_text(encoding="utf-8"))
    patient = {name: value for name, value in content["reference_patient"].items() if name != "source"}
    return {"share_of_dose": float(content["amounts_of_drug"]["share_of_dose"]), "reference_patient": patient}

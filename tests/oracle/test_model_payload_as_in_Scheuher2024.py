"""Scheuher 2024 (doi:10.1007/s10928-023-09884-6), human ADC platform.

Its equations, solved with its constants at label doses, give a cycle-average payload in HER2-high cells of about 70 nM
(T-DM1 3.6 mg/kg) and 211 nM (T-DXd 5.4 mg/kg): a computation of this project from the printed constants. The reduced
model has one payload state instead of the platform's eight and must stay within a third of it.
"""

from __future__ import annotations

import numpy as np
import pytest

from her2sim.engine import compile_model
from her2sim.engine.interface import DoseTable
from her2sim.model.assembly import assemble_model
from her2sim.model.drug_file import load_drug
from her2sim.model.pharmacokinetics import dose_state

WEIGHT_KG = 65.0


@pytest.mark.parametrize(
    ("drug_id", "mg_per_kg", "mean_nM"), [("trastuzumab_emtansine", 3.6, 70.0), ("trastuzumab_deruxtecan", 5.4, 211.0)]
)
def test_mean_payload_in_antigen_high_cells(drug_id: str, mg_per_kg: float, mean_nM: float) -> None:
    drug = load_drug(drug_id)
    model = assemble_model([drug], "breast", {drug_id: "iv"})
    days = np.arange(0.0, 126.0, 21.0)
    n = len(days)
    target = np.full(n, model.state_names.index(dose_state(drug, "iv")))
    doses = DoseTable(np.zeros(n, np.int64), days, target, np.full(n, mg_per_kg * WEIGHT_KG), np.full(n, 0.06))
    compiled = compile_model(model, varying=(), outputs=[f"P_{drug_id}_systemic_nM"])
    times = np.linspace(105.0, 126.0, 200)
    solution = compiled.solve(np.zeros((1, 0)), np.concatenate([[0.0], times]), doses=doses)
    mean = np.trapezoid(solution.values[0, 1:, 0], times) / 21.0
    assert mean == pytest.approx(mean_nM, rel=1 / 3)

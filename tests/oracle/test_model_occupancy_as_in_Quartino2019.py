"""Trastuzumab troughs at steady state (8/6 mg/kg q3w), Quartino 2019: 44 mg/L breast, 33 mg/L gastric, and the label's
target of 20 mg/L, above which efficacy no longer rises. At these, HER2 of a typical IHC 3+ tumor must be saturated."""

from __future__ import annotations

import numpy as np
import pytest

from her2sim.engine import compile_model
from her2sim.model.assembly import assemble_model
from her2sim.model.drug_file import load_drug


@pytest.mark.parametrize("trough_mg_per_L", [44.0, 33.0])
def test_her2_is_saturated_at_the_trough(trough_mg_per_L: float) -> None:
    assert occupancy(trough_mg_per_L) > 0.8


def test_occupancy_falls_far_below_the_target_trough() -> None:
    assert occupancy(5.0) < 0.6


def occupancy(plasma_mg_per_L: float) -> float:
    """Occupied domain IV after three months at a constant plasma concentration."""
    drug = load_drug("trastuzumab")
    model = assemble_model([drug], "breast", {"trastuzumab": "iv"})
    state = "A1_trastuzumab_mg"
    frozen = {name: 0.0 for name in model.parameter_names if name.startswith(("CL_", "Q2_", "Vmax_"))}
    volume = next(p.value for p in model.parameters if p.name == "V1_trastuzumab_L")
    compiled = compile_model(model, varying=tuple(frozen), outputs=["theta_domain_IV_systemic"])
    initial = np.zeros((1, len(model.states)))
    initial[0, model.state_names.index(state)] = plasma_mg_per_L * volume
    initial[0, [i for i, name in enumerate(model.state_names) if name.startswith("her2_pool")]] = 1.0  # all HER2 there
    solution = compiled.solve(np.array([list(frozen.values())]), np.array([0.0, 90.0]), initial=initial)
    return float(solution.values[0, 1, 0])

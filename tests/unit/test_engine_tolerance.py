"""An absolute tolerance per state: each state is followed as far down as it matters, in its own unit."""

from __future__ import annotations

import numpy as np
import pytest

from her2sim.engine import DoseTable, compile_model
from her2sim.engine.hybrid import HybridModel
from her2sim.engine.interface import CompiledModel
from her2sim.model.expression import const, sym
from her2sim.model.system import OdeSystem, Parameter, State

BACKENDS = ("llvm", "reference", "hybrid")
TIMES = np.linspace(0.0, 63.0, 22)


def dosed(unit: float, kind: str = "llvm") -> CompiledModel:
    """A drug, counted in a unit of so many mg, and a tumor that it kills."""
    drug = sym("drug") * unit
    system = OdeSystem(
        "dosed",
        (
            State("drug", const(0.0), -1.5 * sym("drug")),
            State("tumor", const(50.0), (0.02 - sym("k") * drug / (8.0 + drug)) * sym("tumor")),
        ),
        (Parameter("k", 0.3),),
    )
    return HybridModel(system) if kind == "hybrid" else compile_model(system, backend=kind)


def doses(unit: float) -> DoseTable:
    return DoseTable(np.zeros(3, int), np.arange(3) * 21.0, np.zeros(3, int), np.full(3, 400.0 / unit), np.zeros(3))


def test_another_unit_with_its_own_tolerance_changes_no_bit() -> None:
    table = np.array([[0.3]])
    mg = dosed(1.0).solve(table, TIMES, doses=doses(1.0), rtol=1e-5, atol=[1e-6, 1e-8])
    kg = dosed(2.0**20).solve(table, TIMES, doses=doses(2.0**20), rtol=1e-5, atol=[1e-6 / 2.0**20, 1e-8])
    assert kg.steps[0] == mg.steps[0]
    np.testing.assert_array_equal(kg.values * [2.0**20, 1.0], mg.values)


@pytest.mark.parametrize("kind", BACKENDS)
def test_a_coarse_tolerance_of_one_state_saves_steps_and_leaves_the_other_exact(kind: str) -> None:
    table, model = np.array([[0.3]]), dosed(1.0, kind)
    exact = model.solve(table, TIMES, doses=doses(1.0), rtol=1e-10, atol=1e-13)
    fine = model.solve(table, TIMES, doses=doses(1.0), rtol=1e-6, atol=1e-9)
    coarse = model.solve(table, TIMES, doses=doses(1.0), rtol=1e-6, atol=[1e-4, 1e-9])
    assert coarse.steps[0] < 0.8 * fine.steps[0]
    assert np.max(np.abs(coarse.values[0, :, 0] - exact.values[0, :, 0])) < 1e-2
    np.testing.assert_allclose(coarse.values[0, :, 1], exact.values[0, :, 1], rtol=1e-4)

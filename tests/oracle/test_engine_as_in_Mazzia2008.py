"""Stiff problems with published solutions: Test Set for IVP Solvers, release 2.4 (Mazzia & Magherini 2008, Bari).

The test set gives the end values to 16 digits (ROBER, HIRES, OREGO).
"""

from __future__ import annotations

import numpy as np
import pytest

from her2sim.engine import compile_model
from her2sim.model.expression import const, sym
from her2sim.model.system import OdeSystem, Parameter, State


def y(number: int):
    return sym(f"y{number}")


def system(name: str, rates: list[object], start: list[float], **parameters: float) -> OdeSystem:
    states = tuple(
        State(f"y{i + 1}", const(first), rate) for i, (first, rate) in enumerate(zip(start, rates, strict=True))
    )
    return OdeSystem(name, states, tuple(Parameter(n, v) for n, v in parameters.items()))


K1, K2, K3 = sym("k1"), sym("k2"), sym("k3")
ROBER = system(
    "rober",
    [-K1 * y(1) + K3 * y(2) * y(3), K1 * y(1) - K3 * y(2) * y(3) - K2 * y(2) ** 2, K2 * y(2) ** 2],
    [1.0, 0.0, 0.0],
    k1=0.04,
    k2=3e7,
    k3=1e4,
)
HIRES = system(
    "hires",
    [
        -1.71 * y(1) + 0.43 * y(2) + 8.32 * y(3) + 0.0007,
        1.71 * y(1) - 8.75 * y(2),
        -10.03 * y(3) + 0.43 * y(4) + 0.035 * y(5),
        8.32 * y(2) + 1.71 * y(3) - 1.12 * y(4),
        -1.745 * y(5) + 0.43 * y(6) + 0.43 * y(7),
        -280.0 * y(6) * y(8) + 0.69 * y(4) + 1.71 * y(5) - 0.43 * y(6) + 0.69 * y(7),
        280.0 * y(6) * y(8) - 1.81 * y(7),
        -280.0 * y(6) * y(8) + 1.81 * y(7),
    ],
    [1.0, 0, 0, 0, 0, 0, 0, 0.0057],
)
OREGO = system(
    "orego",
    [
        77.27 * (y(2) + y(1) * (1.0 - 8.375e-6 * y(1) - y(2))),
        (y(3) - (1.0 + y(1)) * y(2)) / 77.27,
        0.161 * (y(1) - y(3)),
    ],
    [1.0, 2.0, 3.0],
)
SOLUTIONS = {
    "rober": (ROBER, 1e11, [0.2083340149701255e-07, 0.8333360770334713e-13, 0.9999999791665050]),
    "hires": (
        HIRES,
        321.8122,
        [
            0.7371312573325668e-3, 0.1442485726316185e-3, 0.5888729740967575e-4, 0.1175651343283149e-2,
            0.2386356198831331e-2, 0.6238968252742796e-2, 0.2849998395185769e-2, 0.2850001604814231e-2,
        ],
    ),
    "orego": (OREGO, 360.0, [0.1000814870318523e1, 0.1228178521549917e4, 0.1320554942846706e3]),
}  # fmt: skip


@pytest.mark.parametrize("name", list(SOLUTIONS))
@pytest.mark.parametrize(("rtol", "within"), [(1e-5, 3e-3), (1e-8, 1e-5), (1e-10, 3e-7)])
def test_end_values_of_the_test_set(name: str, rtol: float, within: float) -> None:
    model, end, expected = SOLUTIONS[name]
    table = np.array([[p.value for p in model.parameters]])
    solution = compile_model(model, backend="llvm").solve(table, np.array([end]), rtol=rtol, atol=rtol * 1e-6)
    assert solution.status.tolist() == [0]
    np.testing.assert_allclose(solution.values[0, 0], expected, rtol=within)


@pytest.mark.parametrize("name", ["rober", "hires"])
def test_the_reference_back_end_reaches_them_too(name: str) -> None:
    model, end, expected = SOLUTIONS[name]
    table = np.array([[p.value for p in model.parameters]])
    solution = compile_model(model, backend="reference").solve(table, np.array([end]), rtol=1e-8, atol=1e-14)
    np.testing.assert_allclose(solution.values[0, 0], expected, rtol=1e-5)

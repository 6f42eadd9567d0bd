"""Orders of convergence of the methods and of their dense outputs, from the coefficients alone.

Steinebach 2020 (doi:10.1007/978-3-030-53905-4_6): Rodas4P2 has order 4, a stiffly accurate embedded method of order 3
and dense output of order 3 or more; Steinebach 2023 (doi:10.1007/s10543-023-00967-x): Rodas5P has order 5 with dense
output of order 4. Both keep about order 3 on the Prothero-Robinson problem as it becomes stiff.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from her2sim.engine.tableaux import RODAS4P2, RODAS5P, Tableau

Vector = np.ndarray


def step(
    method: Tableau, t: float, y: Vector, h: float, f: Callable[[float, Vector], Vector],
    jacobian: Callable[[float, Vector], Vector], by_time: Callable[[float, Vector], Vector],
) -> tuple[Vector, Vector, list[Vector]]:  # fmt: skip
    """The formulas of the tableau module, written out: new state, error estimate, stages."""
    matrix = np.eye(len(y)) / (h * method.gamma) - jacobian(t, y)
    stages: list[Vector] = []
    for i in range(method.stages):
        trial = y + sum((a * k for a, k in zip(method.a[i], stages, strict=True)), np.zeros(len(y)))
        right = f(t + method.nodes[i] * h, trial) + h * method.slopes[i] * by_time(t, y)
        right = right + sum((c / h * k for c, k in zip(method.c_matrix[i], stages, strict=True)), np.zeros(len(y)))
        stages.append(np.linalg.solve(matrix, right))
    return trial + stages[-1], stages[-1], stages


def dense(method: Tableau, y: Vector, new: Vector, stages: list[Vector], theta: float) -> Vector:
    curve = np.zeros(len(y))
    for weights in reversed(method.dense):
        curve = sum((w * k for w, k in zip(weights, stages, strict=True)), np.zeros(len(y))) + theta * curve
    return (1 - theta) * y + theta * (new + (1 - theta) * curve)


def lotka(t: float, y: Vector) -> Vector:
    return np.array([y[0] * (1.5 - y[1]) + np.sin(t), -y[1] * (2.0 - y[0]) + 0.1 * t * t])


def lotka_jacobian(t: float, y: Vector) -> Vector:
    return np.array([[1.5 - y[1], -y[0]], [y[1], -(2.0 - y[0])]])


def lotka_by_time(t: float, y: Vector) -> Vector:
    return np.array([np.cos(t), 0.2 * t])


def walk(method: Tableau, count: int) -> tuple[Vector, Vector, float]:
    """State at the end, dense value in the middle of a step, and largest error estimate."""
    y, h, t, middle, largest = np.array([1.0, 0.7]), 1.0 / count, 0.0, np.zeros(2), 0.0
    for number in range(count):
        new, error, stages = step(method, t, y, h, lotka, lotka_jacobian, lotka_by_time)
        if number == count // 2:
            middle = dense(method, y, new, stages, 0.4)
        largest = max(largest, float(np.max(np.abs(error))))
        y, t = new, t + h
    return y, middle, largest


def exact(t: float) -> Vector:
    from scipy.integrate import solve_ivp

    return solve_ivp(lotka, (0.0, t), [1.0, 0.7], method="DOP853", rtol=3e-14, atol=1e-14).y[:, -1]


@pytest.mark.parametrize(("method", "order", "dense_order"), [(RODAS4P2, 4, 3), (RODAS5P, 5, 4)])
def test_a_halved_step_divides_the_error_as_the_order_says(method: Tableau, order: int, dense_order: int) -> None:
    counts = np.array([16, 32, 64])
    ends, middles, estimates = zip(*(walk(method, int(n)) for n in counts), strict=True)
    at_end = [np.max(np.abs(y - exact(1.0))) for y in ends]
    at_middle = [np.max(np.abs(y - exact(0.5 + 0.4 / n))) for y, n in zip(middles, counts, strict=True)]
    assert np.log2(at_end[0] / at_end[1]) > order - 0.25
    assert np.log2(at_end[1] / at_end[2]) > order - 0.25
    # one step of dense output of order q is off by h^(q+1); the state it starts from by h^order
    assert np.log2(at_middle[1] / at_middle[2]) > dense_order + 1 - 0.35
    assert np.log2(estimates[1] / estimates[2]) == pytest.approx(order, abs=0.4)


@pytest.mark.parametrize(("method", "least"), [(RODAS4P2, 2.7), (RODAS5P, 2.7)])
def test_stiffness_does_not_take_the_order_below_three(method: Tableau, least: float) -> None:
    # Prothero & Robinson 1974: y' = -L (y - sin t) + cos t, exact solution sin t
    size = 1e6
    errors = []
    for count in (10, 20):
        y, h = np.array([0.0]), 1.0 / count
        for number in range(count):
            y, _, _ = step(
                method, number * h, y, h,
                lambda t, v: -size * (v - np.sin(t)) + np.cos(t),
                lambda t, v: np.array([[-size]]),
                lambda t, v: np.array([size * np.cos(t) - np.sin(t)]),
            )  # fmt: skip
        errors.append(abs(float(y[0]) - np.sin(1.0)))
    assert np.log2(errors[0] / errors[1]) > least
    assert errors[1] < 1e-9


@pytest.mark.parametrize("method", [RODAS4P2, RODAS5P])
def test_the_methods_are_l_stable_and_their_nodes_follow_from_their_stages(method: Tableau) -> None:
    new, _, _ = step(
        method, 0.0, np.array([1.0]), 1.0,
        lambda t, v: -1e12 * v, lambda t, v: np.array([[-1e12]]), lambda t, v: np.zeros(1),
    )  # fmt: skip
    assert abs(float(new[0])) < 1e-9
    # in the transformed variables, alpha = a · (gamma matrix) gives the nodes as row sums
    s = method.stages
    inverse = np.eye(s) / method.gamma
    for i in range(s):
        inverse[i, :i] -= method.c_matrix[i]
    gamma = np.linalg.inv(inverse)
    a = np.zeros((s, s))
    for i in range(s):
        a[i, :i] = method.a[i]
    np.testing.assert_allclose((a @ gamma).sum(axis=1), method.nodes, atol=1e-12)
    np.testing.assert_allclose(gamma.sum(axis=1), method.slopes, atol=1e-12)

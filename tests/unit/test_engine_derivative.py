"""Symbolic derivatives against complex steps and differences; formulas in machine code against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from her2sim.engine import compile_model
from her2sim.engine.python_source import evaluate
from her2sim.model.derivative import TIME_KEY, derivative, gradients
from her2sim.model.expression import TIME, ZERO, Expr, call, const, hill, power, select, sym
from her2sim.model.system import Assignment, OdeSystem, Parameter, State

NAMES = ("x", "y", "z")
X, Y, Z = map(sym, NAMES)
SMOOTH = [
    X * Y * Z, X / (Y + Z), power(X, Y), power(X, 2.5), power(X, -3.0), hill(X, Y, Z), call("exp", -X * Y),
    call("ln", X + Y), call("sqrt", X * Y + Z), call("sin", X) * call("cos", Y), call("tan", X * 0.3),
    call("asin", X * 0.1), call("acos", Y * 0.1), call("atan", X / Y), call("sinh", X), call("cosh", Y),
    call("tanh", X - Y), call("asinh", X), call("acosh", X + 1.5), call("atanh", Z * 0.1),
    select(call("lt", X, Y), X * X, Y * X), call("min", X, Y, Z), call("max", X, Y * Z), call("abs", X - Y),
    power(X / Y, Z) * call("exp", Z) / (1.0 + power(Y, 0.25)),
]  # fmt: skip


def value(root: Expr, point: np.ndarray) -> float:
    return float(evaluate([root], NAMES, (), 0.7, point, ())[0])


@pytest.mark.parametrize("root", SMOOTH, ids=lambda r: r.op)
def test_derivatives_agree_with_central_differences(root: Expr) -> None:
    rng = np.random.default_rng(3)
    for _ in range(4):
        point = rng.uniform(0.4, 2.5, 3)
        for place, name in enumerate(NAMES):
            step = np.zeros(3)
            step[place] = 1e-5
            slope = (value(root, point + step) - value(root, point - step)) / 2e-5
            assert value(derivative(root, name), point) == pytest.approx(slope, rel=2e-7, abs=1e-8)


def test_the_derivative_by_time_leaves_out_what_depends_on_time_only_through_states() -> None:
    root = X * TIME * TIME + Y
    assert evaluate([derivative(root, TIME_KEY)], NAMES, (), 3.0, [2.0, 1.0, 1.0], ())[0] == 12.0
    assert derivative(Y, TIME_KEY) is ZERO


def test_only_entries_that_can_differ_from_zero_are_given() -> None:
    found = gradients([X * Y, Z - Z, call("floor", X)], NAMES)
    assert [sorted(g) for g in found] == [["x", "y"], [], []]


@pytest.mark.parametrize("exponent", [1.0, 1.5, 2.0, 2.7])
def test_the_slope_of_a_hill_curve_is_finite_at_a_state_of_zero(exponent: float) -> None:
    # a state that starts at 0 would otherwise make 0/0 in the Jacobian
    slope = derivative(hill(X, Y, sym("z")), "x")
    assert np.isfinite(value(slope, np.array([0.0, 2.0, exponent])))
    tiny = value(slope, np.array([1e-310, 2.0, exponent]))
    assert np.isfinite(tiny)


def random_formula(rng: np.random.Generator, depth: int) -> Expr:
    leaves = (sym("x"), sym("y"), sym("p"), sym("q"), const(float(rng.integers(-3, 4))), const(0.37), TIME)
    if depth == 0:
        return leaves[rng.integers(len(leaves))]
    parts = [random_formula(rng, depth - 1) for _ in range(3)]
    size = call("abs", parts[0]) + 0.2
    choices = (
        lambda: parts[0] + parts[1] - parts[2],
        lambda: parts[0] * parts[1] * 0.5,
        lambda: parts[0] / (call("abs", parts[1]) + 0.5),
        lambda: power(size, call("tanh", parts[1])),
        lambda: power(parts[0], float(rng.choice([2.0, 3.0, -1.0, 0.5, 1.25, -2.0]))),
        lambda: call("exp", call("sin", parts[0])),
        lambda: call("ln", size),
        lambda: select(call("gt", parts[0], parts[1]), parts[1], parts[2]),
        lambda: select(call("and", call("le", parts[0], 1.0), call("ne", parts[1], 2.0)), parts[2], 1.0),
        lambda: call("min", parts[0], parts[1], 3.0) + call("max", parts[2], -2.0),
        lambda: call("floor", parts[0]) + call("ceil", parts[1] * 0.7),
        lambda: call("xor", call("lt", parts[0], 0.0), call("not", call("eq", parts[1], parts[1]))) + parts[2],
    )
    return choices[rng.integers(len(choices))]()


def test_formulas_in_machine_code_give_what_numpy_gives() -> None:
    rng = np.random.default_rng(11)
    formulas = [random_formula(rng, depth) for depth in (1, 2, 3, 4) for _ in range(40)]
    system = OdeSystem(
        "formulas",
        (State("x", const(0.0), const(0.0)), State("y", const(0.0), const(0.0))),
        (Parameter("p", 1.0), Parameter("q", 1.0)),
        tuple(Assignment(f"f{i}", formula) for i, formula in enumerate(formulas)),
    )
    names = [f"f{i}" for i in range(len(formulas))]
    states, parameters = rng.normal(size=(40, 2)), rng.normal(size=(40, 2))
    parameters[:5] = np.round(parameters[:5])
    # the time of observation is the start, so that the states are as given
    found = compile_model(system, outputs=names, backend="llvm").solve(
        parameters, np.array([0.3]), initial=states, start=0.3
    )
    expected = evaluate(formulas, ("x", "y"), ("p", "q"), 0.3, states.T, parameters.T)
    for i, item in enumerate(expected):
        np.testing.assert_allclose(found.values[:, 0, i], np.broadcast_to(item, 40), rtol=1e-11, atol=1e-12)

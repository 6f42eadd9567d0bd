"""Forward sensitivities and steady states against closed forms and differences."""

from __future__ import annotations

import numpy as np
import pytest

from her2sim.core.errors import InputError
from her2sim.engine import DoseTable, compile_model
from her2sim.engine.sensitivity import with_sensitivities
from her2sim.engine.steady_state import steady_state
from her2sim.model.expression import TIME, call, const, hill, power, sym
from her2sim.model.system import Assignment, OdeSystem, Parameter, State

A, N = sym("A"), sym("N")
MODEL = OdeSystem(
    "kill",
    (
        State("A", const(0.0), -sym("k") * A),
        State(
            "N", sym("N0"), sym("kg") * N * (1.0 - power(N / 300.0, 0.25)) - hill(A, sym("EC50"), sym("h")) * N * 0.2
        ),
    ),
    tuple(Parameter(n, v) for n, v in {"k": 0.3, "N0": 20.0, "kg": 0.05, "EC50": 4.0, "h": 1.6}.items()),
    (Assignment("burden", N * N / (1.0 + sym("EC50"))),),
)
NAMES = MODEL.parameter_names
VALUES = np.array([p.value for p in MODEL.parameters])
TIMES = np.linspace(0.0, 40.0, 9)
DOSES = DoseTable(
    np.array([0, 0]), np.array([0.0, 14.0]), np.array([0, 0]), np.array([10.0, 6.0]), np.array([0.0, 1.0])
)


def course(values: np.ndarray) -> np.ndarray:
    model = compile_model(MODEL, outputs=["A", "N", "burden"])
    return model.solve(values[None], TIMES, doses=DOSES, rtol=1e-11, atol=1e-13).values[0]


def test_sensitivities_agree_with_central_differences_through_doses_and_infusions() -> None:
    extended = with_sensitivities(MODEL, NAMES, of=["burden"])
    outputs = [f"d_{q}_by_{p}" for p in NAMES for q in ("A", "N", "burden")]
    found = compile_model(extended, outputs=outputs).solve(VALUES[None], TIMES, doses=DOSES, rtol=1e-9, atol=1e-11)
    for place in range(len(NAMES)):
        step = np.zeros(len(NAMES))
        step[place] = 1e-4 * VALUES[place]
        slope = (course(VALUES + step) - course(VALUES - step)) / (2.0 * step[place])
        block = found.values[0, :, 3 * place : 3 * place + 3]
        np.testing.assert_allclose(block, slope, rtol=2e-5, atol=1e-5 * np.max(np.abs(slope)))


def test_a_sensitivity_by_an_initial_value_starts_at_one() -> None:
    extended = with_sensitivities(MODEL, ["N0"])
    start = compile_model(extended).solve(VALUES[None], np.array([0.0])).values[0, 0]
    assert dict(zip(extended.state_names, start, strict=True)) == {
        "A": 0.0,
        "N": 20.0,
        "d_A_by_N0": 0.0,
        "d_N_by_N0": 1.0,
    }


def test_a_parameter_that_decides_when_a_rate_switches_is_refused() -> None:
    rate = call("select", call("lt", TIME, sym("until")), const(2.0), const(0.0))
    switched = OdeSystem("switched", (State("x", const(0.0), rate),), (Parameter("until", 3.0), Parameter("q", 1.0)))
    with pytest.raises(InputError, match="until decides when"):
        with_sensitivities(switched, ["until"])
    assert with_sensitivities(switched, ["q"]).state_names == ("x", "d_x_by_q")


def test_unknown_names_are_refused() -> None:
    with pytest.raises(InputError, match="'kk' is not in model kill"):
        with_sensitivities(MODEL, ["kk"])


def receptor() -> OdeSystem:
    """Turnover of R, and a closed cycle P <-> Q whose total is conserved."""
    r, p, q = map(sym, "RPQ")
    return OdeSystem(
        "receptor",
        (
            State("R", const(1.0), sym("syn") - sym("deg") * r - 0.01 * r * r),
            State("P", const(3.0), -sym("on") * p * r + 2.0 * q),
            State("Q", const(1.0), sym("on") * p * r - 2.0 * q),
        ),
        (Parameter("syn", 1.0), Parameter("deg", 0.1), Parameter("on", 0.5)),
    )


def test_steady_states_are_exact_and_keep_conserved_totals() -> None:
    table = np.array([[1.0, 0.1, 0.5], [50.0, 3.0, 0.02], [0.02, 1e-3, 7.0]])
    found = steady_state(receptor(), table)
    syn, deg, on = table.T
    r = (-deg + np.sqrt(deg * deg + 0.04 * syn)) / 0.02
    p = 4.0 * 2.0 / (2.0 + on * r)
    assert found.found.all()
    np.testing.assert_allclose(found.states, np.stack([r, p, 4.0 - p], axis=1), rtol=1e-6)
    assert np.all(found.unrest < 1e-2)


def test_a_model_that_never_rests_is_reported_and_not_invented() -> None:
    growing = OdeSystem("growing", (State("x", const(1.0), sym("k") * sym("x")),), (Parameter("k", 1.0),))
    found = steady_state(growing, np.array([[0.1], [-0.1]]), longest_time=1000.0)
    assert found.found.tolist() == [False, True]
    assert np.isnan(found.states[0, 0])
    assert abs(found.states[1, 0]) < 1e-6


def test_a_model_with_explicit_time_has_no_steady_state() -> None:
    with pytest.raises(InputError, match="explicit time"):
        steady_state(OdeSystem("t", (State("x", const(1.0), TIME - sym("x")),), ()), np.zeros((1, 0)))

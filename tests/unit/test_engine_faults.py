"""What goes wrong for one patient is reported for that patient, with time, state and reason; nothing else breaks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from her2sim.core.errors import InputError
from her2sim.engine import NOT_FINITE, OK, STEP_TOO_SMALL, TOO_MANY_STEPS, DoseTable, compile_model, native
from her2sim.engine.interface import CompiledModel
from her2sim.model.expression import Expr, call, const, power, sym
from her2sim.model.system import Event, OdeSystem, Parameter, State

X, K = sym("x"), sym("k")
BACKENDS = ("llvm", "reference")


def one(rate: Expr, start: float = 1.0, backend: str = "llvm") -> CompiledModel:
    return compile_model(OdeSystem("one", (State("x", const(start), rate),), (Parameter("k", 1.0),)), backend=backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_parameter_that_is_no_number_fails_its_patient_alone(backend: str) -> None:
    found = one(-K * X, backend=backend).solve(np.array([[0.5], [np.nan], [np.inf], [1.0]]), np.array([0.0, 1.0]))
    assert found.status.tolist() == [OK, NOT_FINITE, NOT_FINITE, OK]
    assert np.isnan(found.values[1:3]).all()
    np.testing.assert_allclose(found.values[[0, 3], 1, 0], np.exp([-0.5, -1.0]), rtol=1e-5)


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_initial_value_or_a_dose_that_is_no_number_names_its_state(backend: str) -> None:
    doses = DoseTable(np.array([1]), np.array([0.5]), np.array([0]), np.array([np.nan]), np.array([0.0]))
    found = one(-K * X, backend=backend).solve(
        np.ones((3, 1)), np.array([0.0, 1.0]), initial=np.array([[np.nan], [1.0], [1.0]]), doses=doses
    )
    assert found.status.tolist() == [NOT_FINITE, NOT_FINITE, OK]
    assert found.fail_state.tolist() == [0, 0, -1]
    assert found.fail_time[:2].tolist() == [0.0, 0.5]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_solution_that_explodes_fails_at_its_singularity(backend: str) -> None:
    # x' = k x² from 1 is infinite at 1/k
    found = one(K * X * X, backend=backend).solve(np.array([[0.5], [2.0], [4.0]]), np.linspace(0.0, 1.0, 11))
    assert found.status[0] == OK
    assert set(found.status[1:].tolist()) <= {NOT_FINITE, STEP_TOO_SMALL}
    np.testing.assert_allclose(found.fail_time[1:], [0.5, 0.25], rtol=1e-3)
    assert found.fail_state[1:].tolist() == [0, 0]
    np.testing.assert_allclose(found.values[1, :5, 0], 1.0 / (1.0 - 2.0 * np.linspace(0.0, 0.4, 5)), rtol=1e-3)
    assert np.isnan(found.values[1, 6:, 0]).all()


@pytest.mark.parametrize("backend", BACKENDS)
def test_exponential_growth_beyond_the_largest_number_is_reported(backend: str) -> None:
    found = one(K * X, backend=backend).solve(np.array([[1.0], [10.0]]), np.array([0.0, 50.0, 100.0]), rtol=1e-4)
    assert found.status[0] == OK
    assert found.status[1] in (NOT_FINITE, STEP_TOO_SMALL)
    assert found.fail_time[1] == pytest.approx(np.log(np.finfo(float).max) / 10.0, rel=0.02)


def test_a_power_law_survives_a_state_that_numerics_push_below_zero() -> None:
    # x' = -k x^1.5 decays to 0, where overshoot would make the power NaN
    found = one(-K * power(X, 1.5)).solve(
        np.array([[1.0], [50.0], [2000.0]]), np.array([0.0, 10.0, 1000.0]), rtol=1e-3, atol=1e-3
    )
    assert found.status.tolist() == [OK, OK, OK]
    exact = (1.0 + 0.5 * np.array([1.0, 50.0, 2000.0])[:, None] * [0.0, 10.0, 1000.0]) ** -2.0
    np.testing.assert_allclose(found.values[:, :, 0], exact, atol=5e-3)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_rate_that_is_no_number_at_the_start_is_blamed_on_its_state(backend: str) -> None:
    a, b = State("a", const(1.0), -sym("a")), State("b", const(-1.0), call("ln", sym("b")))
    found = compile_model(OdeSystem("two", (a, b), ()), backend=backend).solve(np.zeros((1, 0)), np.array([1.0]))
    assert found.status.tolist() == [NOT_FINITE]
    assert found.fail_state.tolist() == [1]


def test_a_jacobian_that_makes_the_matrix_singular_only_shortens_a_step() -> None:
    # x' = k x has W = 1/(h gamma) - k: singular for h = 1/(gamma k); a jump of a rate hides it from the error estimate
    rates = [power(X, 1.0) * K * call("select", call("lt", X, 2.0), const(4.0), const(4.0))]
    found = one(rates[0]).solve(np.linspace(0.1, 5.0, 40)[:, None], np.array([1.0]), rtol=1e-3)
    assert not found.status.any()
    np.testing.assert_allclose(found.values[:, 0, 0], np.exp(4.0 * np.linspace(0.1, 5.0, 40)), rtol=0.05)


def test_a_model_whose_jacobian_is_zero_is_solved() -> None:
    found = one(K).solve(np.array([[2.0]]), np.array([0.0, 3.0]))
    np.testing.assert_allclose(found.values[0, :, 0], [1.0, 7.0], rtol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_limit_of_steps_ends_a_patient_with_what_it_has(backend: str) -> None:
    found = one(call("cos", 300.0 * call("ln", 1.0 + X * X)) - X, backend=backend).solve(
        np.ones((1, 1)), np.array([0.0, 1e-9, 1e6]), rtol=1e-9, max_steps=7
    )
    assert found.status.tolist() == [TOO_MANY_STEPS]
    assert found.steps[0] <= 7
    assert found.values[0, 0, 0] == 1.0 and np.isnan(found.values[0, 2, 0])


@pytest.mark.parametrize("backend", BACKENDS)
def test_doses_a_moment_apart_and_of_no_amount_are_no_obstacle(backend: str) -> None:
    when = np.array([1.0, np.nextafter(1.0, 2.0), 1.0 + 1e-12, 1.0, 2.0])
    doses = DoseTable(
        np.zeros(5, int),
        when,
        np.zeros(5, int),
        np.array([1.0, 1.0, 1.0, 0.0, 1.0]),
        np.array([0.0, 0.0, 1e-13, 0.0, 1e-300]),
    )
    found = one(-K * X, 0.0, backend).solve(np.ones((1, 1)), np.array([0.0, 1.0, 2.0, 3.0]), doses=doses, rtol=1e-8)
    expected = [0.0, 0.0, 3.0 * np.exp(-1.0), 3.0 * np.exp(-2.0) + np.exp(-1.0)]
    np.testing.assert_allclose(found.values[0, :, 0], expected, rtol=1e-6)


def test_models_without_states_and_populations_without_patients_or_times_are_solved() -> None:
    empty = OdeSystem("empty", (), (Parameter("k", 3.0),))
    found = compile_model(empty, outputs=["k"]).solve(np.array([[1.0], [2.0]]), np.array([0.0, 1.0]))
    assert found.values[:, :, 0].tolist() == [[1.0, 1.0], [2.0, 2.0]]
    model = one(-K * X)
    assert model.solve(np.zeros((0, 1)), np.array([0.0, 1.0])).values.shape == (0, 2, 1)
    assert model.solve(np.ones((2, 1)), np.zeros(0)).values.shape == (2, 0, 1)


def test_a_million_doses_are_put_in_order_and_given() -> None:
    patients, each = 1000, 1000
    rng = np.random.default_rng(2)
    order = rng.permutation(patients * each)
    who, when = np.repeat(np.arange(patients), each)[order], np.tile(np.arange(each) * 0.1, patients)[order]
    doses = DoseTable(who, when, np.zeros_like(who), np.ones(len(who)), np.zeros(len(who)))
    found = one(const(0.0), 0.0).solve(np.ones((patients, 1)), np.array([50.05, 200.0]), doses=doses, rtol=1e-2)
    np.testing.assert_allclose(found.values[:, :, 0], np.tile([501.0, 1000.0], (patients, 1)), rtol=1e-12)


def test_events_are_refused_with_a_way_out() -> None:
    event = Event("e", call("gt", X, 1.0), (("x", const(0.0)),))
    with pytest.raises(InputError, match="dose table"):
        compile_model(OdeSystem("events", (State("x", const(0.0), K),), (Parameter("k", 1.0),), events=(event,)))


def test_a_cache_that_cannot_be_written_or_is_damaged_is_harmless(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    solve = np.array([[0.25]]), np.array([2.0])
    expected = one(-K * X * 1.5).solve(*solve).values
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    np.testing.assert_array_equal(one(-K * X * 1.5).solve(*solve).values, expected)
    kept = list(native.cache_folder().glob("*.o"))
    assert len(kept) == 2  # the code, and what it takes for granted
    for path in kept:
        path.write_bytes(path.read_bytes()[:-30] + bytes(30))
    np.testing.assert_array_equal(one(-K * X * 1.5).solve(*solve).values, expected)

"""States that cannot become negative are recognized, and only those; powers then survive numerical undershoot."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2sim.engine import NOT_FINITE, DoseTable, compile_model
from her2sim.engine.bounds import NOT_NEGATIVE, bounds
from her2sim.engine.equations import equations_of
from her2sim.engine.positivity import Premise, guarded, never_negative
from her2sim.engine.python_source import evaluate
from her2sim.engine.vector_model import VectorModel
from her2sim.model.expression import Expr, call, const, exp, hill, power, select, sym, walk
from her2sim.model.system import OdeSystem, Parameter, State

C, M, N, K, H = map(sym, ("C", "M", "N", "k", "h"))


def system(**rates: Expr) -> OdeSystem:
    states = tuple(State(name, const(1.0), rate) for name, rate in rates.items())
    return OdeSystem("s", states, (Parameter("k", 5.0), Parameter("h", 1.3)))


def names(model: OdeSystem) -> list[str]:
    equations = equations_of(model)
    found = never_negative(equations, dict.fromkeys(equations.positive, NOT_NEGATIVE))
    return [equations.states[i] for i in found]


def test_mass_action_turnover_and_saturable_loss_keep_states_from_below_zero() -> None:
    binding = K * C * M - 2.0 * N
    assert names(system(C=-binding - K * C / (H + C), M=3.0 - binding, N=binding)) == ["C", "M", "N"]


def test_a_loss_that_does_not_vanish_with_its_state_is_seen() -> None:
    assert names(system(C=-K, M=K * C - M)) == []  # C falls below 0, and then may pull M along
    assert names(system(C=1.0 - K * M, M=-M, N=-N)) == ["M", "N"]


def test_one_minus_an_occupied_share_is_not_negative() -> None:
    share = hill(C, H, 2.0)
    assert names(system(C=-C, M=K * (1.0 - share) - M)) == ["C", "M"]
    assert names(system(C=-C, M=K * (1.0 - 1.1 * share) - M)) == ["C"]


FORMULAS = [
    hill(C, K, 1.7) - 0.5, (C - M) * (C - M), C / (C + M + 1.0), C / (C + exp(M) - 0.5), call("abs", C - M),
    call("min", C, M, 2.0), call("max", -C, -1.0), select(call("lt", C, M), C, -M), call("sqrt", C + 2.0),
    power(C / (1.0 + C), K), power(-C, 2.0), power(-C, 3.0), 1.0 / (K + C) - K * M, call("tanh", C - M), -C * M * K,
    call("ln", 1.0 + C), call("cosh", M) - 1.0, (-C) / (K + M), exp(-C * M),
]  # fmt: skip


@given(st.lists(st.floats(0.0, 50.0), min_size=3, max_size=3))
@settings(max_examples=100, deadline=None)
def test_values_lie_within_their_bounds(point: list[float]) -> None:
    ranges = bounds(walk(FORMULAS), dict.fromkeys(("C", "M", "k"), NOT_NEGATIVE))
    for formula, value in zip(FORMULAS, evaluate(FORMULAS, ("C", "M"), ("k",), 0.0, point[:2], point[2:]), strict=True):
        low, high = ranges[id(formula)]
        if np.isfinite(value):
            assert low - 1e-12 * (1.0 + abs(low)) <= value <= high + 1e-9 * abs(high), formula


def decaying() -> OdeSystem:
    """A drug that decays to nothing within hours, with effects by powers with broken exponents."""
    return system(C=-K * C, M=C - 0.5 * M, N=0.01 * N - 0.2 * N * hill(C, 2.0, 1.7) - 0.1 * N * hill(M, 3.0, H))


@pytest.mark.parametrize("backend", ["llvm", "reference"])
def test_hill_curves_of_a_vanished_drug_do_not_fail(backend: str) -> None:
    patients = 24 if backend == "llvm" else 2
    rng = np.random.default_rng(0)
    table = np.stack([np.exp(rng.uniform(-2.0, 5.0, patients)), rng.uniform(1.05, 3.0, patients)], axis=1)
    who = np.repeat(np.arange(patients), 10)
    doses = DoseTable(
        who, np.tile(np.arange(10) * 21.0, patients), 0 * who, np.full(len(who), 100.0), np.zeros(len(who))
    )
    found = compile_model(decaying(), backend=backend).solve(
        table, np.array([300.0]), doses=doses, rtol=1e-4, atol=1e-6
    )
    assert not found.status.any()
    assert np.all(found.values[:, 0, 2] > 0.0)


def test_a_patient_that_is_truly_negative_is_solved_by_the_formulas_as_they_stand() -> None:
    model = compile_model(decaying(), backend="llvm")
    start = np.array([[1.0, 0.5, 1.0], [-1.0, 0.5, 1.0], [1.0, 0.5, 1.0], [1.0, 0.5, 1.0]])
    table = np.array([[5.0, 1.3], [5.0, 1.3], [5.0, 1.3], [-0.1, 1.3]])
    doses = DoseTable(np.array([2]), np.array([1.0]), np.array([1]), np.array([-9.0]), np.array([0.0]))
    found = model.solve(table, np.array([0.5, 2.0]), initial=start, doses=doses)
    assert found.status.tolist() == [0, NOT_FINITE, NOT_FINITE, 0]  # (-1)^1.7 is not a number, and must say so
    assert found.fail_time[2] == 1.0
    alone = model.solve(table[:1], np.array([0.5, 2.0]), initial=start[:1])
    np.testing.assert_array_equal(found.values[0], alone.values[0])


def test_a_model_from_the_cache_knows_its_premise_without_looking_for_it_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    model = system(C=-K * power(C, 1.7), M=-M)
    equations = equations_of(model)
    first = VectorModel(equations)
    premise = first.premise
    assert premise is not None and (premise.states, premise.parameters) == ((0, 1), (0, 1))
    asked, start = (np.array([[5.0, 1.3], [-0.1, 1.3]]), np.array([0.5])), np.array([[1.0, 1.0], [-1.0, 1.0]])
    expected = first.solve(*asked, initial=start)

    def never(equations: object) -> None:
        raise AssertionError("this takes longer than all else")

    with monkeypatch.context() as patch:
        patch.setattr("her2sim.engine.vector_model.guarded", never)
        again = VectorModel(equations)
        found = again.solve(*asked, initial=start)
        assert again.premise == premise
    np.testing.assert_array_equal(found.values, expected.values)
    assert found.status.tolist() == [0, NOT_FINITE]
    free = VectorModel(replace(equations, positive=()))  # same formulas, of parameters that may be negative
    assert free.premise == Premise((0, 1), ())


def test_nothing_is_continued_where_a_base_is_free_or_safe_anyway() -> None:
    assert guarded(equations_of(system(C=-power(M, 1.7), M=call("sin", C)))) is None
    assert guarded(equations_of(system(C=-C * power(M * M + 1.0, 0.3), M=-M))) is None
    assert guarded(equations_of(system(C=-C * power(M, 2.0), M=-M))) is None

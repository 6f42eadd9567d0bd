"""The planned elimination solves the system it was planned for, whatever the pattern."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2sim.engine import kernels, machine_code
from her2sim.engine.equations import equations_of
from her2sim.engine.factorization import factorize
from her2sim.engine.vector_model import VectorModel
from her2sim.model.expression import TIME, const, sym
from her2sim.model.system import OdeSystem, Parameter, State

PATTERN = st.integers(1, 12).flatmap(
    lambda n: st.tuples(st.just(n), st.sets(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1))))
)


@given(PATTERN, st.integers(0, 2**31))
@settings(max_examples=80, deadline=None)
def test_the_plan_factors_and_solves(pattern: tuple[int, set[tuple[int, int]]], seed: int) -> None:
    size, entries = pattern
    rng = np.random.default_rng(seed)
    matrix = np.zeros((size, size))
    for i, j in entries:
        matrix[i, j] = rng.uniform(-1.0, 1.0)
    matrix += np.diag(size + rng.uniform(1.0, 2.0, size))
    plan = factorize(size, entries)
    work, updates = matrix.copy(), 0
    for i in plan.order:
        for k in plan.lower[i]:
            work[i, k] /= work[k, k]
            for j in plan.upper[k]:
                assert (i, j) in plan.position  # fill-in has a place
                work[i, j] -= work[i, k] * work[k, j]
                updates += 1
    assert updates == plan.updates
    assert sorted(plan.order) == list(range(size))
    right = rng.normal(size=size)
    x = right.copy()
    for i in plan.order:
        x[i] -= sum(work[i, k] * x[k] for k in plan.lower[i])
    for i in reversed(plan.order):
        x[i] = (x[i] - sum(work[i, j] * x[j] for j in plan.upper[i])) / work[i, i]
    np.testing.assert_allclose(matrix @ x, right, atol=1e-10)


def test_an_arrow_is_eliminated_from_its_thin_end_without_fill_in() -> None:
    # the full row and column first would fill the whole matrix
    entries = {(0, j) for j in range(1, 20)} | {(j, 0) for j in range(1, 20)}
    plan = factorize(20, entries)
    assert len(plan.position) == 20 + 38
    assert 0 in plan.order[-2:]


def test_loops_over_tables_agree_with_straight_line_code_to_rounding(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # large models take the tables and cut kernels; a small one made to take them must not change
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    x = [sym(f"x{i}") for i in range(9)]
    flows = [sym("k") * x[i] * x[(i + 4) % 9] / (1.0 + x[(i + 1) % 9] + 0.1 * TIME) for i in range(9)]
    states = tuple(State(f"x{i}", const(1.0 + i), flows[i - 1] - flows[i]) for i in range(9))
    equations = equations_of(OdeSystem("ring", states, (Parameter("k", 0.5),)))
    given = np.linspace(0.1, 1.0, 5)[:, None], np.linspace(0.0, 4.0, 7)
    straight = VectorModel(equations).solve(*given)
    monkeypatch.setattr(kernels, "MOST_STRAIGHT_UPDATES", 0)
    monkeypatch.setattr(kernels, "LARGE", 0)
    monkeypatch.setattr(kernels, "CUT", 20)
    monkeypatch.setattr(machine_code, "read_cache", lambda key: None)
    tables = VectorModel(equations).solve(*given)
    assert not straight.status.any()
    np.testing.assert_allclose(tables.values, straight.values, rtol=1e-12)

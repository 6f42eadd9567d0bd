"""The planned elimination solves the system it was planned for, whatever the pattern."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from her2sim.engine.factorization import factorize

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

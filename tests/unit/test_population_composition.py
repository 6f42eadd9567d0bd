"""The mix of cells: raking, box probabilities, truncated draws, and the copula behind them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import truncnorm

from her2sim.population.composition import compose, rake, truncated
from her2sim.population.copula import combine, nearest_correlation

share = st.floats(0.02, 0.98)
RHO = np.array([[1.0, 0.5, -0.3], [0.5, 1.0, 0.2], [-0.3, 0.2, 1.0]])
HALVES = [np.array([-np.inf, 0.0, np.inf])] * 3


@settings(deadline=None)
@given(st.lists(st.floats(0.01, 1.0), min_size=8, max_size=8), share, share, share)
def test_raking_meets_margins_and_keeps_odds_ratios(cells: list[float], p: float, q: float, r: float) -> None:
    table = np.array(cells).reshape(2, 2, 2)
    fitted = rake(table, [np.array([1 - x, x]) for x in (p, q, r)])
    assert fitted[1].sum() == pytest.approx(p, abs=1e-11)
    assert fitted[:, 1].sum() == pytest.approx(q, abs=1e-11)
    assert fitted[:, :, 1].sum() == pytest.approx(r, abs=1e-11)

    def odds(t: np.ndarray) -> float:
        return float(t[0, 0, 0] * t[1, 1, 0] / (t[0, 1, 0] * t[1, 0, 0]))

    # the law of iterative proportional fitting: associations of the population survive
    assert odds(fitted) == pytest.approx(odds(table), rel=1e-6)


def test_a_trial_with_the_populations_own_shares_is_the_population() -> None:
    own = compose(("a", "b", "c"), RHO, HALVES, [np.array([0.5, 0.5])] * 3)
    z = own.draw(np.random.default_rng(1).standard_normal((40_000, own.normals_needed)))
    np.testing.assert_allclose(np.corrcoef(z.T), RHO, atol=0.02)
    np.testing.assert_allclose(z.mean(axis=0), 0.0, atol=0.02)
    np.testing.assert_allclose(z.std(axis=0), 1.0, atol=0.02)


def test_draws_stay_in_their_cell_and_cells_have_their_share() -> None:
    half = np.array([0.5, 0.5])
    mix = compose(("a", "b", "c"), RHO, HALVES, [np.array([0.1, 0.9]), half, np.array([1.0, 0.0])])
    z = mix.draw(np.random.default_rng(2).standard_normal((20_000, mix.normals_needed)))
    assert (z[:, 2] <= 0).all()
    assert np.mean(z[:, 0] > 0) == pytest.approx(0.9, abs=0.01)
    assert np.mean(z[:, 1] > 0) == pytest.approx(0.5, abs=0.015)


def test_quadrature_agrees_with_draws() -> None:
    mix = compose(("a", "b", "c"), RHO, HALVES, [np.array([0.2, 0.8]), np.array([0.7, 0.3]), np.array([0.4, 0.6])])
    z = mix.draw(np.random.default_rng(3).standard_normal((40_000, mix.normals_needed)))
    np.testing.assert_allclose(mix.weights @ mix.nodes, z.mean(axis=0), atol=0.02)
    np.testing.assert_allclose(mix.weights @ mix.nodes**2, (z**2).mean(axis=0), atol=0.03)
    assert mix.weights.sum() == pytest.approx(1.0, abs=1e-12)


@settings(deadline=None)
@given(st.floats(0.001, 0.999), st.floats(-9.0, 9.0), st.floats(0.01, 3.0))
def test_truncated_quantiles_keep_their_precision_in_the_tails(u: float, low: float, width: float) -> None:
    found = float(truncated(np.array([u]), np.array([low]), np.array([low + width]))[0])
    assert found == pytest.approx(float(truncnorm.ppf(u, low, low + width)), rel=1e-6, abs=1e-8)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-0.95, 0.95), min_size=10, max_size=10))
def test_the_nearest_correlation_matrix_is_one(entries: list[float]) -> None:
    matrix = np.eye(5)
    matrix[np.triu_indices(5, 1)] = entries
    matrix = np.triu(matrix) + np.triu(matrix, 1).T
    near = nearest_correlation(matrix)
    assert np.linalg.eigvalsh(near).min() > 0
    np.testing.assert_allclose(np.diag(near), 1.0, atol=1e-12)
    np.testing.assert_allclose(near, near.T, atol=1e-12)
    if np.linalg.eigvalsh(matrix).min() > 0.01:
        assert near.tolist() == matrix.tolist(), "a correlation matrix must be left as it is"


@settings(deadline=None)
@given(st.integers(1, 30))
def test_combinations_of_a_row_do_not_depend_on_the_other_rows(row: int) -> None:
    rng = np.random.default_rng(7)
    scores, coefficients = rng.standard_normal((31, 17)), rng.standard_normal((9, 17))
    whole = combine(scores, coefficients)
    assert combine(scores[row : row + 1], coefficients)[0].tolist() == whole[row].tolist()
    np.testing.assert_allclose(whole, scores @ coefficients.T, rtol=1e-12)

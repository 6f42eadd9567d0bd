"""Expectations of a pair: sham pairs and independent pairs are what each definition says they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2sim.core.errors import InputError
from her2sim.study.drug_pairs import hill_fit, loewe_expected, pair_excess

DOSES = np.concatenate([[0.0], np.geomspace(0.01, 1000.0, 11)])


def hill(dose: np.ndarray, half: float, power: float, top: float) -> np.ndarray:
    return top * dose**power / (half**power + dose**power)


curves = st.tuples(st.floats(0.3, 30.0), st.floats(0.7, 2.0), st.floats(0.3, 1.0))


@given(curve=curves)
@settings(deadline=None, max_examples=15)
def test_a_drug_with_itself_is_what_loewe_expects(curve: tuple[float, float, float]) -> None:
    fine = np.concatenate([[0.0], np.geomspace(0.01, 1000.0, 101)])
    surface = hill(fine[:, None] + fine[None, :], *curve)
    inside = surface < 0.97 * surface[-1, 0]  # beyond the top of the single curve there is no single dose
    expected = loewe_expected(fine, surface[:, 0], fine, surface[0, :])
    assert float(np.abs(surface - expected)[inside].max()) < 0.01


@given(first=curves, second=curves)
@settings(deadline=None, max_examples=8)
def test_independent_hill_curves_are_what_bliss_and_zip_expect(
    first: tuple[float, float, float], second: tuple[float, float, float]
) -> None:
    surface = 1.0 - np.outer(1.0 - hill(DOSES, *first), 1.0 - hill(DOSES, *second))
    excess = pair_excess(DOSES, DOSES, surface)
    assert float(np.abs(excess["Bliss"]).max()) < 1e-12
    assert float(np.abs(excess["ZIP"]).max()) < 2e-3
    assert np.all(excess["HSA"] >= -1e-12)


def test_a_drug_without_effect_changes_no_expectation() -> None:
    alone = hill(DOSES, 1.0, 1.0, 0.8)
    surface = np.tile(alone[:, None], (1, len(DOSES)))
    for values in pair_excess(DOSES, DOSES, surface).values():
        assert float(np.abs(values).max()) < 2e-3


def test_help_beyond_the_best_single_drug_is_positive_in_all_four() -> None:
    single = hill(DOSES, 1.0, 1.0, 0.2)
    surface = np.maximum(single[:, None], single[None, :]) + 0.5 * np.outer(single, single) / 0.04
    for name, values in pair_excess(DOSES, DOSES, surface).items():
        assert values[-1, -1] > 0.2, name


def test_hill_fit_returns_a_hill_curve() -> None:
    effects = 0.1 + (0.9 - 0.1) * hill(DOSES, 3.0, 1.4, 1.0)
    np.testing.assert_allclose(hill_fit(DOSES, effects, 0.1), effects, atol=1e-6)


def test_doses_that_do_not_start_at_zero_are_refused() -> None:
    with pytest.raises(InputError, match="ascend from 0"):
        pair_excess(DOSES[1:], DOSES, np.zeros((11, 12)))
    with pytest.raises(InputError, match="shape"):
        pair_excess(DOSES, DOSES, np.zeros((3, 3)))

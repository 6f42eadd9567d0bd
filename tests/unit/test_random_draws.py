"""Draws belong to (seed, patient, purpose): not to the other patients of a table, nor to what was done with it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from her2sim.core.random import LARGEST, normals, uniforms

Draw = Callable[[int, NDArray[np.int64], str, int], NDArray[np.float64]]
TABLES = pytest.mark.parametrize("draw", [normals, uniforms])


@TABLES
@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=6), st.integers(0, 5), st.integers(1, 4))
def test_a_row_is_the_same_in_any_company(draw: Draw, patients: list[int], seed: int, count: int) -> None:
    whole = draw(seed, np.array(patients), "test", count)
    for row, patient in enumerate(patients):
        assert np.array_equal(draw(seed, np.array([patient]), "test", count)[0], whole[row])
    assert np.array_equal(draw(seed, np.array(patients), "test", count + 1)[:, :count], whole)


@TABLES
def test_what_is_done_to_a_table_does_not_reach_the_next(draw: Draw) -> None:
    first = draw(1, np.arange(5), "test/kept", 3)
    kept = first.copy()
    first[:] = 7.0
    assert np.array_equal(draw(1, np.arange(5), "test/kept", 3), kept)


@TABLES
def test_a_table_too_large_to_be_kept_holds_the_same_draws(draw: Draw) -> None:
    large = draw(2, np.arange(LARGEST + 1), "test/large", 2)
    assert np.array_equal(large[:10], draw(2, np.arange(10), "test/large", 2))
    assert not np.array_equal(draw(3, np.arange(10), "test/large", 2), large[:10])
    assert not np.array_equal(draw(2, np.arange(10), "test/other", 2), large[:10])

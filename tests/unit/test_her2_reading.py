"""A laboratory's reading of HER2: rule of the guideline, edges of the population, order."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import norm

from her2sim.population.specification import load_specification
from her2sim.study.her2_reading import assay_numbers, edges_per_cell, her2_reading

CLASS_OF = {"IHC0": 0, "IHC0/ISH+": 0, "IHC1+": 1, "IHC1+/ISH+": 1, "IHC2+/ISH-": 2, "IHC2+/ISH+": 2, "IHC3+": 3}


def test_edges_lie_where_the_densities_of_the_populations_classes_cross() -> None:
    population = load_specification("breast", "metastatic-2L")
    shares = {name: q.value for name, q in population.covariate("her2_class").levels[()].items()}
    levels = population.covariate("her2_log10_per_cell").levels
    rows = list(zip(CLASS_OF.items(), levels.values(), strict=True))

    def density(wanted: int, x: float) -> float:
        return sum(
            shares[name] * norm.pdf(x, level["mean"].value, level["sd"].value)
            for (name, number), level in rows
            if number == wanted
        )

    for number, edge in enumerate(np.log10(edges_per_cell())):
        crossing = brentq(lambda x, n=number: density(n, x) - density(n + 1, x), edge - 0.3, edge + 0.3)
        assert edge == pytest.approx(crossing, abs=0.01)


@given(st.floats(3.0, 7.0))
def test_an_even_tumor_is_read_by_its_edge(level: float) -> None:
    edges = np.log10(edges_per_cell())
    found = her2_reading(np.ones((1, 1)), np.array([10.0**level]))
    if np.min(np.abs(edges - level)) > 1e-6:
        assert found.ihc[0] == np.sum(level > edges)


@given(st.lists(st.floats(0.0, 1.0), min_size=2, max_size=2), st.floats(1.1, 50.0))
def test_more_her2_is_never_read_as_less(shares: list[float], factor: float) -> None:
    volume = np.array([[shares[0] + 0.1, shares[1]]])
    low = her2_reading(volume, np.array([3e5, 2e4]))
    high = her2_reading(volume, factor * np.array([3e5, 2e4]))
    assert high.ihc[0] >= low.ihc[0] and high.ish_ratio[0] >= low.ish_ratio[0]


def test_a_tenth_of_strongly_stained_cells_makes_three_plus() -> None:
    spread = assay_numbers().value("ihc_cell_spread")
    very_high = float(edges_per_cell()[2]) * 10.0 ** (4 * spread)
    for share, wanted in ((0.15, 3), (0.05, 0)):
        found = her2_reading(np.array([[share, 1.0 - share]]), np.array([very_high, 1e3]))
        assert found.ihc[0] == wanted


def test_a_typical_ihc3_tumor_is_amplified_and_a_her2_low_one_is_not() -> None:
    found = her2_reading(np.ones((1, 1)), np.array([1e6]))
    assert found.words(0) == "IHC 3+, ISH ratio 6.0 (amplified)"
    assert her2_reading(np.ones((1, 1)), np.array([2e4])).words(0) == "IHC 1+, ISH ratio 1.1"


def test_too_little_tumor_gives_no_reading() -> None:
    found = her2_reading(np.full((1, 2), 1e-6), np.array([1e6, 1e4]))
    assert found.words(0) == "too little tumor for a biopsy" and math.isnan(found.per_cell[0])

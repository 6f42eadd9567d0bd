"""Draws of typical values per replicate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2sim.core.errors import InputError
from her2sim.core.quantity import Quantity
from her2sim.model.parameters import load_parameters
from her2sim.population.uncertainty import draw_typical_values

RATE = Quantity("rate", 2.0, "1/day", False, "assumed", uncertainty=0.3)
SHARE = Quantity("share", 0.1, "dimensionless", False, "assumed", "logitnormal", 1.0, uncertainty=0.5)


def test_replicate_zero_is_the_point_estimates() -> None:
    parameters = load_parameters().quantities
    assert draw_typical_values(parameters, 1, 0) == {name: q.value for name, q in parameters.items()}


def test_all_shipped_parameters_can_be_drawn_and_stay_within_their_bounds() -> None:
    parameters = load_parameters().quantities
    for replicate in (1, 2):
        drawn = draw_typical_values(parameters, 1, replicate)
        for name, q in parameters.items():
            if q.uncertainty:
                assert q.low <= drawn[name] <= q.high and drawn[name] != q.value, name
            else:
                assert drawn[name] == q.value, name


def test_draws_have_the_written_spread_on_their_scale() -> None:
    drawn = [draw_typical_values({"rate": RATE, "share": SHARE}, 1, r) for r in range(1, 2001)]
    rate, share = np.array([d["rate"] for d in drawn]), np.array([d["share"] for d in drawn])
    assert np.median(rate) == pytest.approx(2.0, rel=0.03)
    assert np.std(np.log(rate)) == pytest.approx(0.3, rel=0.05)
    assert np.std(np.log(share / (1 - share))) == pytest.approx(0.5, rel=0.05)


@settings(deadline=None)
@given(st.integers(1, 10**6), st.integers(0, 10**6))
def test_a_draw_does_not_depend_on_the_other_parameters(replicate: int, seed: int) -> None:
    alone = draw_typical_values({"rate": RATE}, seed, replicate)["rate"]
    together = draw_typical_values({"share": SHARE, "rate": RATE}, seed, replicate)
    assert together["rate"] == alone


@settings(deadline=None)
@given(st.integers(1, 500))
def test_bounds_truncate_rather_than_pile_up(replicate: int) -> None:
    narrow = replace(RATE, low=1.9, high=2.1)
    value = draw_typical_values({"rate": narrow}, 3, replicate)["rate"]
    assert 1.9 < value < 2.1


@pytest.mark.parametrize("wrong", [replace(RATE, value=0.0), replace(RATE, low=3.0), replace(SHARE, value=1.0)])
def test_a_value_outside_its_own_range_is_refused(wrong: Quantity) -> None:
    with pytest.raises(InputError, match=wrong.name):
        draw_typical_values({wrong.name: wrong}, 1, 1)

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2sim.model.evaluate import evaluate
from her2sim.model.expression import sym
from her2sim.model.smooth import at_least_zero, positive_power, saturating


def value(expr: object, x: float) -> float:
    return float(evaluate([expr], {"x": np.array(x)})[0])  # type: ignore[list-item]


@given(st.floats(1e-6, 1e3), st.floats(0.3, 4.0))
def test_the_smooth_power_is_the_power_of_a_positive_number(x: float, n: float) -> None:
    assert value(positive_power(sym("x"), n), x) == pytest.approx(x**n, rel=1e-5)


@given(st.floats(-1e-9, 0.0), st.floats(0.5, 4.0))
def test_a_rounding_error_below_zero_stays_a_small_number(x: float, n: float) -> None:
    found = value(positive_power(sym("x"), n), x)
    assert np.isfinite(found) and 0.0 <= found < 1e-4


@given(st.floats(0.0, 1e6), st.floats(1.0, 3.0))
def test_saturation_lies_between_0_and_1_and_is_half_at_1(x: float, n: float) -> None:
    assert 0.0 <= value(saturating(sym("x"), n), x) <= 1.0
    assert value(saturating(sym("x"), n), 1.0) == pytest.approx(0.5)


def test_at_least_zero() -> None:
    assert value(at_least_zero(sym("x")), -2.0) == 0.0
    assert value(at_least_zero(sym("x")), 2.0) == 2.0

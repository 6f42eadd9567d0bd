"""RECIST 1.1 (Eisenhauer 2009, doi:10.1016/j.ejca.2008.10.026): 20 % in diameter is 73 % in volume, -30 % is -65 %."""

from __future__ import annotations

import numpy as np

from her2sim.model.lesions import diameter_mm


def test_a_rise_of_73_percent_in_volume_is_20_percent_in_diameter() -> None:
    before, after = diameter_mm(np.array([10.0, 10.0 * 1.728]))
    assert round(100 * (after / before - 1), 1) == 20.0


def test_a_fall_of_66_percent_in_volume_is_30_percent_in_diameter() -> None:
    before, after = diameter_mm(np.array([10.0, 10.0 * (1 - 0.657)]))
    assert round(100 * (after / before - 1), 1) == -30.0

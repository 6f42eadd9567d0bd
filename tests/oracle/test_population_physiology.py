"""Body-size and kidney formulas against values worked by hand from the papers."""

from __future__ import annotations

import numpy as np
import pytest

from her2sim.population.physiology import (
    body_surface_area_m2,
    creatinine_clearance_mL_per_min,
    lean_body_weight_kg,
)


def test_body_surface_area_as_in_Mosteller1987() -> None:
    # the letter's own form: sqrt(cm · kg / 3600); 180 cm and 80 kg give exactly 2 m²
    assert body_surface_area_m2(80.0, 180.0) == pytest.approx(2.0, rel=1e-12)


@pytest.mark.parametrize(
    ("weight", "height", "female", "lean"),
    [(70, 170, 0, 54.68), (70, 170, 1, 49.75), (100, 180, 0, 69.56), (50, 155, 1, 37.615)],
)
def test_lean_body_weight_as_in_Boer1984(weight: float, height: float, female: int, lean: float) -> None:
    assert lean_body_weight_kg(weight, height, female, formula="boer") == pytest.approx(lean, abs=1e-9)


@pytest.mark.parametrize(
    ("weight", "height", "female", "lean"),
    [(70, 170, 0, 9270 * 70 / (6680 + 216 * 70 / 1.7**2)), (70, 170, 1, 9270 * 70 / (8780 + 244 * 70 / 1.7**2))],
)
def test_lean_body_weight_as_in_Janmahasatian2005(weight: float, height: float, female: int, lean: float) -> None:
    assert lean_body_weight_kg(weight, height, female) == pytest.approx(lean, rel=1e-12)
    assert 0.5 * weight < lean < weight


def test_creatinine_clearance_as_in_CockcroftGault1976() -> None:
    assert creatinine_clearance_mL_per_min(40, 72, 1.0, 0) == pytest.approx(100.0)
    assert creatinine_clearance_mL_per_min(40, 72, 1.0, 1) == pytest.approx(85.0)
    assert creatinine_clearance_mL_per_min(40, 72, 2.0, 0) == pytest.approx(50.0)


def test_women_and_men_are_told_apart_within_one_array() -> None:
    lean = lean_body_weight_kg(np.full(3, 70.0), np.full(3, 170.0), np.array([0, 1, 0]))
    assert lean[0] == lean[2] > lean[1]

"""Predictions at the site of action against published figures that set no parameter of their modules."""

from __future__ import annotations

import pytest

from her2sim.study.site_predictions import predictions

Predictions = dict[str, float]


@pytest.fixture(scope="module")
def found() -> Predictions:
    return predictions()


def test_dxd_in_plasma_as_in_the_enhertu_label(found: Predictions) -> None:
    """Cycle 3 at 5.4 mg/kg: peak 4.7 ng/mL (CV 43 %), area 29 ng·day/mL (CV 42 %)."""
    assert found["dxd_peak_cycle_3"] == pytest.approx(4.7, rel=0.15)
    assert found["dxd_area_cycle_3"] == pytest.approx(29.0, rel=0.15)


def test_dxd_in_plasma_as_in_Doi2017(found: Predictions) -> None:
    """Cycle 1 at 6.4 mg/kg, points of the plot: peak 6.56 ng/mL, area 35.8 ng·day/mL."""
    assert found["dxd_peak_cycle_1"] == pytest.approx(6.56, rel=0.15)
    assert found["dxd_area_cycle_1"] == pytest.approx(35.8, rel=0.15)


def test_payload_stays_in_tumor_cells_as_in_PMID32306807(found: Predictions) -> None:
    """Mice: at least five times the exposure of normal tissues."""
    assert found["dxd_tumor_over_plasma"] > 5.0


def test_soluble_her2_before_therapy_as_in_Lu2014(found: Predictions) -> None:
    """671 patients of the T-DM1 trials: median 25, 95th percentile 332 ng/mL. The shedding rate is assumed, so only the
    order can be asked for: a factor of two."""
    assert 12.5 < found["soluble_median"] < 50.0
    assert 166.0 < found["soluble_p95"] < 664.0


def test_soluble_her2_falls_in_most_patients_as_in_Ali2008(found: Predictions) -> None:
    """307 patients, recalled: a fall by a fifth or more in 62 %."""
    assert 50.0 < found["soluble_declining"] < 95.0


def test_her2_outside_the_brain_is_saturated_near_the_target_trough_as_in_Quartino2016(found: Predictions) -> None:
    """Target trough 20 mg/L, below the trough of 44 mg/L that most patients reach."""
    assert 10.0 < found["plasma_for_90_percent"] < 44.0
    assert found["occupancy_trough"] > 90.0
    assert found["occupancy_trough_brain"] < 0.5 * found["occupancy_trough"]


def test_receptors_at_the_surface_move_as_in_Scaltriti2009_and_Weisser2023(found: Predictions) -> None:
    assert found["surface_lapatinib"] > 10.0
    assert found["surface_zanidatamab"] < found["surface_trastuzumab"] < 0.0
    assert found["shedding_left"] < 10.0

"""Scan calendar and follow-up: a patient's visits depend on nothing but the seed and the patient."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2sim.trial.calendar import planned_scans, visit_days
from her2sim.trial.withdrawal import follow_up_days

OBSERVATION = {
    "visit_jitter_days": 3.0,
    "missed_visit_probability": 0.1,
    "withdrawal_rate_per_day": 1e-3,
    "follow_up_spread": 0.25,
}


def test_an_interval_that_changes_takes_effect_from_its_day_on() -> None:
    # HER2CLIMB: every 6 weeks until week 24, then every 9 weeks
    assert planned_scans([(0, 42), (168, 63)], 300).tolist() == [0, 42, 84, 126, 168, 231, 294]


@given(st.integers(0, 2**31), st.floats(5, 100), st.integers(1, 30))
def test_visits_stay_in_order_and_the_baseline_is_always_done(seed: int, interval: float, count: int) -> None:
    planned = planned_scans([(0, interval)], interval * count)
    days = visit_days(planned, OBSERVATION, seed=seed, patients=np.arange(5))
    assert (days[:, 0] == 0).all()
    for row in days:
        assert (np.diff(row[~np.isnan(row)]) > 0).all()


def test_visits_of_a_patient_do_not_depend_on_who_else_is_simulated() -> None:
    planned = planned_scans([(0, 42)], 400)
    together = visit_days(planned, OBSERVATION, seed=1, patients=np.array([3, 7, 9]))
    alone = visit_days(planned, OBSERVATION, seed=1, patients=np.array([7]))
    np.testing.assert_array_equal(together[1], alone[0])


def test_missed_visits_come_at_the_stated_rate() -> None:
    days = visit_days(np.arange(0, 4200, 42.0), OBSERVATION, seed=1, patients=np.arange(200))
    assert np.isnan(days[:, 1:]).mean() == pytest.approx(0.1, abs=0.01)


def test_withdrawal_is_exponential_and_cutoffs_center_on_the_follow_up() -> None:
    withdrawal, cutoff = follow_up_days(1000.0, OBSERVATION, seed=2, patients=np.arange(4000))
    assert np.median(withdrawal) == pytest.approx(np.log(2) / 1e-3, rel=0.05)
    assert cutoff.min() >= 750 and cutoff.max() <= 1250
    assert np.median(cutoff) == pytest.approx(1000, rel=0.02)

"""Death: the law of the cumulative hazard, and what it depends on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2sim.model.parameters import load_parameters
from her2sim.trial.mortality import (
    ahead,
    cumulative,
    death_hazard,
    death_levels,
    frailties,
    susceptibilities,
    time_at,
    value_at,
)

VALUES = {name: q.value for name, q in load_parameters().quantities.items()}
DAYS = np.arange(0.0, 36525.0, 30.0)[None, :]


def hazard(body: float, cns: float = 0.0, age: float = 60.0) -> float:
    one = np.ones((1, 1))
    found = death_hazard(np.zeros((1, 1)), body * one, cns * one, np.array([age]), np.ones(1), VALUES)
    return float(found[0, 0])


def test_hazard_at_the_reference_burden_is_the_stated_rate() -> None:
    expected = VALUES["background_death_rate_at_60_per_day"] + VALUES["death_rate_at_reference_burden_per_day"]
    assert hazard(VALUES["reference_burden_mL"]) == pytest.approx(expected)


def test_background_mortality_doubles_every_stated_number_of_years() -> None:
    step = VALUES["background_death_doubling_years"]
    assert hazard(0.0, age=60 + step) == pytest.approx(2 * hazard(0.0, age=60))


def test_hazard_rises_with_a_power_of_burden_and_not_faster_than_volume_squared() -> None:
    background = hazard(0.0)
    ratio = (hazard(300.0) - background) / (hazard(100.0) - background)
    assert ratio == pytest.approx(3.0 ** VALUES["burden_exponent"])
    assert 1.5 < ratio < 9.0


def test_tumor_in_the_brain_adds_its_own_hazard() -> None:
    assert hazard(50.0, cns=10.0) - hazard(50.0) == pytest.approx(VALUES["death_rate_at_reference_cns_per_day"])


def test_under_a_constant_hazard_deaths_are_exponential() -> None:
    rate, n = 1e-3, 3000
    days = np.broadcast_to(DAYS, (n, DAYS.shape[1]))
    total = cumulative(days, np.full(days.shape, rate))
    death = time_at(days, total, death_levels(4, np.arange(n)))
    assert np.median(death) == pytest.approx(np.log(2) / rate, rel=0.05)
    assert np.mean(death) == pytest.approx(1 / rate, rel=0.05)


def test_the_hazard_used_up_before_a_day_and_the_day_it_is_used_up_agree() -> None:
    total = cumulative(DAYS, 1e-4 * np.sqrt(DAYS))
    level = np.array([0.37])
    assert value_at(DAYS, total, time_at(DAYS, total, level)) == pytest.approx(level)


def test_who_does_not_use_up_the_hazard_lives() -> None:
    total = cumulative(DAYS, np.full(DAYS.shape, 1e-9))
    assert np.isinf(time_at(DAYS, total, np.array([1.0]))).all()


def test_frailty_has_median_one() -> None:
    assert np.median(frailties(1, np.arange(4000), 0.5)) == pytest.approx(1.0, abs=0.04)


BURDEN = st.lists(st.floats(0.0, 5000.0), min_size=6, max_size=6)


def course_hazard(body: list[float]) -> np.ndarray:
    days = np.array([[0.0, 28.0, 42.0, 84.0, 300.0, 400.0]])
    volume = np.array([body])
    return death_hazard(days, volume, 0.0 * volume, np.array([55.0]), np.ones(1), VALUES)[0]


@given(BURDEN, st.floats(1.0, 10.0))
def test_the_hazard_never_falls_where_all_of_a_course_is_larger(body: list[float], factor: float) -> None:
    larger = course_hazard([factor * value for value in body])
    assert (larger >= course_hazard(body) * (1 - 1e-9)).all()


@given(BURDEN, st.integers(0, 5), st.floats(0.0, 5000.0))
def test_the_hazard_of_a_day_does_not_look_at_later_days(body: list[float], day: int, other: float) -> None:
    changed = [*body[: day + 1], *([other] * (5 - day))]
    np.testing.assert_array_equal(course_hazard(body)[: day + 1], course_hazard(changed)[: day + 1])


def test_a_growing_burden_kills_more_than_the_same_burden_that_stands_and_a_shrinking_one_less() -> None:
    grown, stands, shrunk = (
        course_hazard(way)[-1] for way in ([50.0] * 5 + [100.0], [100.0] * 6, [200.0] * 5 + [100.0])
    )
    assert grown > stands > shrunk


def test_without_a_lead_the_volume_is_that_of_the_day() -> None:
    days, volume = np.array([[0.0, 30.0, 60.0]]), np.array([[1.0, 5.0, 2.0]])
    np.testing.assert_array_equal(ahead(days, volume, 0.0), volume)


def test_gastric_cancer_kills_at_a_smaller_volume_by_the_stated_ratio() -> None:
    patients = np.arange(50)
    ratio = susceptibilities(4, patients, "gastric", VALUES) / susceptibilities(4, patients, "breast", VALUES)
    np.testing.assert_allclose(ratio, VALUES["death_rate_ratio_gastric"])


def test_where_all_of_a_line_failed_there_is_nobody_to_die() -> None:
    none = np.zeros((0, 5))
    assert death_hazard(none, none, none, np.zeros(0), np.zeros(0), VALUES).shape == (0, 5)

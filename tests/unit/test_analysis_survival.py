"""Laws of survival estimates that hold for all data."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2sim.analysis.hazard_ratio import hazard_ratio
from her2sim.analysis.kaplan_meier import (
    kaplan_meier,
    restricted_mean,
    risk_table,
    survival_at,
    survival_quantile,
)
from her2sim.analysis.logrank import logrank
from her2sim.analysis.rates import clopper_pearson, wilson
from her2sim.core.errors import InputError
from her2sim.core.random import stream

TIMES = st.lists(st.integers(1, 30), min_size=1, max_size=40)


def sample(seed: int, n: int = 60, ratio: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times, events and arm of a trial with tied times and a true hazard ratio."""
    random = stream(seed, 0, "test/survival")
    treated = random.random(n) < 0.5
    time = np.ceil(random.exponential(20.0, n) / np.where(treated, ratio, 1.0))
    return time, random.random(n) < 0.7, treated


@given(times=TIMES, seed=st.integers(0, 1000), confidence=st.sampled_from(["log-log", "log", "plain"]))
def test_a_curve_falls_from_one_within_its_limits_and_counts_everyone(
    times: list[int], seed: int, confidence: str
) -> None:
    event = stream(seed, 0, "test/events").random(len(times)) < 0.6
    curve = kaplan_meier(np.array(times, dtype=float), event, confidence=confidence)
    assert np.all(np.diff(np.concatenate([[1.0], curve.survival])) <= 1e-15)
    known = ~np.isnan(curve.low)
    assert np.all(curve.low[known] <= curve.survival[known] + 1e-12)
    assert np.all(curve.high[known] >= curve.survival[known] - 1e-12)
    assert np.all((curve.low[known] >= 0.0) & (curve.high[known] <= 1.0))
    assert curve.events.sum() + curve.censored.sum() == len(times)
    assert curve.at_risk[0] == len(times)
    np.testing.assert_array_equal(curve.at_risk[1:], curve.at_risk[:-1] - curve.events[:-1] - curve.censored[:-1])


@given(times=TIMES)
def test_without_censoring_it_is_the_share_still_free(times: list[int]) -> None:
    time = np.array(times, dtype=float)
    curve = kaplan_meier(time, np.ones(len(time), dtype=bool))
    for at in (0.5, 7.0, 15.0, 30.0):
        assert survival_at(curve, at).value == pytest.approx(np.mean(time > at))
    assert survival_quantile(curve).value == pytest.approx(np.median(time))
    assert restricted_mean(curve, 31.0).value == pytest.approx(time.mean())


@given(times=TIMES, seed=st.integers(0, 1000), factor=st.sampled_from([1 / 30.4375, 7.0]))
def test_the_unit_of_time_does_not_matter(times: list[int], seed: int, factor: float) -> None:
    time = np.array(times, dtype=float)
    event = stream(seed, 1, "test/events").random(len(times)) < 0.6
    one, other = kaplan_meier(time, event), kaplan_meier(time * factor, event)
    np.testing.assert_allclose(one.survival, other.survival)
    first, second = survival_quantile(one), survival_quantile(other)
    assert (first.value is None) == (second.value is None)
    if first.value is not None and second.value is not None:
        assert second.value == pytest.approx(first.value * factor)


@given(seed=st.integers(0, 5000))
@settings(max_examples=50)
def test_swapping_the_arms_inverts_the_hazard_ratio(seed: int) -> None:
    time, event, treated = sample(seed)
    one, other = hazard_ratio(time, event, treated), hazard_ratio(time, event, ~treated)
    assert (one.value is None) == (other.value is None)
    if one.value is not None and other.value is not None and one.low and other.high:
        assert one.value == pytest.approx(1.0 / other.value)
        assert one.low == pytest.approx(1.0 / other.high)


@given(seed=st.integers(0, 5000))
@settings(max_examples=50)
def test_only_the_order_of_times_matters_to_log_rank_and_hazard_ratio(seed: int) -> None:
    time, event, treated = sample(seed)
    stretched = np.exp(time / 20.0)
    assert hazard_ratio(time, event, treated).value == pytest.approx(hazard_ratio(stretched, event, treated).value)
    assert logrank(time, event, treated.astype(int)).chi2 == pytest.approx(
        logrank(stretched, event, treated.astype(int)).chi2
    )


def test_a_known_hazard_ratio_is_found_within_its_error() -> None:
    time, event, treated = sample(4, n=20_000, ratio=0.6)
    found = hazard_ratio(time, event, treated)
    assert found.value == pytest.approx(0.6, rel=0.05)


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    covered = 0
    for seed in range(300):
        time, event, treated = sample(seed, n=150, ratio=0.7)
        found = hazard_ratio(time, event, treated)
        assert found.low is not None and found.high is not None
        covered += found.low < 0.7 < found.high
    assert 0.90 <= covered / 300 <= 0.985


@pytest.mark.parametrize(
    ("time", "event", "treated", "reason"),
    [
        ([1, 2, 3], [0, 0, 0], [1, 0, 1], "no events"),
        ([1, 2, 3], [1, 1, 0], [1, 1, 1], "only one arm"),
        ([1, 2, 8, 9], [1, 1, 0, 0], [1, 1, 0, 0], "all events fall in the treated arm while both arms are at risk"),
        ([1, 2, 8, 9], [1, 1, 0, 1], [0, 0, 1, 1], "all events fall in the reference arm while both arms are at risk"),
        ([1, 5, 6], [0, 1, 1], [0, 1, 1], "no event while both arms are at risk"),
    ],
)
def test_without_an_estimate_there_is_a_reason_instead_of_a_number(
    time: list[int], event: list[int], treated: list[int], reason: str
) -> None:
    found = hazard_ratio(np.array(time, dtype=float), np.array(event, dtype=bool), np.array(treated, dtype=bool))
    assert (found.value, found.low, found.high, found.reason) == (None, None, None, reason)


def test_events_after_the_last_patient_of_the_other_arm_do_not_change_the_hazard_ratio() -> None:
    time, event, treated = sample(11)
    late = np.array([1000.0, 1001.0])
    more = hazard_ratio(np.concatenate([time, late]), np.append(event, [True, True]), np.append(treated, [True, True]))
    # they are at risk throughout, so compare with the same two patients censored
    same = hazard_ratio(
        np.concatenate([time, late]), np.append(event, [False, False]), np.append(treated, [True, True])
    )
    assert more.value == pytest.approx(same.value)


def test_log_rank_without_any_event_has_no_p_value() -> None:
    found = logrank(np.array([1.0, 2.0]), np.zeros(2, dtype=bool), np.array([0, 1]))
    assert (found.chi2, found.p_value) == (None, None)


def test_risk_table_agrees_with_counting_patients() -> None:
    time, event, _ = sample(3)
    table = risk_table(kaplan_meier(time, event), [0.0, 5.0, 12.0, 500.0])
    for row in table.itertuples():
        assert row.at_risk == (time >= row.time).sum()
        assert row.events == (event & (time <= row.time)).sum()
        assert row.censored == (~event & (time <= row.time)).sum()


def test_a_rate_beyond_the_last_patient_is_unknown_unless_no_one_is_left() -> None:
    open_end = kaplan_meier(np.array([1.0, 5.0]), np.array([True, False]))
    assert (survival_at(open_end, 6.0).value, survival_at(open_end, 5.0).value) == (None, 0.5)
    all_events = kaplan_meier(np.array([1.0, 5.0]), np.array([True, True]))
    assert survival_at(all_events, 6.0).value == 0.0


@pytest.mark.parametrize(
    ("time", "event", "words"),
    [
        ([], [], "no patient"),
        ([1.0, math.nan], [True, True], "missing or negative"),
        ([1.0, -2.0], [True, True], "missing or negative"),
        ([1.0, 2.0], [True], "shape"),
    ],
)
def test_times_that_cannot_be_analyzed_are_refused(time: list[float], event: list[bool], words: str) -> None:
    with pytest.raises(InputError, match=words):
        kaplan_meier(np.array(time, dtype=float), np.array(event, dtype=bool))


def test_an_unknown_type_of_limits_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match="log-log"):
        kaplan_meier(np.array([1.0]), np.array([True]), confidence="loglog")  # pyright: ignore[reportArgumentType]


@given(n=st.integers(1, 300), seed=st.integers(0, 1000))
def test_exact_limits_hold_their_own_tail_probabilities(n: int, seed: int) -> None:
    from scipy.stats import binom

    count = int(stream(seed, 0, "test/count").integers(0, n + 1))
    found = clopper_pearson(count, n)
    assert found.low is not None and found.high is not None
    if count > 0:
        assert binom.sf(count - 1, n, found.low) == pytest.approx(0.025, rel=1e-6)
    if count < n:
        assert binom.cdf(count, n, found.high) == pytest.approx(0.025, rel=1e-6)
    score = wilson(count, n)
    assert score.low is not None and score.high is not None
    assert 0.0 <= score.low <= count / n <= score.high <= 1.0


def test_an_impossible_count_is_refused() -> None:
    with pytest.raises(InputError, match="7 of 5"):
        clopper_pearson(7, 5)

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2sim.analysis.meta.comparisons import Comparison, completed, log_odds_ratios, log_ratio_error
from her2sim.analysis.meta.edges import edges, weights
from her2sim.core.errors import InputError

counts = st.tuples(st.integers(1, 40), st.integers(50, 400))


@settings(deadline=None)
@given(counts, counts, counts)
def test_log_odds_ratios_of_a_trial_with_three_arms_add_up(
    one: tuple[int, int], two: tuple[int, int], three: tuple[int, int]
) -> None:
    found = {(x.treatment, x.reference): x.effect for x in log_odds_ratios("S", {"A": one, "B": two, "C": three})}
    assert found["A", "B"] + found["B", "C"] == pytest.approx(found["A", "C"], abs=1e-12)


def test_an_empty_cell_is_corrected_in_all_arms_so_that_effects_still_add_up() -> None:
    found = {
        (x.treatment, x.reference): x.effect for x in log_odds_ratios("S", {"A": (0, 8), "B": (3, 8), "C": (4, 9)})
    }
    assert found["A", "B"] == pytest.approx(math.log((0.5 / 8.5) / (3.5 / 5.5)))
    assert found["A", "B"] + found["B", "C"] == pytest.approx(found["A", "C"])


def test_arms_that_all_responded_say_nothing() -> None:
    assert log_odds_ratios("S", {"A": (6, 6), "B": (6, 6)}) == ()


@given(st.floats(0.05, 5.0), st.floats(0.02, 1.0), st.sampled_from([0.8, 0.9, 0.95, 0.975]))
def test_the_error_of_a_ratio_is_found_again_from_its_interval(ratio: float, error: float, level: float) -> None:
    from statistics import NormalDist

    half = NormalDist().inv_cdf(0.5 + level / 2) * error
    found = log_ratio_error(ratio * math.exp(-half), ratio * math.exp(half), level)
    assert found == pytest.approx(error)


@settings(deadline=None)
@given(st.floats(-1, 1), st.floats(-1, 1), st.lists(st.floats(0.01, 0.1), min_size=3, max_size=3))
def test_a_completed_star_has_a_covariance(first: float, second: float, arms: list[float]) -> None:
    a, b, c = arms
    star = [
        Comparison("S", "A", "C", first, math.sqrt(a + c)),
        Comparison("S", "B", "C", second, math.sqrt(b + c)),
    ]
    found = completed(star, {"A": 100, "B": 100, "C": 100})
    assert [x.derived for x in found] == [False, False, True]
    assert found[-1].effect == pytest.approx(first - second)
    assert bool((weights(edges(found)) < math.inf).all())


def test_completion_knows_the_exact_variance_where_sizes_tell_it() -> None:
    star = [
        Comparison("S", "A", "C", 0.0, math.sqrt(1 / 50 + 1 / 200)),
        Comparison("S", "B", "C", 0.0, math.sqrt(0.015)),
    ]
    found = completed(star, {"A": 50, "B": 100, "C": 200})
    assert found[-1].std_error == pytest.approx(math.sqrt(1 / 50 + 1 / 100))


def test_a_study_that_does_not_hang_together_is_refused() -> None:
    apart = [Comparison("S", "A", "B", 0.0, 1.0), Comparison("S", "C", "D", 0.0, 1.0)]
    with pytest.raises(InputError, match="do not connect"):
        completed(apart, {})


@pytest.mark.parametrize("error", [0.0, -1.0, math.nan, math.inf])
def test_an_error_that_cannot_be_is_refused(error: float) -> None:
    with pytest.raises(InputError, match="cannot be pooled"):
        Comparison("S", "A", "B", 0.1, error)


def test_a_multi_arm_study_without_all_pairs_is_refused_with_the_way_out() -> None:
    star = [Comparison("S", "A", "C", 0.0, 1.0), Comparison("S", "B", "C", 0.0, 1.0)]
    with pytest.raises(InputError, match="completed"):
        edges(star)


def test_errors_of_a_multi_arm_study_that_contradict_each_other_are_refused() -> None:
    impossible = [
        Comparison("S", "A", "B", 0.0, 0.1),
        Comparison("S", "B", "C", 0.0, 0.1),
        Comparison("S", "A", "C", 0.0, 1.0),
    ]
    with pytest.raises(InputError, match="contradict"):
        weights(edges(impossible))

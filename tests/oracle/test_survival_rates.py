"""Intervals of proportions against published ones."""

from __future__ import annotations

import pytest

from her2sim.analysis.rates import clopper_pearson, rate_difference, wilson


@pytest.mark.parametrize(
    ("count", "n", "wilson_limits", "exact_limits"),
    [
        # table I: simple Wilson score (method 3) and Clopper-Pearson (method 5)
        (81, 263, (0.2553, 0.3662), (0.2527, 0.3676)),
        (15, 148, (0.0624, 0.1605), (0.0578, 0.1617)),
        (0, 20, (0.0000, 0.1611), (0.0000, 0.1684)),
        (1, 29, (0.0061, 0.1718), (0.0009, 0.1776)),
    ],
)
def test_single_proportions_as_in_Newcombe1998_two_sided_intervals_table1(
    count: int, n: int, wilson_limits: tuple[float, float], exact_limits: tuple[float, float]
) -> None:
    score, exact = wilson(count, n), clopper_pearson(count, n)
    assert (round(score.low or 0, 4), round(score.high or 0, 4)) == wilson_limits
    assert (round(exact.low or 0, 4), round(exact.high or 0, 4)) == exact_limits


@pytest.mark.parametrize(
    ("counts", "limits"),
    [
        # table II, method 10 (square and add, Wilson)
        ((56, 70, 48, 80), (0.0524, 0.3339)),
        ((9, 10, 3, 10), (0.1705, 0.8090)),
        ((10, 10, 0, 10), (0.6075, 1.0000)),
        ((0, 10, 0, 20), (-0.1611, 0.2775)),
    ],
)
def test_differences_as_in_Newcombe1998_independent_proportions_table2(
    counts: tuple[int, int, int, int], limits: tuple[float, float]
) -> None:
    found = rate_difference(*counts)
    assert (round(found.low or 0, 4), round(found.high or 0, 4)) == limits


def test_response_rate_of_a_published_arm_as_in_Cortes2022_DESTINY_Breast03() -> None:
    # NEJM 2022;386:1143: 208 of 261 patients responded, 79.7 % (95 % CI 74.3 to 84.4)
    found = clopper_pearson(208, 261).scaled(100)
    assert [round(bound or 0, 1) for bound in (found.value, found.low, found.high)] == [79.7, 74.3, 84.4]

from __future__ import annotations

import pytest

from her2sim.report.words import baseline_words, endpoint_words, interval_words, landmark, value_words


@pytest.mark.parametrize(
    ("endpoint", "words"),
    [
        ("ORR", "Objective response"),
        ("PFS_rate_12mo", "PFS at 12 months"),
        ("iDFS_rate_3y", "iDFS at 3 years"),
        ("CNS_PFS_median", "Median CNS PFS"),
        ("CNS_PFS_rate_12mo", "CNS PFS at 12 months"),
        ("ORR_unconfirmed", "Objective response, unconfirmed"),
        ("brand_new_thing", "brand new thing"),
    ],
)
def test_endpoints_in_words(endpoint: str, words: str) -> None:
    assert endpoint_words(endpoint) == words


def test_landmarks_in_days() -> None:
    assert landmark("PFS_rate_12mo") == ("PFS", pytest.approx(365.25))
    assert landmark("CNS_PFS_rate_6mo") == ("CNS_PFS", pytest.approx(182.625))
    assert landmark("PFS_median") is None


def test_values_that_do_not_exist_are_not_printed_as_nan() -> None:
    assert value_words(float("nan"), "months") == "–"
    assert value_words(None, "percent") == "–"
    assert interval_words(None) == ""
    assert interval_words((3.0, float("nan")), "months") == "3.0 to NR"
    assert interval_words((0.241, 0.409), "ratio") == "0.24 to 0.41"


def test_unknown_baseline_rows_stay_readable() -> None:
    assert baseline_words("ecog_1_pct") == "ecog 1 (%)"

"""Criteria of the WHO beside RECIST: the same tumor, judged by products of diameters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2sim.endpoints.readings import Readings
from her2sim.endpoints.recist import assess
from her2sim.endpoints.response import Response, is_in
from her2sim.endpoints.rules import criteria_rules
from her2sim.evidence.base import load_record
from her2sim.record.types import Assessment
from her2sim.report.protocol_words import assessment_lines
from her2sim.study.scans import as_read

RECIST, WHO = criteria_rules("RECIST 1.1"), criteria_rules("WHO")
SIZES = st.lists(st.lists(st.floats(10.0, 80.0), min_size=2, max_size=2), min_size=2, max_size=8)


def readings(sizes: list[list[float]]) -> Readings:
    mm = np.array([sizes])
    visits = mm.shape[1]
    return Readings(np.arange(visits)[None] * 42.0, mm, np.full((1, visits), 4), np.zeros((1, visits), dtype=bool))


def overall(sizes: list[list[float]], who: bool) -> list[str]:
    found = assess(readings(sizes), WHO if who else RECIST).visits.overall[0, 1:]
    return [Response(code).name for code in found]


def test_products_of_the_table_of_miller_1981() -> None:
    """PR: sum of products down by half. PD: one lesion up by a quarter, though the sum has not moved."""
    assert overall([[20.0, 20.0], [14.0, 14.3]], who=True) == ["SD"]
    assert overall([[20.0, 20.0], [14.0, 14.1]], who=True) == ["PR"]
    assert overall([[40.0, 10.0], [40.0, 11.1]], who=True) == ["SD"]
    assert overall([[40.0, 10.0], [38.0, 11.2]], who=True) == ["PD"]
    assert overall([[40.0, 10.0], [38.0, 11.2]], who=False) == ["SD"]
    assert overall([[40.0, 40.0], [20.0, 20.0], [22.4, 20.0]], who=True) == ["PR", "PD"]  # over its own smallest


@given(sizes=SIZES)
@settings(deadline=None, max_examples=200)
def test_progression_by_recist_is_never_before_progression_by_the_who(sizes: list[list[float]]) -> None:
    """A sum that grows by a fifth holds a lesion that grew by a fifth, so its product by 44 %."""
    by_who = assess(readings(sizes), WHO).visits.overall[0]
    by_recist = assess(readings(sizes), RECIST).visits.overall[0]
    first = [
        np.argmax(is_in(codes, Response.PD)) if is_in(codes, Response.PD).any() else 99 for codes in (by_who, by_recist)
    ]
    assert first[0] <= first[1]


@given(sizes=SIZES, scale=st.floats(0.5, 2.0))
@settings(deadline=None)
def test_products_do_not_depend_on_the_unit(sizes: list[list[float]], scale: float) -> None:
    larger = [[scale * mm for mm in visit] for visit in sizes]
    moved = [
        abs(after[k] / before[k] - WHO.progression_ratio**0.5) for before in sizes for after in sizes for k in (0, 1)
    ]
    if min(moved) > 1e-6:  # not at an edge, where rounding decides
        assert overall(larger, who=True) == overall(sizes, who=True)


def test_a_lesion_that_was_not_evaluated_does_not_count_as_grown() -> None:
    assert overall([[20.0, 20.0], [20.0, float("nan")]], who=True) == ["NE"]
    assert overall([[20.0, 20.0], [24.0, float("nan")]], who=True) == ["PD"]


def test_two_diameters_are_read_with_an_error_each() -> None:
    typical = {"measurement_sd_inv": 0.07, "nontarget_progression_ratio": 1.73, "nontarget_min_increase_mm": 5.0}
    found = as_read(typical, WHO)
    assert found["measurement_sd_inv"] == pytest.approx(0.07 / 2**0.5)
    assert found["nontarget_progression_ratio"] == pytest.approx(1.25**1.5)
    assert as_read(typical, RECIST) == typical


def test_trials_from_before_recist_are_judged_by_the_who_and_say_so() -> None:
    for trial in ("H0648g", "H0648g-paclitaxel", "H0649g", "H0650g"):
        assert load_record(trial).assessment.criteria == "WHO"
    assert load_record("EMILIA").assessment.criteria == "RECIST 1.1"
    plain = Assessment()
    assert any("WHO" in line for line in assessment_lines(replace(plain, criteria="WHO")))

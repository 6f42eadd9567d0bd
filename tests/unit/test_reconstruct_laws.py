"""Laws of reconstruction: no patient is lost, order does not matter, a perfect reading comes back as it was."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2sim.analysis.kaplan_meier import kaplan_meier
from her2sim.analysis.reconstruct.audit import audit, audit_hazard_ratio
from her2sim.analysis.reconstruct.guyot import rebuild
from her2sim.analysis.reconstruct.reconstruction import PublishedArm, reconstruct
from her2sim.core.errors import InputError
from her2sim.evidence.importers.curve_csv import DigitizedCurve, RiskTable

HEIGHTS = st.lists(st.floats(0.0, 1.0), min_size=2, max_size=25)


@settings(max_examples=150, deadline=None)
@given(HEIGHTS, st.lists(st.integers(0, 300), min_size=1, max_size=6), st.one_of(st.none(), st.integers(0, 300)))
def test_any_curve_and_table_give_as_many_patients_as_started(
    heights: list[float], numbers: list[int], events: int | None
) -> None:
    """However absurd the input: the program ends, times are within the curve, and the audit can be read."""
    numbers = sorted(numbers, reverse=True)
    numbers[0] = max(numbers[0], 1)
    curve = DigitizedCurve(np.arange(1.0, len(heights) + 1.0), np.array(heights))
    risk = RiskTable(np.arange(len(numbers)) * 4.0, np.array(numbers, dtype=np.int64))
    made = rebuild(curve, risk, events)
    assert len(made.time) == len(made.event) == numbers[0]
    assert made.time.min() >= 0.0 and made.time.max() <= max(curve.time[-1], risk.time[-1])
    assert (np.diff(made.time) >= 0.0).all()
    assert audit(made, curve, risk, events=events).text()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=3, max_size=60))
def test_an_exact_curve_without_censoring_comes_back_exactly(times: list[int]) -> None:
    time = np.array(times, dtype=np.float64)
    km = kaplan_meier(time, np.ones(len(time), dtype=np.bool_))
    curve = DigitizedCurve(km.time, km.survival)
    made = rebuild(curve, RiskTable(np.array([0.0]), np.array([len(time)])), len(time))
    assert made.event.all() and made.time.tolist() == sorted(time.tolist())


@settings(max_examples=40, deadline=None)
@given(HEIGHTS, st.sampled_from((0.25, 4.0, 365.25)))
def test_the_unit_of_time_changes_nothing_but_the_times(heights: list[float], factor: float) -> None:
    times = np.arange(1.0, len(heights) + 1.0)
    table = np.array([0.0, 5.0]), np.array([80, 40])
    one = rebuild(DigitizedCurve(times, np.array(heights)), RiskTable(*table))
    other = rebuild(DigitizedCurve(times * factor, np.array(heights)), RiskTable(table[0] * factor, table[1]))
    assert one.event.tolist() == other.event.tolist()
    np.testing.assert_allclose(other.time, one.time * factor, rtol=1e-9)


def test_units_events_and_ratios_that_cannot_be_are_refused() -> None:
    curve = DigitizedCurve(np.array([1.0, 2.0]), np.array([0.9, 0.8]), "months")
    risk = RiskTable(np.array([0.0]), np.array([10]), "months")
    with pytest.raises(InputError, match="12 events among 10"):
        reconstruct(PublishedArm(curve, risk, 12))
    with pytest.raises(InputError, match="compares two arms"):
        reconstruct(PublishedArm(curve, risk), hazard_ratio=0.5)
    weeks = PublishedArm(DigitizedCurve(curve.time, curve.survival, "weeks"), RiskTable(risk.time, risk.at_risk))
    with pytest.raises(InputError, match="different units"):
        reconstruct(PublishedArm(curve, risk), weeks)
    with pytest.raises(InputError, match="hazard ratio of 0 is impossible"):
        audit_hazard_ratio(rebuild(curve, risk), rebuild(curve, risk), 0.0)
    with pytest.raises(InputError, match="median of -1"):
        audit(rebuild(curve, risk), curve, risk, median=-1.0)

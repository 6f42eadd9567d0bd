"""Figures with weights are the figures of patients repeated; intervals have the size that theory gives them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2sim.analysis.kaplan_meier import kaplan_meier, survival_at, survival_quantile
from her2sim.core.calendar import DAYS_PER_MONTH
from her2sim.endpoints.time_to_event import TimeToEvent
from her2sim.study.validation.figures import ArmData, Key, figure, natural, unit_of
from her2sim.study.validation.interval import Predicted, Simulated, predicted_figures
from her2sim.study.validation.settings import default_settings
from her2sim.study.validation.widening import widened, with_discrepancy

PATIENTS = 12
ONES = np.ones((1, PATIENTS))


def arm(time: np.ndarray, event: np.ndarray, responded: np.ndarray, hr_positive: np.ndarray | None = None) -> ArmData:
    n = len(time)
    times = TimeToEvent(time, event, np.where(event, "PROGRESSION", "CUTOFF"))
    column = np.zeros(n) if hr_positive is None else hr_positive
    return ArmData(
        np.arange(n),
        {(True, "ORR"): responded, (False, "ORR"): responded},
        {"PFS": times, "TTP": times, "OS": times},
        {"hr_positive": column},
    )


patients = st.lists(
    st.tuples(st.integers(10, 900), st.booleans(), st.integers(0, 3)), min_size=PATIENTS, max_size=PATIENTS
).filter(lambda rows: sum(count for _, _, count in rows) > 0)


@given(patients)
@settings(max_examples=60, deadline=None)
def test_a_weighted_median_and_landmark_are_those_of_patients_repeated(rows: list[tuple[int, bool, int]]) -> None:
    time = np.array([day for day, _, _ in rows], dtype=float)
    event = np.array([seen for _, seen, _ in rows])
    count = np.array([times for _, _, times in rows])
    data = {"A": arm(time, event, event)}
    curve = kaplan_meier(np.repeat(time, count), np.repeat(event, count))
    weights = count[None, :].astype(float)
    median = natural(Key("A", "PFS_median"), float(figure(Key("A", "PFS_median"), data, weights)[0]))
    levels = np.asarray(curve.survival)
    if not np.any(np.abs(levels - 0.5) < 1e-9):  # a curve that is flat at one half has a median by convention only
        known = survival_quantile(curve).value
        assert median == pytest.approx(math.inf if known is None else known / DAYS_PER_MONTH)
    at = survival_at(curve, 10 * DAYS_PER_MONTH).value
    rate = natural(Key("A", "PFS_rate_10mo"), float(figure(Key("A", "PFS_rate_10mo"), data, weights)[0]))
    if at is not None and 0.1 < at < 0.9:
        assert rate == pytest.approx(100.0 * at)


def test_a_hazard_ratio_below_one_means_fewer_events_in_the_arm() -> None:
    early, late = np.linspace(30, 300, PATIENTS), np.linspace(200, 900, PATIENTS)
    seen = np.ones(PATIENTS, dtype=bool)
    arms = {"new": arm(late, seen, seen), "old": arm(early, seen, seen)}
    key = Key("new", "PFS", reference="old")
    assert natural(key, float(figure(key, arms, ONES)[0])) < 0.5
    turned = Key("old", "PFS", reference="new")
    assert figure(turned, arms, ONES)[0] == pytest.approx(-figure(key, arms, ONES)[0])


def test_a_stratum_holds_its_patients_only() -> None:
    responded = np.arange(PATIENTS) < 6
    data = {"A": arm(np.full(PATIENTS, 100.0), responded, responded, hr_positive=responded.astype(float))}
    share = {
        name: natural(key, float(figure(key, data, ONES)[0]))
        for name in ("", "HR-positive", "HR-negative")
        if (key := Key("A", "ORR", "INV", True, stratum=name))
    }
    assert share["HR-negative"] < share[""] == 50.0 < share["HR-positive"]


def test_after_an_induction_only_patients_without_progression_count_and_time_starts_anew() -> None:
    time = np.array([50.0, 100.0, 200.0, 300.0])
    later = arm(time, np.ones(4, dtype=bool), np.ones(4, dtype=bool)).since(126.0)
    assert later.numbers.tolist() == [2, 3]
    assert later.times["PFS"].time_days.tolist() == [74.0, 174.0]


def test_units_follow_from_the_figure() -> None:
    assert [
        unit_of(key) for key in (Key("A", "OS_median"), Key("A", "PFS_rate_6mo"), Key("A", "PFS", reference="B"))
    ] == [
        "months",
        "percent",
        "ratio",
    ]


def predicted(responders: int, patients: int, size: int, drawn: tuple[int, ...] = ()) -> Predicted:
    """An ORR with so many responders among the patients simulated, for a trial of ``size``."""

    def with_responders(count: int) -> dict[str, ArmData]:
        days, responded = np.full(patients, 100.0), np.arange(patients) < count
        return {"A": arm(days, responded, responded)}

    rng = np.random.Generator(np.random.PCG64(1))
    again = rng.multinomial(patients, np.full(patients, 1 / patients), size=400).astype(float)
    simulated = Simulated(
        with_responders(responders),
        with_responders(responders),
        [with_responders(count) for count in drawn],
        len(drawn),
        again,
        again,
        again,
    )
    none = dict(default_settings().discrepancy) | {"ORR": 0.0}
    sizes = replace(default_settings(), discrepancy=none, degrees=math.inf)
    return predicted_figures(Key("A", "ORR", "INV", True), simulated, {"A": size}, sizes)[0]


def test_the_sampling_error_is_that_of_a_binomial_at_the_trials_own_size() -> None:
    for size in (50, 400):
        found = predicted(120, 300, size)
        assert found.sd_sampling == pytest.approx(1.0 / math.sqrt(size * 0.4 * 0.6), rel=0.12)
        half_width = 1.645 * math.sqrt(0.4 * 0.6 / size) * 100.0
        assert found.high - found.value == pytest.approx(half_width, rel=0.2)


def test_parameters_that_change_who_responds_widen_the_interval_and_equal_draws_do_not() -> None:
    same = predicted(120, 300, 400, drawn=(120,) * 8)
    apart = predicted(120, 300, 400, drawn=(40, 60, 90, 120, 150, 180, 210, 240))
    assert same.sd_parameters == 0.0
    logits = [math.log((c + 0.5) / (300 - c + 0.5)) for c in (40, 60, 90, 120, 150, 180, 210, 240)]
    assert apart.sd_parameters == pytest.approx(np.std(logits, ddof=1), rel=0.1)
    assert apart.high - apart.low > 2.0 * (same.high - same.low)


def test_a_median_that_is_not_reached_has_an_open_interval() -> None:
    never = {"A": arm(np.full(PATIENTS, 900.0), np.zeros(PATIENTS, dtype=bool), np.zeros(PATIENTS, dtype=bool))}
    simulated = Simulated(never, never, [], 0, ONES, ONES, ONES)
    found = predicted_figures(Key("A", "OS_median"), simulated, {"A": 10}, default_settings())[0]
    assert (found.value, found.high) == (math.inf, math.inf)


def test_a_figure_of_an_unseen_trial_has_the_discrepancy_learned_and_a_fitted_one_that_of_the_fit() -> None:
    day = np.linspace(50.0, 500.0, PATIENTS)
    arms = {"A": arm(day, np.ones(PATIENTS, dtype=bool), np.ones(PATIENTS, dtype=bool))}
    rng = np.random.Generator(np.random.PCG64(1))
    again = rng.multinomial(PATIENTS, np.full(PATIENTS, 1 / PATIENTS), size=200).astype(float)
    simulated = Simulated(arms, arms, [], 0, again, again, again)
    used = replace(default_settings(), discrepancy={"PFS": 0.4}, discrepancy_fitted={"PFS": 0.1}, degrees=5.0)
    key = Key("A", "PFS_median")
    unseen, fitted = (predicted_figures(key, simulated, {"A": 10**6}, used, fitted=seen)[0] for seen in (False, True))
    assert (unseen.sd_discrepancy, fitted.sd_discrepancy) == (0.4, 0.1)
    assert math.log(unseen.high / unseen.low) == pytest.approx(2.0 * 2.015 * 0.4, rel=0.02)
    assert math.log(fitted.high / fitted.low) == pytest.approx(2.0 * 2.015 * 0.1, rel=0.02)


def test_intervals_of_a_run_are_widened_on_the_scale_of_the_figure_and_open_bounds_stay_open() -> None:
    low, high = widened(10.0, (8.0, 12.0), 0.3, scale="log")
    assert low == pytest.approx(10.0 * math.exp(-math.hypot(math.log(10 / 8), 0.3)))
    assert high == pytest.approx(10.0 * math.exp(math.hypot(math.log(12 / 10), 0.3)))
    assert widened(None, (20.0, None), 0.3, scale="log") == (pytest.approx(20.0 * math.exp(-0.3)), None)
    for scale in ("logit", "hazard"):
        below, above = widened(50.0, (45.0, 55.0), 0.5, scale=scale)
        assert below is not None and above is not None and 25.0 < below < 45.0 < 55.0 < above < 75.0
    assert widened(0.0, (0.0, 2.0), 0.5, scale="logit")[0] == 0.0
    assert widened(10.0, (8.0, 12.0), 0.0, scale="log") == (pytest.approx(8.0), pytest.approx(12.0))


def test_a_simulated_record_carries_the_wider_intervals_of_figures_whose_discrepancy_is_known() -> None:
    from her2sim.evidence.base import load_record
    from her2sim.record.types import Contrast, Result

    record = load_record("TDM4374g")
    (own,) = record.arms
    results = (
        Result("PFS_median", 7.0, "months", pi90=(6.0, 8.0)),
        Result("DoR_median", 7.0, "months", pi90=(6.0, 8.0)),
    )
    contrasts = (Contrast("PFS", own.name, own.name, hr=0.5, pi90=(0.4, 0.6)),)
    wider = with_discrepancy(replace(record, arms=(replace(own, results=results),), contrasts=contrasts))
    first, second = wider.arms[0].results
    assert first.pi90 is not None and first.pi90[0] is not None and first.pi90[0] < 6.0
    assert second.pi90 == (6.0, 8.0)
    ratio = wider.contrasts[0].pi90
    assert ratio is not None and ratio[1] is not None and ratio[1] > 0.6

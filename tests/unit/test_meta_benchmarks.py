from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2sim.analysis.benchmarks.arm_figures import ArmFigure, arm_figures, natural, outcome_rule, transformed_figure
from her2sim.analysis.benchmarks.by_setting import errors_by_setting, judged_ratios
from her2sim.analysis.benchmarks.class_average import class_average
from her2sim.analysis.benchmarks.component_ratios import RatioTrial, leave_one_trial_out_ratios
from her2sim.analysis.benchmarks.forecast import forecast_arms, forecast_ratio
from her2sim.analysis.benchmarks.independent_action import (
    TimeCurve,
    best_of,
    combined_median,
    combined_response,
    curve_through,
)
from her2sim.analysis.benchmarks.leave_one_out import Judged, benchmark_arms, benchmark_ratios, leave_one_trial_out
from her2sim.analysis.benchmarks.partners import IndependentAction, divisions
from her2sim.analysis.benchmarks.prediction import Prediction
from her2sim.analysis.benchmarks.ridge import features_of, fit_ridge, ridge
from her2sim.analysis.meta.treatments import groups_of, kinds_of
from her2sim.analysis.meta.trial_effects import trial_effects
from her2sim.core.errors import InputError
from her2sim.evidence.base import all_records, load_record

shares = st.floats(0.01, 0.99)


def arm(
    trial: str, drugs: Sequence[str], value: float, *, outcome: str = "PFS median", setting: str = "metastatic-1L",
    n: int = 200,
) -> ArmFigure:  # fmt: skip
    mapping = dict.fromkeys(drugs, 1.0)
    groups = groups_of(mapping)
    transformed, variance = transformed_figure(value, n, outcome_rule(outcome))
    return ArmFigure(
        trial,
        "+".join(drugs),
        "breast",
        setting,
        mapping,
        groups,
        kinds_of(groups),
        value,
        transformed,
        variance,
        n,
        True,
    )


@settings(deadline=None)
@given(st.lists(shares, min_size=2, max_size=4), st.floats(0.0, 0.95))
def test_the_best_of_partners_lies_between_independence_and_perfect_correlation(
    failing: list[float], correlation: float
) -> None:
    found = best_of(failing, correlation)
    assert math.prod(failing) - 1e-9 <= found <= min(failing) + 1e-9


@settings(deadline=None)
@given(st.lists(shares, min_size=2, max_size=3), st.floats(0.0, 0.5), st.floats(0.0, 0.4))
def test_correlation_takes_from_the_benefit(failing: list[float], correlation: float, more: float) -> None:
    assert best_of(failing, correlation + more) >= best_of(failing, correlation) - 1e-9


def test_errors_by_setting_are_medians_of_the_settings_own_figures() -> None:
    rows = [
        Judged("ORR", "a", "one", "x", 40.0, 50.0, None, ""),
        Judged("ORR", "a", "one", "y", 40.0, 36.0, None, ""),
        Judged("ORR", "b", "one", "x", 40.0, 41.0, None, ""),
        Judged("PFS median", "a", "two", "x", 10.0, 5.0, None, ""),
        *judged_ratios("PFS", [RatioTrial("two (1)", "t", "r", math.log(0.5), 0.1, None, None)]),
    ]
    found = errors_by_setting(rows, {"one": ("breast", "metastatic-1L"), "two": ("gastric", "metastatic-2L")})
    assert [(x.outcome, x.disease, x.method, x.figures, x.of) for x in found] == [
        ("ORR", "breast", "a", 2, 2),
        ("ORR", "breast", "b", 1, 2),
        ("PFS median", "gastric", "a", 1, 1),
        ("PFS hazard ratio", "gastric", "no effect", 1, 1),
    ]
    assert [x.median_error for x in found] == pytest.approx([7.0, 1.0, 2.0, 2.0])


def test_two_equal_partners_match_the_closed_form_of_the_bivariate_normal() -> None:
    for correlation in (0.1, 0.3, 0.6):
        normal = 2 * math.sin(math.pi * correlation / 6)
        assert best_of([0.5, 0.5], correlation) == pytest.approx(0.25 + math.asin(normal) / (2 * math.pi), abs=1e-6)


@settings(deadline=None)
@given(st.lists(st.floats(1.0, 40.0), min_size=2, max_size=3), st.floats(0.0, 0.9))
def test_a_combination_is_never_worse_than_its_best_partner(medians: list[float], correlation: float) -> None:
    assert combined_median([TimeCurve(m) for m in medians], correlation) >= max(medians) - 1e-6


def test_independent_exponential_partners_have_the_known_median() -> None:
    expected = -math.log(1 - math.sqrt(0.5)) / math.log(2) * 6.0
    assert combined_median([TimeCurve(6.0), TimeCurve(6.0)], 0.0) == pytest.approx(expected, rel=1e-6)
    assert combined_response([0.2, 0.3, 0.4], 0.0) == pytest.approx(1 - 0.8 * 0.7 * 0.6)


@settings(deadline=None)
@given(st.floats(2.0, 30.0), st.floats(0.4, 2.0))
def test_a_curve_goes_through_its_landmark(median: float, shape: float) -> None:
    truth = TimeCurve(median, shape)
    found = curve_through(median, [(1.7 * median, truth.survival(1.7 * median))])
    assert found.shape == pytest.approx(shape)
    assert found.survival(median) == pytest.approx(0.5)


@pytest.mark.parametrize(("count", "bell"), [(1, 1), (2, 2), (3, 5), (4, 15)])
def test_all_divisions_are_found_once(count: int, bell: int) -> None:
    found = list(divisions(tuple("abcd"[:count])))
    assert len(found) == bell
    assert len({frozenset(division) for division in found}) == bell


def test_partners_are_single_drugs_where_the_base_has_them() -> None:
    known = [
        arm("1", ["lapatinib"], 4.0),
        arm("2", ["capecitabine"], 5.0),
        arm("3", ["trastuzumab"], 3.0),
        arm("4", ["lapatinib", "capecitabine"], 7.0),
    ]
    method = IndependentAction("PFS median", 0.3, {})
    triple, alone = method(known, [arm("5", ["lapatinib", "trastuzumab", "capecitabine"], 1.0), known[0]])
    assert alone is None
    assert triple is not None
    assert triple.basis.count("(1)") == 3
    assert math.exp(triple.value) == pytest.approx(combined_median([TimeCurve(m) for m in (4.0, 5.0, 3.0)], 0.3))


@settings(deadline=None)
@given(st.floats(0.0, 100.0), st.integers(10, 500))
def test_rates_survive_the_transformation_up_to_half_a_patient(value: float, n: int) -> None:
    rule = outcome_rule("ORR")
    assert natural(transformed_figure(value, n, rule)[0], rule) == pytest.approx(value, abs=60.0 / n)


def test_no_benchmark_sees_the_trial_it_predicts() -> None:
    figures = arm_figures(all_records(), "ORR")
    seen: list[tuple[set[str], set[str]]] = []

    def spy(known: Sequence[ArmFigure], wanted: Sequence[ArmFigure], /) -> list[Prediction | None]:
        seen.append(({x.trial for x in known}, {x.trial for x in wanted}))
        return [Prediction(0.0, 1.0, "") for _ in wanted]

    assert len(leave_one_trial_out(figures, spy)) == len(figures)
    assert all(not known & wanted and len(wanted) == 1 for known, wanted in seen)
    assert {name for _, wanted in seen for name in wanted} == {x.trial for x in figures}


def test_class_averages_fall_back_to_wider_circles() -> None:
    known = [
        arm("1", ["trastuzumab", "docetaxel"], 10.0),
        arm("2", ["trastuzumab", "paclitaxel"], 10.0),
        arm("3", ["lapatinib", "capecitabine"], 6.0, setting="metastatic-2L"),
        arm("4", ["neratinib", "capecitabine"], 6.0, setting="metastatic-2L"),
    ]
    wanted = [
        arm("5", ["trastuzumab", "vinorelbine"], 1.0),
        arm("6", ["lapatinib", "paclitaxel"], 1.0),
        arm("7", ["everolimus"], 1.0, setting="metastatic-2L"),
    ]
    found = class_average(known, wanted)
    assert [None if x is None else round(math.exp(x.value), 6) for x in found] == [10.0, 6.0, 6.0]
    assert [x.basis.split("same ")[1] for x in found if x] == [
        "class, disease and line", "class and disease", "disease and line",
    ]  # fmt: skip


def additive_arms() -> list[ArmFigure]:
    gain = {"trastuzumab": 0.4, "pertuzumab": 0.3, "docetaxel": 0.5, "capecitabine": 0.2, "lapatinib": 0.1}
    regimens = [
        ("trastuzumab",), ("docetaxel",), ("trastuzumab", "docetaxel"), ("trastuzumab", "pertuzumab", "docetaxel"),
        ("capecitabine",), ("lapatinib", "capecitabine"), ("trastuzumab", "capecitabine"), ("lapatinib",),
        ("lapatinib", "trastuzumab"), ("trastuzumab", "pertuzumab"), ("pertuzumab", "docetaxel"),
    ]  # fmt: skip
    return [
        arm(str(i), drugs, 4.0 * math.exp(sum(gain[name] for name in drugs)), n=5000)
        for i, drugs in enumerate([*regimens, *regimens])
    ]


def test_the_regression_finds_effects_that_add_up() -> None:
    known = additive_arms()
    wanted = arm("new", ["pertuzumab", "trastuzumab", "capecitabine"], 4.0 * math.exp(0.9))
    found = ridge(known, [wanted])[0]
    assert found is not None
    assert found.value == pytest.approx(wanted.transformed, abs=0.05)


def test_the_regression_is_ridge_regression() -> None:
    """The mixed model's coefficients minimize weighted squares plus a penalty of residual over spread."""
    known = [*additive_arms()[:8], arm("x", ["neratinib"], 9.0, n=30)]
    fitted = fit_ridge(known)
    y = np.array([x.transformed for x in known])
    columns = np.array([[features_of(x).get(name, 0.0) for name in fitted.features] for x in known])
    weight = 1 / (np.array([x.variance for x in known]) + fitted.residual**2)
    design = np.column_stack([np.ones(len(y)), columns])
    penalty = np.diag([0.0, *[fitted.spread**-2] * columns.shape[1]])
    solution = np.linalg.solve(design.T @ (weight[:, None] * design) + penalty, design.T @ (weight * y))
    assert fitted.intercept == pytest.approx(solution[0])
    assert fitted.coefficients == pytest.approx(solution[1:])


def test_a_drug_never_seen_makes_the_regression_less_sure() -> None:
    fitted = fit_ridge(additive_arms())
    seen = fitted.predict(arm("new", ["trastuzumab"], 1.0))
    unseen = fitted.predict(arm("new", ["trastuzumab", "zanidatamab"], 1.0))
    assert unseen.error > seen.error
    assert ridge(additive_arms()[:3], [arm("new", ["trastuzumab"], 1.0)]) == [None]


def test_hazard_ratios_are_predicted_from_the_other_trials_only() -> None:
    effects = trial_effects(all_records(), "PFS", disease="breast", setting="metastatic")
    rows = {row.trial: row for row in leave_one_trial_out_ratios(effects)}
    tucatinib = rows["HER2CLIMB"]
    assert tucatinib.predicted is None  # no other trial of tucatinib has a hazard ratio
    assert rows["CLEOPATRA"].predicted is not None
    with_itself = [x for x in effects.comparisons if x.study == "CLEOPATRA"]
    assert rows["CLEOPATRA"].observed == with_itself[0].effect != rows["CLEOPATRA"].predicted.value


def test_the_table_of_benchmarks_counts_what_it_judges() -> None:
    visible = {x.trial for x in arm_figures(all_records(), "ORR")[:40]}
    rows, judged = benchmark_arms(all_records(), "ORR", visible=visible)
    full = {row.method: row for row in rows}
    assert full["ridge regression"].figures == full["ridge regression"].of == 40
    assert sum(x.method == "ridge regression" for x in judged) == 40
    errors = sorted(abs(x.predicted - x.observed) for x in judged if x.method == "line average")
    assert full["line average"].median_error == pytest.approx((errors[19] + errors[20]) / 2)
    assert {row.figures for row in rows if row.method.endswith("the same arms")} == {
        full["independent drug action"].figures
    }


def test_no_effect_is_as_wrong_as_the_ratios_are_large() -> None:
    rows, found = benchmark_ratios(all_records(), "OS")
    nothing = next(row for row in rows if row.method == "no effect")
    assert nothing.root_mean_square == pytest.approx(math.sqrt(sum(x.observed**2 for x in found) / len(found)))
    assert nothing.coverage is None


def test_forecasts_do_not_look_at_the_trial_itself() -> None:
    records = all_records()
    trial = load_record("EMILIA")
    blind = replace(trial, arms=tuple(replace(each, results=()) for each in trial.arms), contrasts=())
    for outcome in ("ORR", "PFS median"):
        assert forecast_arms(records, trial, outcome) == forecast_arms(records, blind, outcome)
    one = forecast_ratio(records, trial, "PFS", "T-DM1", "lapatinib+capecitabine")
    assert one is not None and one.low is not None and one.high is not None
    assert one == forecast_ratio(records, blind, "PFS", "T-DM1", "lapatinib+capecitabine")
    assert one.low < one.value < one.high
    effects = trial_effects(records, "PFS", disease="breast", setting="metastatic")
    left_out = {row.trial: row for row in leave_one_trial_out_ratios(effects)}["EMILIA"].predicted
    assert left_out is not None
    assert one.value == pytest.approx(math.exp(left_out.value))


def test_a_withheld_trial_can_be_forecast() -> None:
    trial = load_record("DESTINY-Breast09")
    rows = forecast_arms(all_records(), trial, "PFS median")
    assert {row.arm for row in rows} == {each.name for each in trial.arms}
    assert all(0.0 < row.value < 200.0 for row in rows)
    with pytest.raises(InputError, match="has no arm"):
        forecast_ratio(all_records(), trial, "PFS", "T-DXd+pertuzumb", "THP")

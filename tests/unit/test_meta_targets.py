"""Predictions of given figures by every benchmark, from other trials only."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from her2sim.analysis.benchmarks.forecast import forecast_arms, forecast_ratio
from her2sim.analysis.benchmarks.targets import Target, TargetPrediction, outcome_of, predict_targets
from her2sim.core.errors import InputError
from her2sim.evidence.base import all_records
from her2sim.record.types import TrialRecord

EMILIA = ("T-DM1", "lapatinib+capecitabine")
TARGETS = (
    Target("EMILIA", EMILIA[0], "ORR"),
    Target("EMILIA", EMILIA[1], "PFS_median"),
    Target("EMILIA", EMILIA[1], "PFS_rate_12mo"),
    Target("EMILIA", EMILIA[0], "OS_median"),
    Target("EMILIA", EMILIA[0], "PFS", EMILIA[1]),
)


@cache
def predictions() -> tuple[TargetPrediction, ...]:
    return predict_targets(all_records(), TARGETS)


def told(rows: tuple[TargetPrediction, ...], endpoint: str) -> dict[str, TargetPrediction]:
    return {row.benchmark: row for row in rows if row.endpoint == endpoint}


def without_results(record: TrialRecord) -> TrialRecord:
    return replace(record, arms=tuple(replace(arm, results=()) for arm in record.arms), contrasts=(), subgroups=())


def test_every_benchmark_speaks_of_a_combination_whose_parts_are_published() -> None:
    arms = {"line average", "class average", "ridge regression", "independent drug action"}
    assert set(told(predictions(), "PFS_median")) == arms
    ratios = {"no effect", "mean ratio", "additive components", "class average", "ridge regression"}
    assert set(told(predictions(), "PFS")) == ratios


def test_predictions_are_those_of_the_forecast_of_the_trial() -> None:
    trial = next(record for record in all_records() if record.id == "EMILIA")
    ahead = {row.method: row for row in forecast_arms(all_records(), trial, "ORR") if row.arm == EMILIA[0]}
    for name, row in told(predictions(), "ORR").items():
        assert (row.predicted, row.low, row.high) == pytest.approx(
            (ahead[name].value, ahead[name].low, ahead[name].high)
        )
    ratio = forecast_ratio(all_records(), trial, "PFS", *EMILIA)
    assert ratio is not None
    assert told(predictions(), "PFS")["additive components"].predicted == pytest.approx(ratio.value)


def test_results_of_the_target_itself_change_nothing() -> None:
    blind = [without_results(record) if record.id == "EMILIA" else record for record in all_records()]
    assert predict_targets(blind, TARGETS) == predictions()


def test_an_excluded_trial_is_as_if_its_results_were_not_known() -> None:
    target = [Target("EMILIA", EMILIA[1], "PFS_median"), Target("EMILIA", EMILIA[0], "PFS", EMILIA[1])]
    blind = [without_results(record) if record.id == "TH3RESA" else record for record in all_records()]
    excluded = predict_targets(all_records(), target, excluded=["TH3RESA"])
    assert excluded == predict_targets(blind, target)
    assert excluded != predict_targets(all_records(), target)


def test_only_visible_trials_are_learned_from() -> None:
    target = [Target("EMILIA", EMILIA[0], "ORR")]
    ids = {record.id for record in all_records() if record.id not in ("TH3RESA", "KATE2")}
    rows = predict_targets(all_records(), target, visible=ids)
    assert rows == predict_targets(all_records(), target, excluded=["TH3RESA", "KATE2"])


def test_records_of_the_same_registry_number_do_not_tell_of_each_other() -> None:
    twin = next(record for record in all_records() if record.id == "EMILIA")
    doubled = [*all_records(), replace(twin, id="EMILIA again")]
    assert predict_targets(doubled, TARGETS) == predictions()


def test_a_landmark_lies_on_the_curve_through_the_predicted_median() -> None:
    medians, marks = told(predictions(), "PFS_median"), told(predictions(), "PFS_rate_12mo")
    assert set(marks) == set(medians)
    for name, row in marks.items():
        assert row.unit == "percent"
        assert (row.predicted < 50.0) == (medians[name].predicted < 12.0)
        if row.low is not None and row.high is not None:
            assert row.low < row.predicted < row.high


def test_a_ratio_of_medians_turns_with_the_arms() -> None:
    turned = predict_targets(all_records(), [Target("EMILIA", EMILIA[1], "PFS", EMILIA[0])])
    for name in ("class average", "ridge regression", "additive components"):
        there, back = told(predictions(), "PFS")[name], told(turned, "PFS")[name]
        assert there.predicted * back.predicted == pytest.approx(1.0, rel=1e-6)


def test_withheld_trials_are_predicted_and_never_learned_from() -> None:
    withheld = [record for record in all_records() if record.status == "withheld" and record.setting == "metastatic-1L"]
    trial = withheld[0]
    rows = predict_targets(all_records(), [Target(trial.id, trial.arms[0].name, "PFS_median")])
    assert {"class average", "ridge regression"} <= set(told(rows, "PFS_median"))


def test_endpoints_without_benchmark_have_no_row() -> None:
    assert outcome_of("grade3plus_AE") == "" and outcome_of("OS_rate_2y") == "OS median"
    wanted = [Target("EMILIA", EMILIA[0], "grade3plus_AE"), Target("EMILIA", EMILIA[0], "pCR_total")]
    assert predict_targets(all_records(), wanted) == ()


def test_unknown_trials_and_arms_are_named() -> None:
    with pytest.raises(InputError, match="EMILA"):
        predict_targets(all_records(), [Target("EMILA", "T-DM1", "ORR")])
    with pytest.raises(InputError, match="T-DM2"):
        predict_targets(all_records(), [Target("EMILIA", "T-DM2", "ORR")])

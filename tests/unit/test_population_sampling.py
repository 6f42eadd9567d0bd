"""Sampling: each patient for itself, published figures met, conditions respected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2sim.core.errors import InputError, SimulationError
from her2sim.core.quantity import Quantity
from her2sim.model.parameters import load_parameters
from her2sim.population.patients import Patients
from her2sim.population.plan import SamplingPlan, plan_sampling
from her2sim.population.plausibility import doubling_time_days
from her2sim.population.sample import draw_patients, sample_patients
from her2sim.population.specification import Correlation, Specification, load_specification
from her2sim.population.summary import baseline_table, describe
from her2sim.population.targets import eligibility_rules

BREAST = load_specification("breast", "metastatic-2L")
GASTRIC = load_specification("gastric", "metastatic-1L")
NUMBERS = load_parameters().quantities
DB03 = {
    "n": 524, "median_age": 54.3, "hr_positive_pct": 50.6, "visceral_pct": 70.4, "ihc3_pct": 88.9, "asia_pct": 59.0,
    "brain_mets_pct": 15.0,
}  # fmt: skip


def plan(baseline: Mapping[str, Any], specification: Specification = BREAST, **words: Any) -> SamplingPlan:
    return plan_sampling(specification, NUMBERS, baseline, **words)


def draw(matched: SamplingPlan, n: int = 8_000, seed: int = 5) -> Patients:
    return draw_patients(matched, seed=seed, ids=range(n)).patients


DB03_PLAN = plan(DB03)
DB03_FIRST_50 = draw(DB03_PLAN, 50, seed=1)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 49), min_size=1, max_size=12, unique=True))
def test_a_patient_depends_on_the_seed_and_its_number_alone(ids: list[int]) -> None:
    some = draw_patients(DB03_PLAN, seed=1, ids=ids).patients
    for name, values in some.columns.items():
        assert values.tolist() == DB03_FIRST_50[name][ids].tolist(), name


def test_another_seed_gives_other_patients() -> None:
    assert not np.intersect1d(draw(DB03_PLAN, 50, seed=2)["weight_kg"], DB03_FIRST_50["weight_kg"]).size


shares = st.floats(0.0, 100.0).map(lambda x: round(x, 1))


@settings(max_examples=20, deadline=None)
@given(hr=shares, ihc3=shares, brain=shares, visceral=shares, asia=shares, pdl1=shares, liver=st.floats(0, 0.95))
def test_any_mix_of_published_shares_is_met_exactly(
    hr: float, ihc3: float, brain: float, visceral: float, asia: float, pdl1: float, liver: float
) -> None:
    liver_pct = round(visceral * liver, 1)
    matched = plan(
        {
            "hr_positive_pct": hr, "ihc3_pct": ihc3, "brain_mets_pct": brain, "visceral_pct": visceral,
            "asia_pct": asia, "pdl1_positive_pct": pdl1, "liver_metastases_pct": liver_pct,
        }
    )  # fmt: skip
    wanted = {"hr_positive": hr, "brain_metastases": brain, "visceral": visceral, "asia": asia, "pdl1_positive": pdl1}
    for name, percent in {**wanted, "liver_metastases": liver_pct}.items():
        assert 100.0 * matched.expected_shares(name)[1] == pytest.approx(percent, abs=1e-6), name
    assert 100.0 * matched.expected_shares("her2_class")[-1] == pytest.approx(ihc3, abs=1e-6)


def test_a_large_sample_has_the_published_baseline() -> None:
    patients = draw(DB03_PLAN)
    rows = {row.name: row for row in baseline_table(patients, DB03, BREAST)}
    assert set(rows) == set(DB03) - {"n"}
    for row in rows.values():
        p = row.published / 100.0
        error = 100.0 * np.sqrt(p * (1 - p) / len(patients)) if row.unit == "percent" else 1.26 * 11 / np.sqrt(8_000)
        assert abs(row.simulated - row.published) < 4.0 * error, row


def test_expected_shares_of_what_is_not_published_agree_with_a_sample() -> None:
    # catches an error in the regression on matched flags: pik3ca follows HR status, liver follows visceral disease
    matched = plan({"hr_positive_pct": 95.0, "visceral_pct": 30.0})
    patients = draw(matched)
    for name in ("pik3ca_mutated", "liver_metastases", "brain_metastases", "japan"):
        expected = matched.expected_shares(name)[1]
        assert abs(np.mean(patients[name]) - expected) < 4.0 * np.sqrt(expected * (1 - expected) / len(patients)), name


def test_median_is_met_where_it_depends_on_other_covariates() -> None:
    # weight depends on region and sex, and age on brain metastases: both medians must hold in the trial's own mix
    matched = plan({"median_weight": 66.0, "asia_pct": 80.0, "median_age": 48.0, "brain_mets_pct": 100.0})
    patients = draw(matched)
    assert np.median(patients["weight_kg"]) == pytest.approx(66.0, abs=0.8)
    assert np.median(patients["age_years"]) == pytest.approx(48.0, abs=0.6)
    in_asia = patients["asia"] == 1
    assert np.median(patients["weight_kg"][in_asia]) < np.median(patients["weight_kg"][~in_asia]) - 8


def test_patients_of_a_selected_trial_are_like_such_patients_of_a_mixed_trial() -> None:
    mixed = draw(plan({"hr_positive_pct": 50.0}), 16_000)
    only = draw(plan({}, rules={"hr_positive": ["1"]}), 8_000, seed=6)
    assert np.all(only["hr_positive"] == 1)
    among = mixed.take(mixed["hr_positive"] == 1)
    assert np.mean(only["pik3ca_mutated"]) == pytest.approx(np.mean(among["pik3ca_mutated"]), abs=0.028)
    assert np.mean(only["her2_log10_per_cell"]) == pytest.approx(np.mean(among["her2_log10_per_cell"]), abs=0.022)
    # and unlike those of the other receptor status, or the comparison would say nothing
    other = mixed.take(mixed["hr_positive"] == 0)
    assert np.mean(other["her2_log10_per_cell"]) > np.mean(only["her2_log10_per_cell"]) + 0.08


@pytest.mark.parametrize(
    ("words", "column", "allowed"),
    [
        ({"hormone_receptor": "negative"}, "hr_positive", {0}),
        ({"brain_metastases": "excluded"}, "brain_metastases", {0}),
        ({"brain_metastases": "required"}, "brain_metastases", {1}),
        ({"brain_metastases": "stable"}, "brain_metastases_active", {0}),
        ({"brain_metastases": "active"}, "brain_metastases_active", {0, 1}),
        ({"pdl1": "CPS>=1"}, "pdl1_positive", {1}),
        ({"pdl1": "CPS<1"}, "pdl1_positive", {0}),
        ({"her2": ["IHC1+", "IHC2+/ISH-"]}, "her2_class", {2, 4}),
        ({"her2": ["IHC2+"]}, "her2_class", {4, 5}),
        ({"her2": ["ISH+"]}, "her2_class", {1, 3, 5, 6}),
        ({"her2": ["any"]}, "her2_class", {0, 1, 2, 3, 4, 5, 6}),
        ({}, "her2_class", {5, 6}),
    ],
)
def test_rules_of_eligibility_hold_for_every_patient(words: dict[str, Any], column: str, allowed: set[int]) -> None:
    patients = draw(plan({"hr_positive_pct": 60.0}, rules=eligibility_rules(**words)), 1500)
    assert set(np.unique(patients[column]).astype(int)) == allowed


def test_a_rule_that_all_or_none_can_meet() -> None:
    early = load_specification("breast", "neoadjuvant")
    assert plan({}, early, rules=eligibility_rules(brain_metastases="excluded")).targets.shares.keys() == {"her2_class"}
    with pytest.raises(InputError, match="0 for every patient of breast_early"):
        plan({}, early, rules=eligibility_rules(brain_metastases="required"))
    with pytest.raises(InputError, match="0 for every patient of gastric_metastatic"):
        plan({}, GASTRIC, rules=eligibility_rules(hormone_receptor="positive"))


def test_her2_low_patients_have_little_her2() -> None:
    low = draw(plan({}, rules=eligibility_rules(her2=["IHC1+"])), 2000)
    assert np.median(low["her2_log10_per_cell"]) == pytest.approx(4.3, abs=0.05)
    assert not low["ihc3"].any()


def test_correlations_reach_the_table_at_their_written_size() -> None:
    patients = draw(plan({}))
    ranks = {name: np.argsort(np.argsort(patients[name])) for name in ("sld_mm", "albumin_g_per_L", "V0_NT_mL")}
    spearman = np.corrcoef(ranks["sld_mm"], ranks["albumin_g_per_L"])[0, 1]
    assert spearman == pytest.approx(6 / np.pi * np.arcsin(-0.35 / 2), abs=0.04)
    there = patients["nontarget"] == 1
    sizes = np.log(patients["sld_mm"][there]), np.log(patients["V0_NT_mL"][there])
    assert np.corrcoef(*sizes)[0, 1] == pytest.approx(0.4, abs=0.05)


def test_traits_have_the_spread_that_their_parameter_file_says() -> None:
    patients = draw(plan({}))
    assert np.median(patients["tumor_delivery"]) == pytest.approx(NUMBERS["tumor_delivery"].value, rel=0.03)
    assert np.std(np.log(patients["tumor_delivery"])) == pytest.approx(NUMBERS["tumor_delivery"].spread, rel=0.03)
    odds = patients["fraction_her2low"] / (1 - patients["fraction_her2low"])
    assert np.std(np.log(odds)) == pytest.approx(NUMBERS["fraction_her2low"].spread, rel=0.03)


def test_typical_values_of_a_replicate_move_the_traits_of_the_same_patients() -> None:
    base = draw_patients(DB03_PLAN, seed=1, ids=range(50))
    moved = draw_patients(DB03_PLAN, seed=1, ids=range(50), typical={"tumor_delivery": 2.0})
    np.testing.assert_allclose(moved.patients["tumor_delivery"], 2.0 * base.patients["tumor_delivery"])
    assert moved.patients["weight_kg"].tolist() == base.patients["weight_kg"].tolist()


def test_a_clone_can_be_knocked_out_or_made_whole() -> None:
    for whole in (0.0, 1.0):
        patients = draw_patients(DB03_PLAN, seed=1, ids=range(20), typical={"fraction_her2low": whole}).patients
        assert set(patients["fraction_her2low"]) == {whole}


def test_every_patient_is_plausible_and_redraws_leave_covariates_alone() -> None:
    free = replace(BREAST, plausible=())
    strict = plan(DB03, BREAST)
    loose = plan_sampling(free, NUMBERS, DB03)
    drawn = draw_patients(strict, seed=3, ids=range(2000))
    before = draw_patients(loose, seed=3, ids=range(2000)).patients
    values = {n: np.asarray(v) for n, v in drawn.patients.columns.items()}
    days = doubling_time_days({**{n: np.full(2000, q.value) for n, q in NUMBERS.items()}, **values}, "breast")
    assert days.min() >= 20 and days.max() <= 400
    again = drawn.attempts > 1
    assert 0 < again.sum() < 500
    for name in BREAST.names:
        if name in drawn.patients:
            assert drawn.patients[name].tolist() == before[name].tolist(), name
    same = drawn.patients["growth_patient"] == before["growth_patient"]
    assert same[~again].all() and not same[again].any()


def test_a_population_without_plausible_patients_is_reported() -> None:
    with pytest.raises(SimulationError, match="no plausible traits"):
        sample_patients(BREAST, NUMBERS, seed=1, ids=[0, 1], overrides={"growth_patient": 100.0})


def test_overrides_hold_for_all_and_reach_what_depends_on_them() -> None:
    matched = plan({}, overrides={"asia": 1.0, "weight_kg": 70.0, "tumor_delivery": 3.0})
    patients = draw(matched, 500)
    assert set(patients["weight_kg"]) == {70.0} and set(patients["tumor_delivery"]) == {3.0}
    assert np.mean(patients["japan"]) == pytest.approx(0.25, abs=0.08)


def test_shares_of_classes_leave_the_rest_to_the_other_allowed_classes() -> None:
    # ToGA: 46.4 % IHC3+, 27.2 % IHC2+ amplified; amplified IHC0 and IHC1+ share the remaining 26.4 %
    rules = eligibility_rules(her2=["IHC3+", "IHC2+/ISH+", "IHC1+/ISH+", "IHC0/ISH+"])
    found = plan({"ihc3_pct": 46.4, "ihc2_ish_positive_pct": 27.2}, GASTRIC, rules=rules).expected_shares("her2_class")
    assert found[[5, 6]] == pytest.approx([0.272, 0.464])
    assert found[1] + found[3] == pytest.approx(0.264)


def test_keys_without_effect_are_told() -> None:
    baseline = {"n": 5, "median_age": 60, "left_handed_pct": 10, "race": "mixed", "hr_positive_pct": None}
    assert plan(baseline).targets.unused == ("left_handed_pct", "race")
    assert plan({"hr_positive_pct": 50}, GASTRIC).targets.unused == ("hr_positive_pct",)


@pytest.mark.parametrize(
    ("baseline", "words", "message"),
    [
        ({"hr_positive_pct": 120}, {}, "120 percent"),
        ({"median_age": 7}, {}, "median_age"),
        ({"hr_positive_pct": 0}, {"rules": {"hr_positive": ["1"]}}, "no patient can meet"),
        ({}, {"rules": {"hr_positve": ["1"]}}, "hr_positive"),
        ({}, {"rules": {"her2_class": ["IHC4+"]}}, "IHC3"),
        ({"ihc3_pct": 80, "ihc2_ish_positive_pct": 30}, {}, "add up to 110.0 percent"),
        ({"visceral_pct": 20, "liver_metastases_pct": 50}, {}, "cannot be reached"),
    ],
)
def test_impossible_wishes_are_refused_in_words(baseline: dict[str, Any], words: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message.replace("+", r"\+")):
        plan(baseline, **words)


def test_an_unknown_override_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(InputError, match="growth_patient"):
        sample_patients(BREAST, NUMBERS, seed=1, ids=[0], overrides={"growth_patients": 1.0})


def test_a_correlation_with_an_unknown_trait_is_an_error_unless_optional() -> None:
    rho = Quantity("rho", 0.3, "dimensionless", False, "assumed")
    with pytest.raises(InputError, match="growth_pacient"):
        plan({}, replace(BREAST, correlations=(Correlation("sld_mm", "growth_pacient", rho),)))
    plan({}, replace(BREAST, correlations=(Correlation("sld_mm", "growth_pacient", rho, optional=True),)))


def test_gastric_patients_differ_where_the_disease_does() -> None:
    patients = draw(plan({"female_pct": 24, "asia_pct": 56}, GASTRIC), 4000)
    assert np.mean(patients["female"]) == pytest.approx(0.24, abs=0.03)
    assert not patients["hr_positive"].any()
    assert np.median(patients["fraction_her2low"]) == pytest.approx(0.15, abs=0.02)
    assert np.mean(patients["brain_metastases"]) < 0.02


def test_the_summary_has_a_row_for_every_column() -> None:
    summary = describe(DB03_FIRST_50)
    assert list(summary.index) == list(DB03_FIRST_50)
    assert summary.loc["weight_kg", "unit"] == "kg"
    assert summary.loc["weight_kg", "mean"] == pytest.approx(np.mean(DB03_FIRST_50["weight_kg"]))

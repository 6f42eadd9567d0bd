"""Stylised facts as data: roles are kept, figures are those of the evidence base, checks mean what they say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from her2sim.cli.main import app
from her2sim.core.errors import InputError
from her2sim.evidence.base import load_record
from her2sim.evidence.roles import role_of as trial_role
from her2sim.model.mechanisms import all_mechanisms
from her2sim.study.facts import simulating
from her2sim.study.facts.checking import judge, passes, resamples
from her2sim.study.facts.cohorts import ArmOutcome, CohortOutcome, cohort_plan, cohort_record, simulate_cohort
from her2sim.study.facts.fact import Check, CohortSpec, Fact, Figure, check_fact, load_facts, role_of
from her2sim.study.facts.figures import value_of
from her2sim.study.facts.knock_outs import compare
from her2sim.study.facts.study import study_facts
from her2sim.study.facts.tables import verdict
from her2sim.study.plan import TrialPlan

READINGS = {"homogeneous_below": 0.1, "her2_positive_share": 0.1}
COHORT = CohortSpec("trial", "CLEOPATRA")
A, B = "pertuzumab+trastuzumab+docetaxel", "placebo+trastuzumab+docetaxel"


def arm(days: np.ndarray[tuple[int], np.dtype[np.float64]], responders: int = 0) -> ArmOutcome:
    n = len(days)
    response = np.arange(n) < responders
    no = np.zeros(n, dtype=bool)
    return ArmOutcome(~no, days, ~no, response, response, np.full(n, np.nan), no, no, no)


def outcome(ratio: float, n: int = 200, low: float = 0.02) -> CohortOutcome:
    """Exponential-like times; the first arm has a hazard ``ratio`` times that of the second."""
    base = -300.0 * np.log1p(-(np.arange(n) + 0.5) / n)
    share = np.where(np.arange(n) % 2 == 0, low, 0.5)
    arms = {("A", "INV"): arm(base / ratio, 50), ("B", "INV"): arm(base, 20)}
    return CohortOutcome(arms, "INV", True, np.full(n, np.nan), share)


def fact(*checks: Check) -> Fact:
    return Fact(99, "title", "statement", ("adcc",), "why", checks)


HR = Figure("trial", "PFS_HR", "A", "B")


def below_one() -> Check:
    return Check("less", HR, 0.7, "s", True, than=1.0)


def test_every_fact_that_the_issue_names_is_there_and_none_rests_on_a_withheld_trial() -> None:
    base = load_facts()
    assert {f.id for f in base.facts} == {1, 2, 4, 5, 6, 8, 9, 10, 11, 12, 18, 20, 23, 26, 27, 28, 36}
    for spec in base.cohorts.values():
        assert trial_role(spec.trial) != "withheld"
        assert all(trial_role(trial) != "withheld" for trial, _ in spec.borrow)


def test_mechanisms_that_facts_name_exist() -> None:
    for each in load_facts().facts:
        assert set(each.mechanisms) <= set(all_mechanisms()), each.id


def test_sizes_are_asked_of_fitted_figures_only() -> None:
    base = load_facts()
    for each in base.facts:
        for check in each.checks:
            if check.test == "size":
                assert role_of(check, base.cohorts) == "fit", (each.id, check)
                assert check.read, (each.id, check)


@pytest.mark.parametrize(
    ("trial", "read", "words"), [("DESTINY-Breast03", True, "role validate"), ("CLEOPATRA", False, "read: False")]
)
def test_the_size_of_a_figure_that_may_not_be_used_so_is_refused(trial: str, read: bool, words: str) -> None:
    check = Check("size", Figure("trial", "PFS_median", A), 7.0, "s", read, factor=1.2)
    with pytest.raises(InputError, match=words):
        check_fact(fact(check), {"trial": replace(COHORT, trial=trial)}, {"s": {}})


def test_a_withheld_trial_is_refused_even_for_its_sign() -> None:
    with pytest.raises(InputError, match="withheld"):
        check_fact(fact(below_one()), {"trial": replace(COHORT, trial="DESTINY-Breast09")}, {"s": {}})


@pytest.mark.parametrize("what", ["cohort", "quantity", "where", "source"])
def test_a_fact_with_an_unknown_word_is_refused(what: str) -> None:
    figure = replace(HR, **{what: "nonsense"}) if what != "source" else HR
    check = replace(below_one(), figure=figure, source="nonsense" if what == "source" else "s")
    with pytest.raises(InputError, match="nonsense"):
        check_fact(fact(check), {"trial": COHORT}, {"s": {}})


def test_figures_of_facts_are_those_of_the_evidence_base() -> None:
    """Catches a misprint: each figure of an unchanged trial must stand in that trial's record, arm by arm."""
    base, compared = load_facts(), 0
    for each in base.facts:
        for check in each.checks:
            spec, figure = base.cohorts[check.figure.cohort], check.figure
            plain = spec == CohortSpec(spec.name, spec.trial, months=spec.months) or figure.arm not in dict(spec.borrow)
            if check.published_as or not plain or spec.her2 or spec.prior or spec.mine or spec.baseline or figure.where:
                continue
            record = load_record(spec.trial)
            if figure.reference:
                endpoint = figure.quantity.removesuffix("_HR")
                known = [c.hr for c in record.contrasts if (c.endpoint, c.arm) == (endpoint, figure.arm)]
                known += [s.get("hr") for s in record.subgroups if s["endpoint"] == endpoint]
            else:
                endpoint = figure.quantity.replace("PFS_rate", f"PFS_rate_{figure.month:g}mo")
                known = [
                    r.value for a in record.arms if a.name == figure.arm for r in a.results if r.endpoint == endpoint
                ]
                known += [s.get("value") for s in record.subgroups if s["endpoint"] == endpoint]
            if known:
                compared += 1
                assert any(k is not None and abs(k - check.published) <= 0.5 for k in known), (each.id, figure, known)
    assert compared >= 20


@given(st.floats(0.3, 3.0), st.floats(1.05, 2.0))
def test_a_size_check_is_alike_upward_and_downward(ratio: float, factor: float) -> None:
    check = Check("size", HR, 0.7, "s", True, factor=factor)
    found = np.array([0.7 * ratio, 0.7 / ratio])
    up, down = passes(check, found, np.full(2, np.nan))
    if abs(abs(np.log(ratio)) - np.log(factor)) > 1e-9:
        assert up == down == (abs(np.log(ratio)) < np.log(factor))


@given(st.floats(0.2, 0.95))
def test_a_hazard_ratio_comes_back(ratio: float) -> None:
    rows = np.arange(200)
    assert value_of(HR, outcome(ratio), rows, READINGS) == pytest.approx(ratio, rel=0.1)


def test_medians_rates_shares_and_strata_are_read_from_their_arm() -> None:
    one, rows = outcome(0.5), np.arange(200)
    assert value_of(Figure("trial", "ORR", "A"), one, rows, READINGS) == 25.0
    assert value_of(Figure("trial", "ORR", "B"), one, rows, READINGS) == 10.0
    median = value_of(Figure("trial", "PFS_median", "B"), one, rows, READINGS)
    assert median == pytest.approx(300.0 * np.log(2.0) / 30.4375, rel=0.03)
    assert value_of(Figure("trial", "PFS_rate", "B", month=median), one, rows, READINGS) == pytest.approx(50.0, abs=1.5)
    first, second = (
        value_of(Figure("trial", "ORR", "A", where=w), one, rows, READINGS) for w in ("homogeneous", "heterogeneous")
    )
    assert first == second == 25.0
    nobody = value_of(Figure("trial", "PFS_rate", "B", month=1e-3), one, rows, READINGS)
    assert nobody == 100.0


def test_her2_loss_counts_biopsies_below_the_threshold() -> None:
    share = np.concatenate([np.full(30, 0.05), np.full(70, 0.6)])
    tumors = CohortOutcome({}, "INV", True, share, np.zeros(100))
    assert value_of(Figure("trial", "HER2_loss"), tumors, np.arange(100), READINGS) == 30.0


def test_a_stratum_without_patients_has_no_value_and_no_fact_rests_on_it() -> None:
    one = replace(outcome(0.5), her2low_before=np.zeros(200))
    empty = Figure("trial", "PFS_median", "A", where="heterogeneous")
    assert np.isnan(value_of(empty, one, np.arange(200), READINGS))
    check = Check("more", replace(empty, where="homogeneous"), 1.0, "s", True, than=empty)
    assert not judge(fact(check), {"trial": one}, resamples(200, 1, 0), READINGS).holds


def test_strata_are_those_of_the_whole_model_when_the_clone_that_makes_them_is_removed() -> None:
    """Catches strata read after the removal, when nobody has HER2-low cells and one of them is empty."""
    spec = replace(load_facts().cohorts["toga"], months=3.0)
    found = [
        simulate_cohort(spec, cohort_plan(spec, patients=10, seed=1, without=names), 10.0).her2low_before
        for names in ([], ["her2low_clone"])
    ]
    assert np.array_equal(found[0], found[1]) and found[0].max() > 0.0


def test_failed_patients_are_left_out_of_both_arms() -> None:
    whole = outcome(0.5)
    broken = {key: replace(a, well=np.arange(200) >= 20) for key, a in whole.arms.items()}
    assert value_of(Figure("trial", "ORR", "B"), replace(whole, arms=broken), np.arange(200), READINGS) == 0.0


def test_a_fact_holds_surely_when_the_effect_is_large_and_not_when_there_is_none() -> None:
    samples = resamples(200, 1, 100)
    held = judge(fact(below_one()), {"trial": outcome(0.5)}, samples, READINGS)
    doubtful = judge(fact(below_one()), {"trial": outcome(0.995)}, samples, READINGS)
    assert held.holds and held.certainty == 1.0
    assert held.checked[0].low < held.checked[0].value < held.checked[0].high
    assert doubtful.certainty < 1.0 or doubtful.checked[0].value < 1.0
    failed = judge(fact(below_one()), {"trial": outcome(1.5)}, samples, READINGS)
    assert not failed.holds and "asked below 1" in failed.reasons()[0]


def test_a_knock_out_makes_a_fact_fall_move_stand_or_be_absent() -> None:
    samples, whole = resamples(200, 1, 100), {"trial": outcome(0.6)}
    effects = {ratio: compare("adcc", fact(below_one()), whole, {"trial": outcome(ratio)}, samples, READINGS).effect
               for ratio in (1.4, 0.8, 0.601)}  # fmt: skip
    assert effects == {1.4: "falls", 0.8: "moves", 0.601: "none"}
    assert compare("adcc", fact(below_one()), whole, whole, samples, READINGS).effect == "absent"
    second = Check("size", Figure("trial", "PFS_median", "A"), 11.4, "s", True, factor=1.05)
    both = fact(below_one(), second)
    assert compare("adcc", both, whole, {"trial": outcome(0.7)}, samples, READINGS).effect == "part"
    failing = fact(replace(below_one(), test="more"))
    assert compare("adcc", failing, whole, {"trial": outcome(0.601)}, samples, READINGS).effect == "failed"


def test_a_mechanism_without_any_effect_is_called_unsupported() -> None:
    samples, whole = resamples(200, 1, 50), {"trial": outcome(0.6)}
    rows = [
        compare("adcc", fact(below_one()), whole, {"trial": outcome(r)}, samples, READINGS) for r in (0.6001, 0.8, 1.4)
    ]
    assert [verdict({99: row}).split(":")[0] for row in rows] == [
        "**unsupported**", "no fact falls; moves 99", "supported",
    ]  # fmt: skip


def test_a_cohort_differs_from_its_trial_only_where_it_says_so() -> None:
    base = load_facts()
    for spec in base.cohorts.values():
        record, trial = cohort_record(spec), load_record(spec.trial)
        if spec.arms is None:
            assert [a.name for a in record.arms][: len(trial.arms)] == [a.name for a in trial.arms]
        assert record.eligibility.her2 == (spec.her2 or trial.eligibility.her2)
        assert [p.drugs for p in record.eligibility.prior] == (
            [p.drugs for p in trial.eligibility.prior] if spec.prior is None else list(spec.prior)
        )
        assert record.assessment.follow_up_days <= trial.assessment.follow_up_days
        changed = {key for key, value in record.baseline.items() if trial.baseline.get(key) != value}
        assert changed <= set(dict(spec.baseline))


def test_an_arm_that_no_record_has_is_refused() -> None:
    with pytest.raises(InputError, match="no arm 'X'"):
        cohort_record(CohortSpec("x", "CLEOPATRA", arms=("X",)))


def test_mechanisms_that_a_cohort_does_not_contain_are_not_removed_from_it() -> None:
    base = load_facts()
    assert simulating.touching(base.cohorts["cleopatra"], ["bystander", "adcc", "domain_II_block"]) == (
        "adcc",
        "domain_II_block",
    )
    assert "domain_II_block" not in simulating.contained(base.cohorts["emilia"])


def test_finished_cohorts_are_read_and_not_simulated_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def stand_in(spec: CohortSpec, plan: object, brain: float) -> CohortOutcome:
        asked.append(spec.name)
        return outcome(0.5)

    monkeypatch.setattr(simulating, "simulate_cohort", stand_in)
    base = load_facts()
    units = simulating.units_of(base.chosen((27, 28)), base, patients=20, seed=1)
    first = simulating.simulate_units(units, tmp_path)
    again = simulating.simulate_units(units, tmp_path)
    assert asked == ["gbg26", "egf104900"]
    for unit in units:
        for key, kept in first[unit].arms.items():
            assert np.array_equal(kept.pfs_days, again[unit].arms[key].pfs_days)
            assert np.array_equal(kept.confirmed, again[unit].arms[key].confirmed)
        assert (again[unit].assessor, again[unit].confirmed) == ("INV", True)
    other = simulating.units_of(base.chosen((27,)), base, patients=20, seed=2)
    simulating.simulate_units(other, tmp_path)
    assert asked[-1] == "gbg26" and len(asked) == 3


def test_the_study_removes_each_mechanism_in_turn_and_says_which_fact_falls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in model in which trastuzumab works by ADCC alone: without it, and only then, the fact falls."""

    def stand_in(spec: CohortSpec, plan: TrialPlan, brain: float) -> CohortOutcome:
        one = outcome(1.0 if "adcc" in plan.without else 0.5, n=plan.patients)
        arms = {(name, who): one.arms[key, "INV"] for name, key in zip((a.name for a in plan.arms), "AB", strict=True)
                for who in ("INV", "BICR")}  # fmt: skip
        return replace(one, arms=arms)

    monkeypatch.setattr(simulating, "simulate_cohort", stand_in)
    found = study_facts(facts=(27,), patients=200, knock_outs=100, folder=tmp_path)
    assert found.results[0].holds
    effects = {each.mechanism: each.effect for each in found.removed}
    assert effects.pop("adcc") == "falls"
    assert set(effects.values()) == {"none"} and "domain_IV_block" in effects
    text = found.page()
    assert "| adcc | **F** | supported: 27 |" in text
    assert "Here with 100 patients per arm" in text and "**1 of 1 facts hold**" in text
    assert "| 27 |" in text and "domain_IV_block, adcc | **adcc** |" in text
    lines = found.lines()
    assert lines[0].startswith("holds  27") and lines[-1] == "1 of 1 facts hold."


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--fact", "3"], "there is no stylised fact 3"),
        (["--patients", "2"], "--patients is 2"),
        (["--without", "adc"], "no mechanism is named 'adc'"),
        (["--table", "nowhere/page.md"], "cannot be written"),
        (["--seed", "-1"], "--seed is -1"),
    ],
)
def test_bad_input_is_one_clear_message(words: list[str], says: str, tmp_path: Path) -> None:
    found = CliRunner().invoke(
        app, ["facts", "--fact", "1", "--patients", "10", "--out", str(tmp_path / "kept"), *words]
    )
    assert found.exit_code == 2
    assert says in found.output
    assert "Traceback" not in found.output
    assert not list(tmp_path.glob("kept/*"))

"""Lines after the trial: who gets which, what she takes along, and how old she is then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from her2sim.evidence.base import load_record
from her2sim.model.lesions import SLOTS
from her2sim.record.types import RegimenItem
from her2sim.study.cohort import baseline_tumor, sample_cohort, typical_in_force
from her2sim.study.entry import progression_rule
from her2sim.study.plan import make_plan
from her2sim.trial import next_lines
from her2sim.trial.lesion_state import lesion_start
from her2sim.trial.next_lines import Leaving, Policy, death_after
from her2sim.trial.selection import ATTEMPTS
from her2sim.trial.stages import Ended, treat_until
from her2sim.trial.treatment import Cohort, Trajectory

N = 4
PLAN = make_plan(load_record("EMILIA"), patients=N, seed=3)
TYPICAL = typical_in_force(PLAN, 0)
COHORT = sample_cohort(PLAN, TYPICAL, 0, np.arange(N) * ATTEMPTS)
TUMOR = baseline_tumor(COHORT, "breast")
START = lesion_start(TUMOR.volume_mL, {slot.name: TUMOR.shares for slot in SLOTS}, TUMOR.dead_share)


def leaving(had: Sequence[set[str]], day: float = 200.0, **more: np.ndarray) -> Leaving:
    return Leaving(COHORT, np.full(N, day), START | more, np.full(N, np.inf), np.full(N, 2500.0), np.ones(N),
                   [frozenset(drugs) for drugs in had])  # fmt: skip


@pytest.fixture
def treated(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], list[int], dict[str, np.ndarray]]]:
    """Every line given: its drugs, its patients, and the states they began it with."""
    seen: list[tuple[list[str], list[int], dict[str, np.ndarray]]] = []

    def watched(
        cohort: Cohort, disease: str, regimen: Sequence[RegimenItem], start: Mapping[str, Any], days: Any, ended: Ended
    ) -> Trajectory:
        seen.append(([item.drug for item in regimen], cohort.patients.ids.tolist(), dict(start)))
        return treat_until(cohort, disease, regimen, start, days, ended)

    monkeypatch.setattr(next_lines, "treat_until", watched)
    return seen


EVERYONE = replace(PLAN.policy, share=1.0)
"""The policy, with nobody who stops after a line."""


def follow(patients: Leaving, policy: Policy = EVERYONE) -> next_lines.Afterward:
    return death_after(patients, "breast", policy, parameters=TYPICAL, rule=progression_rule(TYPICAL))


def test_a_patient_skips_the_drugs_that_she_herself_has_had(
    treated: list[tuple[list[str], list[int], dict[str, np.ndarray]]],
) -> None:
    follow(leaving([set(), {"trastuzumab_emtansine"}, set(), {"trastuzumab_emtansine"}]))
    had = {patient for drugs, ids, _ in treated if "trastuzumab emtansine" in drugs for patient in ids}
    ids = COHORT.patients.ids
    assert had == {ids[0], ids[2]}


def test_neither_the_drugs_of_the_trial_nor_of_a_line_are_left_in_later_lines(
    treated: list[tuple[list[str], list[int], dict[str, np.ndarray]]],
) -> None:
    follow(leaving([{"trastuzumab"}] * N, A1_trastuzumab_mg=np.full(N, 500.0), W_taxane=np.full(N, 0.4)))
    assert any("vinorelbine" in drugs for drugs, _, _ in treated)  # with trastuzumab, which would meet its own remains
    for _, _, start in treated:
        assert not [name for name in start if not name.startswith(("V_", "W_"))]
        np.testing.assert_array_equal(start["W_taxane"], 0.4)


def test_age_at_death_counts_the_time_on_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    ages: list[np.ndarray] = []
    plain = next_lines.hazard_of

    def watched(course: Trajectory, age: Any, frailty: Any, parameters: Any) -> Any:
        ages.append(age)
        return plain(course, age, frailty, parameters)

    monkeypatch.setattr(next_lines, "hazard_of", watched)
    follow(leaving([set()] * N, day=3652.5))
    np.testing.assert_allclose(ages[0], COHORT.patients.columns["age_years"] + 10.0)


def test_with_a_level_used_up_she_dies_at_once_and_beyond_the_cutoff_nobody_dies() -> None:
    now = leaving([set()] * N)
    levels, until = np.array([0.0, np.inf, 50.0, 0.05]), np.array([100.0, 900.0, 900.0, 900.0])
    found = follow(Leaving(now.cohort, now.day, now.state, levels, until, now.frailty, now.had))
    assert found.death[0] == 0.0
    assert np.isinf(found.death[1])
    assert ((found.death <= until) | np.isinf(found.death)).all()
    assert 0.0 < found.death[3] < 900.0


def test_the_share_of_the_policy_begins_each_next_line_and_by_the_patients_own_draws() -> None:
    patients = np.arange(4000)
    begun = np.array(next_lines.lines_begun(replace(PLAN.policy, share=0.75), 7, patients))
    for line in range(PLAN.policy.at_most):
        assert np.mean(begun > line) == pytest.approx(0.75 ** (line + 1), abs=0.025)
    assert next_lines.lines_begun(replace(PLAN.policy, share=0.75), 7, patients[5:9]) == begun[5:9].tolist()
    assert set(next_lines.lines_begun(EVERYONE, 7, patients[:50])) == {PLAN.policy.at_most}


def test_who_does_not_begin_a_next_line_has_no_drug(
    treated: list[tuple[list[str], list[int], dict[str, np.ndarray]]],
) -> None:
    follow(leaving([set()] * N), replace(PLAN.policy, share=0.0))
    assert [drugs for drugs, _, _ in treated] == [[]]


def test_the_policy_gives_each_leading_drug_once_and_no_more_lines_than_it_may() -> None:
    lines = PLAN.policy.lines
    assert [line.leading for line in PLAN.policy.after(())] == [line.leading for line in lines[: PLAN.policy.at_most]]
    assert lines[0].leading not in [line.leading for line in PLAN.policy.after({lines[0].leading})]
    assert PLAN.policy.after({line.leading for line in lines}) == ()

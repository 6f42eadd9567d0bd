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
from her2sim.trial.next_lines import Leaving, death_after
from her2sim.trial.policy import Policy
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


EVERYONE = replace(PLAN.policy, share=1.0, enrolled=None)
"""The policy, with nobody who stops after a line, in a year in which all drugs can be had."""


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
    given = {"trastuzumab", "trastuzumab_deruxtecan", "trastuzumab_emtansine", "tucatinib", "lapatinib"}
    follow(leaving([given] * N, A1_trastuzumab_mg=np.full(N, 500.0), W_taxane=np.full(N, 0.4)))
    assert any("vinorelbine" in drugs for drugs, _, _ in treated)  # with trastuzumab, which would meet its own remains
    for _, _, start in treated:
        assert not [name for name in start if not name.startswith(("V_", "W_"))]
        np.testing.assert_array_equal(start["W_taxane"], 0.4)


def test_age_at_death_counts_the_time_on_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    ages: list[np.ndarray] = []
    plain = next_lines.hazard_of

    def watched(course: Trajectory, age: Any, *others: Any) -> Any:
        ages.append(age)
        return plain(course, age, *others)

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


def test_who_does_not_begin_a_next_line_has_no_drug(
    treated: list[tuple[list[str], list[int], dict[str, np.ndarray]]],
) -> None:
    follow(leaving([set()] * N), replace(PLAN.policy, share=0.0))
    assert [drugs for drugs, _, _ in treated] == [[]]


def test_a_drug_is_given_from_the_year_in_which_it_could_be_had(
    treated: list[tuple[list[str], list[int], dict[str, np.ndarray]]],
) -> None:
    first = EVERYONE.lines[0]
    assert first.leading == "trastuzumab_deruxtecan"
    early = first.since - 10.0  # all that is simulated lies before the drug
    follow(leaving([set()] * N), replace(EVERYONE, enrolled=(early, early)))
    assert not [drugs for drugs, _, _ in treated if "trastuzumab deruxtecan" in drugs]
    treated.clear()
    follow(leaving([set()] * N), replace(EVERYONE, enrolled=(first.since, first.since)))
    assert "trastuzumab deruxtecan" in treated[0][0]


def test_nobody_begins_a_line_after_her_death_and_none_has_a_leading_drug_twice(
    treated: list[tuple[list[str], list[int], dict[str, np.ndarray]]],
) -> None:
    now = leaving([set()] * N)
    levels = np.array([0.0, np.inf, np.inf, 0.3])
    found = follow(Leaving(now.cohort, now.day, now.state, levels, now.until, now.frailty, now.had))
    ids = COHORT.patients.ids.tolist()
    lines_of = {patient: [drugs for drugs, who, _ in treated if patient in who] for patient in ids}
    assert len(lines_of[ids[0]]) == 1 and found.death[0] == 0.0  # she dies on the first day of her first line
    for lines in lines_of.values():
        leading = [
            line.leading for drugs in lines for line in EVERYONE.lines if [i.drug for i in line.regimen] == drugs
        ]
        assert len(leading) == len(set(leading))


def test_a_patient_goes_the_same_way_whoever_shares_her_chunk() -> None:
    policy = replace(EVERYONE, enrolled=(2019.0, 2022.0))
    now = leaving([set(), {"trastuzumab_emtansine"}, set(), set()], day=300.0)
    levels = np.full(N, 0.8)
    whole = Leaving(now.cohort, now.day, now.state, levels, now.until, now.frailty, now.had)
    alone = [follow(whole.take(np.array([row])), policy).death[0] for row in range(N)]
    np.testing.assert_array_equal(follow(whole, policy).death, alone)

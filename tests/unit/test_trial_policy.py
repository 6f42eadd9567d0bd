"""The policy of later lines: by HER2, by calendar, by what was given, and the share who begin a line."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from her2sim.core.errors import InputError
from her2sim.evidence.base import load_record
from her2sim.model.drug_file import load_drug
from her2sim.record.protocol import protocol_of
from her2sim.record.reading import record_from_mapping
from her2sim.study.plan import make_plan
from her2sim.trial.dosing import drugs_given
from her2sim.trial.policy import Policy, disease_of


def policy_of(trial: str) -> Policy:
    return make_plan(load_record(trial), patients=4, seed=3).policy


def way(policy: Policy, had: set[str], year: float) -> list[str]:
    out: list[str] = []
    while (line := policy.choose(had | set(out), year)) is not None:
        out.append(line.leading)
    return out


def test_the_share_of_the_policy_begins_each_next_line_and_by_the_patients_own_draws() -> None:
    patients, policy = np.arange(4000), replace(policy_of("EMILIA"), share=0.75)
    begun = policy.lines_begun(7, patients)
    for line in range(policy.at_most):
        assert np.mean(begun > line) == pytest.approx(0.75 ** (line + 1), abs=0.025)
    assert policy.lines_begun(7, patients[5:9]).tolist() == begun[5:9].tolist()
    assert set(replace(policy, share=1.0).lines_begun(7, patients[:50])) == {policy.at_most}


def test_in_her2_low_disease_later_lines_are_single_drugs_and_none_is_against_her2() -> None:
    policy = policy_of("DESTINY-Breast04")
    for line in policy.lines:
        assert len(line.drugs) == 1
        assert "HER2" not in load_drug(line.leading).targets
    assert policy.share > policy_of("ToGA").share


def test_a_record_of_unknown_or_mixed_her2_has_the_policy_of_its_disease() -> None:
    record = load_record("DESTINY-Breast04")
    mixed = replace(record, eligibility=replace(record.eligibility, her2=("IHC1+", "IHC3+")))
    assert [disease_of(record), disease_of(mixed)] == ["breast HER2-low", "breast"]
    assert disease_of(replace(record, eligibility=replace(record.eligibility, her2=()))) == "breast"


def test_each_leading_drug_comes_once_and_not_before_its_year() -> None:
    policy = policy_of("EMILIA")
    assert way(policy, set(), np.inf) == [line.leading for line in policy.lines]
    old = way(policy, set(), 2010.0)
    assert "trastuzumab_emtansine" not in old and "lapatinib" in old
    assert set(old) < set(way(policy, set(), 2014.0)) < set(way(policy, set(), 2022.0))
    assert "vinorelbine" not in way(policy, {"vinorelbine"}, np.inf)


def test_what_a_line_gives_besides_its_leading_drug_counts_as_given() -> None:
    policy = policy_of("ToGA")
    first = policy.choose((), np.inf)
    assert first is not None and "paclitaxel" in first.drugs
    second = policy.choose(first.drugs, np.inf)
    assert second is not None and second.leading == "irinotecan"


def test_years_of_randomization_are_those_of_the_record_and_the_patients_own() -> None:
    policy, patients = policy_of("EMILIA"), np.arange(500)
    assert policy.enrolled == (2009.1, 2011.8)
    years = policy.randomized(3, patients)
    assert years.min() >= 2009.1 and years.max() <= 2011.8 and np.ptp(years) > 2.0
    np.testing.assert_array_equal(policy.randomized(3, patients[7:9]), years[7:9])
    assert np.isinf(replace(policy, enrolled=None).randomized(3, patients[:2])).all()


def test_the_calendar_of_a_trial_belongs_to_its_protocol() -> None:
    protocol = protocol_of(load_record("EMILIA"))
    assert make_plan(protocol, patients=4, seed=3).policy.enrolled == (2009.1, 2011.8)


@pytest.mark.parametrize("years", [[2011.0, 2009.0], [2011.0], "2011", [11, 12]])
def test_years_that_are_none_are_refused(years: object) -> None:
    drug = {"drug": "trastuzumab", "dose": "6 mg/kg", "schedule": "q3w"}
    arms = [{"name": "a", "n": 5, "regimen": [drug]}]
    content = {"id": "x", "disease": "breast", "setting": "metastatic-2L", "enrolled": years, "arms": arms}
    with pytest.raises(InputError, match="enrolled"):
        record_from_mapping(content)


def test_of_alternatives_each_patient_has_had_her_own_only() -> None:
    arm = next(arm for arm in load_record("DESTINY-Breast04").arms if len(arm.regimen) > 1)
    patients = np.arange(2000)
    given = drugs_given(arm.regimen, 3, patients)
    assert {len(drugs) for drugs in given} == {1}
    assert np.mean([drugs == {"eribulin"} for drugs in given]) == pytest.approx(0.511, abs=0.035)
    assert drugs_given(arm.regimen, 3, patients[40:42]) == given[40:42]

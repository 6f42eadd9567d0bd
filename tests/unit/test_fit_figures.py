"""Simulated figures of the fit: those that a run reports, of the same patients; a failed patient counts in none."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from her2sim.endpoints.response import Response, is_in
from her2sim.evidence.base import load_record
from her2sim.model.frozen import spread_name
from her2sim.study import course
from her2sim.study.fit_figures import joined, plan_for, simulate_part, simulated_value
from her2sim.study.fit_targets import Stratum, targets_of
from her2sim.trial.selection import ATTEMPTS
from her2sim.trial.stages import treat_until
from her2sim.trial.treatment import RTOL, Cohort

RECORD = load_record("EMILIA")
TARGETS = targets_of(RECORD)[0]
PLAN = plan_for(RECORD, TARGETS, patients=12, seed=11, rtol=RTOL)
STATE = "V_T1_sensitive_mL"


def target(kind: str) -> Any:
    return next(t for t in TARGETS if t.kind == kind and t.arm == "T-DM1" and not t.words)


def test_patients_that_could_not_be_simulated_count_in_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = simulate_part(PLAN, {}, 0, 12)["T-DM1"]
    failed = [2, 5]

    def spoiled(cohort: Cohort, disease: str, regimen: Any, start: Any, days: Any, ended: Any) -> Any:
        values = np.where(np.isin(cohort.patients.ids // ATTEMPTS, failed), np.nan, start[STATE])
        return treat_until(cohort, disease, regimen, {**start, STATE: values}, days, ended)

    monkeypatch.setattr(course, "treat_until", spoiled)
    left = simulate_part(PLAN, {}, 0, 12)
    assert len(left["T-DM1"].os[0]) == 10
    rows = np.setdiff1d(np.arange(12), failed)
    responders = is_in(whole.best["BICR", True][rows], Response.CR, Response.PR).sum()
    share = (responders + 0.5) / 11.0
    assert simulated_value(target("ORR"), left) == pytest.approx(math.log(share / (1.0 - share)))


def test_parts_of_a_trial_joined_are_the_whole_trial() -> None:
    whole = simulate_part(PLAN, {}, 0, 12)
    parts = joined([simulate_part(PLAN, {}, 0, 5), simulate_part(PLAN, {}, 5, 12)])
    for arm in whole:
        assert np.array_equal(whole[arm].os[0], parts[arm].os[0])
        assert all(np.array_equal(whole[arm].pfs[who][0], parts[arm].pfs[who][0]) for who in ("INV", "BICR"))
        assert np.array_equal(whole[arm].columns["pik3ca_mutated"], parts[arm].columns["pik3ca_mutated"])


def test_numbers_of_the_fit_are_in_force_for_values_and_spreads() -> None:
    # without earlier lines, which select other patients where tumors grow otherwise
    first_line = replace(PLAN, prior=())
    plain = simulate_part(first_line, {}, 0, 12)["T-DM1"]
    slow = simulate_part(first_line, {"doubling_time_days": 400.0}, 0, 12)["T-DM1"]
    alike = simulate_part(first_line, {spread_name("growth_patient"): 0.01}, 0, 12)["T-DM1"]
    assert np.nanmean(slow.pfs["INV"][0]) > np.nanmean(plain.pfs["INV"][0])
    assert not np.array_equal(alike.pfs["INV"][0], plain.pfs["INV"][0])


def test_a_stratum_is_made_of_its_own_patients_only() -> None:
    arms = simulate_part(PLAN, {}, 0, 12)
    mutated = replace(target("ORR"), stratum=Stratum("pik3ca_mutated", low=0.5))
    others = replace(target("ORR"), stratum=Stratum("pik3ca_mutated", high=0.5))
    known = arms["T-DM1"].columns["pik3ca_mutated"] > 0.5

    def responders(value: float, n: int) -> float:
        return (n + 1.0) / (1.0 + math.exp(-value)) - 0.5

    total = responders(simulated_value(mutated, arms), int(known.sum()))
    total += responders(simulated_value(others, arms), int((~known).sum()))
    assert total == pytest.approx(responders(simulated_value(target("ORR"), arms), 12))


def test_trials_without_survival_figures_are_not_followed_beyond_progression() -> None:
    short = plan_for(RECORD, [t for t in TARGETS if not t.kind.startswith("OS")], patients=12, seed=11, rtol=RTOL)
    assert PLAN.after_progression and not short.after_progression
    assert short.record.assessment.follow_up_days < RECORD.assessment.follow_up_days


def test_time_to_progression_does_not_count_deaths() -> None:
    arm = simulate_part(PLAN, {"death_rate_at_reference_burden_per_day": 0.02}, 0, 12)["T-DM1"]
    for who in ("INV", "BICR"):
        assert np.array_equal(arm.ttp[who][0], arm.pfs[who][0])
        assert (arm.ttp[who][1] <= arm.pfs[who][1]).all()
        assert arm.ttp[who][1].sum() < arm.pfs[who][1].sum()
    before = replace(target("PFS_median"), kind="TTP_median")
    assert simulated_value(before, {"T-DM1": arm}) > simulated_value(target("PFS_median"), {"T-DM1": arm})

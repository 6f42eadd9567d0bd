"""What happens to the patients of a trial hangs together: scans, events, deaths and the tables made of them."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pandas as pd
import pytest

from her2sim.evidence.base import load_record
from her2sim.study.course import ChunkCourse, simulate_chunk
from her2sim.study.plan import TrialPlan, make_plan
from her2sim.study.tables import chunk_tables

PATIENTS = 14


@lru_cache(maxsize=4)
def plan_of(trial: str) -> TrialPlan:
    return make_plan(load_record(trial), patients=PATIENTS, seed=11)


@lru_cache(maxsize=4)
def chunk_of(trial: str) -> ChunkCourse:
    return simulate_chunk(plan_of(trial), 0, 0, PATIENTS)


@lru_cache(maxsize=4)
def tables(trial: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    made = chunk_tables(chunk_of(trial))
    return made["patients"].to_pandas(), made["scans"].to_pandas(), made["events"].to_pandas()


def times(trial: str) -> pd.DataFrame:
    events = tables(trial)[2]
    return events.pivot_table(index=["arm", "patient"], columns=["endpoint", "assessor"], values="time_days")


TRIALS = pytest.mark.parametrize("trial", ["EMILIA", "CLEOPATRA"])


@TRIALS
def test_nobody_is_scanned_after_her_progression_by_investigators_nor_after_the_end_of_follow_up(trial: str) -> None:
    _, scans, _ = tables(trial)
    investigators = scans[scans["assessor"] == "INV"]
    progressed = investigators[investigators["overall"] == "PD"].groupby(["arm", "patient"])["day"].min()
    assert len(progressed) > PATIENTS // 2
    last = scans.groupby(["arm", "patient", "assessor"])["day"].max().unstack()
    for who in ("INV", "BICR"):
        at_most = progressed.reindex(last.index).fillna(np.inf)
        assert (last[who] <= at_most).all()
        assert (last[who] <= times(trial)["OS", ""].reindex(last.index)).all()  # neither after death nor cut-off


@TRIALS
def test_survival_without_progression_is_never_longer_than_survival(trial: str) -> None:
    wide = times(trial)
    assert (wide["PFS", "INV"] <= wide["OS", ""]).all()
    assert (wide["PFS", "BICR"] <= wide["OS", ""]).all()


@TRIALS
def test_every_simulated_patient_has_each_event_once_and_only_responders_a_duration(trial: str) -> None:
    patients, _, events = tables(trial)
    everyone = {(arm.name, n) for arm in plan_of(trial).arms for n in range(PATIENTS)}
    for who, endpoint in (("", "OS"), ("INV", "PFS"), ("BICR", "PFS")):
        rows = events[(events["endpoint"] == endpoint) & (events["assessor"] == who)]
        found = list(zip(rows["arm"], rows["patient"], strict=True))
        assert len(found) == len(everyone) and set(found) == everyone
    for who in ("INV", "BICR"):
        for endpoint, column in (("DOR", f"bor_{who}"), ("DOR_UNCONFIRMED", f"bor_unconfirmed_{who}")):
            rows = events[(events["endpoint"] == endpoint) & (events["assessor"] == who)]
            responders = patients[patients[column].isin(["CR", "PR"])]
            assert set(zip(rows["arm"], rows["patient"], strict=True)) == set(
                zip(responders["arm"], responders["patient"], strict=True)
            )


@TRIALS
def test_the_best_unconfirmed_response_is_the_best_of_the_scans(trial: str) -> None:
    patients, scans, _ = tables(trial)
    rank = {"CR": 3, "PR": 2}
    for who in ("INV", "BICR"):
        mine = scans[scans["assessor"] == who]
        until = mine[mine["overall"] == "PD"].groupby(["arm", "patient"])["day"].min()
        mine = mine.join(until.rename("until"), on=["arm", "patient"])
        mine = mine[~(mine["day"] > mine["until"])]
        best = mine["overall"].map(rank).fillna(0).groupby([mine["arm"], mine["patient"]]).max()
        told = patients.set_index(["arm", "patient"])[f"bor_unconfirmed_{who}"].map(rank).fillna(0)
        pd.testing.assert_series_equal(best.sort_index(), told.sort_index(), check_names=False)


@TRIALS
def test_the_change_of_the_sum_is_that_of_the_diameters_in_its_row(trial: str) -> None:
    scans = tables(trial)[1]
    diameters = scans[["target_1_mm", "target_2_mm", "target_3_mm"]].sum(axis=1)
    np.testing.assert_allclose(scans["sum_mm"], diameters)
    keys = ["arm", "patient", "assessor"]
    baseline = scans[scans["visit"] == 0].set_index(keys)["sum_mm"]
    expected = 100.0 * (scans["sum_mm"].to_numpy() / baseline.loc[list(scans[keys].itertuples(index=False))] - 1.0)
    np.testing.assert_allclose(scans["change_pct"], expected, atol=1e-9)


def test_arms_with_the_same_drugs_are_one_and_the_same() -> None:
    # arms share patients and draws: a difference between equal arms would be an artefact
    plan = plan_of("EMILIA")
    twins = tuple(replace(plan.arms[0], name=name) for name in ("one", "two"))
    one, two = simulate_chunk(replace(plan, arms=twins), 0, 0, 5).arms
    np.testing.assert_array_equal(one.death_day, two.death_day)
    for who in ("INV", "BICR"):
        np.testing.assert_array_equal(one.judged[who].visits.overall, two.judged[who].visits.overall)


def test_a_smaller_arm_has_the_first_patients_of_the_larger() -> None:
    plan = plan_of("EMILIA")
    small = replace(plan.arms[1], n=3)
    chunk = simulate_chunk(replace(plan, arms=(plan.arms[0], small)), 0, 0, 5)
    whole = simulate_chunk(plan, 0, 0, 5)
    assert chunk.arms[1].numbers.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(chunk.arms[1].death_day, whole.arms[1].death_day[:3])
    patients = chunk_tables(chunk)["patients"].to_pandas().set_index(["arm", "patient"])
    for number in range(3):
        first, second = (patients.loc[(arm.arm, number), "weight_kg"] for arm in chunk.arms)
        assert first == second


def test_a_course_does_not_depend_on_the_chunk() -> None:
    alone, company = simulate_chunk(plan_of("EMILIA"), 0, 3, 5), chunk_of("EMILIA")
    for mine, theirs in zip(alone.arms, company.arms, strict=True):
        np.testing.assert_array_equal(mine.death_day, theirs.death_day[3:5])
        np.testing.assert_array_equal(mine.judged["BICR"].day, theirs.judged["BICR"].day[3:5])


def test_replicates_have_other_patients() -> None:
    plan = plan_of("EMILIA")
    first, second = (simulate_chunk(plan, replicate, 0, 3) for replicate in (0, 1))
    assert not set(first.patients.ids.tolist()) & set(second.patients.ids.tolist())


@TRIALS
def test_planned_scans_reach_the_latest_cutoff_of_any_patient(trial: str) -> None:
    plan = plan_of(trial)
    interval = max(step for _, step in plan.record.assessment.scan_every_days)
    assert plan.planned[-1] > 1.5 * plan.record.assessment.follow_up_days - interval

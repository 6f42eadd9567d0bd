"""Amounts of drug are exact down to a share of their dose, tumor volumes down to the last cells; steps are saved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from her2sim.engine.interface import Solution
from her2sim.evidence.base import load_record
from her2sim.model.drug_file import load_drug
from her2sim.record.types import Dose, RegimenItem, Schedule, Until
from her2sim.study.cohort import baseline_tumor, sample_cohort, typical_in_force
from her2sim.study.plan import make_plan
from her2sim.trial.lesion_state import lesion_start
from her2sim.trial.tolerance import ATOL, absolute_tolerance
from her2sim.trial.treatment import Line, prepare

N = 12
PLAN = make_plan(load_record("EMILIA"), patients=N, seed=4)
COHORT = replace(sample_cohort(PLAN, typical_in_force(PLAN, 0), 0, np.arange(N)), rtol=1e-3)
TUMOR = baseline_tumor(COHORT, "breast")
START = lesion_start(TUMOR.volume_mL, {slot: TUMOR.shares for slot in TUMOR.volume_mL}, TUMOR.dead_share)
DAYS = np.tile(np.arange(0.0, 505.0, 42.0), (N, 1))


def line_of(arm: int) -> Line:
    return prepare(COHORT, "breast", PLAN.arms[arm].regimen, START, DAYS)


def steps_and_error(line: Line) -> tuple[int, float]:
    """Accepted steps, and the largest relative error of any clone in any slot with more than 1e-6 mL of it."""

    def solved(rtol: float, atol: list[float] | float) -> Solution:
        return line.model.compiled.solve(line.table, DAYS, initial=line.initial, doses=line.doses, rtol=rtol, atol=atol)

    columns = [i for i, name in enumerate(line.names) if name.startswith("V_")]
    found, exact = solved(line.rtol, line.atol.tolist()), solved(1e-8, 1e-14)
    volume, truth = found.values[..., columns], exact.values[..., columns]
    there = truth > 1e-6
    return int(found.steps.sum()), float(np.max(np.abs(volume - truth)[there] / truth[there]))


@pytest.mark.parametrize("arm", [0, 1], ids=[arm.name for arm in PLAN.arms])
def test_a_third_of_the_steps_is_saved_and_clones_are_about_as_exact(arm: int) -> None:
    line = line_of(arm)
    steps, error = steps_and_error(line)
    before, error_before = steps_and_error(replace(line, atol=np.full(len(line.names), ATOL)))
    assert steps < 0.8 * before
    assert error < max(2.0 * error_before, 2e-3)  # the largest of thousands: it scatters with the patients


def test_only_compartments_of_drugs_of_the_regimen_have_a_floor() -> None:
    line = line_of(0)
    coarse = {name for name, value in zip(line.names, line.atol, strict=True) if value > ATOL}
    assert coarse == {name for name in line.names if name.startswith("A") and name.endswith("_mg")}


def test_the_tolerance_is_that_of_the_regimen_whoever_is_treated() -> None:
    rows = np.array([3, 7])
    some = prepare(
        COHORT.take(rows), "breast", PLAN.arms[1].regimen, {name: value[rows] for name, value in START.items()},
        DAYS[rows],
    )  # fmt: skip
    assert np.array_equal(some.atol, line_of(1).atol)


def test_the_floor_follows_dose_and_relative_tolerance() -> None:
    names, drugs = ("A1_carboplatin_mg",), {"carboplatin": load_drug("carboplatin")}

    def of(dose: Dose | None, rtol: float = 1e-3) -> float:
        item = RegimenItem("carboplatin", dose, Schedule(21.0), Until("progression"))
        return float(absolute_tolerance(names, (item,), drugs, rtol)[0])

    assert of(Dose(6.0, "AUC")) == pytest.approx(3.0 * of(Dose(2.0, "AUC")))
    assert of(Dose(6.0, "AUC"), 1e-5) == pytest.approx(0.01 * of(Dose(6.0, "AUC")))
    assert of(Dose(600.0, "mg", cap_mg=300.0)) == pytest.approx(of(Dose(300.0, "mg")))
    assert of(None) == ATOL
    assert of(Dose(1e-9, "mg")) == ATOL

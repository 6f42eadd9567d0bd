"""A line solved in stages is the line solved at once, up to the end of each patient; nobody is solved far beyond it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from her2sim.engine.interface import DoseTable
from her2sim.evidence.base import load_record
from her2sim.study.cohort import baseline_tumor, sample_cohort, typical_in_force
from her2sim.study.plan import make_plan
from her2sim.trial.lesion_state import lesion_start
from her2sim.trial.stages import doses_from, treat_until
from her2sim.trial.treatment import Trajectory, prepare, treat

Floats = NDArray[np.float64]
PLAN = make_plan(load_record("EMILIA"), patients=10, seed=4)
COHORT = sample_cohort(PLAN, typical_in_force(PLAN, 0), 0, np.arange(10))
TUMOR = baseline_tumor(COHORT, "breast")
START = lesion_start(TUMOR.volume_mL, {slot: TUMOR.shares for slot in TUMOR.volume_mL}, TUMOR.dead_share)
DAYS = np.tile(np.append(np.arange(0.0, 700.0, 33.0), 700.0), (10, 1))
ENDS = np.array([20.0, 160.0, 167.9, 168.0, 168.1, 300.0, 340.0, 500.0, np.inf, np.inf])


def ends(rows: NDArray[np.int64], course: Trajectory) -> Floats:
    assert len(rows) == len(course.days)
    return ENDS[rows]


@pytest.mark.parametrize("arm", [0, 1], ids=[arm.name for arm in PLAN.arms])
def test_stages_change_no_course_before_its_end(arm: int) -> None:
    regimen = PLAN.arms[arm].regimen
    whole = treat(COHORT, "breast", regimen, START, DAYS)
    staged = treat_until(COHORT, "breast", regimen, START, DAYS, ends)
    assert staged.names == whole.names
    lasting = (ENDS[:, None] >= DAYS)[..., None]
    line = prepare(COHORT, "breast", regimen, START, DAYS)
    traces = np.maximum(1e-6, line.atol / line.rtol)  # of drugs: exact to a share of their dose, not to themselves
    error = np.abs(staged.values - whole.values) / (np.abs(whole.values) + traces)
    assert np.where(lasting, error, 0.0).max() < 5e-3
    assert np.median(error[np.broadcast_to(lasting, error.shape)]) < 1e-5


def test_whose_line_has_ended_is_not_simulated_on() -> None:
    staged = treat_until(COHORT, "breast", PLAN.arms[0].regimen, START, DAYS, ends)
    last = np.array([168.0, 168.0, 168.0, 168.0, 336.0, 336.0, 672.0, 672.0, 700.0, 700.0])
    for row, border in enumerate(last):
        tail = staged.values[row, DAYS[row] > border]
        assert (tail == tail[:1]).all()
        within = staged.values[row, DAYS[row] <= border]
        assert (within[-1] != within[-2]).any()


def test_a_patient_does_not_depend_on_who_is_treated_beside_her() -> None:
    together = treat_until(COHORT, "breast", PLAN.arms[1].regimen, START, DAYS, ends)
    rows = np.array([2, 5, 9])
    start = {name: values[rows] for name, values in START.items()}

    def their_ends(part: NDArray[np.int64], course: Trajectory) -> Floats:
        return ends(rows[part], course)

    apart = treat_until(COHORT.take(rows), "breast", PLAN.arms[1].regimen, start, DAYS[rows], their_ends)
    assert np.array_equal(apart.values, together.values[rows])


def test_an_infusion_under_way_keeps_its_rate_and_its_end() -> None:
    doses = DoseTable(
        np.array([0, 0, 1, 1, 1]),
        np.array([0.0, 160.0, 0.0, 167.0, 168.0]),
        np.zeros(5, dtype=np.int64),
        np.array([1024.0, 14.0, 5.0, 7.0, 9.0]),
        np.array([1024.0, 14.0, 0.0, 0.0, 0.0]),
    )
    left = doses_from(doses, np.array([1, 0]), 168.0, np.array([[0.0, 700.0], [0.0, 700.0]]))
    table = list(zip(left.patient, left.time, left.amount, left.duration, strict=True))
    assert table == [(1, 168.0, 1024.0, 1024.0), (1, 168.0, 6.0, 6.0), (0, 168.0, 9.0, 0.0)]

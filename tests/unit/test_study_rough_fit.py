"""Figures that the rough fit compares: the same that a run reports, on the scale of the residual."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from her2sim.evidence.base import load_record
from her2sim.study import course
from her2sim.study.plan import make_plan
from her2sim.study.rough_fit import Free, simulate_figures
from her2sim.trial.selection import ATTEMPTS
from her2sim.trial.treatment import Cohort, treat

PATIENTS, FAILED = 10, [2, 5]
STATE = "V_T1_sensitive_mL"


def test_patients_that_could_not_be_simulated_count_in_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = make_plan(load_record("EMILIA"), patients=PATIENTS, seed=11)
    whole = course.simulate_chunk(plan, 0, 0, PATIENTS)

    def spoiled(cohort: Cohort, disease: str, regimen: Any, start: Any, days: Any) -> Any:
        values = np.where(np.isin(cohort.patients.ids // ATTEMPTS, FAILED), np.nan, start[STATE])
        return treat(cohort, disease, regimen, {**start, STATE: values}, days)

    monkeypatch.setattr(course, "treat", spoiled)
    figures = simulate_figures(plan, {})
    left = np.setdiff1d(np.arange(PATIENTS), FAILED)
    for arm in whole.arms:
        responders = arm.judged["BICR"].responders(confirmed=True)[left]
        share = (responders.sum() + 0.5) / (len(left) + 1.0)
        assert figures[arm.arm, "ORR", "BICR"] == pytest.approx(math.log(share / (1.0 - share)))


@pytest.mark.parametrize(("scale", "median"), [("log", 3.0), ("logit", 0.2)])
def test_a_free_parameter_is_at_its_median_at_zero_and_goes_one_sd_at_one(scale: str, median: float) -> None:
    free = Free("x", scale, median, 0.5)
    assert free.value(0.0) == pytest.approx(median)
    plain = math.log if scale == "log" else lambda p: math.log(p / (1.0 - p))
    assert plain(free.value(1.0)) - plain(median) == pytest.approx(0.5)

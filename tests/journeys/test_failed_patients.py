"""A patient that cannot be simulated is told and counted, leaves no trace in the results, and stops nobody else.

The failure is real: the engine is given a start value that is not a number. Patients 2 and 5 of 8 are chosen.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from her2sim.study import course
from her2sim.study.run import RunResult, run
from her2sim.trial import next_lines, selection
from her2sim.trial.selection import ATTEMPTS
from her2sim.trial.stages import treat_until
from her2sim.trial.treatment import Cohort

FAILED = {2, 5}
STATE = "V_T1_sensitive_mL"


@pytest.fixture
def run_with_failures(monkeypatch: pytest.MonkeyPatch, small_trial: Path, tmp_path: Path) -> Callable[..., RunResult]:
    """Runs the small trial while the module given starts the patients in ``failed`` from what is not a number."""

    def start_run(module: Any, failed: set[int] = FAILED) -> RunResult:
        def spoiled(cohort: Cohort, disease: str, regimen: Any, start: Any, days: Any, ended: Any) -> Any:
            numbers = cohort.patients.ids // ATTEMPTS
            values = np.where(np.isin(numbers, sorted(failed)), np.nan, start[STATE])
            return treat_until(cohort, disease, regimen, {**start, STATE: values}, days, ended)

        monkeypatch.setattr(module, "treat_until", spoiled)
        return run(small_trial, out=tmp_path / "out")

    return start_run


def tables(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    patients, scans, events = (pd.read_parquet(folder / f"{n}.parquet") for n in ("patients", "scans", "events"))
    return patients, scans, events


@pytest.mark.parametrize(
    ("module", "state"),
    [(course, STATE), (selection, f"{STATE} (earlier line 1)")],
    ids=["on the trial's therapy", "on an earlier line"],
)
def test_a_failed_patient_is_counted_with_reason_day_and_state_and_the_trial_goes_on(
    run_with_failures: Callable[..., RunResult], module: Any, state: str
) -> None:
    result = run_with_failures(module)
    patients, scans, events = tables(result.folder)
    assert set(patients["patient"]) == set(range(8))
    assert set(patients.loc[patients["failed"], "patient"]) == FAILED
    assert result.manifest["patients_failed"] == 4  # two patients in two arms
    assert result.manifest["patients_simulated"] == 16
    for failure in result.manifest["failures"]:
        assert failure["patient"] in FAILED
        assert failure["arm"] in ("T-DM1", "trastuzumab")
        assert "infinite or not a number" in failure["reason"]
        assert failure["state"] == state
        assert failure["day"] >= 0.0
    assert not FAILED & set(scans["patient"])
    assert not FAILED & set(events["patient"])
    assert patients.loc[patients["failed"], ["bor_INV", "bor_BICR", "death_day"]].isna().all(axis=None)


def test_endpoints_are_those_of_the_others_and_the_report_says_so(
    run_with_failures: Callable[..., RunResult], small_run: Path
) -> None:
    result = run_with_failures(course)
    for arm in result.record.arms:
        rates = [figure for figure in arm.results if figure.endpoint == "ORR"]
        assert {figure.n_evaluated for figure in rates} == {6}
    whole, broken = tables(small_run), tables(result.folder)
    for sound, left in zip(whole[1:], broken[1:], strict=True):  # scans and events of the others are untouched
        others = sound[~sound["patient"].isin(FAILED)].reset_index(drop=True)
        pd.testing.assert_frame_equal(others, left)
    page = result.report.read_text()
    assert re.search(r"4 of 16 simulated patients failed; they are left out of all results", page)
    assert "infinite or not a number" in page


def test_a_failure_after_progression_is_no_long_survival(
    run_with_failures: Callable[..., RunResult], small_run: Path
) -> None:
    result = run_with_failures(next_lines, set(range(6)))  # the others keep each arm alive
    patients, _, events = tables(result.folder)
    progressed = set(map(tuple, patients.loc[patients["failed"], ["arm", "patient"]].to_numpy()))
    assert progressed  # four years are enough for most to progress
    assert not progressed & set(map(tuple, events[["arm", "patient"]].to_numpy()))
    assert (patients.loc[patients["failed"], "fail_day"] > 30.0).all()  # counted from randomization
    before, _, _ = tables(small_run)
    assert len(before) == len(patients)


def test_where_nobody_of_an_arm_can_be_simulated_the_run_ends_with_the_reason(
    run_with_failures: Callable[..., RunResult],
) -> None:
    with pytest.raises(Exception, match="none of the 8 patients of arm T-DM1") as caught:
        run_with_failures(course, set(range(8)))
    assert getattr(caught.value, "exit_code", None) == 1
    assert STATE in str(caught.value)

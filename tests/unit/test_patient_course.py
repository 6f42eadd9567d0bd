"""One patient's course: the same patient as in a run, told by what the model did."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from her2sim.core.errors import InputError
from her2sim.evidence.base import load_record
from her2sim.model.lesions import CLONES, SLOTS
from her2sim.study.course import simulate_chunk
from her2sim.study.patient import (
    Choice,
    PatientCourse,
    alternatives_of,
    course_lines,
    course_of,
    figure_of,
    table_lines,
    write_alternatives,
)
from her2sim.study.patient_choice import choose
from her2sim.study.plan import make_plan


@pytest.fixture(scope="module")
def course() -> PatientCourse:
    return course_of(Choice(("EMILIA/T-DM1", "T-DXd"), number=1, days=500.0))


def test_the_patient_of_a_trial_is_the_one_of_its_run(course: PatientCourse) -> None:
    record = load_record("EMILIA")
    chunk = simulate_chunk(make_plan(record, patients=2, seed=1), 0, 1, 2)
    for name in chunk.patients:
        assert np.array_equal(chunk.patients[name], course.cohort.patients[name]), name
    reading = chunk.arms[0].readings["INV"]
    scans = [scan for scan in course.lines[0].scans if scan.day < 150.0]
    done = np.flatnonzero(~np.isnan(reading.day[0]) & (reading.day[0] < min(150.0, course.lines[0].end + 0.5)))
    assert [scan.day for scan in scans] == pytest.approx(reading.day[0][done].tolist())
    sums = np.nansum(reading.target_mm[0][done], axis=1)
    assert [scan.sum_mm for scan in scans] == pytest.approx(sums.tolist(), rel=1e-3)


def test_lines_follow_each_other_without_a_jump_of_the_tumor(course: PatientCourse) -> None:
    assert len(course.lines) == 2
    first, second = course.lines
    assert first.ended_by == "progression" and second.start == first.end
    assert second.clone_mL[0].sum() == pytest.approx(first.clone_mL[-1].sum(), rel=0.02)


def test_a_line_that_ended_by_progression_says_what_progressed_and_why(course: PatientCourse) -> None:
    assert course.lines[0].scans[-1].overall == "PD" and course.lines[0].scans[-1].why
    text = "\n".join(course_lines(course))
    assert "Line 1: T-DM1" in text and "Living tumor in" in text and "What kills them" in text
    assert sum(1 for _ in table_lines(course)) == 1 + sum(len(line.scans) for line in course.lines)


def test_net_growth_is_what_moves_the_volume(course: PatientCourse) -> None:
    line = course.lines[1]
    target = next(i for i, slot in enumerate(SLOTS) if slot.role == "target")
    for number, clone in enumerate(CLONES):
        volume, net = line.clone_mL[:, target, number], line.net["T1", clone]
        rows = slice(30, 90)
        if np.all(volume[rows] > 1e-4):
            moved = np.log(volume[rows][-1] / volume[rows][0])
            assert np.trapezoid(net[rows], line.days[rows]) == pytest.approx(moved, rel=0.05, abs=0.01)


def test_deaths_without_a_mechanism_are_none() -> None:
    less = course_of(Choice(("trastuzumab",), number=2, prior=("none",), days=60.0, without=("adcc",)))
    adcc = [rates["adcc"] for rates in less.lines[0].deaths.values() if "adcc" in rates]
    assert adcc and all(np.all(rate == 0.0) for rate in adcc)
    assert any("NK cells" in text and text.startswith("Without adcc") for text in course_lines(less))
    assert figure_of(less).subtitle == "without adcc"


def test_the_typical_patient_has_the_median_of_every_trait() -> None:
    patient = choose(Choice(("T-DXd",), typical=True, prior=("none",)))
    columns = patient.entry.cohort.patients
    assert float(columns["growth_patient"][0]) == pytest.approx(1.0)
    assert float(columns["her2_class"][0]) == 6.0


def test_traits_set_by_hand_hold_and_others_stay() -> None:
    plain, changed = (
        choose(Choice(("T-DXd",), number=4, prior=("none",), traits=traits)).entry.cohort.patients
        for traits in ({}, {"HER2_per_cell": 2e5})
    )
    assert float(changed["her2_log10_per_cell"][0]) == pytest.approx(np.log10(2e5))
    assert float(changed["weight_kg"][0]) == float(plain["weight_kg"][0])


def test_alternatives_are_given_to_the_same_patient(tmp_path: Path) -> None:
    choice = Choice(("EMILIA/T-DM1",), number=1, days=200.0)
    first, second = alternatives_of(choice, ["trastuzumab+vinorelbine"], tmp_path)
    for name in first.cohort.patients:
        assert np.array_equal(first.cohort.patients[name], second.cohort.patients[name]), name
    assert first.lines[0].clone_mL[0] == pytest.approx(second.lines[0].clone_mL[0])
    assert second.lines[0].drugs == ("trastuzumab", "vinorelbine")
    paths = write_alternatives([first, second], tmp_path / "both")
    assert "alternatives.svg" in {path.name for path in paths}
    with pytest.raises(InputError, match="alternatives are of one line"):
        alternatives_of(replace(choice, regimens=("T-DM1", "T-DXd")), ["lapatinib"])


def test_doses_may_be_written() -> None:
    items = choose(Choice(("zanidatamab 20 mg/kg q2w + tucatinib 300 mg bid daily",), prior=("none",))).lines[0][1]
    assert [(item.dose.amount, item.schedule.cycle_days) for item in items if item.dose and item.schedule] == [
        (20.0, 14.0),
        (300.0, 1.0),
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"regimens": ()}, "no regimen was given"),
        ({"regimens": ("CLEOPATRA",)}, "is a trial, and a patient is treated in one arm"),
        ({"regimens": ("trastuzumb",)}, "Did you mean trastuzumab"),
        ({"traits": {"HER2_per_cell": -5.0}}, "HER2_per_cell cannot be -5"),
        ({"traits": {"age_years": 500.0}}, "Expected 18 to 110"),
        ({"traits": {"growth_patiant": 1.0}}, "Did you mean growth_patient"),
        ({"traits": {"fraction_her2low": 1.5}}, "Expected 0 to 1"),
        ({"without": ("bystandr",)}, "Did you mean bystander"),
        ({"number": -1}, "there is no patient -1"),
        ({"days": 0.0}, "0 days cannot be shown"),
        ({"setting": "adjuvant"}, "no setting 'adjuvant'"),
        ({"disease": "lung"}, "no population of 'lung'"),
    ],
)
def test_what_cannot_be_meant_is_told(change: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        choose(replace(Choice(("T-DXd",)), **change))  # type: ignore[arg-type]

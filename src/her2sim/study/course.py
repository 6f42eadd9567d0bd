"""The course of one chunk of patients through all arms of a trial, from eligibility to death or the data cut-off.

In order: candidates are drawn and taken through their earlier lines; each arm treats the same patients; investigator
and central review read the scans; RECIST is applied to each reading; treatment ends at the investigator's progression,
withdrawal or death; the next lines follow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from her2sim.endpoints.readings import Readings
from her2sim.endpoints.recist import Assessment as Judged
from her2sim.endpoints.recist import assess
from her2sim.endpoints.rules import criteria_rules
from her2sim.endpoints.time_to_event import FollowUp
from her2sim.model.drug_file import load_drug
from her2sim.population.patients import Patients
from her2sim.study.cohort import typical_in_force
from her2sim.study.entry import enter, progression_rule
from her2sim.study.laboratory.visits import ArmLaboratory, arm_laboratory
from her2sim.study.plan import ASSESSORS, ArmPlan, TrialPlan
from her2sim.study.scans import as_read, first_progression, seen_until, true_scans
from her2sim.trial.brain_radiotherapy import progressed_in_brain
from her2sim.trial.calendar import visit_days
from her2sim.trial.dosing import drugs_given
from her2sim.trial.lesion_organs import death_weights
from her2sim.trial.mortality import cumulative, death_levels, susceptibilities, time_at, value_at
from her2sim.trial.next_lines import Leaving, death_after, hazard_of
from her2sim.trial.readings import Reading, read_scans
from her2sim.trial.selection import Entry
from her2sim.trial.stages import treat_until
from her2sim.trial.treatment import Trajectory
from her2sim.trial.true_progression import ProgressionRule
from her2sim.trial.withdrawal import follow_up_days, longest_follow_up_days

Floats = NDArray[np.float64]
HAZARD_STEP_DAYS = 28.0


@dataclass(frozen=True)
class ArmCourse:
    """What happened to the patients of one arm.

    Main arguments:
        arm: name of the arm.
        numbers: (n,) patient numbers.
        status, fail_day, fail_state: how the simulation of each patient ended, next lines included.
        readings, judged: by assessor.
        follow_up: by assessor, since central review ends when the investigator stops scanning.
        death_day: (n,) true day of death, infinity beyond the horizon.

    Other arguments:
        laboratory: blood and biopsies on trial therapy, where the plan asks for them.
    """

    arm: str
    numbers: NDArray[np.int64]
    status: NDArray[np.int64]
    fail_day: Floats
    fail_state: tuple[str, ...]
    readings: Mapping[str, Reading]
    judged: Mapping[str, Judged]
    follow_up: Mapping[str, FollowUp]
    death_day: Floats
    laboratory: ArmLaboratory | None = None


@dataclass(frozen=True)
class ChunkCourse:
    """All arms of one chunk, and its patients at randomization."""

    replicate: int
    numbers: NDArray[np.int64]
    patients: Patients
    attempts: NDArray[np.int64]
    prior: NDArray[np.bool_]
    arms: tuple[ArmCourse, ...]


def simulate_chunk(plan: TrialPlan, replicate: int, first: int, stop: int) -> ChunkCourse:
    """Simulate patients ``first`` to ``stop`` - 1 of one replicate in all arms."""
    numbers = np.arange(first, stop, dtype=np.int64)
    typical = typical_in_force(plan, replicate)
    rule = progression_rule(typical)
    entry = enter(plan, numbers, typical, replicate=replicate)
    arms = tuple(_arm_course(plan, arm, entry, typical, rule, replicate) for arm in plan.arms)
    return ChunkCourse(replicate, numbers, entry.cohort.patients, entry.attempts, entry.prior, arms)


def rule_on_trial(rule: ProgressionRule, typical: Mapping[str, float], imaging: bool) -> ProgressionRule:
    """The rule where the protocol may image the brain: lesions there are then found before symptoms."""
    brain_mm = typical["detection_cns_mri_mm" if imaging else "detection_cns_symptom_mm"]
    return replace(rule, detection_mm={**rule.detection_mm, "CNS": brain_mm, "OB": brain_mm})


def _arm_course(
    plan: TrialPlan, arm: ArmPlan, entry: Entry, typical: Mapping[str, float], rule: ProgressionRule, replicate: int
) -> ArmCourse:
    keep = np.flatnonzero(entry.numbers < arm.n)
    cohort = entry.cohort.take(keep)
    start = {name: values[keep] for name, values in entry.start.items()}
    ids, seed, record = cohort.patients.ids, cohort.seed, plan.record
    if not len(keep):
        return _no_one(arm, plan)
    withdrawal, cutoff = follow_up_days(record.assessment.follow_up_days, typical, seed=seed, patients=ids)
    visits = visit_days(plan.planned, typical, seed=seed, patients=ids)
    horizon = longest_follow_up_days(record.assessment.follow_up_days, typical)
    days, columns = _observation_days(visits, horizon)
    end_of_study = np.minimum(withdrawal, cutoff)
    frailty, level = susceptibilities(seed, ids, record.disease, typical), death_levels(seed, ids)
    weights = death_weights(cohort.patients, record.disease, typical)
    age, imaging = cohort.patients.columns["age_years"], record.assessment.brain_imaging
    rules = criteria_rules(record.assessment.criteria)
    clinic = as_read(typical, rules)

    def read(course: Trajectory, rows: NDArray[np.int64], who: str) -> Reading:
        truth = true_scans(course, visits[rows], columns[rows], cohort.patients.take(rows), typical)
        return read_scans(truth, who, clinic, seed=seed, patients=ids[rows], brain_imaging=imaging)

    def line_ends(rows: NDArray[np.int64], course: Trajectory) -> Floats:
        """The end of trial therapy: the investigator's progression, death or the end of observation."""
        total = cumulative(course.days, hazard_of(course, age[rows], frailty[rows], typical, weights[rows]))
        dies = time_at(course.days, total, level[rows])
        seen = np.minimum(dies, end_of_study[rows])
        return np.minimum(seen, first_progression(assess(seen_until(read(course, rows, "INV"), seen), rules)))

    course = treat_until(cohort, record.disease, arm.regimen, start, days, line_ends)
    earlier = entry.status[keep]
    ok = (course.status == 0) & (earlier == 0)
    everyone = np.arange(len(ids))
    readings = {who: read(course, everyone, who) for who in ASSESSORS}
    total = cumulative(days, np.where(ok[:, None], hazard_of(course, age, frailty, typical, weights), 0.0))
    death_on_trial = time_at(days, total, level)

    last_scan = np.minimum(death_on_trial, end_of_study)
    judged_inv = assess(seen_until(readings["INV"], last_scan), rules)
    progressed = first_progression(judged_inv)
    off_trial = np.minimum(progressed, end_of_study)
    alive = ok & (death_on_trial > off_trial) & np.isfinite(progressed) & (progressed < cutoff)
    death = np.where(death_on_trial <= off_trial, death_on_trial, np.inf)
    status = np.where(earlier == 0, course.status, earlier)
    fail_day = np.where(earlier == 0, course.fail_day, entry.fail_day[keep])
    fail_state = [entry.fail_state[k] if earlier[i] else course.fail_state[i] for i, k in enumerate(keep)]
    rows = np.flatnonzero(alive) if plan.after_progression else np.zeros(0, dtype=np.int64)
    if len(rows):
        ended, on_trial = off_trial[rows], course.take(rows)
        leaving = Leaving(
            cohort=cohort.take(rows),
            day=ended,
            state=on_trial.at(ended),
            level=level[rows] - value_at(days[rows], total[rows], ended),
            until=cutoff[rows] - ended,
            frailty=frailty[rows],
            had=_drugs_had(plan, arm, entry.prior[keep][rows], seed, ids[rows]),
            brain=progressed_in_brain(on_trial, ended, rule_on_trial(rule, typical, imaging)),
        )
        after = death_after(leaving, record.disease, plan.policy, parameters=typical, rule=rule)
        death[rows] = off_trial[rows] + after.death
        for place in np.flatnonzero(after.status):
            row = rows[place]
            status[row], fail_day[row] = after.status[place], off_trial[row] + after.fail_day[place]
            fail_state[row] = after.fail_state[place]
    # scans stop at the investigator's progression: central review reads that scan as its last
    judged = {who: assess(seen_until(readings[who], np.minimum(last_scan, progressed)), rules) for who in ASSESSORS}
    seen_death = np.where(np.isfinite(death), death, np.nan)
    new_therapy = np.where(alive, progressed + typical["next_line_gap_days"], np.nan)
    follow_up = FollowUp(end_of_study, plan.planned, seen_death, withdrawal < cutoff, new_therapy)
    laboratory = arm_laboratory(
        cohort, record.disease, arm.regimen, start, days, visits=visits, until=np.minimum(last_scan, progressed),
        progressed=progressed, replicate=replicate, ok=status == 0,
    ) if plan.laboratory else None  # fmt: skip
    return ArmCourse(
        arm.name, entry.numbers[keep], status, fail_day, tuple(fail_state),
        readings, judged, {who: follow_up for who in ASSESSORS}, death, laboratory,
    )  # fmt: skip


def _observation_days(visits: Floats, horizon: float) -> tuple[Floats, NDArray[np.int64]]:
    """Days on which a patient's states are reported, ascending, and the column of each visit in them."""
    grid = np.append(np.arange(0.0, horizon, HAZARD_STEP_DAYS), horizon)
    filled = np.where(np.isnan(visits), horizon, np.minimum(visits, horizon))
    merged = np.concatenate([filled, np.broadcast_to(grid, (len(visits), len(grid)))], axis=1)
    order = np.argsort(merged, axis=1, kind="stable")
    place = np.argsort(order, axis=1, kind="stable")
    return np.take_along_axis(merged, order, axis=1), place[:, : visits.shape[1]]


def _drugs_had(
    plan: TrialPlan, arm: ArmPlan, prior: NDArray[np.bool_], seed: int, ids: NDArray[np.int64]
) -> list[frozenset[str]]:
    """Drug ids that each patient has had by the end of trial therapy; ``prior`` as in ``Entry``.

    Of alternatives it is her own: to count every drug of an arm as given would leave nothing for her next lines.
    """
    lines = [[load_drug(item.drug).id for item in regimen] for _, regimen in plan.prior]
    return [
        own.union(*(drugs for drugs, given in zip(lines, row, strict=True) if given))
        for own, row in zip(drugs_given(arm.regimen, seed, ids), prior, strict=True)
    ]


def _no_one(arm: ArmPlan, plan: TrialPlan) -> ArmCourse:
    none, visits = np.zeros(0), len(plan.planned)
    empty = Readings(np.zeros((0, visits)), np.zeros((0, visits, 3)), np.zeros((0, visits), dtype=np.int64),
                     np.zeros((0, visits), dtype=bool))  # fmt: skip
    reading = Reading(
        "INV",
        empty.day,
        empty.target_mm,
        empty.nontarget,
        empty.new_lesion,
        np.zeros((0, visits)),
        np.zeros((0, visits), dtype=bool),
    )
    follow_up = FollowUp(none, plan.planned, none, np.zeros(0, dtype=bool), none)
    return ArmCourse(
        arm.name, np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), none, (),
        {who: reading for who in ASSESSORS}, {who: assess(empty) for who in ASSESSORS},
        {who: follow_up for who in ASSESSORS}, none,
    )  # fmt: skip

"""From a cohort of the facts to what each of its simulated patients did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from her2sim.core.calendar import DAYS_PER_MONTH
from her2sim.core.errors import InputError, did_you_mean
from her2sim.endpoints.recist import Assessment as Judged
from her2sim.endpoints.response import Response
from her2sim.endpoints.rules import recist_rules
from her2sim.evidence.base import load_record
from her2sim.model.lesions import CLONES, volume_state
from her2sim.population.patients import Patients
from her2sim.record.types import Arm, PriorTherapy, TrialRecord
from her2sim.study.arm_endpoints import pfs_of
from her2sim.study.cohort import sample_cohort, typical_in_force
from her2sim.study.course import ArmCourse, simulate_chunk
from her2sim.study.entry import enter
from her2sim.study.facts.fact import CohortSpec
from her2sim.study.knock_outs import NOTHING
from her2sim.study.plan import ASSESSORS, TrialPlan, make_plan, standard_regimen
from her2sim.trial.selection import Entry

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
BIOPSIED = "T1"
"""The lesion that a biopsy is taken from."""


@dataclass(frozen=True)
class ArmOutcome:
    """What became of the patients of one arm by one assessor, row i being patient number i.

    Main arguments:
        well: (n,) bool, the simulation succeeded.
        pfs_days, pfs_event: (n,) progression-free survival.
        confirmed, unconfirmed: (n,) bool, response with and without confirmation.
        cns_days, cns_event: (n,) time to progression in the brain or death; NaN without brain metastases at baseline.
        cns_response, cns_measurable: (n,) bool, response of the brain lesion; whether it was large enough to count.
    """

    well: Bools
    pfs_days: Floats
    pfs_event: Bools
    confirmed: Bools
    unconfirmed: Bools
    cns_days: Floats
    cns_event: Bools
    cns_response: Bools
    cns_measurable: Bools


@dataclass(frozen=True)
class CohortOutcome:
    """All arms of a cohort, and its patients' tumors at randomization.

    Main arguments:
        arms: (arm, assessor) -> outcome.
        assessor, confirmed: how the trial itself judges response.
        her2_share: (n,) share of living cells that are not HER2-low, in the biopsied lesion at randomization; NaN where
            arms are simulated.
        her2low_before: (n,) share of HER2-low cells before any therapy, as it is with no mechanism removed.
    """

    arms: Mapping[tuple[str, str], ArmOutcome]
    assessor: str
    confirmed: bool
    her2_share: Floats
    her2low_before: Floats


def cohort_record(spec: CohortSpec) -> TrialRecord:
    """The record of a cohort: its trial's, with what differs.

    Raises:
        InputError: an arm that the record does not have.
    """
    record = load_record(spec.trial)
    arms = record.arms if spec.arms is None else tuple(_arm(record, name) for name in spec.arms)
    arms += tuple(_arm(load_record(trial), name) for trial, name in spec.borrow)
    arms += tuple(Arm(name, 1, standard_regimen(drugs)) for name, drugs in spec.mine)
    eligibility = record.eligibility
    if spec.her2:
        eligibility = replace(eligibility, her2=spec.her2)
    if spec.brain_metastases:
        eligibility = replace(eligibility, brain_metastases=spec.brain_metastases)
    if spec.prior is not None:
        eligibility = replace(eligibility, prior=tuple(PriorTherapy(drugs) for drugs in spec.prior))
    assessment = record.assessment
    if spec.months is not None:
        days = min(assessment.follow_up_days, spec.months * DAYS_PER_MONTH)
        assessment = replace(assessment, follow_up_days=days)
    baseline = dict(record.baseline) | dict(spec.baseline)
    return replace(record, arms=arms, eligibility=eligibility, assessment=assessment, baseline=baseline)


def cohort_plan(spec: CohortSpec, *, patients: int, seed: int, without: Sequence[str] = ()) -> TrialPlan:
    """What is simulated for a cohort: every arm, up to progression or the end of follow-up."""
    record = cohort_record(spec)
    if not record.arms:  # only the tumor at randomization is asked; a plan needs an arm, which is not simulated
        record = replace(record, arms=load_record(spec.trial).arms[:1])
    return replace(make_plan(record, patients=patients, seed=seed, without=without), after_progression=False)


def simulate_cohort(spec: CohortSpec, plan: TrialPlan, measurable_brain_mm: float) -> CohortOutcome:
    """Simulate all patients of a cohort in all its arms.

    Main arguments:
        spec: the cohort.
        plan: from ``cohort_plan``.
        measurable_brain_mm: smallest brain lesion that counts for intracranial response.
    """
    assessment = plan.record.assessment
    if not cohort_record(spec).arms:
        entry = tumors_at_entry(plan)
        living = np.column_stack([entry.start[volume_state(BIOPSIED, clone)] for clone in CLONES])
        low = living[:, CLONES.index("her2low")] / np.maximum(living.sum(axis=1), np.finfo(np.float64).tiny)
        before = _her2low_before(plan, entry.cohort.patients)
        return CohortOutcome({}, assessment.assessor, assessment.confirmed, 1.0 - low, before)
    chunk = simulate_chunk(plan, 0, 0, plan.patients)
    arms = {(arm.arm, who): _outcome(arm, who, measurable_brain_mm) for arm in chunk.arms for who in ASSESSORS}
    before = _her2low_before(plan, chunk.patients)
    return CohortOutcome(arms, assessment.assessor, assessment.confirmed, np.full(plan.patients, np.nan), before)


def tumors_at_entry(plan: TrialPlan) -> Entry:
    """The patients of a plan as they come to the trial, after their earlier lines; no arm is simulated."""
    return enter(plan, np.arange(plan.patients, dtype=np.int64), typical_in_force(plan, 0))


def _her2low_before(plan: TrialPlan, patients: Patients) -> Floats:
    """(n,) share of HER2-low cells of these patients with no mechanism removed, so that strata stay the same."""
    whole = replace(plan, removed=NOTHING)
    natural = sample_cohort(whole, typical_in_force(whole, 0), 0, patients.ids).patients
    return np.asarray(natural.get("fraction_her2low", 0.0))


def _arm(record: TrialRecord, name: str) -> Arm:
    for arm in record.arms:
        if arm.name == name:
            return arm
    known = [arm.name for arm in record.arms]
    raise InputError(f"{record.id} has no arm {name!r}", where="data/facts", hint=did_you_mean(name, known))


def _outcome(arm: ArmCourse, who: str, measurable_brain_mm: float) -> ArmOutcome:
    judged, pfs = arm.judged[who], pfs_of(arm, who)
    days, event, response, measurable = _in_the_brain(arm, who, judged, measurable_brain_mm)
    return ArmOutcome(
        arm.status == 0, pfs.time_days, pfs.event,
        judged.responders(confirmed=True), judged.responders(confirmed=False), days, event, response, measurable,
    )  # fmt: skip


def _in_the_brain(
    arm: ArmCourse, who: str, judged: Judged, measurable_brain_mm: float
) -> tuple[Floats, Bools, Bools, Bools]:
    """Progression of the known brain lesion by RECIST's thresholds, a new one, or death; and the response of the known.

    Patients who progress elsewhere first are censored there, since their scans end.
    """
    rules, follow_up = recist_rules(), arm.follow_up[who]
    seen = ~np.isnan(judged.day)
    size = np.where(seen, arm.readings[who].cns_mm, np.nan)
    known = ~np.isnan(arm.readings[who].cns_mm[:, 0])
    filled = np.where(np.isnan(size), np.inf, size)
    nadir = np.minimum.accumulate(filled, axis=1)
    earlier = np.concatenate([nadir[:, :1], nadir[:, :-1]], axis=1)
    least = np.maximum(rules.progression_ratio * earlier, earlier + rules.progression_min_mm)
    grown = ((filled < np.inf) & (filled >= least)) | (arm.readings[who].new_in_brain & seen)
    rows = np.arange(len(size))
    first = np.where(grown.any(axis=1), grown.argmax(axis=1), size.shape[1])
    progressed = np.where(
        grown.any(axis=1), judged.day[rows, np.minimum(first, size.shape[1] - 1)], np.inf
    )  # fmt: skip
    last = np.nanmax(np.where(seen, judged.day, 0.0), axis=1)
    elsewhere = progressed == np.inf
    stopped = (judged.visits.overall == Response.PD).any(axis=1) & elsewhere
    death = np.where(stopped, np.inf, follow_up.death())
    event_day = np.minimum(progressed, death)
    event = np.isfinite(event_day)
    smaller = (filled <= rules.response_ratio * filled[:, :1]) & (np.arange(size.shape[1])[None, :] < first[:, None])
    days = np.where(known, np.where(event, event_day, last) + 1.0, np.nan)
    return days, event & known, smaller[:, 1:].any(axis=1) & known, known & (filled[:, 0] >= measurable_brain_mm)

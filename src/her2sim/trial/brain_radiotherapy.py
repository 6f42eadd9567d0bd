"""Radiotherapy of the brain: what follows progression in the brain before the next line of drugs.

What was done before the trial is in ``her2sim.trial.brain_before_trial``; the event is the same.

An event, not a course: most living tumor in the brain dies at once and is cleared as dead volume, and the barrier to
antibodies stays more open than before. What nobody has seen is hit only where the whole brain is irradiated, so new
lesions follow radiosurgery sooner. The open barrier is why drugs that fail in the brain may work there later
(trastuzumab in cerebrospinal fluid 1:420 of serum before and 1:76 after radiotherapy; Stemmler 2007,
doi:10.1097/01.cad.0000236313.50833.ee). All numbers stand in ``data/parameters/radiotherapy.yaml``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from her2sim.core.random import stream
from her2sim.model.lesions import DEAD, clone_states, volume_state, volumes
from her2sim.trial.lesion_state import slot_diameters_mm
from her2sim.trial.treatment import Cohort, Trajectory
from her2sim.trial.true_progression import ProgressionRule

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
BRAIN, HIDDEN_BRAIN = "CNS", "OB"
BARRIER = "cns_barrier_antibody"
PURPOSE = "radiotherapy of the brain"
WHOLE = "whole-brain radiotherapy"


def progressed_in_brain(course: Trajectory, when: Floats, rule: ProgressionRule) -> Bools:
    """Whether disease in the brain had progressed by day ``when``, (n_patients,): a lesion found anew, or the known one
    grown since its smallest.

    Main arguments:
        course: a line of therapy from its first day.
        when: (n_patients,) days, as a rule the end of the line.
        rule: the diameter at which a brain lesion is found, and the growth that is progression.
    """
    at_end = {name: values[:, None] for name, values in course.at(when).items()}
    ended = np.stack([at_end[name] for name in course.names], axis=2)
    last, hidden = (mm[:, 0] for mm in brain_lesions_mm(ended, course))
    known, hidden_so_far = brain_lesions_mm(course.values, course)
    so_far = np.where(course.days <= when[:, None], known, np.inf)
    first, smallest = so_far[:, 0], np.minimum(so_far.min(axis=1), last)
    limit = rule.detection_mm[BRAIN]
    found = (last >= limit) & ((first < limit) | rule.grown(last, smallest))
    seen_from = rule.detection_mm[HIDDEN_BRAIN]
    return found | ((hidden >= seen_from) & (hidden_so_far[:, 0] < seen_from))


def surviving_shares(
    seed: int, patients: NDArray[np.int64], numbers: Mapping[str, float], *, share: float | None = None
) -> Floats:
    """Living tumor that radiotherapy leaves in each patient's brain, (n_patients,); 1 where she is not irradiated.

    A draw is the patient's own, so that it is the same in all arms and at each of her courses of radiotherapy.

    Main arguments:
        seed, patients: seed of the study and patient numbers.
        numbers: the values of ``data/parameters/radiotherapy.yaml``.

    Other arguments:
        share: of these patients, those who are irradiated; that of the data file by default.
    """
    wanted = numbers["brain_radiotherapy_share"] if share is None else share
    share, spread = numbers["brain_radiotherapy_surviving_share"], numbers["brain_radiotherapy_logit_sd"]
    out = np.ones(len(patients))
    for row, patient in enumerate(patients):
        own = stream(seed, int(patient), PURPOSE)
        given, z = own.random() < wanted, own.standard_normal()
        if given:
            # the logistic of logit(share) + spread z, written so that a share of 1 stays 1
            out[row] = share / (share + (1.0 - share) * np.exp(-spread * z))
    return out


def opened_barrier(barrier: Floats, odds_factor: float) -> Floats:
    """The barrier factor (0 closed, 1 absent) with its odds multiplied.

    Far below 1 the factor itself is multiplied, as it was measured in cerebrospinal fluid; it cannot pass 1.

    >>> opened_barrier(np.array([0.0024, 0.1, 1.0]), 5.5).round(3).tolist()
    [0.013, 0.379, 1.0]
    """
    return odds_factor * barrier / (1.0 - barrier + odds_factor * barrier)


def open_barrier(cohort: Cohort, who: Bools) -> Cohort:
    """The cohort with the barrier to antibodies opened in these patients, (n_patients,) bool."""
    if not who.any():
        return cohort
    patients, numbers = cohort.patients, cohort.typical
    barrier = patients.get(BARRIER, numbers[BARRIER])
    opened = np.where(who, opened_barrier(barrier, numbers["brain_radiotherapy_barrier_odds"]), barrier)
    return replace(cohort, patients=patients.with_columns({BARRIER: opened}))


def irradiate(
    cohort: Cohort, state: Mapping[str, Floats], who: Bools, *, left: Floats | None = None
) -> tuple[Cohort, dict[str, Floats]]:
    """Patients and their lesions after radiotherapy of the brain.

    Volume is conserved: what dies is dead volume, which the model clears. Small molecules cross as before.

    Main arguments:
        cohort: the patients; their typical values hold the numbers of radiotherapy.
        state: state name -> (n_patients,) values; those of the brain change.
        who: (n_patients,) whose disease has progressed in the brain.

    Other arguments:
        left: (n_who,) share of living tumor that is left in each of them; drawn by default, with the share of the data
            file irradiated.

    Returns:
        The cohort with the barrier of those irradiated opened, and the new states; of the others nothing changes.
    """
    out = dict(state)
    rows = np.flatnonzero(who)
    if not len(rows):
        return cohort, out
    living = np.ones(len(cohort.patients))
    living[rows] = surviving_shares(cohort.seed, cohort.patients.ids[rows], cohort.typical) if left is None else left
    whole = np.zeros(len(living), dtype=bool)
    whole[rows] = whole_brain(cohort.seed, cohort.patients.ids[rows], cohort.typical)
    for slot, share in ((BRAIN, living), (HIDDEN_BRAIN, np.where(whole, living, 1.0))):
        dead = volume_state(slot, DEAD)
        for name in clone_states(slot):
            out[name] = state[name] * share
            out[dead] = out[dead] + (state[name] - out[name])
    return open_barrier(cohort, living < 1.0), out


def whole_brain(seed: int, patients: NDArray[np.int64], numbers: Mapping[str, float]) -> Bools:
    """Whose radiotherapy is that of the whole brain, (n_patients,); that of others spares what nobody has seen.

    Main arguments:
        seed, patients: seed of the study and patient numbers.
        numbers: the values of ``data/parameters/radiotherapy.yaml``.
    """
    wanted = numbers["brain_radiotherapy_whole_share"]
    return np.array([stream(seed, int(patient), WHOLE).random() < wanted for patient in patients], dtype=bool)


def brain_lesions_mm(values: Floats, course: Trajectory) -> tuple[Floats, Floats]:
    """Diameters of the known brain lesion and of the hidden one beside it, (n_patients, n_times) each, from states
    (n_patients, n_times, n_states)."""
    mm = slot_diameters_mm(volumes(values, course.names).total_mL)
    return mm[BRAIN], mm[HIDDEN_BRAIN]

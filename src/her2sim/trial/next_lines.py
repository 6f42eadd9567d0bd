"""Therapy after the trial: until death or the data cut-off, a patient goes through the next lines of a policy.

Without it overall survival would be that of patients left untreated at progression. The policy is data
(``data/regimens/next_lines.yaml``); resistance, doses and exposure are those of the model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from her2sim.model.lesions import SLOTS, volumes
from her2sim.record.types import RegimenItem
from her2sim.trial.lesion_state import first_true_progression, slot_diameters_mm
from her2sim.trial.mortality import cumulative, death_hazard, time_at, value_at
from her2sim.trial.selection import carried_states
from her2sim.trial.treatment import Cohort, Trajectory, treat

Floats = NDArray[np.float64]
STEP_DAYS = 42.0


@dataclass(frozen=True)
class NextLine:
    """A regimen of the policy; given to patients who have not had ``leading`` (a drug id) before."""

    leading: str
    regimen: tuple[RegimenItem, ...]


@dataclass(frozen=True)
class Policy:
    """Next lines in the order of preference, how many at most, and the longest a line may last."""

    lines: tuple[NextLine, ...]
    at_most: int
    horizon_days: float


@dataclass(frozen=True)
class Afterward:
    """What follows the end of trial therapy.

    Main arguments:
        death: (n_patients,) days to death; infinity where she lives on, or could not be simulated.
        status, fail_day, fail_state: how the simulation of each patient ended; a patient that could not be taken
            through her next lines has no known survival.
    """

    death: Floats
    status: NDArray[np.int64]
    fail_day: Floats
    fail_state: tuple[str, ...]


def visible(course: Trajectory, detection_mm: Mapping[str, float]) -> tuple[Floats, NDArray[np.bool_]]:
    """True target diameters (n, n_times, n_targets) and whether a lesion outside the first set is visible."""
    seen = volumes(course.values, course.names)
    mm = slot_diameters_mm(seen.total_mL)
    targets = np.stack([mm[s.name] for s in SLOTS if s.role == "target"], axis=2)
    new = np.zeros(targets.shape[:2], dtype=bool)
    for slot in ("OC", "CNS"):
        known = mm[slot][:, :1] >= detection_mm[slot]
        new |= ~known & (mm[slot] >= detection_mm[slot])
    return targets, new


def hazard_of(course: Trajectory, age_years: Floats, frailty: Floats, parameters: Mapping[str, float]) -> Floats:
    """Hazard of death along a course, (n_patients, n_times), from the living tumor in and outside the brain."""
    living = volumes(course.values, course.names).viable_mL
    cns = np.array([slot.site == "cns" for slot in SLOTS])
    return death_hazard(
        course.days, living[..., ~cns].sum(axis=2), living[..., cns].sum(axis=2), age_years, frailty, parameters
    )


def death_after(
    cohort: Cohort,
    disease: str,
    policy: Policy,
    had: Sequence[str],
    state: Mapping[str, Floats],
    level: Floats,
    until: Floats,
    *,
    frailty: Floats,
    parameters: Mapping[str, float],
    detection_mm: Mapping[str, float],
) -> Afterward:
    """Days from the end of trial therapy to death, through the next lines; beyond ``until`` nobody is followed.

    Main arguments:
        had: drug ids given before, on trial or earlier.
        state: state name -> (n_patients,) values at the end of trial therapy.
        level: (n_patients,) cumulative hazard still to be used up before death.
        until: (n_patients,) days of further interest.
    """
    n = len(cohort.patients)
    death = np.full(n, np.inf)
    status, fail_day, fail_state = np.zeros(n, dtype=np.int64), np.full(n, np.nan), [""] * n
    elapsed, left = np.zeros(n), level.copy()
    now = {name: values.copy() for name, values in state.items()}
    open_rows = np.flatnonzero(until > 0)
    given = set(had)
    regimens: list[tuple[tuple[RegimenItem, ...], bool]] = []
    for line in policy.lines:
        if line.leading not in given and len(regimens) < policy.at_most:
            regimens.append((line.regimen, False))
            given.add(line.leading)
    regimens.append(((), True))
    for regimen, last in regimens:
        if not len(open_rows):
            break
        wanted = float((until[open_rows] - elapsed[open_rows]).max())
        days = _grid_days(wanted if last else min(wanted, policy.horizon_days), len(open_rows))
        horizon = float(days[0, -1])
        sub = cohort.take(open_rows)
        course = treat(sub, disease, regimen, {k: v[open_rows] for k, v in now.items()}, days)
        for row in np.flatnonzero(course.status):
            patient = open_rows[row]
            status[patient], fail_state[patient] = course.status[row], course.fail_state[row]
            fail_day[patient] = elapsed[patient] + course.fail_day[row]
        well = np.flatnonzero(course.status == 0)
        if len(well) < len(open_rows):
            open_rows, sub, course, days = open_rows[well], sub.take(well), course.take(well), days[well]
        age = sub.patients.columns["age_years"] + elapsed[open_rows] / 365.25
        total = cumulative(days, hazard_of(course, age, frailty[open_rows], parameters))
        targets, new = visible(course, detection_mm)
        ends = np.full(len(open_rows), horizon) if last else first_true_progression(days, targets, new)
        ends = np.minimum(ends, horizon)
        dies = time_at(days, total, left[open_rows])
        died = dies <= ends
        death[open_rows[died]] = elapsed[open_rows[died]] + dies[died]
        left[open_rows] -= value_at(days, total, ends)
        elapsed[open_rows] += ends
        after = course.at(ends)
        for name, values in after.items():
            if name.startswith("V_") or name in carried_states(after):
                column = now.setdefault(name, np.ones(n))
                column[open_rows] = values
        open_rows = open_rows[~died & (elapsed[open_rows] < until[open_rows])]
    return Afterward(np.where(death <= until, death, np.inf), status, fail_day, tuple(fail_state))


def _grid_days(horizon: float, patients: int) -> Floats:
    """(patients, n_times) whole steps that cover the horizon; whole, lest a course depend on who shares its chunk."""
    steps = max(1, int(np.ceil(horizon / STEP_DAYS)))
    return np.ascontiguousarray(
        np.broadcast_to(np.arange(steps + 1, dtype=np.float64) * STEP_DAYS, (patients, steps + 1))
    )


def make_policy(
    content: Mapping[str, object], disease: str, regimen_of: Callable[[Sequence[str]], tuple[RegimenItem, ...]]
) -> Policy:
    """The policy of a disease from the data file; ``regimen_of`` turns drug names into a regimen."""
    from her2sim.model.drug_file import load_drug

    entries: list[dict[str, object]] = content.get(disease, [])  # type: ignore[assignment]
    lines = tuple(
        NextLine(load_drug(str(e["leading"])).id, regimen_of([str(d) for d in e["drugs"]]))  # type: ignore[union-attr]
        for e in entries
    )
    return Policy(lines, int(str(content["lines"])), float(str(content["horizon_days"])))

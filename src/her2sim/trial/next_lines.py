"""Therapy after the trial: until death or the data cut-off, a patient goes through the next lines of a policy.

Without it overall survival would be that of patients left untreated at progression. The policy is data
(``data/regimens/next_lines.yaml``); resistance, doses and exposure are those of the model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from her2sim.core.calendar import DAYS_PER_YEAR
from her2sim.model.lesions import SLOTS, volumes
from her2sim.trial.brain_radiotherapy import irradiate, progressed_in_brain
from her2sim.trial.hidden_lesions import follow_found_lesions
from her2sim.trial.lesion_organs import death_weights, detection_ratio
from her2sim.trial.lesion_state import carried_states, lesion_states
from her2sim.trial.mortality import cumulative, death_hazard, time_at, value_at
from her2sim.trial.policy import NextLine, Policy
from her2sim.trial.stages import treat_until
from her2sim.trial.treatment import Cohort, Trajectory
from her2sim.trial.true_progression import ProgressionRule, progression_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Leaving:
    """Patients at the end of trial therapy.

    Main arguments:
        cohort: their traits, with the age at randomization.
        day: (n_patients,) days from randomization to the end of trial therapy.
        state: state name -> (n_patients,) value on that day.
        level: (n_patients,) cumulative hazard still to be used up before death.
        until: (n_patients,) days of further interest, counted from that day.
        frailty: (n_patients,) factor on the hazard of death from disease.
        had: of each patient, ids of the drugs given before, on trial or earlier.

    Other arguments:
        brain: (n_patients,) whose disease has progressed in the brain; nobody's by default.
    """

    cohort: Cohort
    day: Floats
    state: Mapping[str, Floats]
    level: Floats
    until: Floats
    frailty: Floats
    had: Sequence[frozenset[str]]
    brain: NDArray[np.bool_] | None = None

    def take(self, rows: Ints) -> Leaving:
        """Some of the patients."""
        state = {name: values[rows] for name, values in self.state.items()}
        had = [self.had[row] for row in rows]
        return Leaving(self.cohort.take(rows), self.day[rows], state, self.level[rows], self.until[rows],
                       self.frailty[rows], had, None if self.brain is None else self.brain[rows])  # fmt: skip


@dataclass(frozen=True)
class Afterward:
    """What follows the end of trial therapy.

    Main arguments:
        death: (n_patients,) days to death; infinity where she lives on, or could not be simulated.
        status, fail_day, fail_state: how the simulation of each patient ended; a patient that could not be taken
            through her next lines has no known survival.
    """

    death: Floats
    status: Ints
    fail_day: Floats
    fail_state: tuple[str, ...]


def hazard_of(
    course: Trajectory,
    age_years: Floats,
    frailty: Floats,
    parameters: Mapping[str, float],
    weights: Floats,
) -> Floats:
    """Hazard of death along a course, (n_patients, n_times), from the living tumor in and outside the brain.

    Main arguments:
        weights: (n_patients, n_slots) of a milliliter in each lesion (``death_weights``).
    """
    living = volumes(course.values, course.names).viable_mL * weights[:, None, :]
    cns = np.array([slot.site == "cns" for slot in SLOTS])
    return death_hazard(
        course.days, living[..., ~cns].sum(axis=2), living[..., cns].sum(axis=2), age_years, frailty, parameters
    )


def death_after(
    leaving: Leaving, disease: str, policy: Policy, *, parameters: Mapping[str, float], rule: ProgressionRule
) -> Afterward:
    """Days from the end of trial therapy to death, through the next lines; beyond ``until`` nobody is followed.

    Whose disease has progressed in the brain has radiotherapy there before what comes next; new lesions are followed as
    known disease from the next line on.

    Main arguments:
        leaving: the patients.
        policy: which lines come next; each patient skips what she has had.

    Other arguments:
        parameters: the values of ``data/parameters/mortality.yaml``.
        rule: what ends a line.
    """
    cohort: Cohort = leaving.cohort
    ids, n = cohort.patients.ids, len(cohort.patients)
    death, status = np.full(n, np.inf), np.zeros(n, dtype=np.int64)
    fail_day, fail_state = np.full(n, np.nan), [""] * n
    begun, year = policy.lines_begun(cohort.seed, ids), policy.randomized(cohort.seed, ids)
    elapsed, left, had = np.zeros(n), leaving.level.copy(), list(leaving.had)
    now: dict[str, Floats] = {name: values.copy() for name, values in _taken_along(leaving.state).items()}
    brain: Bools = np.zeros(n, dtype=bool) if leaving.brain is None else leaving.brain.copy()
    open_rows: Ints = np.flatnonzero(leaving.until > 0)
    for number in range(policy.at_most + 1):
        if not len(open_rows):
            break
        cohort, now = irradiate(cohort, follow_found_lesions(cohort, now, rule.detection_mm), brain)
        brain[:] = False
        ways: dict[str, tuple[NextLine | None, list[int]]] = {}
        for row in open_rows:
            when = float(year[row] + (leaving.day[row] + elapsed[row]) / DAYS_PER_YEAR)
            line = policy.choose(had[row], when) if number < begun[row] else None
            ways.setdefault(line.leading if line else "", (line, []))[1].append(int(row))
        going: list[Ints] = []
        for line, alike in ways.values():
            rows = np.array(alike, dtype=np.int64)
            part = _Part(
                cohort.take(rows), {name: values[rows] for name, values in now.items()},
                leaving.day[rows] + elapsed[rows], left[rows], leaving.until[rows] - elapsed[rows],
                leaving.frailty[rows],
            )  # fmt: skip
            found = _one_line(part, disease, policy, line, parameters=parameters, rule=rule)
            status[rows], fail_day[rows] = found.status, elapsed[rows] + found.fail_day
            for row, blamed in zip(rows, found.fail_state, strict=True):
                fail_state[row] = blamed
            death[rows] = elapsed[rows] + found.death
            left[rows], elapsed[rows] = left[rows] - found.used, elapsed[rows] + found.ends
            for name, values in found.state.items():
                now.setdefault(name, np.ones(n))[rows] = values
            brain[rows] = found.brain
            for row in rows:
                had[row] = had[row] | (line.drugs if line else frozenset[str]())
            if line is not None:
                alive = (found.status == 0) & np.isinf(found.death)
                going.append(rows[alive & (elapsed[rows] < leaving.until[rows])])
        open_rows = np.sort(np.concatenate(going)) if going else np.zeros(0, dtype=np.int64)
    return Afterward(np.where(death <= leaving.until, death, np.inf), status, fail_day, tuple(fail_state))


@dataclass(frozen=True)
class _Part:
    """Patients who begin the same line, (n_rows,) each: their states, the days from randomization to it, the cumulative
    hazard still to be used up, the days of further interest and the factor on the hazard."""

    cohort: Cohort
    state: Mapping[str, Floats]
    since: Floats
    left: Floats
    until: Floats
    frailty: Floats


@dataclass(frozen=True)
class _Ended:
    """How a line ended, (n_rows,) each: its length, death within it (days from its start, else infinity), the hazard
    used up, the states then, progression in the brain, and failures."""

    ends: Floats
    death: Floats
    used: Floats
    state: Mapping[str, Floats]
    brain: Bools
    status: Ints
    fail_day: Floats
    fail_state: tuple[str, ...]


def _one_line(
    part: _Part,
    disease: str,
    policy: Policy,
    line: NextLine | None,
    *,
    parameters: Mapping[str, float],
    rule: ProgressionRule,
) -> _Ended:
    """One more line until progression, or (``line`` None) no further therapy until death or the end of interest."""
    last = line is None
    horizon = part.until if last else np.minimum(part.until, policy.horizon_days)
    days = _grid_days(horizon, policy.step_days)
    age = part.cohort.patients.columns["age_years"] + part.since / DAYS_PER_YEAR
    weights = death_weights(part.cohort.patients, disease, part.cohort.typical)
    found = detection_ratio(part.cohort.patients, part.cohort.typical)

    def hazard(rows: Ints, course: Trajectory) -> Floats:
        return cumulative(course.days, hazard_of(course, age[rows], part.frailty[rows], parameters, weights[rows]))

    def ended(rows: Ints, course: Trajectory) -> Floats:
        dies = time_at(course.days, hazard(rows, course), part.left[rows])
        return dies if last else np.minimum(dies, progression_of(course, rule, found[rows]))

    course = treat_until(part.cohort, disease, line.regimen if line else (), part.state, days, ended)
    n = len(days)
    ends, death, used = np.zeros(n), np.full(n, np.inf), np.zeros(n)
    well = np.flatnonzero(course.status == 0)
    sound = course.take(well)
    total, longest = hazard(well, sound), days[well, -1]
    ends[well] = longest if last else np.minimum(progression_of(sound, rule, found[well]), longest)
    dies = time_at(sound.days, total, part.left[well])
    death[well] = np.where(dies <= ends[well], dies, np.inf)
    used[well] = value_at(sound.days, total, ends[well])
    state = {name: np.ones(n) for name in _taken_along(sound.at(ends[well]))}
    for name, values in _taken_along(sound.at(ends[well])).items():
        state[name][well] = values
    brain: Bools = np.zeros(n, dtype=bool)
    brain[well] = progressed_in_brain(sound, ends[well], rule)
    return _Ended(ends, death, used, state, brain, course.status, course.fail_day, course.fail_state)


def _taken_along(state: Mapping[str, Floats]) -> dict[str, Floats]:
    return lesion_states(state) | carried_states(state)


def _grid_days(horizon: Floats, step: float) -> Floats:
    """(n_patients, n_times) whole steps that cover each patient's own horizon; her last day is repeated to the end.

    Each has a grid of her own, for a solver's value on the last day differs in its last digits from the value on a day
    between others: with a common grid, a course would depend on who shares the chunk.
    """
    steps = np.maximum(1.0, np.ceil(horizon / step))
    return np.minimum(np.arange(steps.max() + 1.0)[None, :], steps[:, None]) * step

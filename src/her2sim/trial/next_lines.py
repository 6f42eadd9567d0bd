"""Therapy after the trial: until death or the data cut-off, a patient goes through the next lines of a policy.

Without it overall survival would be that of patients left untreated at progression. The policy is data
(``data/regimens/next_lines.yaml``); resistance, doses and exposure are those of the model.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from her2sim.core.calendar import DAYS_PER_YEAR
from her2sim.core.random import stream
from her2sim.model.drug_file import load_drug
from her2sim.model.lesions import SLOTS, volumes
from her2sim.record.types import RegimenItem
from her2sim.trial.brain_radiotherapy import irradiate, progressed_in_brain
from her2sim.trial.lesion_state import carried_states, lesion_states
from her2sim.trial.mortality import cumulative, death_hazard, time_at, value_at
from her2sim.trial.stages import treat_until
from her2sim.trial.treatment import Cohort, Trajectory
from her2sim.trial.true_progression import ProgressionRule, progression_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class NextLine:
    """A regimen of the policy; given to patients who have not had ``leading`` (a drug id) before."""

    leading: str
    regimen: tuple[RegimenItem, ...]


@dataclass(frozen=True)
class Policy:
    """Next lines in the order of preference, how many at most, the longest a line may last, how often progression is
    looked for, and the share of patients who are well enough and willing to begin each next line."""

    lines: tuple[NextLine, ...]
    at_most: int
    horizon_days: float
    step_days: float
    share: float = 1.0

    def after(self, had: Collection[str]) -> tuple[NextLine, ...]:
        """The lines still to come for a patient who has had these drugs (ids)."""
        given, chosen = set(had), list[NextLine]()
        for line in self.lines:
            if line.leading not in given and len(chosen) < self.at_most:
                chosen.append(line)
                given.add(line.leading)
        return tuple(chosen)


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


def hazard_of(course: Trajectory, age_years: Floats, frailty: Floats, parameters: Mapping[str, float]) -> Floats:
    """Hazard of death along a course, (n_patients, n_times), from the living tumor in and outside the brain."""
    living = volumes(course.values, course.names).viable_mL
    cns = np.array([slot.site == "cns" for slot in SLOTS])
    return death_hazard(
        course.days, living[..., ~cns].sum(axis=2), living[..., cns].sum(axis=2), age_years, frailty, parameters
    )


def death_after(
    leaving: Leaving, disease: str, policy: Policy, *, parameters: Mapping[str, float], rule: ProgressionRule
) -> Afterward:
    """Days from the end of trial therapy to death, through the next lines; beyond ``until`` nobody is followed.

    Whose disease has progressed in the brain has radiotherapy there before what comes next.

    Main arguments:
        leaving: the patients.
        policy: which lines come next; each patient skips what she has had.

    Other arguments:
        parameters: the values of ``data/parameters/mortality.yaml``.
        rule: what ends a line.
    """
    n = len(leaving.cohort.patients)
    death, status, fail_day = np.full(n, np.inf), np.zeros(n, dtype=np.int64), np.full(n, np.nan)
    fail_state = [""] * n
    rows_of: dict[tuple[str, ...], list[int]] = {}
    begun = lines_begun(policy, leaving.cohort.seed, leaving.cohort.patients.ids)
    ways = [policy.after(had)[:count] for had, count in zip(leaving.had, begun, strict=True)]
    for row, lines in enumerate(ways):
        rows_of.setdefault(tuple(line.leading for line in lines), []).append(row)
    for ahead in rows_of.values():
        rows, lines = np.array(ahead, dtype=np.int64), ways[ahead[0]]
        found = _through(leaving.take(rows), disease, policy, lines, parameters=parameters, rule=rule)
        death[rows], status[rows], fail_day[rows] = found.death, found.status, found.fail_day
        for row, blamed in zip(rows, found.fail_state, strict=True):
            fail_state[row] = blamed
    return Afterward(death, status, fail_day, tuple(fail_state))


def lines_begun(policy: Policy, seed: int, patients: Ints) -> list[int]:
    """How many next lines each patient would begin, by her own draws: the first that she does not begin ends therapy.

    The draws are those of the patient, so that she drops out at the same line whatever the arm.
    """
    draws = [stream(seed, int(patient), "next lines").random(policy.at_most) for patient in patients]
    return [int(np.cumprod(own < policy.share).sum()) for own in draws]


def _through(
    leaving: Leaving,
    disease: str,
    policy: Policy,
    lines: Sequence[NextLine],
    *,
    parameters: Mapping[str, float],
    rule: ProgressionRule,
) -> Afterward:
    """All these lines one after another, then no therapy."""
    cohort: Cohort = leaving.cohort
    until, n = leaving.until, len(cohort.patients)
    death = np.full(n, np.inf)
    status, fail_day, fail_state = np.zeros(n, dtype=np.int64), np.full(n, np.nan), [""] * n
    elapsed, left = np.zeros(n), leaving.level.copy()
    now: dict[str, Floats] = {name: values.copy() for name, values in _taken_along(leaving.state).items()}
    open_rows: Ints = np.flatnonzero(until > 0)
    brain: NDArray[np.bool_] = np.zeros(n, dtype=bool) if leaving.brain is None else leaving.brain.copy()
    for regimen, last in [*((line.regimen, False) for line in lines), ((), True)]:
        if not len(open_rows):
            break
        cohort, now = irradiate(cohort, now, brain)
        brain[:] = False
        wanted = until[open_rows] - elapsed[open_rows]
        days = _grid_days(wanted if last else np.minimum(wanted, policy.horizon_days), policy.step_days)
        here, begun = open_rows, leaving.day[open_rows] + elapsed[open_rows]
        age_then = cohort.patients.columns["age_years"][here] + begun / DAYS_PER_YEAR

        def ended(
            part: Ints, course: Trajectory, here: Ints = here, age: Floats = age_then, last: bool = last
        ) -> Floats:
            total = cumulative(course.days, hazard_of(course, age[part], leaving.frailty[here[part]], parameters))
            dies = time_at(course.days, total, left[here[part]])
            return dies if last else np.minimum(dies, progression_of(course, rule))

        course = treat_until(
            cohort.take(open_rows), disease, regimen, {k: v[open_rows] for k, v in now.items()}, days, ended
        )
        for row in np.flatnonzero(course.status):
            patient = open_rows[row]
            status[patient], fail_state[patient] = course.status[row], course.fail_state[row]
            fail_day[patient] = elapsed[patient] + course.fail_day[row]
        well = np.flatnonzero(course.status == 0)
        open_rows, course, days = open_rows[well], course.take(well), days[well]
        since = leaving.day[open_rows] + elapsed[open_rows]
        age = cohort.patients.columns["age_years"][open_rows] + since / DAYS_PER_YEAR
        total = cumulative(days, hazard_of(course, age, leaving.frailty[open_rows], parameters))
        ends = days[:, -1].copy() if last else np.minimum(progression_of(course, rule), days[:, -1])
        dies = time_at(days, total, left[open_rows])
        died = dies <= ends
        death[open_rows[died]] = elapsed[open_rows[died]] + dies[died]
        left[open_rows] -= value_at(days, total, ends)
        elapsed[open_rows] += ends
        for name, values in _taken_along(course.at(ends)).items():
            column = now.setdefault(name, np.ones(n))
            column[open_rows] = values
        brain[open_rows] = progressed_in_brain(course, ends, rule)
        open_rows = open_rows[~died & (elapsed[open_rows] < until[open_rows])]
    return Afterward(np.where(death <= until, death, np.inf), status, fail_day, tuple(fail_state))


def _taken_along(state: Mapping[str, Floats]) -> dict[str, Floats]:
    return lesion_states(state) | carried_states(state)


def _grid_days(horizon: Floats, step: float) -> Floats:
    """(n_patients, n_times) whole steps that cover each patient's own horizon; her last day is repeated to the end.

    Each has a grid of her own, for a solver's value on the last day differs in its last digits from the value on a day
    between others: with a common grid, a course would depend on who shares the chunk.
    """
    steps = np.maximum(1.0, np.ceil(horizon / step))
    return np.minimum(np.arange(steps.max() + 1.0)[None, :], steps[:, None]) * step


def make_policy(
    content: Mapping[str, Any], disease: str, regimen_of: Callable[[Sequence[str]], tuple[RegimenItem, ...]]
) -> Policy:
    """The policy of a disease from the data file; ``regimen_of`` turns drug names into a regimen."""
    lines = tuple(
        NextLine(load_drug(entry["leading"]).id, regimen_of(tuple(entry["drugs"])))
        for entry in content.get(disease, ())
    )
    return Policy(lines, int(content["lines"]), float(content["horizon_days"]), float(content["scan_every_days"]),
                  float(content["share_treated"][disease]))  # fmt: skip

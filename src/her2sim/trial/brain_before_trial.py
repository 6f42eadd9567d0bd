"""Brain metastases that were treated before the trial: what its patients bring to randomization.

Most protocols take brain metastases only if they have been treated and are stable. So the lesion of such a patient was
found at the size that the population gives it, irradiated some time ago by the same event as between lines
(``her2sim.trial.brain_radiotherapy``), and has then lived on without progressing. Where a protocol takes active ones, a
part of them was irradiated too and has grown back since: the barrier stays open, the lesion is as large as it is found.
Times and shares stand in ``data/parameters/radiotherapy.yaml``; a record's own words replace them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from her2sim.core.random import stream
from her2sim.model.lesions import volume_states
from her2sim.population.patients import Patients
from her2sim.trial.brain_radiotherapy import BRAIN, brain_lesions_mm, irradiate, open_barrier, surviving_shares
from her2sim.trial.selection import Entry
from her2sim.trial.treatment import Cohort, Trajectory, treat
from her2sim.trial.true_progression import ProgressionRule

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
KNOWN, ACTIVE, IRRADIATED = "brain_metastases", "brain_metastases_active", "brain_irradiated"
PURPOSE = "local treatment of the brain before the trial"
STEP_DAYS = 14.0


@dataclass(frozen=True)
class BrainAtEntry:
    """What a record says of brain metastases treated before the trial; None for the value of the data file.

    Main arguments:
        least_days: days that the protocol asks for between local treatment of the brain and the trial.
        active_irradiated_share: of the patients with active brain metastases, those irradiated earlier, 0 to 1.
    """

    least_days: float | None = None
    active_irradiated_share: float | None = None


@dataclass(frozen=True)
class Treated:
    """Who comes with irradiated brain metastases.

    Main arguments:
        stable: (n_patients,) irradiated and without progression in the brain since.
        regrown: (n_patients,) irradiated and grown back.
        wait_quantile: (n_patients,) place of her waiting time among those that are possible for her, 0 to 1.
    """

    stable: Bools
    regrown: Bools
    wait_quantile: Floats


def treated_before(patients: Patients, seed: int, numbers: Mapping[str, float], said: BrainAtEntry) -> Treated:
    """Draw who was irradiated before the trial; nobody without known brain metastases.

    The draws are the patient's own and of their own purpose, so that no other trait of hers moves. In a table that does
    not say which brain metastases are active, none is.

    Main arguments:
        patients: with the flags ``brain_metastases`` and ``brain_metastases_active``.
        numbers: the values of ``data/parameters/radiotherapy.yaml``.
        said: what the record says.
    """
    known, active = (patients.get(name, 0.0) > 0.5 for name in (KNOWN, ACTIVE))
    of_active = numbers["brain_entry_active_irradiated_share"]
    if said.active_irradiated_share is not None and of_active > 0.0:  # 0 takes the mechanism away
        of_active = said.active_irradiated_share
    draws = np.ones((len(patients), 2))
    for row in np.flatnonzero(known):
        draws[row] = stream(seed, int(patients.ids[row]), PURPOSE).random(2)
    stable = known & ~active & (draws[:, 0] < numbers["brain_entry_stable_irradiated_share"])
    return Treated(stable, known & active & (draws[:, 0] < of_active), draws[:, 1])


def bring_brain_to_entry(entry: Entry, disease: str, rule: ProgressionRule, said: BrainAtEntry) -> Entry:
    """Patients at randomization, their brain metastases treated as the trial asks for.

    A stable lesion is irradiated at the size at which it was found and followed by the model without drugs, for a time
    drawn from an exponential distribution beyond the protocol's least days, among the times at which the lesion has
    not progressed by RECIST's measure. What has progressed by then would not be let in.

    Main arguments:
        entry: patients as they come from their earlier lines.
        rule: the growth that is progression.
        said: what the record says.

    Returns:
        The same patients with the flag ``brain_irradiated``; of those irradiated the barrier is opened, and of those
        whose lesion is stable the states of the brain are those at the end of the wait. Of the others nothing changes.
    """
    patients, numbers = entry.cohort.patients, entry.cohort.typical
    treated = treated_before(patients, entry.cohort.seed, numbers, said)
    either = treated.stable | treated.regrown
    cohort = replace(entry.cohort, patients=patients.with_columns({IRRADIATED: either.astype(np.float64)}))
    entry = replace(entry, cohort=open_barrier(cohort, either))
    rows = np.flatnonzero(treated.stable)
    if not len(rows):
        return entry
    now = {name: values[rows] for name, values in entry.start.items()}
    left = surviving_shares(cohort.seed, patients.ids[rows], numbers, share=1.0)
    one, irradiated = irradiate(cohort.take(rows), now, np.ones(len(rows), dtype=bool), left=left)
    course, wait = _wait(one, irradiated, disease, rule, treated.wait_quantile[rows], said)
    later = course.at(wait)
    start = dict(entry.start)
    for name in volume_states()[BRAIN]:
        start[name] = start[name].copy()
        start[name][rows] = np.where(course.status == 0, later[name], irradiated[name])
    return _with_failures(replace(entry, start=start), rows, course)


def _wait(
    cohort: Cohort,
    start: Mapping[str, Floats],
    disease: str,
    rule: ProgressionRule,
    quantile: Floats,
    said: BrainAtEntry,
) -> tuple[Trajectory, Floats]:
    """The course without drugs since radiotherapy, and the day of it on which each patient comes to the trial."""
    numbers = cohort.typical
    least = numbers["brain_entry_least_days"] if said.least_days is None else said.least_days
    longest = max(least, numbers["brain_entry_longest_days"])
    grid = np.append(np.arange(0.0, longest, STEP_DAYS), longest)
    days = np.ascontiguousarray(np.broadcast_to(grid, (len(quantile), len(grid))))
    course = treat(cohort, disease, (), start, days)
    latest = np.maximum(last_stable_day(days, brain_lesions_mm(course.values, course)[0], rule), least)
    return course, waiting_days(quantile, least, latest, numbers["brain_entry_wait_mean_days"])


def _with_failures(entry: Entry, rows: NDArray[np.int64], course: Trajectory) -> Entry:
    """The entry with those patients failed whose wait could not be simulated; an earlier failure stays the reason."""
    status, fail_day, fail_state = entry.status.copy(), entry.fail_day.copy(), list(entry.fail_state)
    for place in np.flatnonzero(course.status):
        row = rows[place]
        if status[row] == 0:
            status[row], fail_day[row] = course.status[place], course.fail_day[place]
            fail_state[row] = f"{course.fail_state[place]} (since radiotherapy of the brain)".strip()
    return replace(entry, status=status, fail_day=fail_day, fail_state=tuple(fail_state))


def last_stable_day(days: Floats, mm: Floats, rule: ProgressionRule) -> Floats:
    """Last of the days before a lesion has grown from its smallest by RECIST's measure, (n_patients,).

    Main arguments:
        days: (n_patients, n_times), ascending.
        mm: (n_patients, n_times) diameters.
        rule: the growth that is progression.

    >>> rule = ProgressionRule(1.2, 5.0, {})
    >>> last_stable_day(np.array([[0.0, 14.0, 28.0, 42.0]]), np.array([[12.0, 8.0, 9.0, 14.0]]), rule).tolist()
    [28.0]
    """
    grown = rule.grown(mm, np.minimum.accumulate(mm, axis=1))
    first = np.where(grown.any(axis=1), grown.argmax(axis=1), mm.shape[1])
    return days[np.arange(len(days)), np.maximum(first - 1, 0)]


def waiting_days(quantile: Floats, least: float, latest: Floats, mean: float) -> Floats:
    """Quantiles of an exponential time beyond ``least``, given that it ends by ``latest``; (n_patients,) days.

    >>> waiting_days(np.array([0.0, 0.5, 1.0]), 28.0, np.full(3, 300.0), 120.0).round().tolist()
    [28.0, 99.0, 300.0]
    """
    inside = -np.expm1(-(latest - least) / mean)
    left = np.maximum(1.0 - quantile * inside, np.exp(-(latest - least) / mean))  # 1 - x loses the digits of small ones
    return np.minimum(least - mean * np.log(left), latest)

"""Earlier lines of therapy, simulated: who comes to a trial after them, and with which tumor.

A patient who must have had trastuzumab and a taxane is first treated with them, until progression; what is left of
her clones is what the trial meets. Candidates who do not progress within the horizon do not come to the trial: the
next candidate of the same patient number is tried. Nothing else is set by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from her2sim.core.errors import SimulationError
from her2sim.core.random import stream
from her2sim.model.lesions import SLOTS
from her2sim.population.patients import concat
from her2sim.record.types import PriorTherapy, RegimenItem
from her2sim.trial.lesion_organs import detection_ratio
from her2sim.trial.lesion_state import carried_states, clone_shares, lesion_start
from her2sim.trial.stages import treat_until
from her2sim.trial.treatment import Cohort, Trajectory
from her2sim.trial.true_progression import ProgressionRule, progression_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
ATTEMPTS = 64
FRESH = np.ones(1)
"""The waning state of a drug class that a patient has not had: full effect."""


@dataclass(frozen=True)
class EarlierLines:
    """How earlier lines are simulated, from ``data/regimens/earlier_lines.yaml``.

    Main arguments:
        step_days: how often progression is looked for.
        horizon_days: who has not progressed on a metastatic line by then does not come to the trial.
        adjuvant_days: how long an adjuvant line lasts.
        rule: what counts as progression.
    """

    step_days: float
    horizon_days: float
    adjuvant_days: float
    rule: ProgressionRule


@dataclass(frozen=True)
class Entry:
    """Patients at randomization.

    Main arguments:
        numbers: (n,) patient numbers of the trial.
        cohort: their traits; ids are candidate ids, which key all later draws.
        start: state name -> (n,) value at randomization.
        attempts: (n,) candidates tried for each patient.
        prior: (n, n_lines) bool, which earlier lines each patient has had.
        status, fail_day, fail_state: how the simulation of the earlier lines ended. A candidate whose earlier lines
            could not be simulated stays in her place, as failed: another in it would hide that.
    """

    numbers: Ints
    cohort: Cohort
    start: Mapping[str, Floats]
    attempts: Ints
    prior: NDArray[np.bool_]
    status: Ints
    fail_day: Floats
    fail_state: tuple[str, ...]


@dataclass(frozen=True)
class TumorAtBaseline:
    """What the population says of lesions: slot volumes (mL) and shares of clones before any therapy."""

    volume_mL: Mapping[str, Floats]
    shares: Floats
    dead_share: Floats


def admit(
    numbers: Ints,
    sample: Callable[[Ints], Cohort],
    tumor: Callable[[Cohort], TumorAtBaseline],
    disease: str,
    prior: Sequence[tuple[PriorTherapy, Sequence[RegimenItem]]],
    manner: EarlierLines,
) -> Entry:
    """Bring patients to randomization through their earlier lines.

    Main arguments:
        numbers: patient numbers, each with up to 64 candidates of its own.
        sample: candidate ids -> their traits.
        tumor: traits -> lesions at randomization, by size and (before any therapy) by clone.
        prior: earlier lines in order, with the regimen of each.
        manner: how long a line lasts and what ends it.

    Raises:
        SimulationError: a patient number has no admissible candidate.
    """
    found: dict[int, tuple[Cohort, dict[str, Floats], NDArray[np.bool_], int, _Failure]] = {}
    waiting = np.asarray(numbers, dtype=np.int64)
    for attempt in range(ATTEMPTS):
        cohort = sample(waiting * ATTEMPTS + attempt)
        start, had, admitted, failures = _through_lines(cohort, tumor(cohort), disease, prior, manner)
        for row in np.flatnonzero(admitted):
            mine = {name: values[row : row + 1] for name, values in start.items()}
            one, failure = cohort.take(np.array([row])), failures.get(int(row), WELL)
            found[int(waiting[row])] = (one, mine, had[row : row + 1], attempt + 1, failure)
        waiting = waiting[~admitted]
        if not len(waiting):
            break
    if len(waiting):
        raise SimulationError(
            f"{len(waiting)} patients never progressed on their earlier lines in {ATTEMPTS} tries each",
            where=f"patient {int(waiting[0])}",
            why="The trial asks for progression on earlier therapy, and these virtual patients do not progress.",
            hint="Check eligibility.prior of the record, or the growth and resistance parameters.",
        )
    rows = [found[int(number)] for number in numbers]
    patients = concat([row[0].patients for row in rows])
    cohort = replace(rows[0][0], patients=patients)
    names = sorted({name for row in rows for name in row[1]})
    start = {name: np.concatenate([row[1].get(name, FRESH) for row in rows]) for name in names}
    return Entry(
        np.asarray(numbers, dtype=np.int64),
        cohort,
        start,
        np.array([row[3] for row in rows]),
        np.concatenate([row[2] for row in rows]),
        np.array([row[4].status for row in rows], dtype=np.int64),
        np.array([row[4].day for row in rows]),
        tuple(row[4].state for row in rows),
    )


@dataclass(frozen=True)
class _Failure:
    """How the simulation of a candidate's earlier lines failed: engine status, day of the line, line and state."""

    status: int = 0
    day: float = np.nan
    state: str = ""


WELL = _Failure()


def _through_lines(
    cohort: Cohort,
    tumor: TumorAtBaseline,
    disease: str,
    prior: Sequence[tuple[PriorTherapy, Sequence[RegimenItem]]],
    manner: EarlierLines,
) -> tuple[dict[str, Floats], NDArray[np.bool_], NDArray[np.bool_], dict[int, _Failure]]:
    n = len(cohort.patients)
    failures: dict[int, _Failure] = {}
    had = had_lines([line.share for line, _ in prior], cohort.seed, cohort.patients.ids)
    shares = {slot.name: tumor.shares for slot in SLOTS}
    carried: dict[str, Floats] = {}
    admitted = np.ones(n, dtype=bool)
    for index, (line, regimen) in enumerate(prior):
        well = np.array([row not in failures for row in range(n)])
        rows = np.flatnonzero(had[:, index] & admitted & well)
        if not len(rows):
            continue
        after = _one_line(cohort.take(rows), _rows(tumor, rows), _pick(shares, rows), _pick(carried, rows),
                          disease, line, regimen, manner)  # fmt: skip
        for place in np.flatnonzero(after.status):
            blamed = f"{after.fail_state[place]} (earlier line {index + 1})".strip()
            failures[int(rows[place])] = _Failure(int(after.status[place]), float(after.fail_day[place]), blamed)
        admitted[rows] = after.progressed | (after.status != 0)
        for slot in SLOTS:
            updated = shares[slot.name].copy()
            updated[rows] = after.shares[slot.name]
            shares[slot.name] = updated
        for name, values in after.carried.items():
            column = carried.setdefault(name, np.ones(n)).copy()
            column[rows] = values
            carried[name] = column
    return lesion_start(tumor.volume_mL, shares, tumor.dead_share) | carried, had, admitted, failures


def had_lines(shares: Sequence[float], seed: int, patients: Ints) -> NDArray[np.bool_]:
    """Which earlier lines each patient has had, (n_patients, n_lines).

    Lines that stand one after another and whose shares add up to 1 are alternatives: each patient has had one of them.
    Any other line with a share below 1 is drawn by itself.

    >>> had_lines([0.6, 0.4, 1.0], 1, np.arange(500)).sum(axis=1).tolist() == [2] * 500
    True
    """
    had = np.zeros((len(patients), len(shares)), dtype=bool)
    index = 0
    while index < len(shares):
        stop = _alternatives(shares, index)
        draws = np.array([stream(seed, int(p), f"prior line {index}").random() for p in patients])
        low = 0.0
        for line in range(index, stop):
            high = 1.0 if stop - index > 1 and line == stop - 1 else low + shares[line]
            had[:, line] = (draws >= low) & (draws < high)
            low = high
        index = stop
    return had


def _alternatives(shares: Sequence[float], first: int) -> int:
    """One past the last of the lines from ``first`` on that add up to 1, or ``first`` + 1 if none do."""
    total = 0.0
    for index in range(first, len(shares)):
        total += shares[index]
        if shares[index] >= 1.0 or total > 1.001:
            break
        if abs(total - 1.0) < 1e-3:
            return index + 1
    return first + 1


@dataclass(frozen=True)
class _After:
    shares: Mapping[str, Floats]
    carried: Mapping[str, Floats]
    progressed: NDArray[np.bool_]
    status: Ints
    fail_day: Floats
    fail_state: tuple[str, ...]


def _one_line(
    cohort: Cohort,
    tumor: TumorAtBaseline,
    shares: Mapping[str, Floats],
    carried: Mapping[str, Floats],
    disease: str,
    line: PriorTherapy,
    regimen: Sequence[RegimenItem],
    manner: EarlierLines,
) -> _After:
    adjuvant = line.setting == "adjuvant"
    size = tumor.volume_mL
    if adjuvant:  # micrometastases: what is occult now was all there was then
        size = {slot.name: tumor.volume_mL["OC"] for slot in SLOTS}
    horizon = manner.adjuvant_days if adjuvant else manner.horizon_days
    grid = np.append(np.arange(0.0, horizon, manner.step_days), horizon)
    days = np.broadcast_to(grid, (len(cohort.patients), len(grid)))
    start = lesion_start(size, shares, tumor.dead_share) | dict(carried)

    found = detection_ratio(cohort.patients, cohort.typical)

    def ended(rows: Ints, course: Trajectory) -> Floats:
        return np.full(len(course.days), np.inf) if adjuvant else progression_of(course, manner.rule, found[rows])

    course = treat_until(cohort, disease, regimen, start, np.ascontiguousarray(days), ended)
    ok = course.status == 0
    if adjuvant:
        when = np.full(len(ok), horizon)
        progressed = ok
    else:
        when = progression_of(course, manner.rule, found)
        progressed = ok & np.isfinite(when)
    when = np.where(ok & np.isfinite(when), when, 0.0)
    state = course.at(when)
    return _After(
        clone_shares(state, shares), carried_states(state), progressed, course.status, course.fail_day,
        course.fail_state,
    )  # fmt: skip


def _rows(tumor: TumorAtBaseline, rows: Ints) -> TumorAtBaseline:
    return TumorAtBaseline(_pick(tumor.volume_mL, rows), tumor.shares[rows], tumor.dead_share[rows])


def _pick(columns: Mapping[str, Floats], rows: Ints) -> dict[str, Floats]:
    return {name: values[rows] for name, values in columns.items()}

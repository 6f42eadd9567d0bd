"""A line of therapy solved in stages, so that nobody is simulated far beyond the end of her line.

Most patients leave a line long before its horizon. The line is solved up to day 168, then 336, 672 and so on, each time
only for those whose line has not ended. A stage goes on from the states at which the last one stopped, with the doses
that are still to come, so the course is that of one solution up to the error of the solver.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from her2sim.engine.interface import DoseTable
from her2sim.record.types import RegimenItem
from her2sim.trial.treatment import Cohort, Trajectory, prepare

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
FIRST_STAGE_DAYS = 168.0
Ended = Callable[[Ints, Trajectory], Floats]
"""(row numbers, their courses) -> (n_rows,) day on which the line of each ends, infinity if it goes on."""


def treat_until(
    cohort: Cohort,
    disease: str,
    regimen: Sequence[RegimenItem],
    start: Mapping[str, Floats],
    days: Floats,
    ended: Ended,
) -> Trajectory:
    """Treat all patients with one regimen, each until her line has ended.

    Main arguments:
        cohort, disease, regimen, start, days: as in ``her2sim.trial.treatment.treat``.
        ended: tells the day on which a line ends. It sees courses whose tail is not simulated yet (there the last
            state is repeated) and must find the same day whatever the tail: an end in the tail is not believed.

    Returns:
        The trajectories on ``days``; beyond the stage in which a patient's line ended, her last state is repeated.
    """
    line = prepare(cohort, disease, regimen, start, days)
    n, n_times = days.shape
    values = np.empty((n, n_times, len(line.names)))
    status, fail_day = np.zeros(n, dtype=np.int64), np.full(n, np.nan)
    fail_state = [""] * n
    rows, now, begin, border = np.arange(n), line.initial, 0.0, FIRST_STAGE_DAYS
    while len(rows):
        last = bool(border >= np.nanmax(days[rows]))
        columns = _stage_columns(days[rows], begin, border)
        times = np.append(np.clip(days[rows, columns], begin, border), np.full((len(rows), 1), border), axis=1)
        doses = line.doses if begin == 0.0 and len(rows) == n else doses_from(line.doses, rows, begin, days[rows])
        found = line.solve(rows, times, now, doses, begin)
        for place in np.flatnonzero(found.status):
            row = rows[place]
            status[row], fail_day[row] = found.status[place], found.fail_day[place]
            fail_state[row] = found.fail_state[place]
        _put(values, rows, days[rows], begin, columns, found.values)
        well = np.flatnonzero(found.status == 0)
        rows, now = rows[well], found.values[well, -1]
        if last:
            break
        seen = Trajectory(line.names, days[rows], values[rows], status[rows], fail_day[rows], ("",) * len(rows))
        going = np.flatnonzero((ended(rows, seen) > border) & (np.nanmax(days[rows], axis=1) > border))
        rows, now, begin, border = rows[going], now[going], border, 2.0 * border
    values[status != 0] = np.nan
    return Trajectory(line.names, days, values, status, fail_day, tuple(fail_state))


def _stage_columns(days: Floats, begin: float, border: float) -> slice:
    """The columns of observation days that some row has within a stage."""
    inside = ((days > begin) | ((begin == 0.0) & (days >= 0.0))) & (days <= border)
    columns = np.flatnonzero(inside.any(axis=0))
    return slice(int(columns[0]), int(columns[-1]) + 1) if len(columns) else slice(0, 0)


def _put(values: Floats, rows: Ints, days: Floats, begin: float, columns: slice, found: Floats) -> None:
    """Write the states of a stage; the last one also stands for what comes later."""
    fresh = (days[:, columns] > begin) | (begin == 0.0)
    values[rows, columns] = np.where(fresh[..., None], found[:, :-1], values[rows, columns])
    values[rows, columns.stop :] = found[:, -1:]


def doses_from(doses: DoseTable, rows: Ints, begin: float, days: Floats) -> DoseTable:
    """The doses of some patients from a day on, renumbered; what is left of an infusion under way then is kept.

    Main arguments:
        doses: of all patients.
        rows: (n_rows,) row numbers of those kept.
        begin: the day; a dose given on it belongs to the later stage.
        days: (n_rows, n_times) observation days of the rows.
    """
    place = np.full(int(max(doses.patient.max(initial=-1), rows.max(initial=-1))) + 1, -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    end = doses.time + doses.duration
    keep = (place[doses.patient] >= 0) & ((doses.time >= begin) | (end > begin))
    patient, time, duration = place[doses.patient[keep]], doses.time[keep], doses.duration[keep]
    amount, end = doses.amount[keep], end[keep]
    under_way = time < begin
    # an inflow beyond the last observation keeps amount and duration, and with them the last digit of its rate
    shorten = under_way & (end < np.nanmax(days, axis=1)[patient])
    share = np.divide(end - begin, duration, out=np.ones_like(duration), where=shorten)
    return replace(
        doses,
        patient=patient,
        time=np.where(under_way, begin, time),
        target=doses.target[keep],
        amount=amount * share,
        duration=np.where(shorten, end - begin, duration),
    )

"""A second look at patients that failed: smaller first steps, tighter tolerance, another method, another code.

A patient whose solution truly becomes infinite fails each time at the same moment; then the other code, which solves
one patient at a time, is not asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from her2sim.engine.batch import Batch
from her2sim.engine.interface import NOT_FINITE, OK, STEP_TOO_SMALL, STOPPED, Floats, Ints, Solution


@dataclass(frozen=True)
class Attempt:
    """How to try again.

    Main arguments:
        solve: solves a batch.
        rtol_factor, atol_factor: the tolerances are multiplied by these.
        needs_doubt: ask only where the earlier attempts failed at different times.
    """

    solve: Callable[[Batch], Solution]
    rtol_factor: float = 1.0
    atol_factor: float = 1.0
    needs_doubt: bool = False


SAME_MOMENT = 1e-3
"""Failures count as one moment if they differ by less than this part of the time since the start."""


def look_again(batch: Batch, solution: Solution, attempts: Sequence[Attempt]) -> None:
    """Try failed patients again, and put into ``solution`` what succeeds, or what came farthest."""
    sound = np.isfinite(batch.parameters).all(axis=1) & np.isfinite(batch.initial).all(axis=1)
    moments: list[Floats] = [solution.fail_time.copy()]
    for attempt in attempts:
        failed = sound & np.isin(solution.status, (STEP_TOO_SMALL, NOT_FINITE))
        if attempt.needs_doubt:
            failed &= _in_doubt(moments, batch.start)
        patients = np.flatnonzero(failed)
        if not len(patients):
            continue
        part = attempt.solve(batch.subset(patients).with_tolerance(attempt.rtol_factor, attempt.atol_factor))
        seen = np.full(batch.patients, np.nan)
        seen[patients] = part.fail_time
        moments.append(seen)
        _take_over(solution, part, patients)


def _in_doubt(moments: Sequence[Floats], start: float) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    times = np.stack(moments)
    known = np.where(np.isnan(times), times[0], times)
    spread = np.max(known, axis=0) - np.min(known, axis=0)
    with np.errstate(invalid="ignore"):
        same = spread <= SAME_MOMENT * (np.max(known, axis=0) - start)
    return ~same


def _take_over(solution: Solution, part: Solution, patients: Ints) -> None:
    failed_again = ~np.isin(part.status, (OK, STOPPED))
    farther = np.nan_to_num(part.fail_time, nan=-np.inf) > solution.fail_time[patients]
    better = np.flatnonzero(~failed_again | farther)
    rows = patients[better]
    solution.values[rows] = part.values[better]
    solution.status[rows] = part.status[better]
    solution.fail_time[rows] = part.fail_time[better]
    solution.fail_state[rows] = part.fail_state[better]
    solution.steps[rows] = part.steps[better]
    if len(part.refused):
        solution.refused[rows] = part.refused[better]

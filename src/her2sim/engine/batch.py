"""One checked order of work: parameters, initial values, observation times and doses of a population.

Wrong shapes and impossible tables are refused here with a word on where and why. A patient whose numbers are not
finite is no wrong input: it is reported in the status of that patient.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from her2sim.core.errors import InputError
from her2sim.engine.equations import Equations
from her2sim.engine.interface import DoseTable, Floats, Ints
from her2sim.engine.python_source import evaluate


@dataclass(frozen=True)
class Batch:
    """Checked input of a solve.

    Main arguments:
        parameters: (n_patients, n_varying).
        times: (n_times,) or (n_patients, n_times) as given.
        initial: (n_patients, n_states).
        doses: doses with amounts other than zero, sorted by patient and time.
        start: time at which the initial values hold.
        rtol: relative tolerance.
        atol: (n_states,) absolute tolerances.
        max_steps: most accepted and rejected steps per patient.
    """

    parameters: Floats
    times: Floats
    initial: Floats
    doses: DoseTable
    start: float
    rtol: float
    atol: Floats
    max_steps: int

    @property
    def patients(self) -> int:
        """Number of patients."""
        return len(self.parameters)

    def times_of(self, patient: int) -> Floats:
        """(n_times,) observation times of one patient."""
        return self.times if self.times.ndim == 1 else self.times[patient]

    def subset(self, patients: Ints) -> Batch:
        """The same order of work for some of the patients, in ascending order."""
        number = np.full(self.patients, -1, dtype=np.int64)
        number[patients] = np.arange(len(patients))
        keep = number[self.doses.patient] >= 0
        doses = DoseTable(
            number[self.doses.patient[keep]],
            self.doses.time[keep],
            self.doses.target[keep],
            self.doses.amount[keep],
            self.doses.duration[keep],
        )
        return replace(
            self,
            parameters=np.ascontiguousarray(self.parameters[patients]),
            times=self.times if self.times.ndim == 1 else np.ascontiguousarray(self.times[patients]),
            initial=np.ascontiguousarray(self.initial[patients]),
            doses=doses,
        )

    def with_tolerance(self, rtol_factor: float, atol_factor: float) -> Batch:
        """The same order of work, to be done more or less exactly."""
        return replace(self, rtol=self.rtol * rtol_factor, atol=self.atol * atol_factor)


def checked_batch(
    equations: Equations,
    parameters: Floats,
    times: Floats,
    *,
    initial: Floats | None,
    doses: DoseTable | None,
    rtol: float,
    atol: float | Sequence[float],
    max_steps: int,
    start: float,
) -> Batch:
    """Check shapes and tables, and evaluate the model's own initial values where none are given.

    Raises:
        InputError: see the messages.
    """
    table = np.ascontiguousarray(parameters, dtype=np.float64)
    n_varying, n_states = len(equations.varying), len(equations.states)
    if table.ndim != 2 or table.shape[1] != n_varying:
        raise InputError(
            f"the parameter table has shape {table.shape}; it needs one row per patient and {n_varying} columns",
            where="solve(parameters)",
            hint="Columns follow CompiledModel.varying.",
        )
    n_patients = len(table)
    observed = _checked_times(times, n_patients, start)
    if initial is None:
        own = evaluate(equations.initial, (), equations.varying, start, (), table.T)
        first = np.empty((n_patients, n_states))
        for column, value in enumerate(own):
            first[:, column] = value
    else:
        given = np.asarray(initial, dtype=np.float64)
        if given.shape not in ((n_patients, n_states), (n_states,)):
            raise InputError(
                f"initial values have shape {given.shape}; they need ({n_patients}, {n_states})",
                where="solve(initial)",
                hint="Columns follow CompiledModel.state_names.",
            )
        first = np.ascontiguousarray(np.broadcast_to(given, (n_patients, n_states)))
    if not 0.0 < rtol < 1.0:
        raise InputError(f"rtol is {rtol}; it must lie between 0 and 1", where="solve(rtol)")
    absolute = np.asarray(atol, dtype=np.float64)
    if absolute.shape not in ((), (n_states,)) or not bool(np.all(absolute >= 0.0)) or not np.isfinite(absolute).all():
        raise InputError(f"atol must be one number of 0 or more, or {n_states} of them", where="solve(atol)")
    if max_steps < 1:
        raise InputError(f"max_steps is {max_steps}; it must be 1 or more", where="solve(max_steps)")
    return Batch(
        parameters=table,
        times=observed,
        initial=first,
        doses=_checked_doses(doses or DoseTable.empty(), n_patients, equations.states, start),
        start=float(start),
        rtol=float(rtol),
        atol=np.ascontiguousarray(np.broadcast_to(absolute, (n_states,))),
        max_steps=int(max_steps),
    )


def _checked_times(times: Floats, n_patients: int, start: float) -> Floats:
    observed = np.ascontiguousarray(times, dtype=np.float64)
    if observed.ndim not in (1, 2) or (observed.ndim == 2 and len(observed) != n_patients):
        raise InputError(
            f"observation times have shape {observed.shape}; they need (n_times,) or ({n_patients}, n_times)",
            where="solve(times)",
        )
    if not np.isfinite(start):
        raise InputError(f"the start time is {start}", where="solve(start)")
    rows = np.atleast_2d(observed)
    present = ~np.isnan(rows)
    if bool(np.any(present[:, 1:] & ~present[:, :-1])):
        raise InputError("missing (NaN) observation times may stand only at the end of a row", where="solve(times)")
    if bool(np.any(np.isinf(rows))):
        raise InputError("an observation time is infinite", where="solve(times)")
    with np.errstate(invalid="ignore"):
        if bool(np.any(np.diff(rows, axis=1) < 0.0)):
            row, column = (int(i) for i in np.argwhere(np.diff(rows, axis=1) < 0.0)[0])
            raise InputError(
                f"observation times must not descend: {rows[row, column]} is followed by {rows[row, column + 1]}",
                where="solve(times)" if observed.ndim == 1 else f"solve(times), patient {row}",
                hint="Sort them; equal times are allowed.",
            )
        if bool(np.any(rows < start)):
            raise InputError(
                f"an observation time lies before the start at {start}",
                where="solve(times)",
                hint="Pass an earlier start.",
            )
    return observed


def _checked_doses(doses: DoseTable, n_patients: int, states: Sequence[str], start: float) -> DoseTable:
    columns = (doses.patient, doses.time, doses.target, doses.amount, doses.duration)
    if len({np.shape(c) for c in columns}) != 1 or np.ndim(doses.time) != 1:
        raise InputError("the columns of the dose table differ in length", where="solve(doses)")
    patient, target = np.asarray(doses.patient, dtype=np.int64), np.asarray(doses.target, dtype=np.int64)
    time, amount, duration = (np.asarray(c, dtype=np.float64) for c in (doses.time, doses.amount, doses.duration))
    faults = (
        ((patient < 0) | (patient >= n_patients), f"names a patient outside 0 to {n_patients - 1}"),
        ((target < 0) | (target >= len(states)), f"names a state outside 0 to {len(states) - 1}"),
        (~np.isfinite(time), "has no finite time"),
        (time < start, f"lies before the start at {start}"),
        (~np.isfinite(duration) | (duration < 0.0), "has a negative or infinite duration"),
    )
    for wrong, words in faults:
        if wrong.any():
            row = int(np.argmax(wrong))
            raise InputError(
                f"row {row} of the dose table {words}: patient {patient[row]}, time {time[row]}, "
                f"target {target[row]}, duration {duration[row]}",
                where="solve(doses)",
            )
    keep = amount != 0.0  # NaN stays, and shows in the status of its patient
    order = np.lexsort((time, patient))
    order = order[keep[order]]
    return DoseTable(patient[order], time[order], target[order], amount[order], duration[order])

"""The reference back end: one patient at a time through SciPy's LSODA, with BDF and Radau behind it.

It shares no numerical code with the compiled engine (its formulas are Python source, its solvers are SciPy's), so that
the two can check each other; and it is the last resort for a patient whom the compiled engine gives up.
LSODA: Petzold 1983, doi:10.1137/0904010. BDF and Radau: Shampine & Reichelt 1997, doi:10.1137/S1064827594276424;
Hairer & Wanner, Solving ODEs II, 1996.
"""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from her2sim.engine.batch import Batch
from her2sim.engine.checked_model import CheckedModel
from her2sim.engine.clock import ROUNDING
from her2sim.engine.equations import Equations
from her2sim.engine.interface import (
    NOT_FINITE,
    OK,
    STEP_TOO_SMALL,
    STOPPED,
    TOO_MANY_STEPS,
    Floats,
    Solution,
)
from her2sim.engine.positivity import Guarded, guarded
from her2sim.engine.python_source import python_function
from her2sim.engine.stops import Stops, stops_of

METHODS = ("LSODA", "BDF", "Radau")
SHORTEST = 4 * ROUNDING
"""An interval of so many units in the last place of time is one step of Euler's method: SciPy's solvers fail in it."""


@dataclass(frozen=True)
class ReferenceModel(CheckedModel):
    """A model solved patient by patient in SciPy. Fills ``CompiledModel``."""

    equations: Equations

    @cached_property
    def formulas(self) -> tuple[Formulas, Formulas]:
        """The generated functions as the equations stand, and with powers continued below zero."""
        strict = Formulas(self.equations)
        return strict, strict if self.guard is None else Formulas(self.guard.equations)

    @cached_property
    def guard(self) -> Guarded | None:
        """The equations with powers continued below zero, if there is something to continue."""
        return guarded(self.equations)

    def __reduce__(self) -> tuple[object, ...]:
        return (ReferenceModel, (self.equations,))

    def the_equations(self) -> Equations:
        """The model."""
        return self.equations

    def solve_sound(self, batch: Batch, threads: int) -> Solution:
        """Solve checked input; each patient has three solvers to fail in already."""
        return self.solve_batch(batch, threads=threads)

    def solve_batch(self, batch: Batch, *, threads: int = 1) -> Solution:
        """Solve input that has been checked."""
        stops = self.clock.added_to(stops_of(batch.doses, batch.patients, len(self.equations.states)), batch)
        strict, continued = self.formulas
        fits = np.zeros(batch.patients, dtype=np.bool_) if self.guard is None else self.guard.premise.fits(batch)

        def one(patient: int) -> Course:
            return solve_patient(continued if fits[patient] else strict, batch, stops, patient)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # SciPy warns of what the status reports
            if threads > 1:
                with ThreadPoolExecutor(threads) as pool:
                    courses = list(pool.map(one, range(batch.patients)))
            else:
                courses = [one(patient) for patient in range(batch.patients)]
        n_times = batch.times.shape[-1]
        empty = np.empty((0, n_times, len(self.equations.outputs)))
        return Solution(
            times=batch.times,
            values=np.stack([c.values for c in courses]) if courses else empty,
            outputs=self.outputs,
            status=np.array([c.status for c in courses], dtype=np.int64),
            fail_time=np.array([c.fail_time for c in courses], dtype=np.float64),
            fail_state=np.array([c.fail_state for c in courses], dtype=np.int64),
            steps=np.array([c.steps for c in courses], dtype=np.int64),
        )


class Formulas:
    """The generated right-hand side, Jacobian, outputs and stop condition of a model."""

    def __init__(self, equations: Equations) -> None:
        states, varying = equations.states, equations.varying
        by_state, _ = equations.jacobian()
        self.shape = (len(states), len(states))
        self.rows = np.array([row for row, _ in by_state], dtype=np.int64)
        self.columns = np.array([column for _, column in by_state], dtype=np.int64)
        self.rates = python_function(equations.rates, states, varying)
        self.entries = python_function(tuple(by_state.values()), states, varying)
        self.outputs = python_function(equations.outputs, states, varying)
        self.stop = None if equations.stop is None else python_function((equations.stop,), states, varying)

    def jacobian(self, t: float, y: Floats, p: Floats) -> Floats:
        """(n_states, n_states) Jacobian at one point."""
        out = np.zeros(self.shape)
        out[self.rows, self.columns] = self.entries(t, y, p)
        return out


@dataclass(frozen=True)
class Course:
    """The course of one patient."""

    values: Floats
    status: int
    fail_time: float
    fail_state: int
    steps: int


class _NotFinite(Exception):
    """A rate became infinite or not a number inside a solver that cannot shrink its step for it."""


def solve_patient(formulas: Formulas, batch: Batch, stops: Stops, patient: int) -> Course:
    """Solve one patient, restarting the solver at every stop."""
    with np.errstate(all="ignore"):
        return _Walk(formulas, batch, stops, patient).run()


class _Walk:
    def __init__(self, formulas: Formulas, batch: Batch, stops: Stops, patient: int) -> None:
        self.formulas, self.batch = formulas, batch
        self.p = batch.parameters[patient]
        self.y = batch.initial[patient].copy()
        self.t = batch.start
        self.times = batch.times_of(patient)
        rows = slice(int(stops.first[patient]), int(stops.first[patient + 1]))
        self.stop_time, self.slot, self.value = stops.time[rows], stops.slot[rows], stops.value[rows]
        self.infused = np.array(stops.infused, dtype=np.int64)
        self.inflow = np.zeros(len(stops.infused))
        self.states_seen = np.full((len(self.times), len(self.y)), np.nan)
        self.seen, self.steps, self.status = 0, 0, OK
        self.blame = -1

    def run(self) -> Course:
        if not np.isfinite(self.p).all():
            self.status = NOT_FINITE
        last = self.times[~np.isnan(self.times)]
        horizon = float(last[-1]) if len(last) else self.batch.start
        row = 0
        while self.status == OK:
            self._observe_now()
            while row < len(self.slot) and self.stop_time[row] <= self.t:
                self._apply(int(self.slot[row]), float(self.value[row]))
                row += 1
            if self.t >= horizon:
                break
            bad = ~np.isfinite(self.y)
            if bad.any():
                self.status, self.blame = NOT_FINITE, int(np.argmax(bad))
                break
            if self._should_stop(self.t, self.y):
                self.status = STOPPED
                break
            self._segment(min(horizon, float(self.stop_time[row])) if row < len(self.slot) else horizon)
        return self._course()

    def _course(self) -> Course:
        seen, n_out = self.states_seen, 0
        if not len(self.y) and self.status == OK:
            self.seen = int(np.sum(~np.isnan(self.times)))
        results = self.formulas.outputs(self.times, seen.T, self.p)
        values = np.empty((len(self.times), len(results)))
        for n_out, result in enumerate(results):
            values[:, n_out] = result
        values[self.seen :] = np.nan
        failed = self.status != OK
        return Course(values, self.status, self.t if failed else float("nan"), self.blame, self.steps)

    def _observe_now(self) -> None:
        while self.seen < len(self.times) and self.times[self.seen] <= self.t:
            self.states_seen[self.seen] = self.y
            self.seen += 1

    def _apply(self, slot: int, value: float) -> None:
        if slot < len(self.y):
            self.y[slot] += value
        else:
            self.inflow[slot - len(self.y)] = value

    def _should_stop(self, t: float, y: Floats) -> bool:
        return self._condition(t, y) > 0.0

    def _rates(self, t: float, y: Floats) -> Floats:
        out = np.array(self.formulas.rates(t, y, self.p), dtype=np.float64)
        out[self.infused] += self.inflow
        return out

    def _checked_rates(self, t: float, y: Floats) -> Floats:
        out = self._rates(t, y)
        if not np.isfinite(out).all():
            raise _NotFinite
        return out

    def _segment(self, end: float) -> None:
        """Integrate to ``end``, by the first method that can."""
        if not len(self.y) or end - self.t <= SHORTEST * np.spacing(max(abs(self.t), abs(end))):
            moved = self.y + self._rates(self.t, self.y) * (end - self.t) if len(self.y) else self.y
            self.y, self.t = np.where(np.isfinite(moved), moved, self.y), end
            return
        rates = self._rates(self.t, self.y)
        if not np.isfinite(rates).all():
            self.status, self.blame = NOT_FINITE, int(np.argmax(~np.isfinite(rates)))
            return
        for method in METHODS:
            self.status = self._try(method, end)
            if self.status in (OK, STOPPED, TOO_MANY_STEPS):
                return

    def _try(self, method: str, end: float) -> int:
        solver: Any = None
        try:
            solver = self._solver(method, end)
            while str(solver.status) == "running":
                if self.steps >= self.batch.max_steps:
                    return TOO_MANY_STEPS
                before = float(solver.t)
                solver.step()
                self.steps += 1
                if str(solver.status) == "failed" or not np.isfinite(solver.y).all():
                    return self._reason(solver)
                if not float(solver.t) > before:
                    return STEP_TOO_SMALL
                if self._accept(solver):
                    return STOPPED
        except (_NotFinite, ValueError, RuntimeError, FloatingPointError):
            return NOT_FINITE if solver is None else self._reason(solver)
        return OK

    def _solver(self, method: str, end: float) -> Any:
        from scipy import integrate

        rates = self._checked_rates if method == "LSODA" else self._rates
        options: dict[str, Any] = {"rtol": max(self.batch.rtol, 1e-13), "atol": self.batch.atol}

        def jacobian(t: float, y: Floats) -> Floats:
            return self.formulas.jacobian(t, y, self.p)

        return getattr(integrate, method)(rates, self.t, self.y, end, jac=jacobian, **options)

    def _accept(self, solver: Any) -> bool:
        """Take over an accepted step; True if the stop condition comes to hold in it."""
        t, dense = float(solver.t), None
        stop_at, stopped = t, False
        if self.formulas.stop is not None:
            dense = solver.dense_output()
            low, high = self._bracket(dense, self.t, t, solver.y)
            stopped = high <= t
            stop_at = self._first_true(dense, low, high) if stopped else t
        while self.seen < len(self.times) and self.times[self.seen] < t:
            if self.times[self.seen] > stop_at:
                break
            dense = dense or solver.dense_output()
            self.states_seen[self.seen] = dense(float(self.times[self.seen]))
            self.seen += 1
        self.y = np.array(dense(stop_at) if stopped and dense is not None else solver.y)
        self.t = stop_at if stopped else t
        self._observe_now()
        return stopped

    def _condition(self, t: float, y: Floats) -> float:
        return -1.0 if self.formulas.stop is None else float(self.formulas.stop(t, y, self.p)[0])

    def _bracket(self, dense: Any, start: float, end: float, y: Floats) -> tuple[float, float]:
        """Points of the step between which the condition comes to hold; the second is infinite if it never does.

        It is looked at at quarters of the step, and at the top of the parabola through a point above both neighbors.
        """
        times = [start, *(start + part * (end - start) for part in (0.25, 0.5, 0.75)), end]
        found = [self._condition(start, self.y), *(self._condition(t, dense(t)) for t in times[1:-1])]
        found.append(self._condition(end, y))
        for place in range(1, len(times)):
            if found[place] > 0.0:
                return times[place - 1], times[place]
        for place in range(1, len(times) - 1):
            before, here, after = found[place - 1 : place + 2]
            if here >= before and here >= after and before + after < 2.0 * here:
                top = times[place] + 0.125 * (end - start) * (before - after) / (before - 2.0 * here + after)
                if self._condition(top, dense(top)) > 0.0:
                    return (times[place - 1] if top < times[place] else times[place]), top
        return end, float("inf")

    def _first_true(self, dense: Any, low: float, high: float) -> float:
        for _ in range(60):
            middle = 0.5 * (low + high)
            if not low < middle < high:
                break
            if self._should_stop(middle, dense(middle)):
                high = middle
            else:
                low = middle
        return high

    def _reason(self, solver: Any) -> int:
        rates = self._rates(float(solver.t), solver.y)
        bad = ~(np.isfinite(rates) & np.isfinite(solver.y))
        size = self.batch.atol + self.batch.rtol * np.abs(solver.y)
        self.blame = int(np.argmax(bad)) if bad.any() else int(np.argmax(np.abs(rates) / np.maximum(size, 1e-300)))
        return NOT_FINITE if bad.any() else STEP_TOO_SMALL

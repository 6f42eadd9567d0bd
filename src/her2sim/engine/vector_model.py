"""The compiled back end: one patient per lane, many threads, and a second look at every patient that fails."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from her2sim.engine.batch import Batch
from her2sim.engine.checked_model import CheckedModel
from her2sim.engine.equations import Equations
from her2sim.engine.interface import Floats, Ints, Solution
from her2sim.engine.machine_code import MachineCode, cache_name, machine_code, order_words
from her2sim.engine.native import read_cache, write_cache
from her2sim.engine.positivity import Guarded, Premise, guarded
from her2sim.engine.reference import ReferenceModel
from her2sim.engine.second_look import Attempt, look_again
from her2sim.engine.stops import stops_of

RODAS4P2, RODAS5P = 0, 1
LAST_RESORT_STEPS = 20_000
"""Steps of about a millisecond that a hopeless patient may cost in SciPy."""
TIGHT = 1e-7
"""Below this relative tolerance the method of order 5 needs less work."""


@dataclass(frozen=True)
class VectorModel(CheckedModel):
    """A model compiled to machine code. Fills ``CompiledModel``.

    Main arguments:
        equations: the model.

    Other arguments:
        lanes: patients per vector; None for what suits the processor.
    """

    equations: Equations
    lanes: int | None = None
    _codes: dict[tuple[bool, tuple[int, ...]], MachineCode] = field(
        default_factory=dict[tuple[bool, tuple[int, ...]], MachineCode], repr=False, compare=False
    )

    def __reduce__(self) -> tuple[Any, ...]:
        return (VectorModel, (self.equations, self.lanes))

    def the_equations(self) -> Equations:
        """The model."""
        return self.equations

    @cached_property
    def guard(self) -> Guarded | None:
        """The equations with powers continued below zero, if there is something to continue."""
        return guarded(self.equations)

    @cached_property
    def premise(self) -> Premise | None:
        """What ``guard`` takes for granted. It is kept with the machine code, since ``guard`` takes longer to make."""
        name = f"{self._name}-premise"
        kept = read_cache(name)
        if kept is None:
            found = None if self.guard is None else self.guard.premise
            write_cache(name, json.dumps(None if found is None else [found.states, found.parameters]).encode())
            return found
        content = json.loads(kept)
        return None if content is None else Premise(*map(tuple, content))

    @cached_property
    def _name(self) -> str:
        return cache_name(self.equations)

    def code(self, infused: tuple[int, ...] = (), *, guard: bool = True) -> MachineCode:
        """The machine code for these infused states, of the continued equations or as they stand; made once."""
        key = (guard and self.premise is not None, infused)
        if key not in self._codes:
            name = f"{self._name} continued" if key[0] else self._name
            self._codes[key] = machine_code(name, lambda: self._formulas(continued=key[0]), infused, lanes=self.lanes)
        return self._codes[key]

    def _formulas(self, *, continued: bool) -> Equations:
        return self.guard.equations if continued and self.guard is not None else self.equations

    def solve_sound(self, batch: Batch, threads: int) -> Solution:
        """Solve checked input, with a second look at failures."""
        solution = self.solve_batch(batch, threads=threads)
        look_again(batch, solution, self._attempts(threads))
        return solution

    def _attempts(self, threads: int) -> list[Attempt]:
        def smaller_first_steps(batch: Batch) -> Solution:
            return self.solve_batch(batch, threads=threads, first_step_factor=1e-4)

        def other_order(batch: Batch) -> Solution:
            return self.solve_batch(batch, threads=threads, method=RODAS5P)

        def in_scipy(batch: Batch) -> Solution:
            brief = replace(batch, max_steps=min(batch.max_steps, LAST_RESORT_STEPS))
            return ReferenceModel(self.equations).solve_batch(brief)

        return [
            Attempt(smaller_first_steps),
            Attempt(smaller_first_steps, rtol_factor=1e-2, atol_factor=1e-4),
            Attempt(other_order, rtol_factor=1e-2, atol_factor=1e-4),
            Attempt(in_scipy, needs_doubt=True),
        ]

    def solve_batch(
        self, batch: Batch, *, threads: int = 1, method: int | None = None, first_step_factor: float = 1.0
    ) -> Solution:
        """Solve input that has been checked, once, without a second look at failures."""
        if self.premise is not None:
            fits = self.premise.fits(batch)
            if not fits.all():
                return self._solve_apart(batch, fits, threads, method, first_step_factor)
        return self._solve_alike(batch, threads, method, first_step_factor, guard=True)

    def _solve_apart(
        self, batch: Batch, fits: np.ndarray[Any, Any], threads: int, method: int | None, first_step_factor: float
    ) -> Solution:
        """Patients whose parameters, initial values or doses are negative, with the equations as they stand."""
        parts = [
            (rows, self._solve_alike(batch.subset(rows), threads, method, first_step_factor, guard=guard))
            for guard, rows in ((True, np.flatnonzero(fits)), (False, np.flatnonzero(~fits)))
        ]
        order = np.argsort(np.concatenate([rows for rows, _ in parts]))
        joined = {
            name: np.concatenate([getattr(part, name) for _, part in parts])[order]
            for name in ("values", "status", "fail_time", "fail_state", "steps", "refused")
        }
        return Solution(times=batch.times, outputs=self.outputs, **joined)

    def _solve_alike(
        self, batch: Batch, threads: int, method: int | None, first_step_factor: float, *, guard: bool
    ) -> Solution:
        chosen = method if method is not None else RODAS5P if batch.rtol < TIGHT else RODAS4P2
        n_patients, n_times = batch.patients, batch.times.shape[-1]
        stops = self.clock.added_to(stops_of(batch.doses, n_patients, len(self.equations.states)), batch)
        solution = Solution(
            times=batch.times,
            values=np.full((n_patients, n_times, len(self.outputs)), np.nan),
            outputs=self.outputs,
            status=np.zeros(n_patients, dtype=np.int64),
            fail_time=np.full(n_patients, np.nan),
            fail_state=np.full(n_patients, -1, dtype=np.int64),
            steps=np.zeros(n_patients, dtype=np.int64),
            refused=np.zeros(n_patients, dtype=np.int64),
        )
        rows = np.atleast_2d(batch.times)
        present = np.sum(~np.isnan(rows), axis=1)
        padded = np.concatenate([np.full((len(rows), 1), batch.start), rows], axis=1)
        last = np.take_along_axis(padded, present[:, None], axis=1)[:, 0]
        code = self.code(stops.infused, guard=guard)
        keep: list[Floats | Ints] = []
        order = order_words(
            {
                "parameters": batch.parameters,
                "initial": batch.initial,
                "times": batch.times,
                "times_stride": 0 if batch.times.ndim == 1 else n_times,
                "n_observations": np.ascontiguousarray(np.broadcast_to(present, n_patients)).astype(np.int64),
                "horizons": np.ascontiguousarray(np.broadcast_to(last, n_patients)),
                "stop_first": stops.first,
                "stop_time": stops.time,
                "stop_slot": stops.slot,
                "stop_value": stops.value,
                "values": solution.values,
                "n_times": n_times,
                "status": solution.status,
                "fail_time": solution.fail_time,
                "fail_state": solution.fail_state,
                "steps": solution.steps,
                "refused": solution.refused,
                "queue": np.zeros(1, dtype=np.int64),
                "n_patients": n_patients,
                "atol": batch.atol,
                "rtol": float(batch.rtol),
                "start": float(batch.start),
                "max_steps": float(batch.max_steps),
                "method": chosen,
                "first_step_factor": float(first_step_factor),
            },
            keep,
        )
        workers = max(1, min(threads, (n_patients + 1) // 2))
        if workers == 1:
            code.run(order)
        else:
            with ThreadPoolExecutor(workers) as pool:
                list(pool.map(code.run, [order] * workers))
        return solution

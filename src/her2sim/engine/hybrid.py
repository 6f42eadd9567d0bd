"""Scalar simulation of systems with events, delays and kinks, one patient at a time.

After each accepted step the signs of all relations in triggers and rates are compared at several points of the step;
where one has changed, the earliest moment of change is found by bisection down to neighboring floats, events happen
there, and the solver starts anew. Kinks of time alone are found without search, so no pulse is stepped over. Solvers:
SciPy's LSODA (Petzold 1983, doi:10.1137/0904010), and Radau (Hairer & Wanner 1996) where LSODA gives up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from her2sim.engine.batch import checked_batch
from her2sim.engine.hybrid_course import follow
from her2sim.engine.hybrid_equations import HybridEquations, hybrid_equations
from her2sim.engine.interface import DoseTable, Floats, Solution
from her2sim.engine.stops import stops_of
from her2sim.model.system import OdeSystem


@dataclass(frozen=True)
class HybridModel:
    """A system that may have events and delays, solved patient by patient. Fills ``CompiledModel``.

    Main arguments:
        system: the model.
        varying_names: parameters that differ between patients; None for all.
        output_names: what is reported; None for all states.

    Other arguments:
        seed: decides the order of simultaneous events of equal priority.

    >>> from her2sim.model.expression import ONE, TIME, ZERO, call, sym
    >>> from her2sim.model.system import Event, State
    >>> reset = Event("reset", call("ge", sym("x"), 2.0), (("x", ZERO),))
    >>> ramp = OdeSystem("ramp", (State("x", ONE, ONE),), (), events=(reset,))
    >>> HybridModel(ramp).solve(np.zeros((1, 0)), np.array([0.5, 2.0])).values[0, :, 0].round(9).tolist()
    [1.5, 1.0]
    """

    system: OdeSystem
    varying_names: tuple[str, ...] | None = None
    output_names: tuple[str, ...] | None = None
    seed: int = 0

    @cached_property
    def compiled(self) -> HybridEquations:
        """The compiled functions; made at first use."""
        return hybrid_equations(self.system, self.varying_names, self.output_names)

    def __reduce__(self) -> tuple[object, ...]:
        return (HybridModel, (self.system, self.varying_names, self.output_names, self.seed))

    @property
    def state_names(self) -> tuple[str, ...]:
        """Names of the states, in the order of ``initial``."""
        return self.system.state_names

    @property
    def varying(self) -> tuple[str, ...]:
        """Parameters that differ between patients, in the order of the parameter table."""
        return self.compiled.equations.varying

    @property
    def outputs(self) -> tuple[str, ...]:
        """What is reported."""
        return self.compiled.equations.output_names

    def solve(
        self,
        parameters: Floats,
        times: Floats,
        *,
        initial: Floats | None = None,
        doses: DoseTable | None = None,
        rtol: float = 1e-6,
        atol: float | Sequence[float] = 1e-9,
        max_steps: int = 200_000,
        threads: int = 1,
        start: float = 0.0,
    ) -> Solution:
        """Solve for all patients; see ``CompiledModel.solve``. ``threads`` is ignored.

        An observation at the time of an event is taken after the event, one at the time of a dose before the dose.
        """
        batch = checked_batch(
            self.compiled.equations, parameters, times, initial=initial, doses=doses, rtol=rtol, atol=atol,
            max_steps=max_steps, start=start,
        )  # fmt: skip
        stops = stops_of(batch.doses, batch.patients, len(self.state_names))
        infused = frozenset(self.state_names[i] for i in stops.infused)
        compiled = self.compiled
        if not infused <= {self.state_names[i] for i in compiled.moving}:
            compiled = hybrid_equations(self.system, self.varying_names, self.output_names, infused)
        courses = [follow(compiled, batch, stops, patient, seed=self.seed) for patient in range(batch.patients)]
        empty = np.empty((0, batch.times.shape[-1], len(self.outputs)))
        return Solution(
            times=batch.times,
            values=np.stack([c.values for c in courses]) if courses else empty,
            outputs=self.outputs,
            status=np.array([c.status for c in courses], dtype=np.int64),
            fail_time=np.array([c.fail_time for c in courses], dtype=np.float64),
            fail_state=np.array([c.fail_state for c in courses], dtype=np.int64),
            steps=np.array([c.steps for c in courses], dtype=np.int64),
        )

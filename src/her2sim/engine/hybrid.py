"""Scalar simulation of systems with events, delays and kinks, one patient at a time.

After each accepted step the signs of all relations in triggers and rates are compared at several points of the step;
where one has changed, the earliest moment of change is found by bisection down to neighboring floats, events happen
there, and the solver starts anew. Kinks of time alone are found without search, so no pulse is stepped over. Solvers:
SciPy's LSODA (Petzold 1983, doi:10.1137/0904010), and Radau (Hairer & Wanner 1996) where LSODA gives up.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from her2sim.engine.batch import Batch
from her2sim.engine.checked_model import CheckedModel
from her2sim.engine.equations import Equations
from her2sim.engine.hybrid_course import follow
from her2sim.engine.hybrid_equations import HybridEquations, hybrid_equations
from her2sim.engine.interface import Solution
from her2sim.engine.stops import stops_of
from her2sim.model.system import OdeSystem


@dataclass(frozen=True)
class HybridModel(CheckedModel):
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

    def the_equations(self) -> Equations:
        """The model without its events."""
        return self.compiled.equations

    def solve_sound(self, batch: Batch, threads: int) -> Solution:
        """Solve checked input, one patient after another; ``threads`` is ignored.

        An observation at the time of an event is taken after the event, one at the time of a dose before the dose.
        """
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

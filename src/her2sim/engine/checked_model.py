"""What every back end does alike: it tells its names, checks what it is given, and hands on input that is sound."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property

from her2sim.engine.batch import Batch, checked_batch
from her2sim.engine.clock import Clock, clock_of
from her2sim.engine.equations import Equations
from her2sim.engine.interface import DoseTable, Floats, Solution


class CheckedModel(ABC):
    """A model of which a back end need only say its equations and how a checked batch is solved."""

    @abstractmethod
    def the_equations(self) -> Equations:
        """The model as it is solved, events aside."""

    @abstractmethod
    def solve_sound(self, batch: Batch, threads: int) -> Solution:
        """Solve input that has been checked, with all that the back end can do about failures."""

    @property
    def state_names(self) -> tuple[str, ...]:
        """Names of the states, in the order of ``initial``."""
        return self.the_equations().states

    @property
    def varying(self) -> tuple[str, ...]:
        """Parameters that differ between patients, in the order of the parameter table."""
        return self.the_equations().varying

    @property
    def outputs(self) -> tuple[str, ...]:
        """What is reported."""
        return self.the_equations().output_names

    @cached_property
    def clock(self) -> Clock:
        """When the clock alone changes a rate."""
        return clock_of(self.the_equations())

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
        """Solve for all patients; see ``CompiledModel.solve``."""
        batch = checked_batch(
            self.the_equations(), parameters, times, initial=initial, doses=doses, rtol=rtol, atol=atol,
            max_steps=max_steps, start=start,
        )  # fmt: skip
        return self.solve_sound(batch, threads)

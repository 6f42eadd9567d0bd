"""What the engine takes and gives: (compiled model, parameter table, dose table, observation times) -> trajectories.

Every back end fills this interface; the rest of her2sim knows no other door to a solver. A patient that fails is
reported in ``Solution.status``, with time and reason; it never stops the batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

OK, TOO_MANY_STEPS, STEP_TOO_SMALL, NOT_FINITE, STOPPED = 0, 1, 2, 3, 4
STATUS_TEXT = {
    OK: "done",
    TOO_MANY_STEPS: "more steps than the limit allows",
    STEP_TOO_SMALL: "the step size fell below the resolution of time",
    NOT_FINITE: "a state or rate became infinite or not a number",
    STOPPED: "stopped early by its stop condition",
}


@dataclass(frozen=True)
class DoseTable:
    """Doses of all patients, one row each, in any order.

    Main arguments:
        patient: (n_doses,) row number of the patient in the parameter table.
        time: (n_doses,) start, in the model's time unit.
        target: (n_doses,) index of the state that receives the dose.
        amount: (n_doses,) amount added, in the unit of that state.
        duration: (n_doses,) 0 for a bolus; else the amount enters at constant rate over this time.
    """

    patient: Ints
    time: Floats
    target: Ints
    amount: Floats
    duration: Floats

    @staticmethod
    def empty() -> DoseTable:
        """A table without doses."""
        none, nothing = np.zeros(0, dtype=np.int64), np.zeros(0)
        return DoseTable(none, nothing, none, nothing, nothing)

    def of_patients(self, first: int, stop: int) -> DoseTable:
        """The doses of patients ``first`` to ``stop`` - 1, renumbered from 0."""
        keep = (self.patient >= first) & (self.patient < stop)
        return DoseTable(
            self.patient[keep] - first,
            self.time[keep],
            self.target[keep],
            self.amount[keep],
            self.duration[keep],
        )


@dataclass(frozen=True)
class Solution:
    """Trajectories and a status per patient.

    Main arguments:
        times: (n_times,) or (n_patients, n_times) observation times.
        values: (n_patients, n_times, n_outputs); NaN from the failure of a patient on.
        outputs: names of the outputs.
        status: (n_patients,) one of the codes of this module.

    Other arguments:
        fail_time: (n_patients,) time reached by a patient that failed, else NaN.
        fail_state: (n_patients,) index of the state to blame, else -1.
        steps: (n_patients,) accepted steps.
        refused: (n_patients,) refused steps, where the back end counts them.
    """

    times: Floats
    values: Floats
    outputs: tuple[str, ...]
    status: Ints
    fail_time: Floats
    fail_state: Ints
    steps: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    refused: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


class CompiledModel(Protocol):
    """A model ready to be solved for many patients. Immutable, cheap to send to a worker, cached by content."""

    @property
    def state_names(self) -> tuple[str, ...]:
        """Names of the states, in the order of ``initial``."""
        ...

    @property
    def varying(self) -> tuple[str, ...]:
        """Parameters that differ between patients, in the order of the parameter table."""
        ...

    @property
    def outputs(self) -> tuple[str, ...]:
        """States and assigned variables that are reported."""
        ...

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
        """Solve for all patients.

        Main arguments:
            parameters: (n_patients, n_varying) values in the order of ``varying``.
            times: (n_times,) for all, or (n_patients, n_times), padded with NaN at the end; ascending. An
                observation at the time of a dose is taken before the dose.
            initial: (n_patients, n_states), or None for the model's own initial values.
            doses: the dose table, or None.

        Other arguments:
            rtol, atol: relative and absolute tolerance of a step; ``atol`` is one number or one per state.
            max_steps: most steps per patient.
            threads: patients are shared out over this many threads; results do not depend on it.
            start: time at which the initial values hold; no observation or dose may lie before it.

        Raises:
            InputError: a table has a wrong shape or impossible entries.
        """
        ...

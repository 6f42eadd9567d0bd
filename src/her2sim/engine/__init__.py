"""Solvers for populations: (model, parameters, doses, times) -> trajectories. Imports core and model.

The way in is ``compile_model``; what it takes and gives is in ``her2sim.engine.interface``.
"""

from her2sim.engine.compile import compile_model
from her2sim.engine.interface import (
    NOT_FINITE,
    OK,
    STATUS_TEXT,
    STEP_TOO_SMALL,
    STOPPED,
    TOO_MANY_STEPS,
    CompiledModel,
    DoseTable,
    Solution,
)

__all__ = [
    "NOT_FINITE", "OK", "STATUS_TEXT", "STEP_TOO_SMALL", "STOPPED", "TOO_MANY_STEPS", "CompiledModel", "DoseTable",
    "Solution", "compile_model",
]  # fmt: skip

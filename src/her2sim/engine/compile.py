"""The door of the engine: a system becomes a model that is ready to be solved for many patients."""

from __future__ import annotations

import os
from collections.abc import Sequence

from her2sim.core.errors import InputError
from her2sim.engine.interface import CompiledModel
from her2sim.model.expression import Expr
from her2sim.model.system import OdeSystem

BACKENDS = ("auto", "llvm", "reference")
VARIABLE = "HER2SIM_BACKEND"
"""Environment variable that chooses the back end where ``backend="auto"``."""


def compile_model(
    system: OdeSystem,
    *,
    varying: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
    backend: str = "auto",
    stop_when: Expr | None = None,
) -> CompiledModel:
    """Make a model ready to be solved for many patients.

    Parameters that are not ``varying`` are folded into the formulas as numbers, which makes solving faster: name only
    those that differ between patients.

    Main arguments:
        system: the model, without events.
        varying: parameters that differ between patients, in the order of the parameter table; None for all.
        outputs: states, assigned variables or parameters to report; None for all states.

    Other arguments:
        backend: ``auto``, ``llvm`` (compiled, many patients at a time) or ``reference`` (SciPy, one at a time).
            The environment variable HER2SIM_BACKEND decides where it is ``auto``.
        stop_when: ends a patient, with status STOPPED, when it becomes positive.

    Raises:
        InputError: a name is unknown, the model has events or undefined symbols, or there is no such back end.

    >>> import numpy as np
    >>> from her2sim.model.expression import const, sym
    >>> from her2sim.model.system import OdeSystem, Parameter, State
    >>> decay = OdeSystem("decay", (State("x", const(1.0), -sym("k") * sym("x")),), (Parameter("k", 0.5),))
    >>> model = compile_model(decay, backend="reference")
    >>> solution = model.solve(np.array([[0.5], [1.0]]), np.array([0.0, 2.0]))
    >>> solution.values[:, 1, 0].round(4).tolist()
    [0.3679, 0.1353]
    """
    from her2sim.engine.equations import equations_of
    from her2sim.engine.reference import ReferenceModel

    chosen = os.environ.get(VARIABLE, "auto") if backend == "auto" else backend
    if chosen not in BACKENDS:
        raise InputError(f"there is no back end {chosen!r}", hint=f"Choose one of {', '.join(BACKENDS)}.")
    equations = equations_of(system, varying, outputs, stop_when)
    if chosen == "reference" or not equations.states:
        return ReferenceModel(equations)
    from her2sim.engine.vector_model import VectorModel

    return VectorModel(equations)

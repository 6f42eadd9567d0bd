"""Large populations in pieces: each piece is solved when it is asked for, so memory stays small."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from her2sim.core.errors import InputError
from her2sim.engine.interface import CompiledModel, DoseTable, Floats, Solution


def solve_chunks(
    model: CompiledModel,
    parameters: Floats,
    times: Floats,
    *,
    initial: Floats | None = None,
    doses: DoseTable | None = None,
    chunk: int = 4096,
    **options: Any,
) -> Iterator[tuple[range, Solution]]:
    """Solve a population piece by piece; together the pieces are what one ``solve`` would give, bit for bit.

    Main arguments:
        model: the compiled model.
        parameters, times, initial, doses: as for ``CompiledModel.solve``.
        chunk: patients per piece.

    Other arguments:
        options: further arguments of ``solve``: rtol, atol, max_steps, threads, start.

    Raises:
        InputError: ``chunk`` is not positive, or a table is wrong.

    >>> from her2sim.engine import compile_model
    >>> from her2sim.model.expression import const, sym
    >>> from her2sim.model.system import OdeSystem, Parameter, State
    >>> decay = OdeSystem("decay", (State("x", const(1.0), -sym("k") * sym("x")),), (Parameter("k", 0.5),))
    >>> pieces = solve_chunks(compile_model(decay), np.ones((5, 1)), np.array([1.0]), chunk=2)
    >>> [(list(rows), s.values.shape) for rows, s in pieces]
    [([0, 1], (2, 1, 1)), ([2, 3], (2, 1, 1)), ([4], (1, 1, 1))]
    """
    if chunk < 1:
        raise InputError(f"chunk is {chunk}; it must be 1 or more", where="solve_chunks(chunk)")
    table = doses or DoseTable.empty()
    order = np.argsort(table.patient, kind="stable")
    ordered = DoseTable(
        table.patient[order], table.time[order], table.target[order], table.amount[order], table.duration[order]
    )
    for first in range(0, len(parameters), chunk):
        rows = range(first, min(first + chunk, len(parameters)))
        part = slice(rows.start, rows.stop)
        yield (
            rows,
            model.solve(
                parameters[part],
                times if np.ndim(times) == 1 else times[part],
                initial=initial if initial is None or np.ndim(initial) == 1 else initial[part],
                doses=_between(ordered, rows.start, rows.stop),
                **options,
            ),
        )


def _between(ordered: DoseTable, first: int, stop: int) -> DoseTable:
    """Doses of a range of patients from a table sorted by patient, renumbered from 0."""
    low, high = np.searchsorted(ordered.patient, [first, stop])
    part = slice(int(low), int(high))
    return DoseTable(
        ordered.patient[part] - first,
        ordered.time[part],
        ordered.target[part],
        ordered.amount[part],
        ordered.duration[part],
    )

"""Free monomers from mass action with conservation: Newton's method on four receptors, for all cells at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from her2sim.core.errors import SimulationError

Floats = NDArray[np.float64]

NEWTON_STEPS = 100
TOLERANCE = 1e-13
ROUNDING = 1e-9
"""A last step of this size is taken for rounding where the finer tolerance was not met."""
LONGEST_STEP = 3.0
NOTHING = 1e-30
"""Numerical: stands for the logarithm of zero receptors."""


def free_monomers(totals: Floats, linear: Floats, pairs: Floats, start: Floats | None = None) -> Floats:
    """The positive solution x of  totals_i = linear_i x_i + sum_j (1 + delta_ij) pairs_ij x_i x_j.

    In logarithms every right side is a sum of exponentials, so it is convex and Newton's method is safe.

    Main arguments:
        totals: (n, k) receptors per cell, not negative.
        linear: (n, k) monomers, in all their forms, per unit of x.
        pairs: (n, k, k) symmetric; dimers of i and j per unit of x_i x_j.

    Other arguments:
        start: (n, k) first guess; the monomers without dimers if None.

    Raises:
        SimulationError: no convergence (numbers that are not finite).

    >>> x = free_monomers(np.array([[1e6]]), np.ones((1, 1)), np.full((1, 1, 1), 5.6e-7))
    >>> bool(abs(x[0, 0] + 2 * 5.6e-7 * x[0, 0] ** 2 - 1e6) < 1e-3)
    True
    """
    wanted = np.maximum(totals, NOTHING)
    weights = pairs * (1.0 + np.eye(totals.shape[1]))
    logs = np.log(np.maximum(wanted / linear if start is None else start, NOTHING))
    moved = np.inf
    for _ in range(NEWTON_STEPS):
        x = np.exp(logs)
        joint = weights * x[:, :, None] * x[:, None, :]
        held = linear * x + joint.sum(axis=2)
        slope = joint.copy()
        index = np.arange(totals.shape[1])
        slope[:, index, index] += held
        miss = np.log(held / wanted)
        step = np.linalg.solve(slope / held[:, :, None], -miss[:, :, None])[:, :, 0]
        step = np.clip(step, -LONGEST_STEP, LONGEST_STEP)
        logs = logs + step
        moved = float(np.max(np.abs(step)))
        if moved < TOLERANCE:
            return np.exp(logs)
        if not np.all(np.isfinite(logs)):
            break
    if moved < ROUNDING:
        return np.exp(logs)
    raise SimulationError("the dimer equilibrium was not found", hint="Are all receptor numbers and doses finite?")

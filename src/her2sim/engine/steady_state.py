"""Steady states of a population: integrate until the rates are small, then finish by Newton's method.

Integration finds the steady state that the model would reach by itself (there may be others); Newton's method makes
it exact. Conserved totals, and states that stand still, show as left null vectors of the Jacobian; the Newton step is
held at right angles to them, so that it keeps them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from her2sim.core.errors import InputError
from her2sim.engine.compile import compile_model
from her2sim.engine.equations import Equations, equations_of
from her2sim.engine.interface import Floats
from her2sim.engine.python_source import python_function
from her2sim.model.system import OdeSystem

GROWTH = 10.0
NEWTON_STEPS = 8
FARTHEST_NEWTON_MOVE = 0.05
RANK = 1e-12
"""Singular values below this part of the largest count as zero."""


@dataclass(frozen=True)
class SteadyState:
    """Steady states of a population.

    Main arguments:
        states: (n_patients, n_states); NaN where none was found.
        found: (n_patients,) True where one was found.
        unrest: (n_patients,) largest |rate| · time / (atol + rtol |state|): how far the states would still move, in
            tolerances, in one unit of time.
        time: (n_patients,) time integrated.
    """

    states: Floats
    found: np.ndarray[tuple[int], np.dtype[np.bool_]]
    unrest: Floats
    time: Floats


def steady_state(
    system: OdeSystem,
    parameters: Floats,
    *,
    varying: tuple[str, ...] | None = None,
    initial: Floats | None = None,
    first_time: float = 10.0,
    longest_time: float = 1e7,
    rtol: float = 1e-6,
    atol: float = 1e-9,
    threads: int = 1,
) -> SteadyState:
    """The steady states from which a dosed simulation can start (pre-equilibration).

    Main arguments:
        system: a model whose rates do not depend on explicit time.
        parameters: (n_patients, n_varying).

    Other arguments:
        varying: names of the columns; None for all parameters.
        initial: (n_patients, n_states) where to start; None for the model's own initial values.
        first_time, longest_time: the time integrated grows tenfold from the first to the longest.
        rtol, atol: tolerances of the integration, and of what counts as rest.

    Raises:
        InputError: the rates depend on explicit time, or a table has a wrong shape.

    >>> from her2sim.model.expression import const, sym
    >>> from her2sim.model.system import Parameter, State
    >>> turnover = OdeSystem("turnover", (State("x", const(0.0), 2.0 - sym("k") * sym("x")),), (Parameter("k", 0.5),))
    >>> steady_state(turnover, np.array([[0.5], [4.0]])).states[:, 0].tolist()
    [4.0, 0.5]
    """
    model = compile_model(system, varying=varying)
    equations = equations_of(system, varying)
    linear = _Linearization(equations)
    if linear.depends_on_time:
        raise InputError(f"the rates of model {system.name} depend on explicit time, so it has no steady state")
    table = np.asarray(parameters, dtype=np.float64)
    start = model.solve(table, np.zeros(1), initial=initial).values[:, 0, :]
    states, found = start.copy(), np.zeros(len(table), dtype=np.bool_)
    spent = np.zeros(len(table))
    length = first_time
    while not found.all() and length <= longest_time:
        open_ = np.flatnonzero(~found & np.isfinite(states).all(axis=1))
        if not len(open_):
            break
        solved = model.solve(
            table[open_], np.array([length]), initial=states[open_], rtol=rtol, atol=atol, threads=threads
        )
        states[open_] = solved.values[:, 0, :]
        spent[open_] += length
        finished, settled = _newton(linear, table[open_], states[open_], rtol, atol)
        found[open_] = settled
        states[open_[settled]] = finished[settled]
        length *= GROWTH
    unrest = linear.unrest(table, states, rtol, atol)
    states[~found] = np.nan
    return SteadyState(states, found, unrest, spent)


class _Linearization:
    """Rates and Jacobian of all patients at once, in NumPy."""

    def __init__(self, equations: Equations) -> None:
        by_state, by_time = equations.jacobian()
        self.size = len(equations.states)
        self.depends_on_time = bool(by_time)
        self.places = list(by_state)
        self._rates = python_function(equations.rates, equations.states, equations.varying)
        self._entries = python_function(tuple(by_state.values()), equations.states, equations.varying)

    def rates(self, table: Floats, states: Floats) -> Floats:
        """(n_patients, n_states)."""
        with np.errstate(all="ignore"):
            columns = self._rates(0.0, states.T, table.T)
        return np.stack([np.broadcast_to(c, len(table)) for c in columns], axis=1).astype(np.float64)

    def jacobian(self, table: Floats, states: Floats) -> Floats:
        """(n_patients, n_states, n_states)."""
        out = np.zeros((len(table), self.size, self.size))
        with np.errstate(all="ignore"):
            for (row, column), value in zip(self.places, self._entries(0.0, states.T, table.T), strict=True):
                out[:, row, column] = value
        return out

    def unrest(self, table: Floats, states: Floats, rtol: float, atol: float) -> Floats:
        """Largest rate in tolerances per unit of time."""
        size = np.abs(self.rates(table, states)) / (atol + rtol * np.abs(states))
        return np.max(size, axis=1, initial=0.0)


def _newton(
    linear: _Linearization, table: Floats, states: Floats, rtol: float, atol: float
) -> tuple[Floats, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """Newton's method from ``states``; where it strays far from them, it does not count."""
    current = states.copy()
    usable = np.all(np.isfinite(current), axis=1)
    move = np.full(current.shape, np.inf)
    for _ in range(NEWTON_STEPS):
        rows = np.flatnonzero(usable)
        jacobian, rates = linear.jacobian(table[rows], current[rows]), linear.rates(table[rows], current[rows])
        sound = np.isfinite(jacobian).all(axis=(1, 2)) & np.isfinite(rates).all(axis=1)
        usable = np.logical_and(usable, ~np.isin(np.arange(len(current)), rows[~sound]))
        rows, jacobian, rates = rows[sound], jacobian[sound], rates[sound]
        if not len(rows):
            break
        scale = np.maximum(np.abs(current[rows]), atol / rtol)
        move[rows] = _newton_move(jacobian, rates, scale)
        current[rows] += move[rows]
    near = np.max(np.abs(current - states) / np.maximum(np.abs(states), atol / rtol), axis=1, initial=0.0)
    calm = np.max(np.abs(move) / (atol + rtol * np.abs(current)), axis=1, initial=0.0) < 1.0
    return current, usable & calm & (near < FARTHEST_NEWTON_MOVE)


def _newton_move(jacobian: Floats, rates: Floats, scale: Floats) -> Floats:
    """Newton steps of all patients that leave conserved totals alone."""
    scaled = jacobian * scale[:, None, :]
    left, sizes, _ = np.linalg.svd(scaled)
    idle = left * (sizes <= RANK * sizes[:, :1])[:, None, :]
    filled = (
        scaled
        + sizes[:, :1, None]
        * (idle @ np.swapaxes(idle, 1, 2))
        * (scale / np.max(scale, axis=1, keepdims=True))[:, None, :]
    )
    return (np.linalg.pinv(filled, rcond=1e-15) @ -rates[:, :, None])[:, :, 0] * scale

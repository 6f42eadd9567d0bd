"""Moments at which the clock alone changes a formula: ``t < p``, ``max(t - p, 0)``, a pulse between two times.

Such a kink is known before the solver starts. A solver that is not told of it may step over a short pulse in silence,
and wastes steps on finding the edge of a long one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from her2sim.engine.batch import Batch
from her2sim.engine.equations import Equations
from her2sim.engine.interface import Floats, Ints
from her2sim.engine.python_source import python_function
from her2sim.engine.stops import Stops
from her2sim.model.derivative import TIME_KEY, gradients
from her2sim.model.expression import TIME, ZERO, Expr, call, div, neg, sub, symbols, walk

RELATIONS = ("lt", "le", "gt", "ge", "eq", "ne")
_JUMPS = ("lt", "le", "gt", "ge")
_KINKS = ("min", "max")
ROUNDING = 16
"""A root is known to so many units in its last place; halts lie that far on both sides of it, so that no step has to
know which side a rounded comparison takes."""


def root_in_time(gap: Expr, steady: set[str]) -> Expr | None:
    """The time at which a formula is zero, if it is linear in time and otherwise uses only what is steady."""
    if not symbols([gap]) <= steady or not any(node.op == "time" for node in walk([gap])):
        return None
    try:
        slope = gradients([gap], (), time=True)[0].get(TIME_KEY, ZERO)
    except ValueError:
        return None
    if slope is ZERO or any(node.op == "time" for node in walk([slope])):
        return None
    return div(neg(_at_time_zero(gap)), slope)


def kinks_in_time(roots: Iterable[Expr], steady: set[str]) -> list[Expr]:
    """Times at which the sides of a ``min`` or ``max``, or an ``abs``, change order by the clock alone."""
    gaps: list[Expr] = []
    for node in walk(roots):
        if node.op in _KINKS:
            gaps += [sub(a, b) for a, b in combinations(node.args, 2)]
        elif node.op == "abs":
            gaps.append(node.args[0])
    found = [root_in_time(gap, steady) for gap in gaps]
    return [root for root in found if root is not None]


def _at_time_zero(root: Expr) -> Expr:
    done: dict[int, Expr] = {}
    for node in walk([root]):
        args = [done[id(a)] for a in node.args]
        done[id(node)] = ZERO if node is TIME else call(node.op, *args) if args else node
    return done[id(root)]


@dataclass(frozen=True)
class Clock:
    """The kinks in time of a model's rates.

    Main arguments:
        roots: formulas of the varying parameters and of the initial values of states that rest.
        equations: the model.
    """

    roots: tuple[Expr, ...]
    equations: Equations

    def times(self, batch: Batch) -> Floats:
        """(n_patients, n_roots) times of the kinks; not finite where a patient has none."""
        formulas = python_function(self.roots, self.equations.states, self.equations.varying)
        out = np.empty((batch.patients, len(self.roots)))
        with np.errstate(all="ignore"):
            for column, value in enumerate(formulas(0.0, batch.initial.T, batch.parameters.T)):
                out[:, column] = value
        return out

    def added_to(self, stops: Stops, batch: Batch) -> Stops:
        """The stops, with halts just before and just after every kink; at these, nothing is given."""
        if not self.roots or not batch.patients:
            return stops
        at = self.times(batch)
        width = ROUNDING * np.spacing(np.maximum(np.abs(at), abs(batch.start)))
        who, _ = np.nonzero(np.isfinite(at) & (at > batch.start))
        inside = np.isfinite(at) & (at > batch.start)
        when = np.concatenate([(at - width)[inside], (at + width)[inside]])
        patient: Ints = np.concatenate([np.repeat(np.arange(batch.patients), np.diff(stops.first)), who, who])
        time = np.concatenate([stops.time, when])
        nothing = np.zeros(len(when))
        slot = np.concatenate([stops.slot, nothing.astype(np.int64)])
        value = np.concatenate([stops.value, nothing])
        keep = time >= batch.start
        patient, time, slot, value = patient[keep], time[keep], slot[keep], value[keep]
        order = np.lexsort((time, patient))
        first = np.searchsorted(patient[order], np.arange(batch.patients + 1)).astype(np.int64)
        return Stops(first, time[order], slot[order], value[order], stops.infused)


def clock_of(equations: Equations) -> Clock:
    """The kinks in time of a model.

    >>> from her2sim.model.expression import TIME, ONE, const, call, select, sym
    >>> on = select(call("lt", TIME, 2.0 * sym("p")), ONE, ZERO)
    >>> pulse = Equations(("x",), ("p",), (on,), (ZERO,), (), ())
    >>> [root.op for root in clock_of(pulse).roots]
    ['mul']
    """
    resting = {name for name, rate in zip(equations.states, equations.rates, strict=True) if rate is ZERO}
    steady = set(equations.varying) | resting
    jumps = [root_in_time(sub(*node.args), steady) for node in walk(equations.rates) if node.op in _JUMPS]
    roots = [root for root in jumps if root is not None] + kinks_in_time(equations.rates, steady)
    distinct = {id(root): root for root in roots}
    return Clock(tuple(distinct.values()) if equations.states else (), equations)

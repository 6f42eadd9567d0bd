"""States that cannot become negative, and powers that must not notice when numerics push them a little below zero.

A drug that decays to nothing is carried below zero by rounding and by the solver's tolerance, where a power with a
broken exponent is not a number. So where a model shows that a state never becomes negative (whatever could lower it
vanishes with it), powers and square roots of what cannot be negative are continued by the value at zero. The exact
solution never goes there, so it stays the solution. Patients who break the premise (a negative parameter, initial
value or dose) are solved with the formulas as they stand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from her2sim.engine.batch import Batch
from her2sim.engine.bounds import NOT_NEGATIVE, Range, bounds
from her2sim.engine.equations import Equations
from her2sim.model.expression import ZERO, Expr, call, sym, walk


@dataclass(frozen=True)
class Premise:
    """What continued equations take for granted of a patient: that none of these is negative, nor any dose.

    Main arguments:
        states: numbers of the states that then cannot become negative.
        parameters: columns of the parameters that must not be negative for that.
    """

    states: tuple[int, ...]
    parameters: tuple[int, ...]

    def fits(self, batch: Batch) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """(n_patients,) True where the premise holds."""
        states, columns = list(self.states), list(self.parameters)
        broken = (batch.parameters[:, columns] < 0.0).any(axis=1) | (batch.initial[:, states] < 0.0).any(axis=1)
        negative = batch.doses.amount < 0.0
        return ~(broken | np.isin(np.arange(batch.patients), batch.doses.patient[negative]))


@dataclass(frozen=True)
class Guarded:
    """Equations whose powers are continued below zero, and what they take for granted."""

    equations: Equations
    premise: Premise


def guarded(equations: Equations) -> Guarded | None:
    """The equations with powers continued below zero; None where there is nothing to continue."""
    roots = [*equations.rates, *equations.outputs, *([] if equations.stop is None else [equations.stop])]
    if not any(_breaks_below_zero(node) for node in walk(roots)):
        return None
    known: dict[str, Range] = {name: NOT_NEGATIVE for name in equations.positive}
    states = never_negative(equations, known)
    nodes = list(walk(roots))
    unknown = bounds(nodes, known)
    ranges = bounds(nodes, known | {equations.states[i]: NOT_NEGATIVE for i in states})
    done: dict[int, Expr] = {}
    changed = False
    for node in nodes:
        args = [done[id(a)] for a in node.args]
        if _breaks_below_zero(node):
            base = node.args[0]
            if ranges[id(base)][0] >= 0.0 > unknown[id(base)][0]:
                args[0], changed = call("max", args[0], ZERO), True
        same = all(new is old for new, old in zip(args, node.args, strict=True))
        done[id(node)] = node if same else call(node.op, *args)
    if not changed:
        return None
    columns = tuple(i for i, name in enumerate(equations.varying) if name in set(equations.positive))
    return Guarded(
        replace(
            equations,
            rates=tuple(done[id(r)] for r in equations.rates),
            outputs=tuple(done[id(r)] for r in equations.outputs),
            stop=None if equations.stop is None else done[id(equations.stop)],
        ),
        Premise(states, columns),
    )


def never_negative(equations: Equations, known: Mapping[str, Range]) -> tuple[int, ...]:
    """Numbers of the states that stay at 0 or above if they start there.

    Main arguments:
        known: bounds of the parameters.

    The largest set of states of which each has a rate that is not negative where it is 0 and the others of the set are
    not negative.
    """
    left = dict(enumerate(equations.states))
    nodes = list(walk(equations.rates))
    while True:
        ranges = bounds(nodes, dict(known) | dict.fromkeys(left.values(), NOT_NEGATIVE))
        failing = [i for i, name in left.items() if not _rises_at_zero(equations.rates[i], sym(name), ranges, 1.0)]
        if not failing:
            return tuple(left)
        for i in failing:
            del left[i]


def _breaks_below_zero(node: Expr) -> bool:
    if node.op == "sqrt":
        return True
    if node.op != "pow":
        return False
    exponent = node.args[1]
    return exponent.op != "const" or exponent.value != round(exponent.value)


def _vanishes(node: Expr, state: Expr) -> bool:
    """True if the node is 0 where the state is 0, as its form shows."""
    if node is state:
        return True
    if node.op == "mul":
        return any(_vanishes(a, state) for a in node.args)
    if node.op in ("div", "sqrt"):
        return _vanishes(node.args[0], state)
    if node.op == "pow":
        exponent = node.args[1]
        return exponent.op == "const" and exponent.value > 0.0 and _vanishes(node.args[0], state)
    return node.op == "add" and all(_vanishes(a, state) for a in node.args)


def _rises_at_zero(node: Expr, state: Expr, ranges: Mapping[int, Range], sign: float) -> bool:
    """True if sign times the node is not negative where the state is 0."""
    if _vanishes(node, state):
        return True
    if node.op == "add":
        return all(_rises_at_zero(a, state, ranges, sign) for a in node.args)
    if node.op == "div" and ranges[id(node.args[1])][0] >= 0.0:
        return _rises_at_zero(node.args[0], state, ranges, sign)
    if node.op == "mul":
        open_: list[Expr] = []
        for arg in node.args:
            low, high = ranges[id(arg)]
            if high <= 0.0:
                sign = -sign
            elif low < 0.0:
                open_.append(arg)
        if len(open_) == 1:
            return _rises_at_zero(open_[0], state, ranges, sign)
        return not open_ and sign > 0.0
    low, high = ranges[id(node)]
    return low >= 0.0 if sign > 0.0 else high <= 0.0

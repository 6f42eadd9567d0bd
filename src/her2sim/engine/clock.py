"""Moments at which the clock alone changes a formula: ``t < p``, ``max(t - p, 0)``, a pulse every week by ``floor``.

Such a moment is known before the solver gets there. A solver that is not told of it may step over a short pulse in
silence, and wastes steps on finding the edge of a long one. Known are the zeros of what is linear in time piece by
piece: a piece ends where a ``floor`` or ``ceil`` jumps or another comparison turns, which are moments too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np

from her2sim.engine.batch import Batch
from her2sim.engine.equations import Equations
from her2sim.engine.interface import Floats, Ints
from her2sim.engine.python_source import python_function
from her2sim.engine.stops import Stops
from her2sim.model.derivative import TIME_KEY, gradients
from her2sim.model.expression import TIME, ZERO, Expr, add, call, div, neg, select, sub, symbols, walk

RELATIONS = ("lt", "le", "gt", "ge", "eq", "ne")
_STEPS = (*RELATIONS, "floor", "ceil")
_BROKEN = (*_STEPS, "min", "max", "abs", "select")
ROUNDING = 512
"""Halts lie so many units in the last place, 1e-13 of the time, on both sides of a moment: no step has to know which
side a rounded comparison takes, also where ``400 - t`` has cost it some digits."""
MOST_RECURRENCES = 10_000
"""So many times a patient halts at what recurs; after that it is left to the control of the error."""


def zeros_in_time(gap: Expr, steady: set[str]) -> tuple[Expr, ...] | None:
    """When a formula is zero: formulas of what is steady, and of the time now where it is linear by pieces only.

    A formula of the time now is right until the next moment at which a piece ends. Empty where the formula has no zero
    of its own; None where it is not known, because it uses what moves or is not linear in time.
    """
    slope = _slope(gap, steady)
    if slope is None or slope is ZERO:
        return None if slope is None else ()
    if any(node.op in _BROKEN for node in _timed(gap)):
        return (sub(TIME, div(gap, slope)),)
    return (div(neg(_at_time_zero(gap)), slope),)


def kinks_in_time(roots: Iterable[Expr], steady: set[str]) -> list[Expr]:
    """When a ``min``, ``max`` or ``abs`` turns, or a ``floor`` or ``ceil`` jumps, by the clock alone."""
    found: list[Expr] = []
    for node in walk(roots):
        if node.op in ("min", "max"):
            for a, b in combinations(node.args, 2):
                found += zeros_in_time(sub(a, b), steady) or ()
        elif node.op == "abs":
            found += zeros_in_time(node.args[0], steady) or ()
        elif node.op in ("floor", "ceil"):
            found += _next_whole_numbers(node.args[0], steady)
    return found


def _next_whole_numbers(formula: Expr, steady: set[str]) -> list[Expr]:
    """When a formula is at the next whole number after now, and at the one after that: now may be at one itself."""
    slope = _slope(formula, steady)
    if slope is None or slope is ZERO:
        return []
    rising = call("gt", slope, ZERO)
    found: list[Expr] = []
    for ahead in (1.0, 2.0):
        goal = select(rising, add(call("floor", formula), ahead), sub(call("ceil", formula), ahead))
        found.append(add(TIME, div(sub(goal, formula), slope)))
    return found


def _slope(formula: Expr, steady: set[str]) -> Expr | None:
    """The derivative by time, if it is constant until a piece ends; else None."""
    if not symbols([formula]) <= steady or not _timed(formula):
        return None
    try:
        slope = gradients([formula], (), time=True)[0].get(TIME_KEY, ZERO)
    except ValueError:
        return None
    left = [slope]
    while left:
        node = left.pop()
        if node is TIME:
            return None
        left += () if node.op in _STEPS else node.args
    return slope


def _timed(root: Expr) -> list[Expr]:
    """The nodes of a formula that depend on time."""
    timed: dict[int, Expr] = {}
    for node in walk([root]):
        if node is TIME or any(id(a) in timed for a in node.args):
            timed[id(node)] = node
    return list(timed.values())


def _at_time_zero(root: Expr) -> Expr:
    done: dict[int, Expr] = {}
    for node in walk([root]):
        args = [done[id(a)] for a in node.args]
        done[id(node)] = ZERO if node is TIME else call(node.op, *args) if args else node
    return done[id(root)]


@dataclass(frozen=True)
class Clock:
    """When the clock alone changes the rates of a model.

    Main arguments:
        equations: the model.
        once: formulas of moments, of the varying parameters and of the initial values of states that rest.
        recurring: formulas of the next moments, of the time now as well.
    """

    equations: Equations
    once: tuple[Expr, ...]
    recurring: tuple[Expr, ...]

    @cached_property
    def _functions(self) -> tuple[Any, Any]:
        states, varying = self.equations.states, self.equations.varying
        return python_function(self.once, states, varying), python_function(self.recurring, states, varying)

    def moments(self, batch: Batch) -> tuple[Ints, Floats]:
        """(n,) patient and (n,) time of every moment between the start and a patient's last observation."""
        last = np.nanmax(np.atleast_2d(batch.times), axis=1, initial=batch.start)
        last = np.broadcast_to(last, batch.patients)
        values = batch.initial.T, batch.parameters.T
        once, recurring = self._functions
        everyone = np.arange(batch.patients)
        who, when = list[Ints](), list[Floats]()
        with np.errstate(all="ignore"):
            for time in once(0.0, *values):
                at = np.broadcast_to(time, batch.patients)
                kept = (at > batch.start) & (at - _width(at) < last)
                who.append(everyone[kept])
                when.append(at[kept])
            now = np.full(batch.patients, batch.start)
            for _ in range(MOST_RECURRENCES if self.recurring else 0):
                after = now + 2.0 * _width(now)
                coming = np.full(batch.patients, np.inf)
                for time in recurring(after, *values):
                    coming = np.where((time > after) & (time < coming), time, coming)
                kept = np.isfinite(coming) & (coming - _width(coming) < last)
                if not kept.any():
                    break
                who.append(everyone[kept])
                when.append(coming[kept])
                now = np.where(kept, coming, np.inf)
        return np.concatenate(who), np.concatenate(when)

    def added_to(self, stops: Stops, batch: Batch) -> Stops:
        """The stops, with halts just before and just after every moment; at these, nothing is given."""
        if not batch.patients or not (self.once or self.recurring):
            return stops
        who, at = self.moments(batch)
        width = _width(np.maximum(np.abs(at), abs(batch.start)))
        when = np.concatenate([at - width, at + width])
        patient: Ints = np.concatenate([np.repeat(np.arange(batch.patients), np.diff(stops.first)), who, who])
        time = np.concatenate([stops.time, np.maximum(when, batch.start)])
        slot = np.concatenate([stops.slot, np.zeros(len(when), dtype=np.int64)])
        value = np.concatenate([stops.value, np.zeros(len(when))])
        order = np.lexsort((time, patient))
        first = np.searchsorted(patient[order], np.arange(batch.patients + 1)).astype(np.int64)
        return Stops(first, time[order], slot[order], value[order], stops.infused)


def _width(time: Floats) -> Floats:
    return ROUNDING * np.spacing(np.abs(time))


def clock_of(equations: Equations) -> Clock:
    """When the clock alone changes the rates of a model.

    >>> from her2sim.model.expression import ONE, sym
    >>> on = select(call("lt", TIME, 2.0 * sym("p")), ONE, ZERO)
    >>> week = TIME - 7.0 * call("floor", TIME / 7.0)
    >>> weekly = select(call("lt", week, sym("p")), ONE, ZERO)
    >>> clock = clock_of(Equations(("x", "y"), ("p",), (on, weekly), (ZERO, ZERO), (), ()))
    >>> len(clock.once), len(clock.recurring)
    (1, 3)
    """
    resting = {name for name, rate in zip(equations.states, equations.rates, strict=True) if rate is ZERO}
    steady = set(equations.varying) | resting
    found = kinks_in_time(equations.rates, steady)
    for node in walk(equations.rates):
        if node.op in ("lt", "le", "gt", "ge"):
            found += zeros_in_time(sub(*node.args), steady) or ()
    distinct = list({id(moment): moment for moment in found}.values()) if equations.states else []
    recurring = [moment for moment in distinct if _timed(moment)]
    once = [moment for moment in distinct if not _timed(moment)]
    return Clock(equations, tuple(once), tuple(recurring))

"""One course through events, doses, kinks and delays."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any

import numpy as np

from her2sim.core.errors import SimulationError
from her2sim.engine.batch import Batch
from her2sim.engine.clock import MOST_RECURRENCES, ROUNDING
from her2sim.engine.hybrid_equations import HybridEquations
from her2sim.engine.hybrid_events import EventQueue
from her2sim.engine.hybrid_formulas import Function
from her2sim.engine.hybrid_history import History
from her2sim.engine.interface import NOT_FINITE, OK, STEP_TOO_SMALL, TOO_MANY_STEPS, Floats
from her2sim.engine.stops import Stops

SAMPLES = (0.25, 0.5, 0.75, 1.0)  # where in a step the signs of relations are compared
STEPS_OF_SEARCH = 200  # fewest steps of a course in which changes of sign are searched for
MOST_SECTIONS = 40  # golden sections that narrow an extremum to 4e-9 of the step
MOST_KINKS = 5_000  # after so many kinks of the rates they are no longer searched for, only triggers are
SHORTEST = 2 * ROUNDING  # an interval of so many units in the last place of time is one step of Euler's method
KINK_GENERATIONS = 5  # a jump comes back through delays as ever smoother kinks; so many are stopped at


@dataclass(frozen=True)
class Course:
    """The course of one patient: (n_times, n_outputs) values, NaN after a failure, and the status."""

    values: Floats
    status: int
    fail_time: float
    fail_state: int
    steps: int


def follow(compiled: HybridEquations, batch: Batch, stops: Stops, patient: int, *, seed: int) -> Course:
    """Follow one patient from the start to the last observation."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # LSODA warns before it gives up; the status says it too
        return _Walk(compiled, batch, stops, patient, seed).run()


class _Walk:
    def __init__(self, compiled: HybridEquations, batch: Batch, stops: Stops, patient: int, seed: int) -> None:
        self.compiled = compiled
        start = [float(v) for v in batch.initial[patient]]
        self.start = start
        self.y = [start[i] for i in compiled.moving]
        self.first_resting = batch.parameters.shape[1]
        self.p = [float(v) for v in batch.parameters[patient]] + [start[i] for i in compiled.resting]
        self.n_solid = len(self.p)
        self.p += [math.nan] * len(compiled.delayed)
        self.t = batch.start
        self.atol = batch.atol[list(compiled.moving)] if compiled.moving else np.zeros(0)
        self.rtol, self.most_steps = max(batch.rtol, 1e-12), batch.max_steps
        self.times = [float(v) for v in batch.times_of(patient) if not math.isnan(v)]
        self.horizon = self.times[-1] if self.times else self.t
        self.values = np.full((batch.times.shape[-1], len(compiled.equations.outputs)), np.nan)
        self.clock_halts = 0
        self.seen, self.steps, self.kinks, self.status, self.blame = 0, 0, 0, OK, -1
        rows = slice(int(stops.first[patient]), int(stops.first[patient + 1]))
        self.doses = list(zip(stops.time[rows], stops.slot[rows], stops.value[rows], strict=True))
        self.inflow = {compiled.slots[i]: 0.0 for i in stops.infused}
        self.infused = [compiled.slots[i] for i in stops.infused]
        self.own_start = compiled.initial(self.t, (), self.p[: self.first_resting]) == start
        self.history = History(self.t, self._before)
        self.queue = EventQueue(compiled.events, compiled.triggers, seed=seed, patient=patient)
        self.delays = [d for d in compiled.constant_delays(self.t, self.y, self.p) if d > 0]
        self.echoes: list[tuple[float, int]] = []  # times at which jumps come back through delays
        self.max_step = self._longest_step()

    @property
    def resting(self) -> list[float]:
        """Values of the resting states."""
        return self.p[self.first_resting : self.n_solid]

    @property
    def time(self) -> float:
        """Now."""
        return self.t

    def _before(self, t: float) -> tuple[list[float], list[float]]:
        """States before the start: by the model's own initial formulas, unless other initial values were given."""
        values = self.compiled.initial(t, (), self.p[: self.first_resting]) if self.own_start else self.start
        return [values[i] for i in self.compiled.moving], [values[i] for i in self.compiled.resting]

    def _longest_step(self) -> float:
        longest = math.inf
        if self.compiled.has_gaps:
            longest = max(self.horizon - self.t, 1e-300) / STEPS_OF_SEARCH
        return min(longest, *self.delays) if self.delays else longest

    def assign(self, slot: int, value: float) -> None:
        """Set a state."""
        if slot < len(self.y):
            self.y[slot] = value
        else:
            self.p[self.first_resting + slot - len(self.y)] = value

    def evaluate(self, function: Function) -> list[float]:
        """Values of formulas now."""
        return self._values(function, self.t, self.y)

    def _values(self, function: Function, t: float, y: Sequence[float]) -> list[float]:
        if function in self.compiled.backward:
            self._look_back(len(self.compiled.delayed), t, y, self.p)
        return function(t, y, self.p)

    def _look_back(self, count: int, t: float, y: Sequence[float], p: list[float]) -> None:
        """Fill the first ``count`` delayed values of p, as they are at time t."""
        for k in range(count):
            formula, delay = self.compiled.delayed[k]
            tau = delay(t, y, p)[0]
            if tau == 0.0:
                p[self.n_solid + k] = formula(t, y, p)[0]
            elif tau > 0.0:
                then = t - tau
                moving, resting = self.history.at(then)
                past = [*p[: self.first_resting], *resting, *p[self.n_solid :]]
                self._look_back(k, then, moving, past)
                p[self.n_solid + k] = formula(then, moving, past)[0]
            else:
                p[self.n_solid + k] = math.nan

    def run(self) -> Course:
        """Follow the course to the last observation or to a failure."""
        try:
            self._echo(0)
            while self.status == OK:
                self._halt()
                if self.t >= self.horizon or self.status != OK:
                    break
                self._segment(self._next_halt())
        except SimulationError:
            self.status = TOO_MANY_STEPS if self.steps < self.most_steps and self.queue.executed else NOT_FINITE
        failed = self.status != OK
        return Course(self.values, self.status, self.t if failed else math.nan, self.blame, self.steps)

    def _halt(self) -> None:
        """Doses, then events, then observations of this moment; an observation comes before a dose."""
        changed = False
        if self.doses and self.doses[0][0] <= self.t:
            self._observe(self.t)
            while self.doses and self.doses[0][0] <= self.t:
                self._dose(*self.doses.pop(0))
            changed = True
        changed = self.queue.happen(self) or changed
        if changed:
            self._echo(0)
        while self.echoes and self.echoes[0][0] <= self.t:
            self._echo(heappop(self.echoes)[1] + 1)
        self.history.add(self.t, self.t, self._now_piece(), self.resting)
        self._observe(self.t)
        if self.steps > self.most_steps:
            self.status = TOO_MANY_STEPS

    def _now_piece(self) -> Callable[[float], Any]:
        y = list(self.y)
        return lambda _: y

    def _dose(self, _time: float, slot: int, value: float) -> None:
        n_states = len(self.compiled.slots)
        if slot >= n_states:
            self.inflow[self.infused[slot - n_states]] = float(value)
            return
        place = self.compiled.slots[slot]
        old = self.y[place] if place < len(self.y) else self.p[self.first_resting + place - len(self.y)]
        self.assign(place, old + float(value))

    def _echo(self, generation: int) -> None:
        if generation < KINK_GENERATIONS:
            for delay in self.delays:
                heappush(self.echoes, (self.t + delay, generation))

    def _observe(self, until: float) -> None:
        """Observations up to a time at which the present values hold."""
        while self.seen < len(self.times) and self.times[self.seen] <= until:
            self.values[self.seen] = self._values(self.compiled.outputs, self.times[self.seen], self.y)
            self.seen += 1

    def _next_halt(self) -> float:
        candidates = [self.horizon, self.queue.next_due()]
        if self.doses:
            candidates.append(float(self.doses[0][0]))
        if self.echoes:
            candidates.append(self.echoes[0][0])
        roots = self.compiled.trigger_clock(self.t, self.y, self.p)
        if self.clock_halts < 4 * MOST_RECURRENCES:
            found = self.compiled.rate_clock(self.t, self.y, self.p)
            self.clock_halts += bool(found)
            roots = roots + found
        for root in roots:
            # the solver ends its step before the edge, of which it would else see the far side
            width = ROUNDING * math.ulp(root) if math.isfinite(root) else 0.0
            candidates += [root - width, root, math.nextafter(root, math.inf), root + width]
        return min(c for c in candidates if c > self.t)

    def _rates(self, t: float, y: Any) -> list[float]:
        values = self._values(self.compiled.rates, float(t), y.tolist())
        for slot, rate in self.inflow.items():
            values[slot] += rate
        return values

    def _signs(self, t: float, y: Sequence[float]) -> list[float]:
        signs = self._values(self.compiled.relations, t, y)
        return signs if self.kinks < MOST_KINKS else signs[: self.compiled.n_trigger_relations]

    def _segment(self, end: float) -> None:
        """Go to ``end``, or to the first change of a sign before it."""
        if not (math.isfinite(end) and all(map(math.isfinite, self.y))):
            self._fail(NOT_FINITE)
            return
        if end - self.t <= SHORTEST * math.ulp(max(abs(self.t), abs(end))):
            rates = self._rates(self.t, np.array(self.y))
            moved = [y + rate * (end - self.t) for y, rate in zip(self.y, rates, strict=True)]
            self.y = [new if math.isfinite(new) else old for new, old in zip(moved, self.y, strict=True)]
            self.t = end
            return
        if not self.y:
            self._still(end)
            return
        rates = np.array(self._rates(self.t, np.array(self.y)))
        if not np.isfinite(rates).all():
            self._fail(NOT_FINITE, int(np.argmax(~np.isfinite(rates))))
            return
        for method in ("LSODA", "Radau"):
            self.status = self._solve(method, end)
            if self.status in (OK, TOO_MANY_STEPS):
                break
        if self.status != OK:
            bad = ~np.isfinite(np.array(self._rates(self.t, np.array(self.y))))
            self._fail(self.status, int(np.argmax(bad)) if bad.any() else -1)

    def _fail(self, status: int, slot: int = -1) -> None:
        self.status = status
        if slot < 0:
            bad = [i for i, value in enumerate(self.y) if not math.isfinite(value)]
            slot = bad[0] if bad else -1
        self.blame = self.compiled.moving[slot] if slot >= 0 else -1

    def _still(self, end: float) -> None:
        """Steps where nothing is integrated."""
        base = self._signs(self.t, self.y)
        while self.t < end and self.steps <= self.most_steps:
            self.steps += 1
            if self._accept(base, min(end, self.t + self.max_step), [], self._now_piece()):
                return

    def _solve(self, method: str, end: float) -> int:
        from scipy import integrate

        base = self._signs(self.t, self.y)
        solver: Any = getattr(integrate, method)(
            self._rates, self.t, np.array(self.y), end, rtol=self.rtol, atol=self.atol, max_step=self.max_step
        )
        while str(solver.status) == "running":
            if self.steps >= self.most_steps:
                return TOO_MANY_STEPS
            before = float(solver.t)
            try:
                solver.step()
            except (ValueError, RuntimeError, FloatingPointError, np.linalg.LinAlgError):
                return STEP_TOO_SMALL
            self.steps += 1
            if str(solver.status) == "failed" or not float(solver.t) > before:
                return STEP_TOO_SMALL
            if not np.isfinite(solver.y).all():
                return NOT_FINITE
            if self._accept(base, float(solver.t), solver.y.tolist(), solver.dense_output()):
                return OK
        return OK

    def _accept(self, base: list[float], t: float, y: list[float], dense: Callable[[float], Any]) -> bool:
        """Take over an accepted step, or its part up to the first change of a sign (then True)."""
        if self.compiled.delayed:
            self.history.add(self.t, t, dense, self.resting)
        change = self._first_change(base, t, dense) if base else math.nan
        stop = t if math.isnan(change) else change
        while self.seen < len(self.times) and self.times[self.seen] < stop:
            at = self.times[self.seen]
            self.values[self.seen] = self._values(self.compiled.outputs, at, [float(v) for v in dense(at)])
            self.seen += 1
        if self.compiled.delayed:
            self.history.add(self.t, stop, dense, self.resting)
        self.t, self.y = stop, y if math.isnan(change) else [float(v) for v in dense(stop)]
        return not math.isnan(change)

    def _first_change(self, base: list[float], end: float, dense: Callable[[float], Any]) -> float:
        """The first moment of the step at which a sign differs, or NaN."""

        def differs(at: float) -> bool:
            signs = self._signs(at, [float(v) for v in dense(at)])
            return signs != base[: len(signs)]

        times = [self.t, *(self.t + share * (end - self.t) for share in SAMPLES[:-1]), end]
        places = [self.y, *([float(v) for v in dense(at)] for at in times[1:])]
        for i in range(1, len(times)):
            signs = self._signs(times[i], places[i])
            if times[i] > times[i - 1] and signs != base[: len(signs)]:
                low, high = times[i - 1], times[i]
                break
        else:
            low, high = self.t, self._hidden_change(times, places, dense, differs)
            if math.isnan(high):
                return math.nan
        self.kinks += 1
        while low < (middle := 0.5 * (low + high)) < high:
            low, high = (low, middle) if differs(middle) else (middle, high)
        return high

    def _hidden_change(
        self,
        times: list[float],
        places: list[list[float]],
        dense: Callable[[float], Any],
        differs: Callable[[float], bool],
    ) -> float:
        """A moment between the points at which a sign differs though it differs at none of them, or NaN.

        Where a gap comes nearest to zero at an inner point, its extremum is searched by golden sections.
        """
        function = self.compiled.gaps
        seen = [self._values(function, at, y) for at, y in zip(times, places, strict=True)]
        columns = list(zip(*seen, strict=True))
        for k, column in enumerate(columns if self.kinks < MOST_KINKS else columns[: self.compiled.n_trigger_gaps]):
            sizes = list(map(abs, column))
            for i in range(1, len(sizes) - 1):
                if sizes[i - 1] >= sizes[i] <= sizes[i + 1] and sizes[i - 1] + sizes[i + 1] > 2 * sizes[i]:

                    def gap(t: float, k: int = k) -> float:
                        return abs(self._values(function, t, [float(v) for v in dense(t)])[k])

                    at = _nearest_to_zero(gap, times[i - 1], times[i + 1], differs)
                    if not math.isnan(at):
                        return at
        return math.nan


def _nearest_to_zero(gap: Callable[[float], float], low: float, high: float, found: Callable[[float], bool]) -> float:
    """Golden-section search for the least gap; stops at the first point that is what is looked for, else NaN."""
    golden = 0.5 * (math.sqrt(5.0) - 1.0)
    left, right = high - golden * (high - low), low + golden * (high - low)
    at_left, at_right = gap(left), gap(right)
    for _ in range(MOST_SECTIONS):
        for at in (left, right):
            if found(at):
                return at
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - golden * (high - low)
            at_left = gap(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + golden * (high - low)
            at_right = gap(right)
        if not low < left < right < high:
            break
    return math.nan

"""Events of SBML Level 3: triggers, delays, priorities, persistence, and what happens at one moment.

Semantics: SBML Level 3 Version 2 Core, section 4.11 (Hucka et al. 2019, doi:10.1515/jib-2019-0021).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from her2sim.core.errors import SimulationError
from her2sim.core.random import stream
from her2sim.engine.hybrid_equations import EventFunctions
from her2sim.engine.hybrid_formulas import Function

MOST_EXECUTIONS_AT_ONCE = 10_000


class Situation(Protocol):
    """Time and values at a moment, as the simulation holds them."""

    def evaluate(self, function: Function) -> list[float]:
        """Values of formulas now."""
        ...

    def assign(self, slot: int, value: float) -> None:
        """Set a state."""
        ...

    @property
    def time(self) -> float:
        """The moment."""
        ...


@dataclass(frozen=True)
class _Pending:
    event: int
    due: float
    values: list[float] | None


class EventQueue:
    """The events of one course, which of their triggers were true, and what waits to be executed.

    Main arguments:
        events: compiled events.
        triggers: their truth values, as one function.
        seed, patient: decide the order of events that are due at one moment with equal priority.
    """

    def __init__(self, events: tuple[EventFunctions, ...], triggers: Function, *, seed: int, patient: int) -> None:
        self._events, self._triggers = events, triggers
        self._was = [e.initial_value for e in events]
        self._pending: list[_Pending] = []
        self._key = seed, patient
        self._random: np.random.Generator | None = None
        self.executed = 0

    def next_due(self) -> float:
        """When the next waiting event must be executed; infinity if none waits."""
        return min((p.due for p in self._pending), default=float("inf"))

    def happen(self, now: Situation) -> bool:
        """Do all that happens at this moment; True if anything was executed.

        Raises:
            SimulationError: events trigger each other without end, or a delay is negative.
        """
        self._look(now)
        done = 0
        while True:
            due = [p for p in self._pending if p.due <= now.time]
            if not due:
                return done > 0
            self._execute(self._first(due, now), now)
            done += 1
            self.executed += 1
            if done > MOST_EXECUTIONS_AT_ONCE:
                raise SimulationError("events trigger each other without end", where=f"time {now.time}")
            self._look(now)

    def _look(self, now: Situation) -> None:
        """Compare the triggers with what they were."""
        truths = [value != 0.0 and value == value for value in now.evaluate(self._triggers)]
        for number, (true, was) in enumerate(zip(truths, self._was, strict=True)):
            event = self._events[number]
            if true and not was:
                delay = now.evaluate(event.delay)[0] if event.delay is not None else 0.0
                if not delay >= 0.0:
                    raise SimulationError(f"the delay of event {event.name} is {delay}", where=f"time {now.time}")
                values = now.evaluate(event.values) if event.from_trigger_time else None
                self._pending.append(_Pending(number, now.time + delay, values))
            elif was and not true and not event.persistent:
                self._pending = [p for p in self._pending if p.event != number]
        self._was = truths

    def _first(self, due: list[_Pending], now: Situation) -> _Pending:
        if len(due) == 1:
            return due[0]
        ranks: list[float] = []
        for item in due:
            priority = self._events[item.event].priority
            ranks.append(-float("inf") if priority is None else now.evaluate(priority)[0])
        highest = max(ranks)
        best = [item for item, rank in zip(due, ranks, strict=True) if rank == highest] or due
        if len(best) == 1:
            return best[0]
        if self._random is None:
            self._random = stream(*self._key, "order of simultaneous events")
        return best[int(self._random.integers(len(best)))]

    def _execute(self, item: _Pending, now: Situation) -> None:
        self._pending = [p for p in self._pending if p is not item]
        event = self._events[item.event]
        values = now.evaluate(event.values) if item.values is None else item.values
        factors = dict(zip(event.scaled, now.evaluate(event.factors), strict=True))
        for position, (slot, value) in enumerate(zip(event.targets, values, strict=True)):
            now.assign(slot, value * factors.get(position, 1.0))

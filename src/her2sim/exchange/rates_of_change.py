"""Rates of change as formulas: what SBML's ``rateOf`` means, and how fast an assigned volume changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from her2sim.exchange.mathml_read import rate_symbol, rate_target
from her2sim.exchange.report import Unsupported
from her2sim.model.derivative import TIME_KEY, gradients
from her2sim.model.expression import TIME, ZERO, Expr, add, call, mul, select, substitute, symbols, walk
from her2sim.model.system import Assignment, Event, State


class RatesOfChange:
    """Knows the rate of every quantity of a system whose formulas may still hold placeholders of rates.

    Main arguments:
        states, assignments: of the system; everything else does not change.

    Other arguments:
        looking_back: give rates that also hold before time 0, where states follow their initial formulas. A delay
            may look there.
    """

    def __init__(
        self, states: Mapping[str, State], assignments: Mapping[str, Assignment], *, looking_back: bool = False
    ) -> None:
        self._states, self._assignments = states, assignments
        self._done: dict[str, Expr] = {}
        self._open: set[str] = set()
        self._back = None if looking_back else RatesOfChange(states, assignments, looking_back=True)

    def resolved(self, formula: Expr) -> Expr:
        """The formula with each placeholder replaced by the rate that it stands for.

        Raises:
            Unsupported: rates depend on each other in a circle, or an assigned formula has no derivative.
        """
        names = {name for name in map(rate_target, symbols([formula])) if name is not None}
        if not names:
            return formula
        if self._back is not None and any(node.op == "delay" for node in walk([formula])):
            formula = self._with_resolved_delays(formula, self._back)
            names = {name for name in map(rate_target, symbols([formula])) if name is not None}
        return substitute([formula], {rate_symbol(name): self.rate(name) for name in names})[0]

    def _with_resolved_delays(self, formula: Expr, back: RatesOfChange) -> Expr:
        done: dict[int, Expr] = {}
        for node in walk([formula]):
            args = [done[id(a)] for a in node.args]
            if node.op == "delay":
                args[0] = back.resolved(args[0])
            done[id(node)] = call(node.op, *args) if args else node
        return done[id(formula)]

    def rate(self, name: str) -> Expr:
        """Change of the quantity per time."""
        if name in self._done:
            return self._done[name]
        if name in self._open:
            raise Unsupported("rateOf", f"the rate of {name} depends on itself")
        self._open.add(name)
        if name in self._states:
            found = self.resolved(self._states[name].rate)
            if self._back is None:
                earlier = self._total_derivative(self.resolved(self._states[name].initial), at_rest=True)
                found = select(call("lt", TIME, 0.0), earlier, found)
        elif name in self._assignments:
            found = self._total_derivative(self.resolved(self._assignments[name].expr))
        else:
            found = ZERO
        self._open.discard(name)
        self._done[name] = found
        return found

    def _total_derivative(self, formula: Expr, *, at_rest: bool = False) -> Expr:
        try:
            gradient = gradients([formula], symbols([formula]), time=True)[0]
        except ValueError as error:
            raise Unsupported("rateOf", f"it meets an assigned formula without derivative: {error}") from error
        if at_rest:
            return gradient.get(TIME_KEY, ZERO)
        return add(*(part if key == TIME_KEY else mul(part, self.rate(key)) for key, part in gradient.items()))


def event_with(event: Event, rates: RatesOfChange) -> Event:
    """The event with all placeholders of rates resolved."""

    def pairs(items: Iterable[tuple[str, Expr]]) -> tuple[tuple[str, Expr], ...]:
        return tuple((name, rates.resolved(formula)) for name, formula in items)

    return replace(
        event,
        trigger=rates.resolved(event.trigger),
        assignments=pairs(event.assignments),
        delay=None if event.delay is None else rates.resolved(event.delay),
        priority=None if event.priority is None else rates.resolved(event.priority),
        scales=pairs(event.scales),
    )

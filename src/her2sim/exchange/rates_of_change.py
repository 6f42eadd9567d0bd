"""Rates of change as formulas: what SBML's ``rateOf`` means, and how fast an assigned volume changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from her2sim.exchange.mathml_read import rate_symbol, rate_target
from her2sim.exchange.report import Unsupported
from her2sim.model.derivative import TIME_KEY, gradients
from her2sim.model.expression import ZERO, Expr, add, mul, substitute, symbols
from her2sim.model.system import Assignment, Event, State


class RatesOfChange:
    """Knows the rate of every quantity of a system whose formulas may still hold placeholders of rates.

    Main arguments:
        states, assignments: of the system; everything else does not change.
    """

    def __init__(self, states: Mapping[str, State], assignments: Mapping[str, Assignment]) -> None:
        self._states, self._assignments = states, assignments
        self._done: dict[str, Expr] = {}
        self._open: set[str] = set()

    def resolved(self, formula: Expr) -> Expr:
        """The formula with each placeholder replaced by the rate that it stands for.

        Raises:
            Unsupported: rates depend on each other in a circle, or an assigned formula has no derivative.
        """
        names = {name for name in map(rate_target, symbols([formula])) if name is not None}
        if not names:
            return formula
        return substitute([formula], {rate_symbol(name): self.rate(name) for name in names})[0]

    def rate(self, name: str) -> Expr:
        """Change of the quantity per time."""
        if name in self._done:
            return self._done[name]
        if name in self._open:
            raise Unsupported("rateOf", f"the rate of {name} depends on itself")
        self._open.add(name)
        if name in self._states:
            found = self.resolved(self._states[name].rate)
        elif name in self._assignments:
            found = self._total_derivative(self.resolved(self._assignments[name].expr))
        else:
            found = ZERO
        self._open.discard(name)
        self._done[name] = found
        return found

    def _total_derivative(self, formula: Expr) -> Expr:
        try:
            gradient = gradients([formula], symbols([formula]), time=True)[0]
        except ValueError as error:
            raise Unsupported("rateOf", f"it meets an assigned formula without derivative: {error}") from error
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

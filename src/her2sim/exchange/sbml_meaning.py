"""What SBML's identifiers mean, as states, parameters and assigned variables.

A species is a concentration where the file says so. Where its compartment never changes, the concentration is the
state; where it does, the amount is the state (reactions and events conserve amounts) and the concentration is assigned.
Quantities that events change are states that otherwise rest.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from her2sim.exchange.algebraic import solve_algebraic
from her2sim.exchange.compact import still_true
from her2sim.exchange.mathml_read import rate_symbol
from her2sim.exchange.rates_of_change import RatesOfChange, event_with
from her2sim.exchange.report import Finding, Unsupported
from her2sim.exchange.sbml_content import Compartment, Content, Number, SbmlEvent, Species
from her2sim.model.expression import ONE, ZERO, Expr, add, const, div, mul, sym, symbols, walk
from her2sim.model.system import Assignment, Event, OdeSystem, Parameter, State

NAN = const(float("nan"))
_MOVING = ("time", "delay")


@dataclass
class Meaning:
    """The system in the making."""

    states: dict[str, State]
    parameters: dict[str, Parameter]
    assignments: dict[str, Assignment]
    amounts: dict[str, Expr]
    concentrations: dict[str, Expr]
    scales: dict[str, tuple[str, Expr]]
    """Species whose event assignments go to an amount: name of the amount, factor."""


class Interpreter:
    """Turns one `Content` into an `OdeSystem`; findings say what was refused."""

    def __init__(self, content: Content) -> None:
        self.content = content
        self.findings: list[Finding] = []
        self.made = Meaning({}, {}, {}, {}, {}, {})
        self.initial = {r.target: r.formula for r in content.initial}
        self.assigned = {r.target: r.formula for r in content.assigned}
        self.rates = {r.target: r.formula for r in content.rates}
        self.by_event = {name for event in content.events for name, _ in event.assignments}
        self.compartments = {c.id: c for c in content.compartments}
        self.reacting = self._reacting()
        self.unset: dict[str, int] = {}
        """Quantities without a value, and their lines."""
        self.names = {x.id for x in (*content.compartments, *content.species, *content.parameters)}
        self.names |= {x.id for x in (*content.references, *content.reactions)}
        self._solve_algebraic()
        self._take_annotated()

    def _take_annotated(self) -> None:
        """Constants of a compact model follow their annotated formulas where these give the numbers of the file."""
        values = {
            n.id: n.value
            for n in self.content.parameters
            if n.value is not None and n.id not in self.initial and self.fixed(n.id)
        }
        formulas = {r.target: r.formula for r in self.content.annotated if r.target in values}
        kept = still_true(formulas, values)
        self.initial |= kept
        for rule in self.content.annotated:
            if rule.target not in kept:
                why = "its number is not that of the formula in its annotation; the number is taken"
                self.findings.append(Finding("parameter", rule.target, rule.line, "warning", why))

    def _reacting(self) -> dict[str, Expr]:
        """Amount per time that reactions give each species that they may change."""
        free = {s.id: s for s in self.content.species if not s.boundary and not s.constant}
        terms: dict[str, list[Expr]] = {}
        for reaction in self.content.reactions:
            for part in reaction.participants:
                if part.species in free and reaction.rate is not None:
                    terms.setdefault(part.species, []).append(mul(part.stoichiometry, sym(reaction.id)))
        out: dict[str, Expr] = {}
        for name, listed in terms.items():
            factor = free[name].conversion or self.content.conversion
            out[name] = mul(sym(factor) if factor else ONE, add(*listed))
        return out

    def _solve_algebraic(self) -> None:
        rules = self.content.algebraic
        if not rules:
            return
        settled = self.assigned.keys() | self.rates.keys() | self.reacting.keys()
        listed: list[Compartment | Species | Number] = [*self.content.parameters, *self.content.compartments]
        listed += [*self.content.species, *self.content.references]
        free = [x.id for x in listed if not x.constant and x.id not in settled]
        inner = self.assigned | {r.id: r.rate for r in self.content.reactions if r.rate is not None}
        try:
            for name, formula in solve_algebraic([r.formula for r in rules], free, inner, self.by_event):
                if name in self.by_event:
                    raise Unsupported("algebraic rule", f"an event changes {name}, which the rule determines")
                self.assigned[name] = formula
        except Unsupported as reason:
            self.findings.append(Finding(reason.construct, "", rules[0].line, "refused", reason.why))

    def fixed(self, name: str) -> bool:
        """Whether nothing ever changes this quantity."""
        return name not in self.assigned.keys() | self.rates.keys() | self.reacting.keys() | self.by_event

    def interpret(self) -> tuple[OdeSystem, Meaning]:
        """The system. Where findings say refused, it must not be simulated."""
        content = self.content
        for item in (*content.compartments, *content.parameters, *content.references):
            self._number(item)
        for species in content.species:
            self._species(species)
        for reaction in content.reactions:
            if reaction.rate is not None:
                self.made.assignments[reaction.id] = Assignment(reaction.id, reaction.rate, "", reaction.name)
        self._resting_initials()
        events = [self._event(e) for e in content.events if e.trigger is not None]
        return self._system(self._resolve_rates(events)), self.made

    def _number(self, item: Compartment | Number) -> None:
        value = item.size if isinstance(item, Compartment) else item.value
        if value is None and isinstance(item, Compartment) and item.dimensions == 0:
            value = 1.0
        if value is None:
            self._unset(item.id, item.line)
        start = NAN if value is None else const(value)
        self._quantity(item.id, start, self.rates.get(item.id), item.unit, item.name, item.line)

    def _unset(self, name: str, line: int) -> None:
        if name not in self.initial and name not in self.assigned:
            self.unset[name] = line

    def _quantity(self, name: str, start: Expr, rate: Expr | None, unit: str, title: str, line: int) -> None:
        made = self.made
        start = self.initial.get(name, start)
        if name in self.assigned:
            made.assignments[name] = Assignment(name, self.assigned[name], unit, title)
        elif rate is not None or name in self.by_event:
            made.states[name] = State(name, start, ZERO if rate is None else rate, unit, title)
        elif start.op == "const":
            made.parameters[name] = Parameter(name, start.value, unit, title)
        else:
            made.states[name] = State(name, start, ZERO, unit, title)

    def _species(self, item: Species) -> None:
        name, made, size = item.id, self.made, sym(item.compartment)
        compartment = self.compartments[item.compartment]
        reacting = self.reacting.get(name)
        as_amount = item.in_amount or compartment.dimensions == 0
        if item.amount is not None:
            amount, concentration = const(item.amount), div(item.amount, size)
        else:
            if item.concentration is None:
                self._unset(name, item.line)
            concentration = NAN if item.concentration is None else const(item.concentration)
            amount = mul(concentration, size)
        unit = item.unit
        if as_amount:
            self._quantity(name, amount, self.rates.get(name, reacting), unit, item.name, item.line)
            made.amounts[name], made.concentrations[name] = sym(name), div(sym(name), size)
            return
        made.concentrations[name] = sym(name)
        if name in self.assigned or self.fixed(item.compartment):
            rate = self.rates.get(name, None if reacting is None else div(reacting, size))
            self._quantity(name, concentration, rate, unit, item.name, item.line)
            made.amounts[name] = mul(sym(name), size)
            return
        pool = self._free_name(f"{name}_amount")
        if name in self.initial:
            amount = mul(self.initial[name], size)
        rate = ZERO if reacting is None else reacting
        if name in self.rates:
            rate = add(mul(self.rates[name], size), mul(sym(name), sym(rate_symbol(item.compartment))))
        made.states[pool] = State(pool, amount, rate, unit, item.name)
        made.assignments[name] = Assignment(name, div(sym(pool), size), unit, item.name)
        made.amounts[name] = sym(pool)
        made.scales[name] = (pool, size)

    def _free_name(self, wish: str) -> str:
        while wish in self.names:
            wish += "_"
        self.names.add(wish)
        return wish

    def refuse(self, construct: str, place: str, line: int, why: str) -> None:
        """Note a refusal."""
        self.findings.append(Finding(construct, place, line, "refused", why))

    def _resting_initials(self) -> None:
        """Resting states whose initial value depends on nothing that moves become assigned variables: these follow a
        parameter that differs between patients, and cost the solver nothing."""
        made = self.made
        resting = {n: s.initial for n, s in made.states.items() if s.rate is ZERO and n not in self.by_event}
        formulas = resting | {n: a.expr for n, a in made.assignments.items()}
        needs = {n: symbols([f]) for n, f in formulas.items() if not any(x.op in _MOVING for x in walk([f]))}
        still = set(made.parameters)
        grown = True
        while grown:
            new = {n for n, used in needs.items() if n not in still and used <= still}
            still |= new
            grown = bool(new)
        for name in [n for n in resting if n in still]:
            state = made.states.pop(name)
            if state.initial.op == "const":
                made.parameters[name] = Parameter(name, state.initial.value, state.unit, state.description)
            else:
                made.assignments[name] = Assignment(name, state.initial, state.unit, state.description)

    def _event(self, event: SbmlEvent) -> Event:
        targets: list[tuple[str, Expr]] = []
        scales: list[tuple[str, Expr]] = []
        for name, formula in event.assignments:
            target, factor = self.made.scales.get(name, (name, None))
            targets.append((target, formula))
            if factor is not None:
                scales.append((target, factor))
        return Event(
            event.id,
            event.trigger or ZERO,
            tuple(targets),
            event.delay,
            event.priority,
            event.persistent,
            event.initial_value,
            event.use_values_from_trigger_time,
            tuple(scales),
        )

    def _resolve_rates(self, events: list[Event]) -> list[Event]:
        """Replace each ``rateOf`` by the formula of that rate."""
        made = self.made
        rates = RatesOfChange(dict(made.states), dict(made.assignments))
        try:
            for name, state in made.states.items():
                made.states[name] = replace(state, rate=rates.rate(name), initial=rates.resolved(state.initial))
            for name, item in made.assignments.items():
                made.assignments[name] = replace(item, expr=rates.resolved(item.expr))
            return [event_with(event, rates) for event in events]
        except Unsupported as reason:
            self.refuse(reason.construct, "", 0, reason.why)
            return events

    def _system(self, events: Iterable[Event]) -> OdeSystem:
        made, content = self.made, self.content
        return OdeSystem(
            name=content.id,
            states=tuple(made.states.values()),
            parameters=tuple(made.parameters.values()),
            assignments=tuple(self._in_order()),
            events=tuple(events),
            time_unit=content.time_unit,
            annotations=content.annotations,
        )

    def _in_order(self) -> list[Assignment]:
        left = dict(self.made.assignments)
        needs = {name: symbols([item.expr]) for name, item in left.items()}
        done: list[Assignment] = []
        while left:
            ready = [name for name in left if not needs[name] & left.keys()]
            if not ready:
                self.refuse("assignment", ", ".join(sorted(left)[:5]), 0, "they depend on each other in a circle")
                return done
            done += [left.pop(name) for name in ready]
        return done

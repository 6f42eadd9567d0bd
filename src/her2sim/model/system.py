"""A model as data: states, parameters, assigned variables and rates of change, each with its unit.

An ``OdeSystem`` is what the engine compiles, what SBML is read into and written from, and what the modules of the
her2sim model are assembled to. It is frozen and can be hashed by content.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from her2sim.model.expression import Expr, expanded, sym, text, walk


@dataclass(frozen=True)
class State:
    """A quantity that changes by a rate. ``initial`` may use parameters (and assigned variables of them)."""

    name: str
    initial: Expr
    rate: Expr
    unit: str = "dimensionless"
    description: str = ""


@dataclass(frozen=True)
class Parameter:
    """A number that does not change during a simulation; it may differ between patients."""

    name: str
    value: float
    unit: str = "dimensionless"
    description: str = ""
    source: str = ""


@dataclass(frozen=True)
class Assignment:
    """A variable that is at all times the value of its expression."""

    name: str
    expr: Expr
    unit: str = "dimensionless"
    description: str = ""


@dataclass(frozen=True)
class Event:
    """Changes that happen when ``trigger`` turns from false to true (SBML Level 3 semantics).

    Other arguments:
        scales: factors of assigned values, evaluated when the event is executed, before any of its assignments. A
            concentration that an event sets becomes an amount by the volume that holds then.
    """

    name: str
    trigger: Expr
    assignments: tuple[tuple[str, Expr], ...]
    delay: Expr | None = None
    priority: Expr | None = None
    persistent: bool = True
    initial_value: bool = True
    use_values_from_trigger_time: bool = True
    scales: tuple[tuple[str, Expr], ...] = ()


@dataclass(frozen=True)
class OdeSystem:
    """States, parameters, assignments (in an order in which each uses only earlier ones) and events.

    Main arguments:
        name: name of the model.
        states, parameters, assignments: see their classes; names are unique over all three.

    Other arguments:
        events: SBML events; the her2sim model uses dose tables instead.
        time_unit: unit of time, ``day`` for the her2sim model.
        dose_targets: states into which a dose table may put amounts.
        annotations: name to identifiers (for example UniProt CURIEs).
    """

    name: str
    states: tuple[State, ...]
    parameters: tuple[Parameter, ...]
    assignments: tuple[Assignment, ...] = ()
    events: tuple[Event, ...] = ()
    time_unit: str = "day"
    dose_targets: tuple[str, ...] = ()
    annotations: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    def __post_init__(self) -> None:
        names = [x.name for x in (*self.states, *self.parameters, *self.assignments)]
        doubled = sorted({n for n in names if names.count(n) > 1}) if len(set(names)) < len(names) else []
        if doubled:
            raise ValueError(f"model {self.name}: names used twice: {', '.join(doubled)}")

    @property
    def state_names(self) -> tuple[str, ...]:
        """Names of the states, in order."""
        return tuple(s.name for s in self.states)

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """Names of the parameters, in order."""
        return tuple(p.name for p in self.parameters)

    def expanded(self) -> dict[str, Expr]:
        """Each assigned variable as an expression of states, parameters and time only."""
        return expanded([(item.name, item.expr) for item in self.assignments], {})

    def undefined(self) -> list[str]:
        """Symbols that some expression uses and nothing defines."""
        known = {x.name for x in (*self.states, *self.parameters, *self.assignments)}
        roots = [s.rate for s in self.states] + [s.initial for s in self.states]
        roots += [a.expr for a in self.assignments]
        return sorted({n.name for n in walk(roots) if n.op == "sym" and n.name not in known})

    def hash(self) -> str:
        """SHA-256 over everything that changes results: formulas, values, names, order."""
        digest = hashlib.sha256()
        for state in self.states:
            digest.update(f"S {state.name} {text(state.initial)} {text(state.rate)}\n".encode())
        for parameter in self.parameters:
            digest.update(f"P {parameter.name} {parameter.value!r}\n".encode())
        for item in self.assignments:
            digest.update(f"A {item.name} {text(item.expr)}\n".encode())
        for event in self.events:
            digest.update(repr(event).encode())
        return digest.hexdigest()

    def symbol(self, name: str) -> Expr:
        """The symbol ``name``; a KeyError if the model does not define it."""
        if name in {x.name for x in (*self.states, *self.parameters, *self.assignments)}:
            return sym(name)
        raise KeyError(name)

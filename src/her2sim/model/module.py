"""Modules: pieces of the model that state what they take and give, with units, and are assembled per regimen.

A module never reads another module's states directly: it names the ports it takes, and ``assemble`` checks that each
is given exactly once, in the same unit. So a module can be replaced by a better one with the same ports.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from her2sim.model.expression import symbols
from her2sim.model.system import Assignment, OdeSystem, Parameter, State


@dataclass(frozen=True)
class Port:
    """A named quantity that crosses a module's border."""

    name: str
    unit: str
    description: str = ""


@dataclass(frozen=True)
class Module:
    """A piece of the model.

    Main arguments:
        name: what it is, for example ``pk.trastuzumab`` or ``lesion.CNS``.
        takes: quantities that other modules must give.
        gives: its own states or assigned variables that others may take.
        states, parameters, assignments: its content.

    Other arguments:
        dose_targets: states into which doses may go.
        knock_outs: mechanism name -> parameters to set to the given value when the mechanism is removed.
    """

    name: str
    takes: tuple[Port, ...] = ()
    gives: tuple[Port, ...] = ()
    states: tuple[State, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    dose_targets: tuple[str, ...] = ()
    knock_outs: Mapping[str, Mapping[str, float]] = field(default_factory=dict[str, Mapping[str, float]])


def assemble(name: str, modules: Sequence[Module], *, time_unit: str = "day") -> OdeSystem:
    """Join modules to one system.

    Parameters that several modules name are shared if their value and unit agree. Assignments are put into an order
    in which each uses only earlier ones.

    Raises:
        ValueError: a port is taken and not given, given twice, or given in another unit; a parameter has two
            values; a module uses a symbol that it neither defines nor takes.
    """
    given: dict[str, tuple[str, Port]] = {}
    for module in modules:
        for port in module.gives:
            if port.name in given:
                raise ValueError(f"{port.name} is given by both {given[port.name][0]} and {module.name}")
            given[port.name] = (module.name, port)
    shared: dict[str, tuple[str, Parameter]] = {}
    for module in modules:
        _check_ports(module, given)
        for parameter in module.parameters:
            first = shared.setdefault(parameter.name, (module.name, parameter))
            if (first[1].value, first[1].unit) != (parameter.value, parameter.unit):
                raise ValueError(f"parameter {parameter.name} differs between {first[0]} and {module.name}")
    return OdeSystem(
        name=name,
        states=tuple(s for m in modules for s in m.states),
        parameters=tuple(p for _, p in shared.values()),
        assignments=tuple(_in_order([a for m in modules for a in m.assignments])),
        time_unit=time_unit,
        dose_targets=tuple(t for m in modules for t in m.dose_targets),
    )


def _check_ports(module: Module, given: Mapping[str, tuple[str, Port]]) -> None:
    for port in module.takes:
        if port.name not in given:
            raise ValueError(f"{module.name} takes {port.name} [{port.unit}], which no module gives")
        giver, other = given[port.name]
        if other.unit != port.unit:
            raise ValueError(f"{module.name} takes {port.name} in {port.unit}, but {giver} gives it in {other.unit}")
    own = {x.name for x in (*module.states, *module.parameters, *module.assignments)}
    roots = [s.rate for s in module.states] + [s.initial for s in module.states] + [a.expr for a in module.assignments]
    foreign = symbols(roots) - own - {p.name for p in module.takes}
    if foreign:
        raise ValueError(f"{module.name} uses {', '.join(sorted(foreign))} without taking it")
    homeless = {p.name for p in module.gives} - own
    if homeless:
        raise ValueError(f"{module.name} says it gives {', '.join(sorted(homeless))}, but does not define it")


def _in_order(items: Iterable[Assignment]) -> list[Assignment]:
    left = {item.name: item for item in items}
    needs = {name: symbols([item.expr]) & left.keys() for name, item in left.items()}
    done: list[Assignment] = []
    while left:
        ready = [item for item in left.values() if not needs[item.name] & left.keys()]
        if not ready:
            raise ValueError(f"assigned variables depend on each other in a circle: {', '.join(sorted(left))}")
        for item in ready:
            done.append(left.pop(item.name))
    return done

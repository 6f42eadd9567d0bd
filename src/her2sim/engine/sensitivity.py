"""Forward sensitivities: a system extended by the derivatives of its states with respect to parameters.

With S = dy/dp, dS/dt = (df/dy) S + df/dp, S(0) = dy(0)/dp. The extended system is a system like any other: it is
compiled, dosed and solved in the same way, with the same control of error, and its Jacobian (which needs second
derivatives of the rates) is as exact as the first. A dose changes states and leaves sensitivities alone, as its
amount does not depend on parameters. Where a rate jumps as a state crosses a bound, sensitivities would jump too; that
is not followed, so such rates should be continuous there (a parameter as a bound is refused).
"""

from __future__ import annotations

from collections.abc import Sequence

from her2sim.core.errors import InputError, did_you_mean
from her2sim.engine.clock import RELATIONS
from her2sim.engine.equations import equations_of
from her2sim.model.derivative import gradients
from her2sim.model.expression import ZERO, Expr, add, mul, sym, symbols, walk
from her2sim.model.system import Assignment, OdeSystem, State


def sensitivity_name(quantity: str, parameter: str) -> str:
    """Name of the derivative of a state or assigned variable by a parameter.

    >>> sensitivity_name("tumor_mL", "kg")
    'd_tumor_mL_by_kg'
    """
    return f"d_{quantity}_by_{parameter}"


def with_sensitivities(system: OdeSystem, parameters: Sequence[str], *, of: Sequence[str] = ()) -> OdeSystem:
    """The system extended by the sensitivities of all states to some parameters.

    Main arguments:
        system: a model without events.
        parameters: parameters to differentiate by. They must be among the varying parameters or keep their value.

    Other arguments:
        of: assigned variables whose sensitivities are wanted as well; each becomes an assigned variable.

    Raises:
        InputError: a name is unknown, a parameter decides when a condition switches, or the model cannot be solved by
            the engine.

    >>> from her2sim.model.expression import const
    >>> from her2sim.model.system import Parameter
    >>> decay = OdeSystem("decay", (State("x", const(1.0), -sym("k") * sym("x")),), (Parameter("k", 0.5),))
    >>> with_sensitivities(decay, ["k"]).state_names
    ('x', 'd_x_by_k')
    """
    for names, known, what in (
        (parameters, system.parameter_names, "parameter"),
        (of, tuple(a.name for a in system.assignments), "assigned variable"),
    ):
        for name in names:
            if name not in known:
                raise InputError(f"{what} {name!r} is not in model {system.name}", hint=did_you_mean(name, known))
    equations = equations_of(system, None, [*system.state_names, *of])
    bounds = [node for node in walk(equations.rates) if node.op in RELATIONS]
    switching = sorted(symbols(bounds) & set(parameters))
    if switching:
        raise InputError(
            f"{switching[0]} decides when a condition of model {system.name} switches: its sensitivity has a jump",
            hint="Simulate with two values of it and take the difference, or make the switch smooth.",
        )
    slopes = gradients(equations.rates, [*equations.states, *parameters])
    starts = gradients(equations.initial, parameters)
    reports = gradients(equations.outputs, [*equations.states, *parameters])
    number = {name: i for i, name in enumerate(equations.states)}

    def chained(gradient: dict[str, Expr], parameter: str) -> Expr:
        terms = [
            mul(slope, sym(sensitivity_name(name, parameter))) for name, slope in gradient.items() if name in number
        ]
        return add(gradient.get(parameter, ZERO), *terms)

    extra = tuple(
        State(
            sensitivity_name(state.name, parameter),
            starts[i].get(parameter, ZERO),
            chained(slopes[i], parameter),
            f"({state.unit})/({unit})",
        )
        for parameter, unit in ((p.name, p.unit) for p in system.parameters if p.name in parameters)
        for i, state in enumerate(system.states)
    )
    assigned = tuple(
        Assignment(sensitivity_name(name, parameter), chained(reports[len(number) + i], parameter))
        for parameter in parameters
        for i, name in enumerate(of)
    )
    return OdeSystem(
        name=f"{system.name} with sensitivities",
        states=(*system.states, *extra),
        parameters=system.parameters,
        assignments=(*system.assignments, *assigned),
        time_unit=system.time_unit,
        dose_targets=system.dose_targets,
    )

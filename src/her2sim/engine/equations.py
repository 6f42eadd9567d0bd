"""The equations of a model as the solvers need them: every formula in states, parameters and time only.

Assigned variables are inlined (they stay shared, being nodes of one graph), and parameters that are the same for all
patients become numbers, so that a power with such an exponent can become a product.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from her2sim.core.errors import InputError, did_you_mean
from her2sim.model.derivative import TIME_KEY, gradients
from her2sim.model.expression import Expr, const, expanded, substitute, sym, symbols
from her2sim.model.system import OdeSystem


@dataclass(frozen=True)
class Equations:
    """What is solved.

    Main arguments:
        states: names of the states.
        varying: names of the parameters that differ between patients; no other parameter occurs in the formulas.
        rates: one formula per state.
        initial: one formula per state, without states.
        outputs: names and formulas of what is reported.

    Other arguments:
        stop: formula that ends a patient when it becomes positive, or None.
        positive: varying parameters that are not negative by their nature, as far as their usual value shows.
    """

    states: tuple[str, ...]
    varying: tuple[str, ...]
    rates: tuple[Expr, ...]
    initial: tuple[Expr, ...]
    output_names: tuple[str, ...]
    outputs: tuple[Expr, ...]
    stop: Expr | None = None
    positive: tuple[str, ...] = ()

    def jacobian(self) -> tuple[dict[tuple[int, int], Expr], dict[int, Expr]]:
        """(row, column) -> derivative of a rate by a state, and row -> its derivative by explicit time."""
        number = {name: i for i, name in enumerate(self.states)}
        by_state: dict[tuple[int, int], Expr] = {}
        by_time: dict[int, Expr] = {}
        for row, gradient in enumerate(gradients(self.rates, self.states, time=True)):
            for name, value in gradient.items():
                if name == TIME_KEY:
                    by_time[row] = value
                else:
                    by_state[row, number[name]] = value
        return by_state, by_time


def equations_of(
    system: OdeSystem,
    varying: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
    stop_when: Expr | None = None,
) -> Equations:
    """Bring a system into the form that is solved.

    Main arguments:
        system: the model. It must be without events: doses come in a dose table.
        varying: parameters that differ between patients, in the order of the parameter table; None for all.
        outputs: states, assigned variables or parameters to report; None for all states.

    Other arguments:
        stop_when: ends a patient when it becomes positive; may use states, parameters, assigned variables and time.

    Raises:
        InputError: a name is unknown or named twice, a symbol is undefined, an initial value depends on a state that
            depends on it, or the model has events.
    """
    if system.events:
        raise InputError(
            f"model {system.name} has {len(system.events)} events, which the engine does not solve",
            hint="Write doses into the dose table, and changes at known times into piecewise formulas.",
        )
    names = system.parameter_names if varying is None else tuple(varying)
    wanted = system.state_names if outputs is None else tuple(outputs)
    _check_known(names, system.parameter_names, "varying parameter", system.name)
    _check_known(wanted, _defined(system), "output", system.name)
    undefined = system.undefined()
    if undefined:
        raise InputError(
            f"model {system.name} uses {', '.join(undefined[:5])} without a definition",
            hint=did_you_mean(undefined[0], _defined(system)),
        )
    fixed = {p.name: const(p.value) for p in system.parameters if p.name not in set(names)}
    assigned = expanded([(item.name, item.expr) for item in system.assignments], fixed)
    formulas = substitute([s.rate for s in system.states], assigned)
    stop = None if stop_when is None else substitute([stop_when], assigned)[0]
    if stop is not None:
        strange = symbols([stop]) - set(system.state_names) - set(names)
        if strange:
            raise InputError(
                f"stop condition uses {sorted(strange)[0]}, which model {system.name} does not define",
                hint=did_you_mean(sorted(strange)[0], _defined(system)),
            )
    known = {s.name: sym(s.name) for s in system.states} | {n: sym(n) for n in names} | assigned
    return Equations(
        states=system.state_names,
        varying=names,
        rates=tuple(formulas),
        initial=_initial_values(system, assigned),
        output_names=wanted,
        outputs=tuple(known[name] for name in wanted),
        stop=stop,
        positive=tuple(p.name for p in system.parameters if p.value >= 0.0 and p.name in set(names)),
    )


def _defined(system: OdeSystem) -> tuple[str, ...]:
    return (*system.state_names, *system.parameter_names, *(a.name for a in system.assignments))


def _check_known(names: Sequence[str], known: Sequence[str], what: str, model: str) -> None:
    strange = [name for name in names if name not in set(known)]
    if strange:
        raise InputError(f"{what} {strange[0]!r} is not in model {model}", hint=did_you_mean(strange[0], known))
    if len(set(names)) < len(names):
        doubled = next(name for name in names if list(names).count(name) > 1)
        raise InputError(f"{what} {doubled!r} is named twice", where=f"model {model}")


def _initial_values(system: OdeSystem, assigned: dict[str, Expr]) -> tuple[Expr, ...]:
    """Initial values without states: an initial value may name other states, meaning their initial values."""
    states = set(system.state_names)
    formulas = substitute([s.initial for s in system.states], assigned)
    if not symbols(formulas) & states:
        return tuple(formulas)
    left = dict(zip(system.state_names, formulas, strict=True))
    done: dict[str, Expr] = {}
    while left:
        ready = [name for name, formula in left.items() if not symbols([formula]) & (states - done.keys())]
        if not ready:
            raise InputError(f"initial values depend on each other in a circle: {', '.join(sorted(left)[:5])}")
        for name in ready:
            done[name] = substitute([left.pop(name)], done)[0]
    return tuple(done[name] for name in system.state_names)

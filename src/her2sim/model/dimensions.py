"""Dimensional analysis of a whole model: every sum adds like things, every rate is its state over time.

Numbers written in formulas have no dimension in products and take any dimension in sums (they are limits of rounding
or conversions). Parameters, states and assigned variables have the dimension of their unit text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from her2sim.model.expression import Expr, text, walk
from her2sim.model.system import OdeSystem

if TYPE_CHECKING:
    from pint import UnitRegistry

Dimension = Mapping[str, float]
_NONE: Dimension = {}
_SAME = ("add", "min", "max", "sub", "neg", "abs", "select")
_LOGICAL = ("lt", "le", "gt", "ge", "eq", "ne", "and", "or", "xor", "not")


def dimension_faults(system: OdeSystem) -> list[str]:
    """Every place where the dimensions of a model do not fit, in words; empty if all is well.

    Main arguments:
        system: any model whose unit texts pint can read.

    Raises:
        pint.errors.UndefinedUnitError: a unit text cannot be read.

    >>> from her2sim.model.expression import sym
    >>> from her2sim.model.system import Parameter, State
    >>> bad = OdeSystem("x", (State("a", sym("b"), sym("b"), "mL"),), (Parameter("b", 1.0, "mL"),))
    >>> dimension_faults(bad)
    ['rate of a: [length]^3 where [length]^3/[time] is expected']
    """
    from pint import UnitRegistry

    registry = UnitRegistry()
    known = {x.name: _of(registry, x.unit) for x in (*system.states, *system.parameters, *system.assignments)}
    time = _of(registry, system.time_unit)
    faults: list[str] = []
    for item in system.assignments:
        _expect(faults, item.name, _infer(item.expr, known, time, faults, item.name), known[item.name])
    for state in system.states:
        place = f"initial value of {state.name}"
        _expect(faults, place, _infer(state.initial, known, time, faults, place), known[state.name])
        place = f"rate of {state.name}"
        wanted = _times(known[state.name], _power(time, -1.0))
        _expect(faults, place, _infer(state.rate, known, time, faults, place), wanted)
    return faults


def _of(registry: UnitRegistry[Any], unit: str) -> Dimension:
    found = registry.parse_units(unit).dimensionality
    return {str(name): float(cast("float", exponent)) for name, exponent in found.items()}


def _infer(
    root: Expr, known: Mapping[str, Dimension], time: Dimension, faults: list[str], place: str
) -> Dimension | None:
    """Dimension of an expression; None where it may be any (a bare number)."""
    done: dict[int, Dimension | None] = {}
    for node in walk([root]):
        done[id(node)] = _of_node(node, [done[id(a)] for a in node.args], known, time, faults, place)
    return done[id(root)]


def _of_node(
    node: Expr,
    parts: list[Dimension | None],
    known: Mapping[str, Dimension],
    time: Dimension,
    faults: list[str],
    place: str,
) -> Dimension | None:
    if node.op == "const":
        return None
    if node.op == "time":
        return time
    if node.op == "sym":
        return known[node.name]
    if node.op in _SAME:
        kinds = [p for p in (parts[1:] if node.op == "select" else parts) if p is not None]
        for other in kinds[1:]:
            _expect(faults, f"a sum in {place}", other, kinds[0])
        return kinds[0] if kinds else None
    if node.op == "mul":
        out = _NONE
        for part in parts:
            out = _times(out, part or _NONE)
        return out if any(p is not None for p in parts) else None
    if node.op == "div":
        return _times(parts[0] or _NONE, _power(parts[1] or _NONE, -1.0))
    if node.op == "sqrt":
        return _power(parts[0] or _NONE, 0.5)
    if node.op == "pow" and node.args[1].op == "const":
        return _power(parts[0] or _NONE, node.args[1].value)
    if node.op == "pow":  # x^n with n a parameter: a dimension of its own, which cancels in x^n / (k^n + x^n)
        return {f"({_text(parts[0] or _NONE)})^{text(node.args[1])}": 1.0} if parts[0] else _NONE
    if node.op not in _LOGICAL:
        for part in parts:
            _expect(faults, f"an argument of {node.op} in {place}", part, _NONE)
    return _NONE


def _times(left: Dimension, right: Dimension) -> Dimension:
    total = {name: left.get(name, 0.0) + right.get(name, 0.0) for name in {*left, *right}}
    return {name: exponent for name, exponent in total.items() if exponent}


def _power(base: Dimension, exponent: float) -> Dimension:
    return {name: value * exponent for name, value in base.items()}


def _expect(faults: list[str], place: str, found: Dimension | None, wanted: Dimension) -> None:
    if found is not None and dict(found) != dict(wanted):
        faults.append(f"{place}: {_text(found)} where {_text(wanted)} is expected")


def _text(dimension: Dimension) -> str:
    over = [f"{n}^{e:g}" if e != 1.0 else n for n, e in sorted(dimension.items()) if e > 0]
    under = [f"{n}^{-e:g}" if e != -1.0 else n for n, e in sorted(dimension.items()) if e < 0]
    head = "·".join(over) or ("1" if under else "no dimension")
    return f"{head}/{'/'.join(under)}" if under else head

"""Last checks of an imported system: what it can be written down as, but not solved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from her2sim.exchange.report import Finding
from her2sim.model.expression import Expr, substitute, symbols, walk
from her2sim.model.system import OdeSystem

MOST_TERMS = 100_000


def unsound(system: OdeSystem) -> list[Finding]:
    """Refusals: formulas that explode when assigned variables are put in; delays in rates that are not constant.

    Main arguments:
        system: without undefined symbols, assignments in order.
    """
    return _exploding(system) or _varying_delays(system)


def _exploding(system: OdeSystem) -> list[Finding]:
    """Sums of sums of sums are one sum once assigned variables are put in: its length can be exponential."""
    widths: dict[str, dict[str, int]] = {"add": {}, "mul": {}}
    formulas = [(a.name, a.expr) for a in system.assignments] + [(s.name, s.rate) for s in system.states]
    for name, formula in formulas:
        for op, known in widths.items():
            width = _width(formula, op, known)
            if width > MOST_TERMS:
                why = f"with all assigned variables put in, it has more than {MOST_TERMS} terms"
                return [Finding("formula", name, 0, "refused", why)]
            known[name] = width
    return []


def _width(root: Expr, op: str, known: Mapping[str, int]) -> int:
    found: dict[int, int] = {}
    for node in walk([root]):
        if node.op == "sym":
            found[id(node)] = known.get(node.name, 1)
        else:
            found[id(node)] = sum(found[id(a)] for a in node.args) if node.op == op else 1
    return found[id(root)]


def _varying_delays(system: OdeSystem) -> list[Finding]:
    """A rate may look back by a constant time only: the simulator must know how far it may step."""
    if not any(node.op == "delay" for node in walk(_formulas(system))):
        return []
    assigned = system.expanded()
    fixed = set(system.parameter_names)
    for state in system.states:
        for node in walk(substitute([state.rate], assigned)):
            if node.op == "delay":
                span = node.args[1]
                if not symbols([span]) <= fixed or any(n.op in ("time", "delay") for n in walk([span])):
                    return [Finding("delay", state.name, 0, "refused", "in a rate, the delay must be constant")]
    return []


def _formulas(system: OdeSystem) -> Iterable[Expr]:
    return [s.rate for s in system.states] + [a.expr for a in system.assignments]

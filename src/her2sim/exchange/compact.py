"""A large model in few terms: for simulators that write assigned variables out in one another.

libRoadRunner and Antimony put the formula of an assigned variable wherever the variable is used. The untreated cell of
the her2sim model is a chain of assigned variables, each used many times by the next: so written out it has 10^35 terms.
Two forms of SBML say the same in thousands. What depends on parameters alone is a constant parameter with its value;
its formula stands in an annotation, from which ``read_sbml`` takes it. And a formula that uses an assigned variable
more than once is a function, whose arguments are worked out once per call.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from her2sim.model.evaluate import evaluate
from her2sim.model.expression import Expr, symbols, walk
from her2sim.model.system import OdeSystem

if TYPE_CHECKING:
    import libsbml

MOST_TERMS = 20_000
"""Terms of all rates, written out, up to which a model is written as it is; twice that of chemotherapy."""
SAME = 1e-9
"""Relative difference up to which a number is that of its formula; files hold 15 digits."""
FORMULA_SPACE = "urn:her2sim:formula"
NOTE = (
    "Parameters with a formula in their annotation hold its value at the parameters of this file. Where another"
    " simulator changes a parameter that such a formula uses, they must be computed anew."
)
_MOVING = ("time", "delay")


@dataclass(frozen=True)
class Compact:
    """How a model is written.

    Main arguments:
        values: assigned variable of parameters alone -> its value.
        assigned: the assigned variables that move.
        taken: every name of the model.
    """

    values: Mapping[str, float]
    assigned: frozenset[str]
    taken: frozenset[str]

    def shares(self, formula: Expr) -> bool:
        """Whether a formula should be a function: it uses an assigned variable more than once."""
        if any(node.op in _MOVING for node in walk([formula])):  # a function may not know the time
            return False
        uses = times_used(formula)
        return any(uses[name] > 1 for name in self.assigned & uses.keys())


def compact_form(system: OdeSystem, wanted: bool | None) -> Compact | None:
    """The compact form of a model, or None where it is written as it is.

    Main arguments:
        system: any model.
        wanted: whether it is; None: if its rates would have more than ``MOST_TERMS`` terms, written out.
    """
    if wanted is False or (wanted is None and written_out(system) <= MOST_TERMS):
        return None
    values = constant_values(system)
    moving = frozenset(item.name for item in system.assignments if item.name not in values)
    named = (*system.states, *system.parameters, *system.assignments, *system.events)
    return Compact(values, moving, frozenset(item.name for item in named))


def written_out(system: OdeSystem) -> float:
    """Number of terms of all rates with assigned variables written out in one another.

    >>> from her2sim.model.expression import ONE, sym
    >>> from her2sim.model.system import Assignment, State
    >>> twice = tuple(Assignment(f"x{i + 1}", sym(f"x{i}") + sym(f"x{i}") * sym("y")) for i in range(100))
    >>> written_out(OdeSystem("m", (State("y", ONE, sym("x100")),), (), (Assignment("x0", sym("y")), *twice))) > 1e30
    True
    """
    size: dict[str, float] = {}
    for item in system.assignments:
        size[item.name] = _terms(item.expr, size)
    return sum(_terms(state.rate, size) for state in system.states)


def times_used(formula: Expr) -> Counter[str]:
    """How often a formula names each symbol, as SBML writes it: without shared parts, and min and max as a choice.

    >>> from her2sim.model.expression import sym
    >>> times_used(sym("x") * (sym("x") + sym("k")))["x"]
    2
    """
    uses: Counter[str] = Counter()
    times: dict[int, int] = {id(formula): 1}
    for node in reversed(list(walk([formula]))):
        if node.op == "sym":
            uses[node.name] += times[id(node)]
        for part in node.args:
            own = times[id(node)] * (2 if node.op in ("min", "max") else 1)
            times[id(part)] = times.get(id(part), 0) + own
    return uses


def constant_values(system: OdeSystem) -> dict[str, float]:
    """Assigned variables that depend on parameters alone, with their values at the parameters of the model."""
    changed = {target for event in system.events for target, _ in event.assignments}
    known = {p.name: np.asarray(p.value) for p in system.parameters if p.name not in changed}
    found: dict[str, float] = {}
    for item in system.assignments:
        if symbols([item.expr]) <= known.keys() and not any(node.op in _MOVING for node in walk([item.expr])):
            known[item.name] = evaluate([item.expr], known)[0]
            found[item.name] = float(known[item.name])
    return found


def annotate_formula(made: libsbml.Parameter, tree: libsbml.ASTNode) -> None:
    """Put the formula of a constant into the annotation of its parameter."""
    import libsbml

    text = libsbml.writeMathMLToString(tree)
    made.appendAnnotation(f'<formula xmlns="{FORMULA_SPACE}">{text[text.index("<math") :]}</formula>')


def annotated_formula(item: Any) -> Any:
    """The syntax tree in the annotation of a parameter, or None."""
    import libsbml

    annotation = item.getAnnotation() if item.isSetAnnotation() else None
    if annotation is None:
        return None
    for i in range(annotation.getNumChildren()):
        child = annotation.getChild(i)
        if child.getURI() == FORMULA_SPACE and child.getNumChildren() == 1:
            return libsbml.readMathMLFromString(child.getChild(0).toXMLString())
    return None


def still_true(formulas: Mapping[str, Expr], values: Mapping[str, float]) -> dict[str, Expr]:
    """Those annotated formulas that give the number that stands beside them.

    A number of the file counts, not an annotation: another program may have changed the number, or what it is made of.

    Main arguments:
        formulas: name -> formula in its annotation.
        values: the numbers of the file that nothing changes.

    >>> from her2sim.model.expression import sym
    >>> list(still_true({"a": 2.0 * sym("k"), "b": 3.0 * sym("k")}, {"k": 2.0, "a": 4.0, "b": 7.0}))
    ['a']
    """
    known = {name: np.asarray(value) for name, value in values.items()}
    found: dict[str, Expr] = {}
    for name, formula in formulas.items():
        closed = symbols([formula]) <= known.keys() and not any(node.op in _MOVING for node in walk([formula]))
        with np.errstate(all="ignore"):
            if name in known and closed and np.isclose(evaluate([formula], known)[0], known[name], rtol=SAME, atol=0.0):
                found[name] = formula
    return found


def add_function(model: libsbml.Model, of: str, formula: Expr, tree: libsbml.ASTNode, form: Compact) -> Any:
    """Add a formula as a function of all that it names, and give the call of it as a syntax tree.

    Main arguments:
        model: to which the function is added.
        of: name of the variable that the formula is of.
        formula, tree: the formula, also as a syntax tree.
        form: the form of the whole model.
    """
    import libsbml

    name = f"formula_of_{of}"
    while name in form.taken or model.getFunctionDefinition(name) is not None:
        name += "_"
    made, body = model.createFunctionDefinition(), libsbml.ASTNode(libsbml.AST_LAMBDA)
    call = libsbml.ASTNode(libsbml.AST_FUNCTION)
    made.setId(name)
    call.setName(name)
    for argument in sorted(symbols([formula])):
        for parent in (body, call):
            child = libsbml.ASTNode(libsbml.AST_NAME)
            child.setName(argument)
            parent.addChild(child)
    body.addChild(tree)
    made.setMath(body)
    return call


def _terms(formula: Expr, size: Mapping[str, float]) -> float:
    done: dict[int, float] = {}
    for node in walk([formula]):
        own = size.get(node.name, 1.0) if node.op == "sym" else 1.0
        done[id(node)] = own + sum(done[id(part)] for part in node.args)
    return done[id(formula)]

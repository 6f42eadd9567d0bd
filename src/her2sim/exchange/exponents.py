"""Exponents whose number a file does not say. libSBML's check of units looks for it, and crashes where a quantity has
an initial assignment in its place; so it is not asked then."""

from __future__ import annotations

from collections.abc import Iterator

from her2sim.exchange.sbml_content import Content
from her2sim.model.expression import Expr, symbols, walk


def without_number(content: Content) -> list[str]:
    """The quantities in exponents, and those that their assignment rules use, that have no number in the file."""
    given = {p.id for p in (*content.parameters, *content.references) if p.value is not None}
    given |= {c.id for c in content.compartments if c.size is not None}
    given |= {s.id for s in content.species if s.amount is not None or s.concentration is not None}
    given -= {rule.target for rule in content.initial}
    assigned = {rule.target: rule.formula for rule in content.assigned}
    assigned |= {reaction.id: reaction.rate for reaction in content.reactions if reaction.rate is not None}
    found = symbols(node.args[1] for node in walk(_formulas(content)) if node.op == "pow")
    open_ = list(found)
    while open_:
        formula = assigned.get(open_.pop())
        new = set[str]() if formula is None else symbols([formula]) - found
        found |= new
        open_ += new
    return sorted(found - given - assigned.keys())


def _formulas(content: Content) -> Iterator[Expr]:
    for rule in (*content.initial, *content.assigned, *content.rates, *content.algebraic):
        yield rule.formula
    for reaction in content.reactions:
        yield from (part.stoichiometry for part in reaction.participants)
        if reaction.rate is not None:
            yield reaction.rate
    for event in content.events:
        yield from (formula for _, formula in event.assignments)
        yield from (f for f in (event.trigger, event.delay, event.priority) if f is not None)

"""Names that an SBML file refers to and does not define. libSBML's checks find most, but pass over empty ones."""

from __future__ import annotations

from collections.abc import Iterator

from her2sim.exchange.report import Finding
from her2sim.exchange.sbml_content import Content


def dangling(content: Content) -> list[Finding]:
    """A refusal for every reference to a compartment, species or variable that the file does not have."""
    return [
        Finding(construct, name, line, "refused", f"it refers to {what} {name!r}, which the file does not define")
        for construct, what, name, line, known in _references(content)
        if name not in known
    ]


def _references(content: Content) -> Iterator[tuple[str, str, str, int, set[str]]]:
    """Construct, kind of what it refers to, name, line, and the names that there are."""
    compartments = {c.id for c in content.compartments}
    species = {s.id for s in content.species}
    numbers = {p.id for p in content.parameters}
    variables = compartments | species | numbers | {r.id for r in content.references}
    for item in content.species:
        yield "species", "compartment", item.compartment, item.line, compartments
        if item.conversion:
            yield "species", "conversion factor", item.conversion, item.line, numbers
    for reaction in content.reactions:
        for participant in reaction.participants:
            yield "reaction", "species", participant.species, reaction.line, species
    for kind, rules in (
        ("initial assignment", content.initial),
        ("assignment rule", content.assigned),
        ("rate rule", content.rates),
    ):
        for rule in rules:
            yield kind, "variable", rule.target, rule.line, variables
    for event in content.events:
        for name, _ in event.assignments:
            yield "event", "variable", name, event.line, variables
    if content.conversion:
        yield "model", "conversion factor", content.conversion, 0, numbers

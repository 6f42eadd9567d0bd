"""A libSBML model as `Content`: the only file that walks libSBML's objects to read them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from her2sim.exchange.compact import annotated_formula
from her2sim.exchange.expansion import Expansion
from her2sim.exchange.mathml_read import MathReader
from her2sim.exchange.report import Finding, Unsupported
from her2sim.exchange.sbml_content import (
    Compartment,
    Content,
    Number,
    Participant,
    Reaction,
    Rule,
    SbmlEvent,
    Species,
)
from her2sim.exchange.sbml_write import IDENTIFIERS
from her2sim.model.expression import Expr, const, div, mul, sym


def extract(model: Any) -> Content:
    """All that the model says. What cannot be read becomes a refusal among ``findings``; nothing raises."""
    return _Extraction(model).content()


class _Extraction:
    def __init__(self, model: Any) -> None:
        self.model = model
        self.findings: list[Finding] = []
        functions: dict[str, tuple[tuple[str, ...], Any]] = {}
        for item in model.getListOfFunctionDefinitions():
            names = tuple(item.getArgument(i).getName() for i in range(item.getNumArguments()))
            functions[item.getId()] = (names, item.getBody())
            self.supported("function definition", item)
        self.reader = MathReader(functions)
        self.expansion = Expansion(functions)
        try:
            self.expansion.check()
        except Unsupported as reason:
            self.findings.append(Finding(reason.construct, "", 0, "refused", reason.why))
        self.taken = {
            item.getId()
            for items in (
                model.getListOfCompartments(), model.getListOfSpecies(), model.getListOfParameters(),
                model.getListOfReactions(), model.getListOfEvents(),
            )
            for item in items
        }  # fmt: skip
        self.local: list[Number] = []
        self.references: list[Number] = []
        self.annotations: dict[str, tuple[str, ...]] = {}

    def supported(self, construct: str, item: Any) -> None:
        self.findings.append(Finding(construct, _id_of(item), item.getLine(), "supported"))

    def refuse(self, construct: str, item: Any, why: str) -> None:
        self.findings.append(Finding(construct, _id_of(item), item.getLine(), "refused", why))

    def math(self, holder: Any, names: Mapping[str, Expr] | None = None) -> Expr | None:
        """The formula of an element; None where the element or its formula is missing."""
        return None if holder is None else self.formula(holder, holder.getMath(), names)

    def formula(self, holder: Any, tree: Any, names: Mapping[str, Expr] | None = None) -> Expr | None:
        """A syntax tree of an element as an expression; None where it is missing."""
        if tree is None:
            return None
        try:
            self.expansion.size(tree)
            return self.reader.read(tree, names)
        except Unsupported as reason:
            self.refuse(reason.construct, holder, reason.why)
        except RecursionError:
            self.refuse("formula", holder, "its functions call each other too deeply")
        return const(float("nan"))

    def unit(self, name: str) -> str:
        definition = self.model.getUnitDefinition(name)
        return name if definition is None else (definition.getName() or name)

    def content(self) -> Content:
        model = self.model
        time_unit = model.getTimeUnits() if model.getLevel() > 2 else "second"
        reactions = tuple(self.reactions())
        rules = list(self.rules())
        return Content(
            id=model.getId() or model.getName() or "model",
            time_unit=self.unit(time_unit) or "dimensionless",
            compartments=tuple(self.compartments()),
            species=tuple(self.species()),
            parameters=(*self.parameters(), *self.local),
            references=tuple(self.references),
            reactions=reactions,
            initial=tuple(self.initial()),
            annotated=tuple(self.annotated()),
            assigned=tuple(r for kind, r in rules if kind == "assignment rule"),
            rates=tuple(r for kind, r in rules if kind == "rate rule"),
            algebraic=tuple(r for kind, r in rules if kind == "algebraic rule"),
            events=tuple(self.events()),
            conversion=model.getConversionFactor() if model.getLevel() > 2 else "",
            longest_sum=self.expansion.longest,
            annotations=self.annotations,
            findings=tuple(self.findings),
        )

    def compartments(self) -> Iterator[Compartment]:
        for item in self.model.getListOfCompartments():
            self.supported("compartment", item)
            self.annotate(item)
            given = item.isSetSize() or item.getLevel() == 1
            yield Compartment(
                item.getId(),
                item.getLine(),
                item.getSize() if given else None,
                item.getSpatialDimensionsAsDouble() if item.isSetSpatialDimensions() or item.getLevel() < 3 else 3.0,
                item.getConstant(),
                self.unit(item.getUnits()),
                item.getName() if item.getLevel() > 1 else "",
            )

    def species(self) -> Iterator[Species]:
        for item in self.model.getListOfSpecies():
            self.supported("species", item)
            self.annotate(item)
            yield Species(
                item.getId(),
                item.getLine(),
                item.getCompartment(),
                item.getInitialAmount() if item.isSetInitialAmount() else None,
                item.getInitialConcentration() if item.isSetInitialConcentration() else None,
                item.getHasOnlySubstanceUnits(),
                item.getBoundaryCondition(),
                item.getConstant(),
                item.getConversionFactor() if item.getLevel() > 2 else "",
                self.unit(item.getSubstanceUnits()),
                item.getName() if item.getLevel() > 1 else "",
            )

    def parameters(self) -> Iterator[Number]:
        for item in self.model.getListOfParameters():
            self.supported("parameter", item)
            self.annotate(item)
            yield self.number(item, item.getId())

    def number(self, item: Any, name: str) -> Number:
        value = item.getValue() if item.isSetValue() else None
        title = item.getName() if item.getLevel() > 1 else ""
        return Number(name, item.getLine(), value, item.getConstant(), self.unit(item.getUnits()), title)

    def reactions(self) -> Iterator[Reaction]:
        for item in self.model.getListOfReactions():
            self.supported("reaction", item)
            self.annotate(item)
            if item.isSetFast() and item.getFast():
                self.refuse("fast reaction", item, "it would have to be in equilibrium at all times")
            law = item.getKineticLaw()
            rate = None if law is None else self.math(law, self.local_names(item, law))
            sides = [(-1.0, item.getListOfReactants()), (1.0, item.getListOfProducts())]
            yield Reaction(
                item.getId(),
                item.getLine(),
                rate,
                tuple(self.participant(sign, ref, item) for sign, refs in sides for ref in refs),
                item.getName() if item.getLevel() > 1 else "",
            )

    def local_names(self, reaction: Any, law: Any) -> dict[str, Expr]:
        names: dict[str, Expr] = {}
        count = law.getNumLocalParameters() if law.getLevel() > 2 else law.getNumParameters()
        get: Callable[[int], Any] = law.getLocalParameter if law.getLevel() > 2 else law.getParameter
        for item in map(get, range(count)):
            name = self.free_name(f"{reaction.getId()}_{item.getId()}")
            self.local.append(self.number(item, name))
            names[item.getId()] = sym(name)
            self.supported("local parameter", item)
        return names

    def free_name(self, wish: str) -> str:
        while wish in self.taken:
            wish += "_"
        self.taken.add(wish)
        return wish

    def participant(self, sign: float, reference: Any, reaction: Any) -> Participant:
        formula = reference.getStoichiometryMath() if reference.getLevel() == 2 else None
        if formula is not None and formula.getMath() is not None:
            self.supported("stoichiometry formula", reference)
            return Participant(reference.getSpecies(), mul(sign, self.math(formula) or 1.0))
        given = reference.isSetStoichiometry() or reference.getLevel() < 3
        value = reference.getStoichiometry() if given else None
        if reference.getLevel() > 2 and reference.isSetId():
            name = reference.getId()
            self.references.append(Number(name, reference.getLine(), value, reference.getConstant()))
            return Participant(reference.getSpecies(), mul(sign, sym(name)))
        if value is None:
            self.refuse("stoichiometry", reaction, f"that of {reference.getSpecies()} has no value")
            value = float("nan")
        return Participant(reference.getSpecies(), mul(sign, div(value, float(reference.getDenominator()))))

    def initial(self) -> Iterator[Rule]:
        for item in self.model.getListOfInitialAssignments():
            formula = self.math(item)
            self.supported("initial assignment", item)
            if formula is not None:
                yield Rule(item.getSymbol(), item.getLine(), formula)

    def annotated(self) -> Iterator[Rule]:
        """The formulas that constants of a compact model have in their annotations."""
        for item in self.model.getListOfParameters():
            formula = self.formula(item, annotated_formula(item))
            if formula is not None:
                yield Rule(item.getId(), item.getLine(), formula)

    def rules(self) -> Iterator[tuple[str, Rule]]:
        for item in self.model.getListOfRules():
            formula = self.math(item)
            kind = "algebraic rule" if item.isAlgebraic() else "assignment rule" if item.isAssignment() else "rate rule"
            self.supported(kind, item)
            if formula is not None:
                yield kind, Rule(item.getVariable(), item.getLine(), formula)

    def events(self) -> Iterator[SbmlEvent]:
        for number, item in enumerate(self.model.getListOfEvents(), 1):
            self.supported("event", item)
            trigger = item.getTrigger()
            for word, part in (("event delay", item.getDelay()), ("event priority", item.getPriority())):
                if part is not None:
                    self.supported(word, part)
            changes = [(a.getVariable(), self.math(a)) for a in item.getListOfEventAssignments()]
            yield SbmlEvent(
                item.getId() or self.free_name(f"event_{number}"),
                item.getLine(),
                self.math(trigger),
                tuple((name, formula) for name, formula in changes if formula is not None),
                self.math(item.getDelay()),
                self.math(item.getPriority()),
                trigger is None or item.getLevel() < 3 or trigger.getPersistent(),
                trigger is None or item.getLevel() < 3 or trigger.getInitialValue(),
                item.getUseValuesFromTriggerTime(),
            )

    def annotate(self, item: Any) -> None:
        found: list[str] = []
        for i in range(item.getNumCVTerms()):
            resources = item.getCVTerm(i).getResources()
            found += [resources.getValue(j).removeprefix(IDENTIFIERS) for j in range(resources.getLength())]
        if found:
            self.annotations[item.getId()] = tuple(found)


def _id_of(item: Any) -> str:
    for name in ("getVariable", "getSymbol", "getSpecies"):
        if hasattr(item, name):
            return str(getattr(item, name)())
    return str(item.getId())

"""SBML in: a model file as an `OdeSystem`, with a report of every construct.

Nothing is simulated otherwise than the file means it: what her2sim cannot do is refused here, with its line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from her2sim.core.errors import InputError
from her2sim.exchange.exponents import without_number
from her2sim.exchange.references import dangling
from her2sim.exchange.report import Finding, ImportReport, ModelRefused
from her2sim.exchange.sbml_content import Content
from her2sim.exchange.sbml_document import consistency_findings, flatten, package_findings, parse
from her2sim.exchange.sbml_extract import extract
from her2sim.exchange.sbml_meaning import Interpreter
from her2sim.exchange.soundness import unsound
from her2sim.model.expression import Expr, symbols, walk
from her2sim.model.system import OdeSystem

LONGEST_SUM = 300


@dataclass(frozen=True)
class Imported:
    """An imported model.

    Main arguments:
        system: the model; its states, parameters and assigned variables have the file's identifiers.
        report: what the file contains.
        amounts, concentrations: species -> its amount and its concentration as formulas of the system.
    """

    system: OdeSystem
    report: ImportReport
    amounts: Mapping[str, Expr]
    concentrations: Mapping[str, Expr]

    @property
    def needs_events(self) -> bool:
        """Whether only the event-aware simulator can solve it: it has events, delays or factorials."""
        return needs_events(self.system)


def needs_events(system: OdeSystem) -> bool:
    """Whether only the event-aware simulator can solve a system: it has events, delays or factorials."""
    roots = [s.rate for s in system.states] + [s.initial for s in system.states] + [a.expr for a in system.assignments]
    return bool(system.events) or any(node.op in ("delay", "factorial") for node in walk(roots))


def read_sbml(text: str, *, where: str = "SBML model", strict_units: bool = False) -> Imported:
    """Read an SBML model of Level 1, 2 or 3.

    Main arguments:
        text: the SBML text.

    Other arguments:
        where: file name, for messages.
        strict_units: refuse a model whose units libSBML finds inconsistent; else the findings are warnings.

    Raises:
        ModelRefused: the model uses what cannot be simulated as the file means it; carries the report.
        InputError: the text is not valid SBML, or could be harmful.

    >>> from her2sim.exchange.sbml_write import to_sbml
    >>> from her2sim.model.expression import ONE, sym
    >>> from her2sim.model.system import Parameter, State
    >>> decay = OdeSystem("decay", (State("x", ONE, -sym("k") * sym("x")),), (Parameter("k", 0.5),))
    >>> read_sbml(to_sbml(decay)).system.parameters[0].value
    0.5
    """
    document = parse(text, where=where)
    findings = package_findings(document)
    if any(f.status == "refused" for f in findings):
        raise ModelRefused(ImportReport(where, tuple(findings)))
    findings += flatten(document, where=where)
    if any(f.status == "refused" for f in findings):
        raise ModelRefused(ImportReport(where, tuple(findings)))
    content = extract(document.getModel())
    findings += content.findings
    if any(f.status == "refused" for f in findings):  # before libSBML's checks, which are not safe from every formula
        raise ModelRefused(ImportReport(where, tuple(findings)))
    blocked = _why_no_unit_check(content)
    checked = consistency_findings(document, where=where, units=not blocked)
    if blocked:
        checked.append(Finding("unit", "", 0, "warning", f"units are not checked: {blocked}"))
    findings += [_refused_unit(f) if strict_units and f.construct == "unit" else f for f in checked]
    findings += dangling(content)
    if any(f.status == "refused" and f.construct != "unit" for f in findings):
        raise ModelRefused(ImportReport(where, tuple(findings)))
    interpreter = Interpreter(content)
    system, meaning = interpreter.interpret()
    findings += interpreter.findings
    findings += _undefined(system, interpreter.unset) or unsound(system)
    report = ImportReport(where, tuple(findings))
    if report.refused:
        raise ModelRefused(report)
    return Imported(system, report, meaning.amounts, meaning.concentrations)


def read_model(path: Path | str, *, strict_units: bool = False) -> Imported:
    """Read a model file: SBML, or Antimony where the name ends in ``.ant`` or ``.txt``.

    Raises:
        ModelRefused, InputError: as `read_sbml`; also where the file cannot be read as text.
    """
    from her2sim.exchange.antimony_text import sbml_of_antimony

    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the file cannot be read: {error}", where=str(path)) from error
    if path.suffix in (".ant", ".txt"):
        text = sbml_of_antimony(text, where=str(path))
    return read_sbml(text, where=str(path), strict_units=strict_units)


def _why_no_unit_check(content: Content) -> str:
    """Why libSBML is not asked about units, or an empty text."""
    if content.longest_sum > LONGEST_SUM:
        return f"a sum has {content.longest_sum} terms, and libSBML needs minutes for more than {LONGEST_SUM}"
    if unknown := without_number(content):
        return f"exponents use {', '.join(unknown[:5])}, whose number the file does not say, and libSBML may crash"
    return ""


def _refused_unit(finding: Finding) -> Finding:
    return Finding(finding.construct, finding.place, finding.line, "refused", finding.why)


def _undefined(system: OdeSystem, unset: Mapping[str, int]) -> list[Finding]:
    known = {x.name for x in (*system.states, *system.parameters, *system.assignments)}
    roots = [x for s in system.states for x in (s.initial, s.rate)] + [a.expr for a in system.assignments]
    for event in system.events:
        roots += [event.trigger, *(f for _, f in (*event.assignments, *event.scales))]
        roots += [f for f in (event.delay, event.priority) if f is not None]
    used = symbols(roots)
    found = [
        Finding("identifier", name, 0, "refused", "a formula uses it, and nothing gives it a value over time")
        for name in sorted(used - known)
    ]
    found += [
        Finding("value", name, line, "refused", "a formula uses it, and the file gives it no value")
        for name, line in unset.items()
        if name in used
    ]
    return found

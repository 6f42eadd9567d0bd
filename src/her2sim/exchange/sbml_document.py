"""SBML text as a checked libSBML document. The text is not trusted: nothing outside it is ever read.

Before libSBML sees the text, a first pass of the standard library's parser refuses what could hurt: document type
declarations (and with them entities), deep nesting, huge files, broken XML.
"""

from __future__ import annotations

from typing import Any
from xml.parsers import expat

from her2sim.core.errors import InputError
from her2sim.exchange.report import Finding

# libSBML's numbers of findings on units: references to units that do not exist change no number, so they only warn.
_UNIT_IDS = {10311, 10313}
# XML without a declared encoding is UTF-8 by the XML standard; libSBML calls it an error.
_TOLERATED = _UNIT_IDS | {1002}
# Where units are not declared, libSBML says so once for every formula; these become one line of the report.
_UNDECLARED = {*range(99505, 99512), *range(20511, 20519), 20615, 20616, 20617, 20702}

MOST_BYTES = 100_000_000
MOST_DEPTH = 256
MOST_LETTERS = MOST_OPERANDS = 20_000
_APPLIED = {"rateOf": 1, "delay": 2}  # csymbols that are functions, and how many arguments they take
_FORMULA = {"apply", "bvar", "ci", "cn", "csymbol", "lambda", "piecewise"}
# Packages that change neither variables nor their course in time, or whose libSBML conversion removes them.
_HARMLESS = {"layout", "render", "groups", "l3v2extendedmath"}
_WHY_REFUSED = {
    "fbc": "flux balance has no course in time",
    "qual": "qualitative models have no rates",
    "spatial": "space is not simulated",
    "multi": "rule-based species are not expanded",
    "distrib": "random values inside a model are not drawn",
    "arrays": "arrays are not expanded",
    "dyn": "dynamic structures are not simulated",
}


def parse(text: str, *, where: str) -> Any:
    """The libSBML document of an SBML text, with hierarchical models flattened.

    Main arguments:
        text: SBML Level 1, 2 or 3.
        where: file name, for messages.

    Raises:
        InputError: the text is no well-formed, valid SBML, or could be harmful; with the line where known.
    """
    import libsbml

    check_harmless(text, where=where)
    document = libsbml.readSBMLFromString(text)
    _raise_first_error(document, where)
    if document.getModel() is None:
        raise InputError("the file has no model", where=where)
    return document


def check_harmless(text: str, *, where: str) -> None:
    """Refuse XML that is broken, huge, deeply nested, declares a document type or would crash libSBML.

    Raises:
        InputError: one of these, with the line.

    >>> check_harmless("<sbml><model/></sbml>", where="small.xml")
    """
    data = text.encode("utf-8", errors="replace")
    if len(data) > MOST_BYTES:
        raise InputError(f"the file has {len(data)} bytes, more than the {MOST_BYTES} allowed", where=where)
    first_look = _FirstLook(where)
    try:
        first_look.parser.Parse(data, True)
    except expat.ExpatError as error:
        raise InputError(
            f"the file is not well-formed XML: {expat.errors.messages[error.code]}",
            where=f"{where}, line {error.lineno}",
        ) from error


class _FirstLook:
    """What the standard library's parser sees of the text, before libSBML does."""

    def __init__(self, where: str) -> None:
        self.parser = expat.ParserCreate("utf-8")
        self.parser.StartElementHandler, self.parser.EndElementHandler = self.start, self.end
        self.parser.StartDoctypeDeclHandler = self.doctype
        self.where = where
        self.open: list[str] = []
        self.children: list[int] = [0]
        self.calls: list[str] = []  # for each open element, the csymbol function that it applies

    def refuse(self, what: str, why: str = "") -> None:
        raise InputError(what, where=f"{self.where}, line {self.parser.CurrentLineNumber}", why=why)

    def doctype(self, *_: Any) -> None:
        self.refuse("document type declarations are refused", "They can pull in other files.")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(":")[2]
        if len(self.open) >= MOST_DEPTH:
            self.refuse(f"elements are nested more than {MOST_DEPTH} levels deep")
        if len(attributes.get("formula", "")) > MOST_LETTERS:  # Level 1 writes formulas as text
            self.refuse(f"a formula has more than {MOST_LETTERS} letters")
        if tag in _FORMULA and "math" not in self.open and not self.free_text():  # libSBML 5.21 crashes on most of them
            self.refuse(f"an element {tag} stands outside of math")
        if self.open and self.open[-1] == "bvar" and tag != "ci":  # libSBML 5.21 crashes on any other
            self.refuse(f"the name of an argument of a function is an element {tag}, not ci")
        if tag == "csymbol":
            self.csymbol(attributes.get("definitionURL", "").rpartition("/")[2])
        self.children[-1] += 1
        if self.children[-1] > MOST_OPERANDS and self.open[-1] == "apply":
            self.refuse(f"a formula has more than {MOST_OPERANDS} operands")
        self.open.append(tag)
        self.children.append(0)
        self.calls.append("")

    def free_text(self) -> bool:
        """Whether this place belongs to notes or annotations, where anything may stand."""
        return "notes" in self.open or "annotation" in self.open

    def csymbol(self, symbol: str) -> None:
        """``rateOf`` and ``delay`` must be applied: libSBML 5.21 crashes on one that is not."""
        if symbol not in _APPLIED:
            return
        if not self.open or self.open[-1] != "apply" or self.children[-1] != 0:
            self.refuse(f"csymbol {symbol} is not applied to anything")
        self.calls[-1] = symbol

    def end(self, _name: str) -> None:
        tag, count, call = self.open.pop(), self.children.pop(), self.calls.pop()
        if tag == "bvar" and count != 1:
            self.refuse(f"an argument of a function has {count} names, not 1")
        count -= 1
        if call and count != _APPLIED[call]:
            self.refuse(f"csymbol {call} has {count} arguments, not {_APPLIED[call]}")


def _raise_first_error(document: Any, where: str) -> None:
    import libsbml

    for i in range(document.getNumErrors()):
        error = document.getError(i)
        if error.getSeverity() >= libsbml.LIBSBML_SEV_ERROR and error.getErrorId() not in _TOLERATED:
            words = " ".join(error.getMessage().split())
            raise InputError(f"the file is not valid SBML: {words}", where=f"{where}, line {error.getLine()}")


def package_findings(document: Any) -> list[Finding]:
    """What the file's Level 3 packages mean for a simulation; ``comp`` is left to `flatten`."""
    findings: list[Finding] = []
    for i in range(document.getNumPlugins()):
        name = document.getPlugin(i).getPackageName()
        if name in _HARMLESS or name == "comp":
            findings.append(Finding("package", name, 0, "supported"))
        elif document.getPackageRequired(name) or name == "fbc":
            why = _WHY_REFUSED.get(name, "it changes the mathematics of the model")
            findings.append(Finding("package", name, 0, "refused", why))
        else:
            findings.append(Finding("package", name, 0, "warning", "it is left out; the file says it is not required"))
    for i in range(document.getNumUnknownPackages()):
        name = document.getUnknownPackagePrefix(i)
        if document.getPackageRequired(name):
            findings.append(
                Finding("package", name, 0, "refused", "libSBML does not know it, and the file requires it")
            )
    return findings


def flatten(document: Any, *, where: str) -> list[Finding]:
    """Flatten a hierarchical (``comp``) model in place, through libSBML.

    Definitions in other files are refused: nothing outside the text is read.

    Raises:
        InputError: libSBML cannot flatten the model.
    """
    import libsbml

    plugin = document.getPlugin("comp")
    if plugin is None:
        return []
    external = [plugin.getExternalModelDefinition(i) for i in range(plugin.getNumExternalModelDefinitions())]
    if external:
        return [
            Finding("external model definition", e.getId(), e.getLine(), "refused", "other files are never read")
            for e in external
        ]
    properties = libsbml.ConversionProperties()
    properties.addOption("flatten comp", True)
    properties.addOption("leavePorts", False)
    properties.addOption("performValidation", False)
    if document.convert(properties) != libsbml.LIBSBML_OPERATION_SUCCESS:
        _raise_first_error(document, where)
        raise InputError("libSBML cannot flatten the submodels", where=where)
    return [Finding("hierarchical model", document.getModel().getId(), 0, "supported")]


def consistency_findings(document: Any, *, where: str, units: bool = True) -> list[Finding]:
    """The warnings of libSBML's consistency checks, units included.

    Raises:
        InputError: the checks find an error.
    """
    import libsbml

    document.getErrorLog().clearLog()
    document.setConsistencyChecks(libsbml.LIBSBML_CAT_MODELING_PRACTICE, False)
    document.setConsistencyChecks(libsbml.LIBSBML_CAT_UNITS_CONSISTENCY, units)
    document.checkConsistency()
    _raise_first_error(document, where)
    findings: list[Finding] = []
    undeclared: list[int] = []
    for i in range(document.getNumErrors()):
        error = document.getError(i)
        if error.getCategory() != libsbml.LIBSBML_CAT_UNITS_CONSISTENCY and error.getErrorId() not in _UNIT_IDS:
            findings.append(Finding("consistency", "", error.getLine(), "warning", _words(error)))
        elif error.getErrorId() in _UNDECLARED or error.getSeverity() < libsbml.LIBSBML_SEV_WARNING:
            undeclared.append(error.getLine())
        else:
            findings.append(Finding("unit", "", error.getLine(), "warning", _words(error)))
    if undeclared:
        lines = ", ".join(map(str, sorted(set(undeclared))[:8]))
        why = f"{len(undeclared)} units are not declared, so units are checked in part only (lines {lines} …)"
        findings.append(Finding("undeclared units", "", 0, "warning", why))
    return findings


def _words(error: Any) -> str:
    """The message without libSBML's recital of the rule: the sentences after it name the place and the formula."""
    text = " ".join(error.getMessage().split())
    return text.split("Reference: ", 1)[-1].split(" ", 3)[-1] if "Reference: " in text else text

"""Antimony, the human form of SBML: model text to SBML text and back, through the Antimony library."""

from __future__ import annotations

import re
from collections.abc import Sequence

from her2sim.core.errors import InputError
from her2sim.exchange.sbml_write import Dose, to_sbml
from her2sim.model.system import OdeSystem

MOST_LETTERS = 20_000  # of one statement: far longer ones take the library minutes, or crash it


def to_antimony(system: OdeSystem, *, doses: Sequence[Dose] = (), compact: bool | None = None) -> str:
    """The model as Antimony text.

    Antimony knows no annotations of our own: of the constants of a compact model only the numbers are left.

    Other arguments:
        doses, compact: as in `to_sbml`.

    Raises:
        InputError: as `to_sbml`.

    >>> from her2sim.model.expression import ONE, sym
    >>> from her2sim.model.system import Parameter, State
    >>> decay = OdeSystem("decay", (State("x", ONE, -sym("k") * sym("x")),), (Parameter("k", 0.5),))
    >>> "x' = -(k*x)" in to_antimony(decay)
    True
    """
    import antimony

    antimony.clearPreviousLoads()
    if antimony.loadSBMLString(to_sbml(system, doses=doses, compact=compact)) < 0:
        raise InputError(f"Antimony cannot read the model: {antimony.getLastError()}", where=system.name)
    text = str(antimony.getAntimonyString(antimony.getMainModuleName()))
    antimony.clearPreviousLoads()
    return text


def sbml_of_antimony(text: str, *, where: str = "Antimony model") -> str:
    """The SBML text of an Antimony model.

    Raises:
        InputError: the text is not Antimony, with the line that Antimony names.
    """
    import antimony

    if max(map(len, re.split("[;\\n]", text))) > MOST_LETTERS:
        raise InputError(f"a statement has more than {MOST_LETTERS} letters", where=where)
    antimony.clearPreviousLoads()
    try:
        if antimony.loadAntimonyString(text) < 0:
            raise InputError(str(antimony.getLastError()).strip(), where=where)
        sbml = antimony.getSBMLString(antimony.getMainModuleName())
    finally:
        antimony.clearPreviousLoads()
    if not sbml:
        raise InputError("Antimony gives no SBML for this model", where=where)
    return str(sbml)

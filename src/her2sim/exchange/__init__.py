"""Models in and out: SBML and Antimony to and from `OdeSystem`. The only room that imports libSBML.

The ways in are ``read_model`` (a file) and ``read_sbml`` (a text), the ways out ``to_sbml`` and ``to_antimony``.
"""

from her2sim.exchange.antimony_text import sbml_of_antimony, to_antimony
from her2sim.exchange.report import Finding, ImportReport, ModelRefused
from her2sim.exchange.sbml_read import Imported, needs_events, read_model, read_sbml
from her2sim.exchange.sbml_write import Dose, to_sbml

__all__ = [
    "Dose", "Finding", "ImportReport", "Imported", "ModelRefused", "needs_events", "read_model", "read_sbml",
    "sbml_of_antimony", "to_antimony", "to_sbml",
]  # fmt: skip

"""The cell scale: the full reference model of the ErbB network and its quasi-steady reduction.

The ways in are ``reference_model`` (an ``OdeSystem``), ``quasi_steady`` (the reduction, on arrays) and ``cell_line``.
"""

from her2sim.model.cell.action import CellDrug, cell_drug
from her2sim.model.cell.numbers import cell_numbers
from her2sim.model.cell.profile import CellProfile, cell_line, cell_line_names
from her2sim.model.cell.quasi_steady import QuasiSteady, quasi_steady
from her2sim.model.cell.reference import parameter_table, reference_model

__all__ = [
    "CellDrug", "CellProfile", "QuasiSteady", "cell_drug", "cell_line", "cell_line_names", "cell_numbers",
    "parameter_table", "quasi_steady", "reference_model",
]  # fmt: skip

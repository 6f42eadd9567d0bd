"""The reference model of the cell as an ``OdeSystem``, built for the drugs in question.

Its states are all forms of the receptors that those drugs can make, so a model of one antibody has 50 states and one
of two has 70. Concentrations of drugs and the traits of the cell are parameters: one compiled model serves all doses
and cells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from her2sim.core.errors import InputError
from her2sim.core.quantity import Quantity
from her2sim.model.cell.action import CellDrug, concentration_name
from her2sim.model.cell.kinases import write_kinases
from her2sim.model.cell.numbers import cell_numbers
from her2sim.model.cell.pathways import write_pathways
from her2sim.model.cell.profile import TRAITS, CellProfile, cell_line
from her2sim.model.cell.receptor_network import ReceptorNetwork
from her2sim.model.cell.structure import FAMILY
from her2sim.model.draft import Draft
from her2sim.model.expression import Expr
from her2sim.model.module import Module, assemble
from her2sim.model.parameters import ParameterSet
from her2sim.model.system import OdeSystem

Floats = NDArray[np.float64]

IDENTIFIERS = {
    "EGFR": ("uniprot:P00533",),
    "HER2": ("uniprot:P04626",),
    "HER3": ("uniprot:P21860",),
    "HER4": ("uniprot:Q15303",),
    "p95HER2": ("uniprot:P04626",),
    "AKT": ("uniprot:P31749",),
    "ERK": ("uniprot:P28482", "uniprot:P27361"),
    "MEK": ("uniprot:Q02750",),
    "RAF": ("uniprot:P04049",),
    "RAS": ("uniprot:P01116",),
    "mTORC1": ("uniprot:P42345",),
    "FOXO": ("uniprot:O43524",),
    "PIP3": ("CHEBI:16618",),
    "EGF_nM": ("uniprot:P01133",),
    "NRG_nM": ("uniprot:Q02297",),
    "lapatinib": ("CHEBI:49603",),
    "afatinib": ("CHEBI:61390",),
    "trastuzumab": ("drugbank:DB00072",),
    "pertuzumab": ("drugbank:DB06366",),
}
"""Species, ligands and drugs -> identifiers (identifiers.org)."""


def reference_model(drugs: Sequence[CellDrug] = (), *, numbers: ParameterSet | None = None) -> OdeSystem:
    """The full model for cells that meet ``drugs``; traits of the cell are those of SK-BR-3 until others are given.

    Main arguments:
        drugs: what the cell may meet; their concentrations are parameters ``C_<drug>_nM``, 0 until given.

    Other arguments:
        numbers: instead of the numbers of the data files.

    Raises:
        InputError: a drug is named twice, or a number is missing.

    >>> len(reference_model().states)
    38
    """
    name = "_".join(["erbb_cell", *(drug.id for drug in drugs)])
    system = assemble(name, reference_modules(drugs, numbers=numbers))
    return replace(system, annotations=_annotations(system))


def reference_modules(drugs: Sequence[CellDrug] = (), *, numbers: ParameterSet | None = None) -> list[Module]:
    """The modules that ``reference_model`` joins, for inspection. Arguments and errors as there.

    >>> [module.name for module in reference_modules()]
    ['cell.receptors', 'cell.kinases', 'cell.pathways']
    """
    ids = [drug.id for drug in drugs]
    if len(set(ids)) < len(ids):
        raise InputError(f"a drug is named twice: {', '.join(ids)}")
    known = _with_drugs(numbers or cell_numbers(), drugs)
    kinases, receptors, pathways = (Draft(f"cell.{part}", known) for part in ("kinases", "receptors", "pathways"))
    write_kinases(kinases, drugs, _concentrations(kinases, [drug for drug in drugs if drug.pocket_nM]))
    ReceptorNetwork(receptors, drugs, _concentrations(receptors, [d for d in drugs if d.domains])).write()
    write_pathways(pathways)
    return [draft.module() for draft in (receptors, kinases, pathways)]


def parameter_table(
    system: OdeSystem, cells: Mapping[str, Floats], doses: Mapping[str, Floats], foxo_untreated: Floats
) -> tuple[tuple[str, ...], Floats]:
    """Names and values of what differs between cells and doses, as the engine takes them.

    Main arguments:
        system: of ``reference_model``; traits that it does not use are left out.
        cells: trait -> (n,) values, see ``TRAITS``.
        doses: drug id -> (n,) free concentration, nM.
        foxo_untreated: (n,) share of FOXO3a in the nucleus of the untreated cell, 1 - AKT (see ``quasi_steady``).
    """
    columns = {name: cells[name] for name in TRAITS}
    columns |= {concentration_name(CellDrug(name)): dose for name, dose in doses.items()}
    columns["foxo_untreated"] = foxo_untreated
    used = {name: column for name, column in columns.items() if name in system.parameter_names}
    return tuple(used), np.stack(np.broadcast_arrays(*used.values()), axis=1).astype(np.float64)


def _concentrations(draft: Draft, drugs: Sequence[CellDrug]) -> dict[str, Expr]:
    return {drug.id: draft.number(concentration_name(drug)) for drug in drugs}


def _with_drugs(numbers: ParameterSet, drugs: Sequence[CellDrug]) -> ParameterSet:
    """The numbers of the data files with those of the drugs and of the cell."""
    cell: CellProfile = cell_line("SK-BR-3")
    found = {**numbers.quantities, **{name: cell.quantities[name] for name in TRAITS}}
    found["foxo_untreated"] = Quantity(
        "foxo_untreated", 0.5, "dimensionless", False, "assumed", description="nuclear FOXO3a of the untreated cell"
    )
    for drug in drugs:
        name = concentration_name(drug)
        found[name] = Quantity(name, 0.0, "nM", False, "assumed", description=f"free {drug.id} at the cell")
        if drug.kd_nM is not None:
            found[f"{drug.id}_kd_nM"] = drug.kd_nM
        for kinase, pocket in drug.pocket_nM:
            found[f"{drug.id}_{'ki' if drug.covalent else 'ic50'}_{kinase}_nM"] = pocket
        if drug.inactivation_per_day is not None:
            found[f"{drug.id}_inactivation_per_day"] = drug.inactivation_per_day
    return ParameterSet(found, numbers.sources)


def _annotations(system: OdeSystem) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name in (*system.state_names, *system.parameter_names):
        exact = IDENTIFIERS.get(name) or IDENTIFIERS.get(FAMILY.get(name, ""))
        drug = next((key for key in IDENTIFIERS if key.islower() and name in (f"{key}_nM", f"C_{key}_nM")), "")
        identifiers = exact or IDENTIFIERS.get(drug) or IDENTIFIERS.get(name.removesuffix("_in"))
        if identifiers:
            found[name] = identifiers
    return found

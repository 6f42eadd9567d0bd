"""The numbers of the cell scale: ``data/cell/rates.yaml``, and what it shares with the patient scale.

The network stands once, in ``data/parameters/receptor_network.yaml``, the blocks in ``data/parameters/receptor.yaml``.
Both are taken as written there: a fit to trials does not change what a cell does in a dish.
"""

from __future__ import annotations

from functools import cache

from her2sim.core.errors import InputError, did_you_mean
from her2sim.core.paths import data_dir
from her2sim.model.parameters import ParameterSet, read_parameter_file

SHARED = (
    "block_free_domain_IV",
    "block_free_domain_II",
    "block_ligand_domain_IV",
    "block_ligand_domain_II",
    "block_biparatopic",
)


@cache
def cell_numbers() -> ParameterSet:
    """All numbers of the reference model, with their sources.

    Raises:
        InputError: a number that both scales share is missing.

    >>> cell_numbers().value("akt_steepness")
    1.7
    """
    own = read_parameter_file(data_dir("cell") / "rates.yaml")
    network = read_parameter_file(data_dir("parameters") / "receptor_network.yaml")
    patient = read_parameter_file(data_dir("parameters") / "receptor.yaml")
    missing = [name for name in SHARED if name not in patient.quantities]
    if missing:
        raise InputError(
            f"the cell scale needs {', '.join(missing)}",
            where="data/parameters/receptor.yaml",
            hint=did_you_mean(missing[0], patient.quantities),
        )
    shared = {name: patient[name] for name in SHARED}
    return ParameterSet(
        {**own.quantities, **network.quantities, **shared}, {**patient.sources, **network.sources, **own.sources}
    )


def cell_number(numbers: ParameterSet, name: str) -> float:
    """One value.

    Raises:
        InputError: no number of that name.
    """
    if name not in numbers.quantities:
        raise InputError(
            f"the cell model needs parameter {name!r}, which is not given",
            where="data/cell/rates.yaml",
            hint=did_you_mean(name, numbers.quantities),
        )
    return numbers.value(name)

"""The reduced cell within 5 % of the full model: AKT and ERK over receptor numbers, doses and drugs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from her2sim.model.cell import cell_drug
from her2sim.study.cell_reference import compare_with_reference

REGIMENS = {
    "trastuzumab": ["trastuzumab"],
    "pertuzumab": ["pertuzumab"],
    "trastuzumab and pertuzumab": ["trastuzumab", "pertuzumab"],
    "lapatinib": ["lapatinib"],
    "tucatinib and trastuzumab": ["tucatinib", "trastuzumab"],
    "neratinib": ["neratinib"],
    "zanidatamab": ["zanidatamab"],
    "trastuzumab and T-DM1 on one domain": ["trastuzumab", "trastuzumab_emtansine"],
}


@pytest.mark.parametrize("name", REGIMENS)
def test_akt_and_erk_of_the_reduction_are_within_five_percent(
    name: str, cell_grid: Any, record_property: pytest.RecordProperty
) -> None:
    drugs = [cell_drug(drug) for drug in REGIMENS[name]]
    doses = {drug.id: cell_grid.level_nM for drug in drugs}
    found = compare_with_reference(drugs, cell_grid.traits, doses)
    for what in ("AKT", "ERK"):
        worst = int(np.argmax(np.abs(found.error(what))))
        error = 100.0 * found.error(what)[worst]
        line = f"{name}: {what} off by {error:+.2f} % at {cell_grid.rows[worst]}, {found.states} states"
        record_property(what, line)
        print(line)
        assert abs(found.error(what)[worst]) < 0.05, line
    for what in found.full:
        assert float(np.max(np.abs(found.error(what)))) < 0.05, what

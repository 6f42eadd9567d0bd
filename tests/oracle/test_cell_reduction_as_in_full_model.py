"""The reduced cell within 5 % of the full model: AKT and ERK over receptor numbers, doses and drugs."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from her2sim.model.cell import cell_drug, cell_line
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
HER2 = (1e3, 2e4, 3e5, 1e6, 3e6)
HER3 = (3e3, 6e4)
LEVELS = (0.1, 1.0, 10.0, 300.0)
SETTINGS = (
    {},
    {"NRG_nM": 5.0, "EGF_nM": 2.0},
    {"pik3ca_mutated": 1.0, "pten_level": 0.4},
    {"kinase_mutated": 1.0, "p95HER2_per_cell": 1e5},
)


@pytest.mark.parametrize("name", REGIMENS)
def test_akt_and_erk_of_the_reduction_are_within_five_percent(
    name: str, record_property: pytest.RecordProperty
) -> None:
    drugs = [cell_drug(drug) for drug in REGIMENS[name]]
    rows = list(itertools.product(HER2, HER3, LEVELS, SETTINGS))
    base = cell_line("SK-BR-3").traits
    cells = {
        trait: np.array([
            {**base, **extra, "HER2_per_cell": her2, "HER3_per_cell": her3}[trait] for her2, her3, _, extra in rows
        ])
        for trait in base
    }  # fmt: skip
    doses = {drug.id: np.array([level for _, _, level, _ in rows]) for drug in drugs}
    found = compare_with_reference(drugs, cells, doses)
    for what in ("AKT", "ERK"):
        worst = int(np.argmax(np.abs(found.error(what))))
        line = f"{name}: {what} off by {100 * found.error(what)[worst]:+.2f} % at {rows[worst]}, {found.states} states"
        record_property(what, line)
        print(line)
        assert abs(found.error(what)[worst]) < 0.05, line
    for what in found.full:
        assert float(np.max(np.abs(found.error(what)))) < 0.05, what

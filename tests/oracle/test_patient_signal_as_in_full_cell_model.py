"""The receptor signal of the patient scale within 5 % of the full cell model: AKT and ERK over receptors and doses.

Both get the same cell, the same drug-free traits, the same occupied share of free HER2 and the same inhibitors; the
module of the patient scale is integrated to rest by itself, the full model (38 to 68 states) as well. What only
patients have is switched off: drives of cells with little HER2.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from her2sim.model.cell import cell_line
from her2sim.study.cell_and_patient import signal_and_full_model

REGIMENS = {
    "trastuzumab": ["trastuzumab"],
    "pertuzumab": ["pertuzumab"],
    "trastuzumab and pertuzumab": ["trastuzumab", "pertuzumab"],
    "tucatinib and trastuzumab": ["tucatinib", "trastuzumab"],
    "lapatinib": ["lapatinib"],
    "neratinib": ["neratinib"],
    "zanidatamab": ["zanidatamab"],
    "T-DM1 and trastuzumab on one domain": ["trastuzumab_emtansine", "trastuzumab"],
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
def test_akt_and_erk_of_the_patient_scale_are_within_five_percent(
    name: str, record_property: pytest.RecordProperty
) -> None:
    rows = list(itertools.product(HER2, HER3, LEVELS, SETTINGS))
    base = cell_line("SK-BR-3").traits
    cells = {
        trait: np.array([
            {**base, **extra, "HER2_per_cell": her2, "HER3_per_cell": her3}[trait] for her2, her3, _, extra in rows
        ])
        for trait in base
    }  # fmt: skip
    doses = {drug: np.array([level for _, _, level, _ in rows]) for drug in REGIMENS[name]}
    found = signal_and_full_model(doses, cells)
    for what in ("AKT", "ERK"):
        error = found.patient[what] / found.full[what] - 1.0
        worst = int(np.argmax(np.abs(error)))
        line = f"{name}: {what} off by {100 * error[worst]:+.2f} % at {rows[worst]}"
        record_property(what, line)
        print(line)
        assert abs(error[worst]) < 0.05, line

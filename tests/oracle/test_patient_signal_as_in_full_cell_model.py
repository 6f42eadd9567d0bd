"""The receptor signal of the patient scale within 5 % of the full cell model: AKT and ERK over receptors and doses.

Both get the same cell, the same drug-free traits, the same occupied share of free HER2 and the same inhibitors; the
module of the patient scale is integrated to rest by itself, the full model (38 to 68 states) as well. What only
patients have is switched off: drives of cells with little HER2.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

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


@pytest.mark.parametrize("name", REGIMENS)
def test_akt_and_erk_of_the_patient_scale_are_within_five_percent(
    name: str, cell_grid: Any, record_property: pytest.RecordProperty
) -> None:
    doses = {drug: cell_grid.level_nM for drug in REGIMENS[name]}
    found = signal_and_full_model(doses, cell_grid.traits)
    for what in ("AKT", "ERK"):
        error = found.patient[what] / found.full[what] - 1.0
        worst = int(np.argmax(np.abs(error)))
        line = f"{name}: {what} off by {100 * error[worst]:+.2f} % at {cell_grid.rows[worst]}"
        record_property(what, line)
        print(line)
        assert abs(error[worst]) < 0.05, line

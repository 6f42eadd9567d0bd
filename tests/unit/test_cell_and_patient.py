"""The patient scale's signal beside the cell model: both must order drugs alike where HER2 drives the cell."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from her2sim.study.cell_and_patient import agreement_table, agreements

ROWS = agreements()


@pytest.mark.parametrize("profile", ["HER2 1,000,000", "HER2 200,000", "HER2 20,000"])
def test_both_scales_order_the_regimens_alike(profile: str) -> None:
    rows = [row for row in ROWS if row.profile == profile]
    found = spearmanr([row.cell for row in rows], [row.patient for row in rows])
    assert float(found.statistic) > 0.7


def test_a_second_antibody_leaves_less_signal_at_both_scales() -> None:
    left = {(row.profile, row.regimen): np.array([row.cell, row.patient]) for row in ROWS}
    for profile in {row.profile for row in ROWS}:
        both = left[profile, "both, 300 nM each"]
        assert np.all(both < left[profile, "trastuzumab 300 nM"])
        assert np.all(both < left[profile, "pertuzumab 300 nM"])


def test_the_table_shows_every_pair_of_numbers() -> None:
    table = agreement_table(ROWS)
    assert table.count("\n") == 2 + len({row.regimen for row in ROWS})
    assert f"{100 * ROWS[0].cell:.0f} / {100 * ROWS[0].patient:.0f}" in table

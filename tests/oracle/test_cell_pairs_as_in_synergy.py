"""Excess of a noisy surface, as printed by the Python package synergy 1.0.0 (Wooten 2021,
doi:10.1093/bioinformatics/btab013): Bliss and HSA to the digit, ZIP to how two fits of the same curve differ."""

from __future__ import annotations

import numpy as np

from her2sim.study.drug_pairs import pair_excess

DOSES = np.array([0.0, 0.3, 3.0, 30.0, 300.0])
EFFECT = np.array([
    [0.00, 0.05, 0.20, 0.42, 0.50], [0.02, 0.08, 0.27, 0.50, 0.58], [0.15, 0.22, 0.45, 0.70, 0.77],
    [0.28, 0.38, 0.62, 0.84, 0.90], [0.30, 0.40, 0.66, 0.87, 0.93],
])  # fmt: skip
PRINTED = {
    "Bliss": [
        [0.011, 0.054, 0.0684, 0.07], [0.0275, 0.13, 0.193, 0.195], [0.064, 0.196, 0.2576, 0.26],
        [0.065, 0.22, 0.276, 0.28],
    ],
    "HSA": [[0.03, 0.07, 0.08, 0.08], [0.07, 0.25, 0.28, 0.27], [0.1, 0.34, 0.42, 0.4], [0.1, 0.36, 0.45, 0.43]],
    "ZIP": [
        [0.01143, 0.05066, 0.06983, 0.06852], [0.03133, 0.12957, 0.19436, 0.19401],
        [0.06326, 0.19393, 0.25783, 0.25999], [0.07012, 0.21921, 0.27894, 0.27839],
    ],
}  # fmt: skip
TOLERANCE = {"Bliss": 1e-9, "HSA": 1e-9, "ZIP": 1e-3}


def test_excess_over_bliss_hsa_and_zip() -> None:
    excess = pair_excess(DOSES, DOSES, EFFECT)
    for name, printed in PRINTED.items():
        np.testing.assert_allclose(excess[name][1:, 1:], printed, atol=TOLERANCE[name], err_msg=name)

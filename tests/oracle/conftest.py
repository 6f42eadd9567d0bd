"""What oracle tests of the cell scale share: the grid of cells over which two models are compared."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from her2sim.model.cell import cell_line

HER2 = (1e3, 2e4, 3e5, 1e6, 3e6)
HER3 = (3e3, 6e4)
LEVELS_NM = (0.1, 1.0, 10.0, 300.0)
SETTINGS = (
    {},
    {"NRG_nM": 5.0, "EGF_nM": 2.0},
    {"pik3ca_mutated": 1.0, "pten_level": 0.4},
    {"kinase_mutated": 1.0, "p95HER2_per_cell": 1e5},
)


@dataclass(frozen=True)
class CellGrid:
    """160 cells, each at one drug level: from normal cells to the most amplified, with ligands and mutations.

    Main arguments:
        rows: HER2 and HER3 per cell, drug level in nM and what else differs, for messages.
        traits: trait -> (160,).
        level_nM: (160,) level of each drug.
    """

    rows: list[tuple[Any, ...]]
    traits: dict[str, NDArray[np.float64]]
    level_nM: NDArray[np.float64]


@pytest.fixture(scope="session")
def cell_grid() -> CellGrid:
    rows = list(itertools.product(HER2, HER3, LEVELS_NM, SETTINGS))
    base = cell_line("SK-BR-3").traits
    cells = [{**base, **extra, "HER2_per_cell": her2, "HER3_per_cell": her3} for her2, her3, _, extra in rows]
    traits = {trait: np.array([cell[trait] for cell in cells]) for trait in base}
    return CellGrid(rows, traits, np.array([level for _, _, level, _ in rows]))

"""HER2 as a laboratory reads it: IHC class and ISH ratio of a tumor whose clones carry different amounts.

A biopsy shows the clones by their volume. Staining of the cells of a clone varies log-normally around its HER2.
The IHC class is the highest whose edge more than a given share of the cells exceed (10 % in the guideline). Edges are
given for an even tumor; that of a single cell lies higher by the quantile of the spread. The HER2/CEP17 ratio is
counted over cells at random, so it is the mean over the volume:

    ratio = mean over cells of min(1 + gain · HER2 in millions, what can be counted)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from her2sim.core.paths import data_dir
from her2sim.model.parameters import ParameterSet, read_parameter_file

Floats = NDArray[np.float64]
CLASSES = ("0", "1+", "2+", "3+")


@dataclass(frozen=True)
class Her2Reading:
    """What a laboratory finds at each time.

    Main arguments:
        per_cell: (n_times,) HER2 per tumor cell, mean over the volume; NaN where too little tumor is left.
        ihc: (n_times,) 0 to 3; -1 where too little tumor is left.
        ish_ratio: (n_times,) HER2/CEP17, or NaN.
    """

    per_cell: Floats
    ihc: NDArray[np.int64]
    ish_ratio: Floats

    def words(self, index: int) -> str:
        """The report of one biopsy: ``IHC 2+, ISH ratio 2.4 (amplified)``."""
        ratio = float(self.ish_ratio[index])
        if not np.isfinite(ratio):
            return "too little tumor for a biopsy"
        amplified = ratio >= assay_numbers().value("ish_ratio_amplified")
        return f"IHC {CLASSES[int(self.ihc[index])]}, ISH ratio {ratio:.1f}{' (amplified)' if amplified else ''}"


@cache
def assay_numbers() -> ParameterSet:
    """The numbers of the assays, ``data/observation/her2_assays.yaml``."""
    return read_parameter_file(data_dir("observation") / "her2_assays.yaml")


def edges_per_cell() -> Floats:
    """(3,) HER2 per cell at which an even tumor is read as 1+, 2+ and 3+."""
    numbers = assay_numbers()
    return np.array([10.0 ** numbers.value(f"ihc_edge_{n}") for n in (1, 2, 3)])


def stained_shares(shares: Floats, her2_per_cell: Floats, shift_log10: Floats | float = 0.0) -> Floats:
    """Share of cells that stain at least 1+, 2+ and 3+, (n, 3).

    Main arguments:
        shares: (n, n_clones) shares of the clones in a sample.
        her2_per_cell: (n, n_clones) or (n_clones,) molecules per cell.

    Other arguments:
        shift_log10: (n,) how much higher a reader sets the edges than the usual one.

    >>> stained_shares(np.array([[1.0]]), np.array([1e6])).round(2).tolist()
    [[1.0, 1.0, 0.71]]
    """
    from scipy.special import ndtr

    numbers = assay_numbers()
    sd, share = numbers.value("ihc_cell_spread"), numbers.value("ihc_share_of_cells")
    upper = NormalDist().inv_cdf(1.0 - share) * sd
    levels = np.log10(np.maximum(her2_per_cell, 1.0))[..., None]
    edges = np.log10(edges_per_cell()) + upper + np.reshape(shift_log10, (-1, 1, 1))
    return np.sum(shares[..., None] * ndtr((levels - edges) / sd), axis=1)


def ihc_class(stained: Floats) -> NDArray[np.int64]:
    """The class by the guideline, (n,) 0 to 3: the highest that more than the guideline's share of cells reach.

    Main arguments:
        stained: (n, 3) from ``stained_shares``.
    """
    least = assay_numbers().value("ihc_share_of_cells") * (1.0 - 1e-9)
    return np.max(np.where(stained > least, np.array([1, 2, 3]), 0), axis=1)


def gene_ratio(her2_per_cell: Floats) -> Floats:
    """ERBB2 copies over centromeres 17 in a cell that makes this much HER2 without drugs; any shape.

    >>> gene_ratio(np.array([1e6])).tolist()
    [6.0]
    """
    numbers = assay_numbers()
    return numbers.value("ish_ratio_normal") + numbers.value("ish_ratio_per_million") * her2_per_cell / 1e6


def her2_reading(volume_mL: Floats, her2_per_cell: Floats) -> Her2Reading:
    """Read the HER2 of a tumor from its clones.

    Main arguments:
        volume_mL: (n_times, n_clones) living volume of the clones in the sample.
        her2_per_cell: (n_clones,) molecules per cell.

    >>> found = her2_reading(np.array([[1.0, 0.0], [0.05, 0.95]]), np.array([1e6, 1e4]))
    >>> found.ihc.tolist(), found.per_cell.tolist()
    ([3, 1], [1000000.0, 59500.0])
    """
    numbers = assay_numbers()
    total = volume_mL.sum(axis=1, keepdims=True)
    shares = np.divide(volume_mL, total, out=np.zeros_like(volume_mL), where=total > 0.0)
    ihc = ihc_class(stained_shares(shares, her2_per_cell))
    per_cell = shares @ her2_per_cell
    counted = np.minimum(gene_ratio(her2_per_cell), numbers.value("ish_ratio_counted"))
    enough = total[:, 0] >= numbers.value("biopsy_least_mL")
    return Her2Reading(
        np.where(enough, per_cell, np.nan), np.where(enough, ihc, -1), np.where(enough, shares @ counted, np.nan)
    )

"""Cell-free DNA in plasma as it is, before any assay: how much is of the tumor, and what is mutated or amplified in it.

With D_c tumor DNA of clone c (genomes of a cell, two haploid ones each) and N haploid genomes of other tissues:

    tumor fraction = 2 D / (2 D + N)         truncal mutation, one of two copies: VAF = D / (2 D + N)
    ERBB2 over another gene = (2 sum r_c D_c + N) / (2 D + N),   r_c copies per centromere in clone c

so the ERBB2 ratio falls where cells with little HER2 take over, at one tumor fraction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
COPIES = 2.0  # haploid genomes of a cell; a truncal mutation is on one of them
_PG_PER_NG = 1000.0


@dataclass(frozen=True)
class PlasmaDna:
    """Cell-free DNA in plasma; all of one shape.

    Main arguments:
        tumor_per_mL: genomes of a tumor cell per mL, as many as mutated molecules of a truncal mutation.
        molecules_per_mL: haploid genomes per mL, of the tumor and of other tissues.
        background_ng_per_mL: DNA of other tissues.
        tumor_fraction: share of DNA that is the tumor's.
        vaf: allele fraction of a truncal mutation; ``vaf_pik3ca`` that of PIK3CA, 0 where it is not mutated.
        erbb2_ratio: ERBB2 copies over those of a gene that is not amplified.
    """

    tumor_per_mL: Floats
    molecules_per_mL: Floats
    background_ng_per_mL: Floats
    tumor_fraction: Floats
    vaf: Floats
    vaf_pik3ca: Floats
    erbb2_ratio: Floats


def plasma_dna(
    by_clone_per_mL: Floats,
    background_ng_per_mL: Floats,
    gene_ratio: Floats,
    pik3ca_mutated: Floats,
    numbers: Mapping[str, float],
) -> PlasmaDna:
    """Tumor DNA among that of other tissues.

    Main arguments:
        by_clone_per_mL: (..., n_clones) tumor DNA by clone, genomes of a cell per mL.
        background_ng_per_mL: (...) DNA of other tissues.
        gene_ratio: (..., n_clones) or (n_clones,) ERBB2 copies over centromeres 17 in a cell of the clone.
        pik3ca_mutated: (...) 1 where PIK3CA is mutated (in all cells), else 0.
        numbers: ``laboratory_numbers``.

    >>> one = {"dna_pg_per_haploid_genome": 3.3}
    >>> found = plasma_dna(np.array([[50.0, 0.0]]), np.array([3.0]), np.array([6.0, 1.2]), np.array([1.0]), one)
    >>> round(float(found.tumor_fraction[0]), 4), round(float(found.erbb2_ratio[0]), 3)
    (0.0991, 1.495)
    """
    tumor = by_clone_per_mL.sum(axis=-1)
    other = background_ng_per_mL * _PG_PER_NG / numbers["dna_pg_per_haploid_genome"]
    molecules = COPIES * tumor + other
    vaf = np.divide(tumor, molecules, out=np.zeros_like(molecules), where=molecules > 0.0)
    gained = COPIES * np.sum(by_clone_per_mL * (gene_ratio - 1.0), axis=-1)
    ratio = 1.0 + np.divide(gained, molecules, out=np.zeros_like(molecules), where=molecules > 0.0)
    return PlasmaDna(tumor, molecules, background_ng_per_mL, COPIES * vaf, vaf, vaf * pik3ca_mutated, ratio)

"""A tube of blood in a laboratory: a few thousand molecules are counted, so a little tumor DNA is found by luck."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from her2sim.core.random import normals, uniforms
from her2sim.study.laboratory.plasma import PlasmaDna

Floats = NDArray[np.float64]
COUNTS, LEVELS = "laboratory/molecules", "laboratory/levels"


@dataclass(frozen=True)
class BloodDraws:
    """What the laboratory reports of each draw; all (n_patients, n_draws).

    Main arguments:
        molecules: counted at the place of a truncal mutation; ``mutated`` of them carry it, errors of reading included.
        found: whether there are enough of them to call tumor DNA found.
        vaf, vaf_pik3ca: as counted.
        erbb2_ratio: as measured; ``erbb2_amplified`` as called.
        soluble_her2_ng_per_mL: as measured; ``soluble_her2_raised`` as called.
    """

    molecules: Floats
    mutated: Floats
    found: NDArray[np.bool_]
    vaf: Floats
    vaf_pik3ca: Floats
    erbb2_ratio: Floats
    erbb2_amplified: NDArray[np.bool_]
    soluble_her2_ng_per_mL: Floats
    soluble_her2_raised: NDArray[np.bool_]


def blood_draws(
    dna: PlasmaDna,
    soluble_her2_ng_per_mL: Floats,
    numbers: Mapping[str, float],
    *,
    seed: int,
    patients: NDArray[np.int64],
) -> BloodDraws:
    """Report each draw: molecules by Poisson's law, mutated ones among them by the binomial, levels with noise.

    The draws of a patient are the same whatever she is treated with, and whoever else is simulated.

    Main arguments:
        dna: (n_patients, n_draws).
        soluble_her2_ng_per_mL: (n_patients, n_draws) as it is.
        numbers: ``laboratory_numbers``.
        patients: (n_patients,) ids that key the draws.
    """
    from scipy.stats import binom, poisson

    n, draws = dna.vaf.shape
    u = uniforms(seed, patients, COUNTS, 3 * draws).reshape(n, draws, 3)
    z = normals(seed, patients, LEVELS, 2 * draws).reshape(n, draws, 2)
    taken = numbers["plasma_drawn_mL"] * numbers["dna_molecules_read"]
    molecules = np.asarray(poisson.ppf(u[..., 0], taken * dna.molecules_per_mL), dtype=np.float64)
    error = numbers["dna_error_per_molecule"]

    def counted(vaf: Floats, luck: Floats) -> Floats:
        seen = np.asarray(binom.ppf(luck, np.maximum(molecules, 1.0), vaf + (1.0 - vaf) * error), dtype=np.float64)
        return np.where(molecules > 0.0, seen, 0.0)

    mutated, pik3ca = counted(dna.vaf, u[..., 1]), counted(dna.vaf_pik3ca, u[..., 2])
    ratio = dna.erbb2_ratio * np.exp(numbers["erbb2_plasma_noise"] * z[..., 0])
    soluble = soluble_her2_ng_per_mL * np.exp(numbers["soluble_her2_noise"] * z[..., 1])
    return BloodDraws(
        molecules=molecules,
        mutated=mutated,
        found=mutated >= numbers["tumor_dna_least_molecules"],
        vaf=mutated / np.maximum(molecules, 1.0),
        vaf_pik3ca=pik3ca / np.maximum(molecules, 1.0),
        erbb2_ratio=ratio,
        erbb2_amplified=ratio >= numbers["erbb2_plasma_amplified"],
        soluble_her2_ng_per_mL=soluble,
        soluble_her2_raised=soluble > numbers["soluble_her2_raised_ng_per_mL"],
    )

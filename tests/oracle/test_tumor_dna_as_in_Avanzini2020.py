"""Tumor DNA in a sample of blood against Avanzini 2020 (doi:10.1126/sciadv.abc4308), from which shedding per death is.

The chain from a milliliter of tumor to molecules in a tube is the model's own: deaths of six clones, clearance, plasma.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import gamma, poisson

from her2sim.model.modules.tumor_dna import tumor_dna_numbers
from her2sim.study.laboratory.person import laboratory_numbers
from her2sim.study.laboratory.plasma import plasma_dna
from her2sim.study.laboratory.predictions import BLOOD_ML, per_cm3

NUMBERS = laboratory_numbers(1, 0)
PLASMA_ML = BLOOD_ML * tumor_dna_numbers().value("plasma_share_of_blood")
SHAPE, SCALE = 1.86, 3.38
"""Plasma DNA in ng/mL is gamma distributed so in stage I cancer (the authors' program)."""


def test_a_sample_of_15_mL_holds_1_7_genomes_for_each_cubic_centimeter() -> None:
    """Abstract of the preprint (doi:10.1101/2020.02.12.946228)."""
    assert per_cm3() == pytest.approx(1.7, abs=0.05)


def test_background_has_the_median_and_the_spread_of_their_distribution() -> None:
    spread = np.hypot(NUMBERS["background_dna_spread"], NUMBERS["background_dna_within"])
    drawn = np.log(gamma.ppf((np.arange(100_000) + 0.5) / 100_000, SHAPE, scale=SCALE))
    assert NUMBERS["background_dna_ng_per_mL"] == pytest.approx(np.exp(np.median(drawn)), rel=0.01)
    assert spread == pytest.approx(np.std(drawn), rel=0.02)


@pytest.mark.parametrize(("volume_mL", "found"), [(0.5236, 0.176), (1.0, 0.336), (1.767, 0.560), (4.189, 0.907)])
def test_a_tumor_is_found_by_one_mutation_as_often_as_they_print(volume_mL: float, found: float) -> None:
    """Example of their program: one mutation, 99 % specificity, tumors of 1, 1.24, 1.5 and 2 cm.

    They call a mutation by a p-value whose threshold leaves 1 % false calls over all concentrations of plasma DNA.
    """
    ng_per_mL = gamma.ppf((np.arange(2000) + 0.5) / 2000, SHAPE, scale=SCALE)
    per_mL = per_cm3() * volume_mL / PLASMA_ML
    dna = plasma_dna(np.full((2000, 1), per_mL), ng_per_mL, np.ones(1), np.zeros(2000), NUMBERS)
    taken = PLASMA_ML * NUMBERS["dna_molecules_read"]
    mutated = taken * dna.molecules_per_mL * dna.vaf
    misread = taken * (dna.molecules_per_mL - 2.0 * per_mL) * NUMBERS["dna_error_per_molecule"]
    counts = np.arange(1, 12)[:, None]
    by_chance = np.asarray(poisson.sf(counts - 1, misread))  # of so many or more
    order = np.argsort(by_chance, axis=None)
    false = np.cumsum(np.ravel(poisson.pmf(counts, misread) / len(ng_per_mL))[order])
    threshold = by_chance.ravel()[order][np.searchsorted(false, 0.01) - 1]
    called = np.sum(poisson.pmf(counts, mutated + misread) * (by_chance <= threshold), axis=0)
    assert np.mean(called + poisson.sf(11, mutated + misread)) == pytest.approx(found, abs=0.03)

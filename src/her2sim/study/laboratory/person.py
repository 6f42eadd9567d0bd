"""How patients differ in what a laboratory finds: what a tumor sheds, how much plasma there is, background DNA."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from her2sim.core.random import normals
from her2sim.model.modules.tumor_dna import tumor_dna_numbers
from her2sim.population.patients import Patients
from her2sim.population.uncertainty import draw_typical_values

Floats = NDArray[np.float64]
PERSON, DRAW = "laboratory/person", "laboratory/background"


@dataclass(frozen=True)
class Sheds:
    """What is a patient's own in a laboratory.

    Main arguments:
        parameters: parameter of module ``tumor_dna`` -> (n_patients,).
        background_ng_per_mL: (n_patients,) cell-free DNA of other tissues in plasma, her own median.
    """

    parameters: Mapping[str, Floats]
    background_ng_per_mL: Floats


def laboratory_numbers(seed: int, replicate: int) -> dict[str, float]:
    """Numbers of ``data/observation/tumor_dna.yaml``: as they stand in replicate 0, else drawn within uncertainty."""
    return draw_typical_values(tumor_dna_numbers().quantities, seed, replicate)


def sheds(patients: Patients, numbers: Mapping[str, float], seed: int, *, median: bool = False) -> Sheds:
    """Draw what is each patient's own, from streams of this purpose alone.

    Main arguments:
        patients: with ``weight_kg``.
        numbers: from ``laboratory_numbers``.

    Other arguments:
        median: give everybody the median instead.
    """
    n = len(patients)
    z = np.zeros((n, 2)) if median else normals(seed, patients.ids, PERSON, 2)
    weight = np.asarray(patients["weight_kg"], dtype=np.float64)
    drawn = {
        "tumor_dna_per_death": numbers["tumor_dna_per_death"] * np.exp(numbers["tumor_dna_spread"] * z[:, 0]),
        "plasma_volume_L": numbers["plasma_volume_L"] * weight / numbers["plasma_volume_weight_kg"],
    }
    same = ("tumor_cell_death_per_day", "tumor_dna_half_life_days", "tumor_cells_per_mL", "tumor_dna_brain_share")
    drawn |= {name: np.full(n, numbers[name]) for name in same}
    background = numbers["background_dna_ng_per_mL"] * np.exp(numbers["background_dna_spread"] * z[:, 1])
    return Sheds(drawn, background)


def background_at(own: Sheds, numbers: Mapping[str, float], seed: int, ids: NDArray[np.int64], visits: int) -> Floats:
    """Cell-free DNA of other tissues at each blood draw, (n_patients, visits), ng/mL."""
    z = normals(seed, ids, DRAW, visits)
    return own.background_ng_per_mL[:, None] * np.exp(numbers["background_dna_within"] * z)

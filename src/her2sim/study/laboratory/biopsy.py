"""A biopsy of one lesion: cores through its patches, a stain with a reader, and signals counted in a few cells.

Cells with little HER2 lie in patches of the patient's own size (``antigen_patch_um``, as in the payload's bystander
effect). Cores of a given length meet a limited number of patches, each of one kind, so a small or uneven sample can
show more or fewer of them than the lesion holds. Staining follows the HER2 that drugs have left on the cells; gene
copies do not change under drugs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from her2sim.core.random import normals, uniforms
from her2sim.model.lesions import CLONES, SLOTS
from her2sim.model.modules.lesion import LOW
from her2sim.study.her2_reading import CLASSES, assay_numbers, gene_ratio, ihc_class, stained_shares

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
STATUSES = ("HER2-zero", "HER2-low", "HER2-positive")
NOT_DONE = -1
_MOST_PATCHES = 10_000.0  # numerical: more of them are an even mix
_UM_PER_MM = 1000.0


@dataclass(frozen=True)
class Biopsies:
    """Reports of one biopsy of each patient; (n,) each.

    Main arguments:
        lesion: index in ``SLOTS``.
        ihc: 0 to 3, or ``NOT_DONE`` where too little tumor is left.
        strong: share of the cells that stain 3+; NaN where not done, as ``ish_ratio``.
        ish_ratio: HER2/CEP17 as counted.
        status: index in ``STATUSES``, or ``NOT_DONE``.
    """

    lesion: Ints
    ihc: Ints
    strong: Floats
    ish_ratio: Floats
    status: Ints

    def words(self, row: int) -> str:
        """One report: ``IHC 2+ (4 % of the cells 3+), ISH ratio 2.4 (amplified): HER2-positive``."""
        if self.ihc[row] == NOT_DONE:
            return "too little tumor for a biopsy"
        ratio = float(self.ish_ratio[row])
        called = "amplified" if ratio >= assay_numbers().value("ish_ratio_amplified") else "not amplified"
        return (
            f"IHC {CLASSES[int(self.ihc[row])]} ({self.strong[row]:.0%} of the cells 3+), ISH ratio {ratio:.1f} "
            f"({called}): {STATUSES[int(self.status[row])]}"
        )

    def short_words(self, row: int) -> str:
        """One report for a figure: ``IHC 2+, ISH ratio 2.4``."""
        if self.ihc[row] == NOT_DONE:
            return "too little tumor"
        return f"IHC {CLASSES[int(self.ihc[row])]}, ISH ratio {float(self.ish_ratio[row]):.1f}"


def largest_lesion(clone_mL: Floats) -> Ints:
    """The lesion outside the brain with the most living tumor, (n,) index in ``SLOTS``.

    Main arguments:
        clone_mL: (n, n_slots, n_clones).
    """
    outside = np.array([slot.site != "cns" for slot in SLOTS])
    return np.argmax(np.where(outside, clone_mL.sum(axis=2), -1.0), axis=1)


def take_biopsies(
    clone_mL: Floats,
    lesion: Ints,
    her2_untreated: Floats,
    her2_left: Floats,
    patch_um: Floats,
    *,
    seed: int,
    patients: Ints,
    purpose: str,
) -> Biopsies:
    """Take and read one biopsy of each patient.

    Main arguments:
        clone_mL: (n, n_slots, n_clones) living tumor.
        lesion: (n,) which to take, index in ``SLOTS``.
        her2_untreated: (n, n_clones) HER2 per cell without drugs, which gene copies go with.
        her2_left: (n, n_clones) HER2 over that under the drugs of the day.
        patch_um: (n,) size of patches of cells with little HER2; 0 for an even mix.
        patients: (n,) ids; purpose: names the biopsy, so that each has draws of its own.
    """
    n = len(clone_mL)
    volume = clone_mL[np.arange(n), lesion]
    living = volume.sum(axis=1)
    z = normals(seed, patients, f"laboratory/reader/{purpose}", 1)[:, 0]
    u = uniforms(seed, patients, f"laboratory/biopsy/{purpose}", 3)
    shares = _in_cores(volume, patch_um, u[:, 0])
    numbers = assay_numbers()
    stained = stained_shares(shares, her2_untreated * her2_left, numbers.value("ihc_reader_sd") * z)
    ihc, ratio = ihc_class(stained), _counted(shares, gene_ratio(her2_untreated), u[:, 1:])
    amplified = ratio >= numbers.value("ish_ratio_amplified")
    status = np.where((ihc == 3) | ((ihc == 2) & amplified), 2, np.minimum(ihc, 1))
    done = living >= numbers.value("biopsy_least_mL")
    return Biopsies(
        lesion=np.asarray(lesion, dtype=np.int64),
        ihc=np.where(done, ihc, NOT_DONE),
        strong=np.where(done, stained[:, 2], np.nan),
        ish_ratio=np.where(done, ratio, np.nan),
        status=np.where(done, status, NOT_DONE),
    )


def _in_cores(volume: Floats, patch_um: Floats, luck: Floats) -> Floats:
    """Shares of the clones in the cores, (n, n_clones): kinds of patches by chance, clones of a kind by volume."""
    from scipy.stats import binom

    numbers = assay_numbers()
    low = CLONES.index(LOW)
    total = np.maximum(volume.sum(axis=1), np.finfo(np.float64).tiny)
    share = np.minimum(volume[:, low] / total, 1.0)
    length = numbers.value("biopsy_cores") * numbers.value("biopsy_core_mm") * _UM_PER_MM
    met = np.divide(length, patch_um, out=np.full(len(volume), _MOST_PATCHES), where=patch_um > 0.0)
    met = np.clip(np.round(met), 1.0, _MOST_PATCHES)
    sampled = np.where(patch_um > 0.0, np.asarray(binom.ppf(luck, met, share)) / met, share)
    others = np.array(volume, dtype=np.float64)
    others[:, low] = 0.0
    sum_of_others = others.sum(axis=1)
    alone = sum_of_others <= 0.0
    mix = others / np.where(alone, 1.0, sum_of_others)[:, None] * (1.0 - sampled)[:, None]
    mix[:, low] = np.where(alone, 1.0, sampled)
    return mix


def _counted(shares: Floats, ratio: Floats, luck: Floats) -> Floats:
    """HER2 over centromere signals in the cells that are counted, (n,)."""
    from scipy.stats import binom, poisson

    numbers = assay_numbers()
    mean = np.sum(shares * np.minimum(ratio, numbers.value("ish_ratio_counted")), axis=1)
    centromeres = numbers.value("ish_cells_counted") * numbers.value("ish_centromeres_per_cell")
    seen = numbers.value("ish_signals_seen")
    genes = np.asarray(poisson.ppf(luck[:, 0], centromeres * seen * mean), dtype=np.float64)
    marks = np.asarray(binom.ppf(luck[:, 1], centromeres, seen), dtype=np.float64)
    return np.minimum(genes / np.maximum(marks, 1.0), numbers.value("ish_ratio_counted"))

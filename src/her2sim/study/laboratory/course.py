"""One patient with a laboratory: tumor DNA day by day, a tube of blood at each scan, biopsies of lesions asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from her2sim.core.errors import InputError, did_you_mean
from her2sim.model.lesions import CLONES, SLOTS
from her2sim.model.modules.soluble_her2 import SOLUBLE_HER2
from her2sim.model.modules.tumor_dna import tumor_dna_name
from her2sim.model.modules.tumor_her2 import her2_surface_name
from her2sim.study.her2_reading import gene_ratio
from her2sim.study.laboratory.biopsy import Biopsies, largest_lesion, take_biopsies
from her2sim.study.laboratory.blood import BloodDraws, blood_draws
from her2sim.study.laboratory.person import Sheds, background_at
from her2sim.study.laboratory.plasma import PlasmaDna, plasma_dna
from her2sim.study.laboratory.visits import PROGRESSION, START, her2_by_clone, parameter_of
from her2sim.trial.treatment import Cohort

Floats = NDArray[np.float64]
LESIONS = tuple(slot.name for slot in SLOTS)


@dataclass(frozen=True)
class Wanted:
    """A biopsy to take: day since the first line began, and lesion; the largest outside the brain if none is named."""

    day: float
    lesion: str = ""


@dataclass(frozen=True)
class Taken:
    """A biopsy that was taken: day since the first line began, lesion, and its report."""

    day: float
    lesion: str
    report: Biopsies

    @property
    def words(self) -> str:
        """The report in words."""
        return self.report.words(0)


@dataclass(frozen=True)
class LineLaboratory:
    """One line of therapy in the laboratory.

    Main arguments:
        dna: (n_days,) cell-free DNA with her usual background.
        draw_day: (n_draws,) days since the first line began; ``reported``: (1, n_draws).
        biopsies: in order of time.
    """

    dna: PlasmaDna
    draw_day: Floats
    reported: BloodDraws
    biopsies: tuple[Taken, ...]


def wanted_biopsy(text: str) -> Wanted:
    """``180`` or ``180:T2``: a day since the first line began, and a lesion.

    Raises:
        InputError: no such day or lesion.

    >>> wanted_biopsy("180:NT")
    Wanted(day=180.0, lesion='NT')
    """
    day, _, lesion = text.partition(":")
    try:
        when = float(day)
    except ValueError:
        when = -1.0
    if not 0.0 <= when < float("inf"):
        raise InputError(f"{day!r} is no day of a biopsy", where="--biopsy", hint="For example 180 or 180:T2.")
    if lesion and lesion not in LESIONS:
        raise InputError(
            f"there is no lesion {lesion!r}",
            where="--biopsy",
            hint=f"{did_you_mean(lesion, LESIONS)} Lesions are {', '.join(LESIONS)}.",
        )
    return Wanted(when, lesion)


def line_laboratory(
    cohort: Cohort,
    own: Sheds,
    numbers: Mapping[str, float],
    days: Floats,
    series: Mapping[str, Floats],
    clone_mL: Floats,
    *,
    visits: Floats,
    elapsed: float,
    progressed: bool,
    wanted: Sequence[Wanted],
    seed: int,
) -> LineLaboratory:
    """What the laboratory has of one line of one patient.

    Main arguments:
        cohort: she alone; own, numbers: from ``her2sim.study.laboratory.person``.
        days: (n_days,) of the line, from 0.
        series: name -> (n_days,) values of the observed model.
        clone_mL: (n_days, n_slots, n_clones) living tumor.
        visits: (n_visits,) days of her scans, NaN where missed; those after the last of ``days`` are not drawn.
        elapsed: day on which the line began, since the first.
        progressed: whether the line ended by progression, which is biopsied.
        wanted: biopsies asked for, besides those at the start of the first line and at progression.
        seed: of the line's draws.
    """
    patients, ids = cohort.patients, cohort.patients.ids
    untreated = her2_by_clone(patients, cohort.typical)
    pik3ca = float(np.asarray(patients.get("pik3ca_mutated", 0.0), dtype=np.float64)[0])

    def plasma(by_clone: Floats, background: Floats) -> PlasmaDna:
        return plasma_dna(by_clone, background, gene_ratio(untreated), np.full(background.shape, pik3ca), numbers)

    by_clone = np.maximum(np.stack([series[tumor_dna_name(clone)] for clone in CLONES], axis=1), 0.0)
    background = background_at(own, numbers, seed, ids, len(visits))[0]
    done = ~np.isnan(visits) & (visits <= days[-1])
    nearest = np.clip(np.searchsorted(days, np.where(done, visits, 0.0)), 0, len(days) - 1)
    tubes = plasma(by_clone[nearest][None], background[None])
    told = blood_draws(tubes, series[SOLUBLE_HER2][nearest][None], numbers, seed=seed, patients=ids)
    patch = np.reshape(parameter_of(patients, cohort.typical, "antigen_patch_um"), (1,))
    left = np.stack([series[her2_surface_name(clone, "systemic")] for clone in CLONES], axis=1)

    def biopsy(day: float, lesion: str, purpose: str) -> Taken:
        at = int(np.argmin(np.abs(days - day)))
        tumor = clone_mL[None, at]
        slot = np.array([LESIONS.index(lesion)]) if lesion else largest_lesion(tumor)
        report = take_biopsies(tumor, slot, untreated, left[None, at], patch, seed=seed, patients=ids, purpose=purpose)
        return Taken(elapsed + day, LESIONS[int(slot[0])], report)

    taken = [biopsy(0.0, "", START)] if elapsed == 0.0 else []  # a later line starts from the biopsy of the last one
    for one in wanted:
        if elapsed <= one.day <= elapsed + days[-1]:
            taken.append(biopsy(one.day - elapsed, one.lesion, f"day {one.day:g} {one.lesion}"))
    if progressed:
        taken.append(biopsy(float(days[-1]), "", PROGRESSION))
    return LineLaboratory(
        dna=plasma(by_clone, np.broadcast_to(own.background_ng_per_mL, days.shape)),
        draw_day=elapsed + visits[done],
        reported=_kept(told, done),
        biopsies=tuple(sorted(taken, key=lambda one: one.day)),
    )


def _kept(told: BloodDraws, done: NDArray[np.bool_]) -> BloodDraws:
    return replace(told, **{name: values[:, done] for name, values in vars(told).items()})

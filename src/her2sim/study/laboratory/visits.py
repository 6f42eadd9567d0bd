"""The patients of an arm at their planned visits up to the end of trial therapy: a tube of blood each time, a biopsy at
the start and at progression.

The arm is solved once more, with soluble HER2 as a further state, so that the course of the patients keeps its last
digit whether a laboratory looks on or not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from her2sim.model.lesions import CLONES, SLOTS, clone_states
from her2sim.model.modules.soluble_her2 import SOLUBLE_HER2
from her2sim.model.modules.tumor_dna import tumor_dna_name
from her2sim.model.modules.tumor_her2 import her2_surface_name
from her2sim.model.parameters import load_parameters
from her2sim.population.patients import Patients
from her2sim.record.types import RegimenItem
from her2sim.study.her2_reading import gene_ratio
from her2sim.study.laboratory.biopsy import Biopsies, largest_lesion, take_biopsies
from her2sim.study.laboratory.blood import BloodDraws, blood_draws
from her2sim.study.laboratory.observed_line import observed_line
from her2sim.study.laboratory.person import background_at, laboratory_numbers, sheds
from her2sim.study.laboratory.plasma import PlasmaDna, plasma_dna
from her2sim.trial.treatment import Cohort, prepare

Floats = NDArray[np.float64]
START, PROGRESSION = "start", "progression"
OUTPUTS = (
    SOLUBLE_HER2,
    *(tumor_dna_name(clone) for clone in CLONES),
    *(her2_surface_name(clone, "systemic") for clone in CLONES),
    *(name for slot in SLOTS for name in clone_states(slot.name)),
)


@dataclass(frozen=True)
class ArmLaboratory:
    """What the laboratory has of the patients of one arm.

    Main arguments:
        day: (n, n_visits) of each blood draw, NaN where there is none: missed, or after the end of trial therapy.
        dna, soluble_her2_ng_per_mL: as they are; values of draws that were not done mean nothing.
        reported: as an assay tells them.
        biopsies: ``start`` and ``progression`` -> reports.
        biopsied: the same -> (n, n_visits) bool, whether the biopsy belongs to the visit.
    """

    day: Floats
    dna: PlasmaDna
    soluble_her2_ng_per_mL: Floats
    reported: BloodDraws
    biopsies: Mapping[str, Biopsies]
    biopsied: Mapping[str, NDArray[np.bool_]]


def arm_laboratory(
    cohort: Cohort,
    disease: str,
    regimen: Sequence[RegimenItem],
    start: Mapping[str, Floats],
    days: Floats,
    *,
    visits: Floats,
    until: Floats,
    progressed: Floats,
    replicate: int,
    ok: NDArray[np.bool_],
) -> ArmLaboratory:
    """Follow the patients of an arm with a laboratory.

    Main arguments:
        cohort, disease, regimen, start, days: of the arm, as its course was solved.
        visits: (n, n_visits) days of scans, NaN where missed.
        until: (n,) last day on which a visit counts; progressed: (n,) day of progression, infinity if none.
        replicate: of the study, for the uncertainty of the laboratory's numbers.
        ok: (n,) whose course could be computed; the others have no draw.

    Raises:
        SimulationError: as ``prepare``.
    """
    seed, ids, patients = cohort.seed, cohort.patients.ids, cohort.patients
    numbers = laboratory_numbers(seed, replicate)
    own = sheds(patients, numbers, seed)
    done = ~np.isnan(visits) & (visits <= until[:, None]) & ok[:, None]
    values, solved = _values(cohort, disease, regimen, start, days, own.parameters, np.where(done, visits, np.nan))
    done &= solved[:, None]
    column = {name: index for index, name in enumerate(OUTPUTS)}

    def of_clones(names: Sequence[str]) -> Floats:
        return values[..., [column[name] for name in names]]

    untreated = her2_by_clone(patients, cohort.typical)
    background = background_at(own, numbers, seed, ids, visits.shape[1])
    pik3ca = np.asarray(patients.get("pik3ca_mutated", 0.0), dtype=np.float64)
    by_clone = np.maximum(of_clones([tumor_dna_name(clone) for clone in CLONES]), 0.0)
    mutated = np.broadcast_to(np.reshape(pik3ca, (-1, 1)), background.shape)
    dna = plasma_dna(by_clone, background, gene_ratio(untreated)[:, None, :], mutated, numbers)
    soluble = np.maximum(values[..., column[SOLUBLE_HER2]], 0.0)
    clone_mL = np.stack([np.maximum(of_clones(clone_states(slot.name)), 0.0) for slot in SLOTS], axis=2)
    left = of_clones([her2_surface_name(clone, "systemic") for clone in CLONES])
    patch = np.broadcast_to(parameter_of(patients, cohort.typical, "antigen_patch_um"), (len(ids),))
    taken = {START: done & (np.arange(visits.shape[1]) == 0), PROGRESSION: done & (visits == progressed[:, None])}
    biopsies: dict[str, Biopsies] = {}
    for purpose, at in taken.items():
        rows, visit = np.arange(len(ids)), np.argmax(at, axis=1)
        tumor = clone_mL[rows, visit]
        biopsies[purpose] = take_biopsies(
            tumor, largest_lesion(tumor), untreated, left[rows, visit], patch, seed=seed, patients=ids, purpose=purpose
        )
    return ArmLaboratory(
        day=np.where(done, visits, np.nan),
        dna=dna,
        soluble_her2_ng_per_mL=soluble,
        reported=blood_draws(dna, soluble, numbers, seed=seed, patients=ids),
        biopsies=biopsies,
        biopsied=taken,
    )


def her2_by_clone(patients: Patients, typical: Mapping[str, float]) -> Floats:
    """HER2 per cell of each clone without drugs, (n, n_clones)."""
    bulk = 10.0 ** np.asarray(patients["her2_log10_per_cell"], dtype=np.float64)
    ratios = [np.broadcast_to(parameter_of(patients, typical, f"her2_ratio_{clone}"), bulk.shape) for clone in CLONES]
    return bulk[:, None] * np.stack(ratios, axis=1)


def parameter_of(patients: Patients, typical: Mapping[str, float], name: str) -> Floats:
    """A parameter as the model has it for these patients: their own, else the population's."""
    if name in patients:
        return np.asarray(patients[name], dtype=np.float64)
    return np.asarray(typical[name] if name in typical else load_parameters().value(name), dtype=np.float64)


def _values(
    cohort: Cohort,
    disease: str,
    regimen: Sequence[RegimenItem],
    start: Mapping[str, Floats],
    days: Floats,
    person: Mapping[str, Floats],
    visits: Floats,
) -> tuple[Floats, NDArray[np.bool_]]:
    """``OUTPUTS`` at the visits, (n, n_visits, n_outputs), those of the last visit done where one is not done; and
    (n,) for whom they could be computed."""
    plain = prepare(cohort, disease, regimen, start, days)
    line = observed_line(plain, cohort, start, person, OUTPUTS).line
    # what is not done is asked for on the day of the visit before, so that nobody is simulated beyond her last visit
    asked = np.maximum.accumulate(np.where(np.isnan(visits), 0.0, visits), axis=1)
    solution = line.model.compiled.solve(
        line.table, asked, initial=line.initial, doses=line.doses, rtol=line.rtol, atol=line.atol.tolist()
    )
    solved = solution.status == 0
    return np.where(solved[:, None, None], solution.values, 0.0), solved

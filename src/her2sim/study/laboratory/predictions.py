"""What the model says of figures that laboratories have published; trials that the fit has seen give the patients."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from her2sim.core.random import normals
from her2sim.endpoints.response import Response
from her2sim.evidence.base import load_record
from her2sim.model.evaluate import evaluate
from her2sim.model.expression import substitute
from her2sim.model.lesions import CLONES, SLOTS, clone_states
from her2sim.model.modules.lesion import start_volume_name
from her2sim.model.modules.tumor_dna import tumor_dna_name, tumor_dna_numbers
from her2sim.model.parameters import load_parameters
from her2sim.population.sample import sample_patients
from her2sim.population.specification import load_specification
from her2sim.study.cohort import typical_in_force
from her2sim.study.course import ArmCourse, simulate_chunk
from her2sim.study.entry import enter
from her2sim.study.her2_reading import assay_numbers, ihc_class, stained_shares
from her2sim.study.laboratory.biopsy import STATUSES, largest_lesion, take_biopsies
from her2sim.study.laboratory.observed_line import observed_system
from her2sim.study.laboratory.visits import PROGRESSION, START, ArmLaboratory, her2_by_clone, parameter_of
from her2sim.study.plan import make_plan

FIRST_LINE, SECOND_LINE, GASTRIC = "CLEOPATRA", "EMILIA", "ToGA"
POSITIVE = STATUSES.index("HER2-positive")
BLOOD_ML = 15.0
"""Of the sample for which a figure was published."""
READERS, BIOPSIES = 18, 2000
SEED = 3


def predictions(patients: int = 200) -> dict[str, float]:
    """Predictions by the ids of ``data/laboratory/published.yaml``.

    Main arguments:
        patients: of each arm.
    """
    first = _arms(FIRST_LINE, patients)
    second = _arms(SECOND_LINE, patients)
    before, later = first["placebo+trastuzumab+docetaxel"], second["T-DM1"]
    found = {
        "per_cm3": per_cm3(),
        "loss_trastuzumab": her2_loss(_looked(before)),
        "loss_any": her2_loss(_looked(before)),
        "loss_tdm1": her2_loss(_looked(later)),
        "loss_lapatinib": her2_loss(_looked(second["lapatinib+capecitabine"])),
        "loss_same_day": same_day(patients),
        "loss_gastric": her2_loss(_looked(_arms(GASTRIC, patients)["trastuzumab + CX/CF"])),
        "falls_with_response": _falling(before),
    }
    return found | _blood(_looked(before), _looked(later)) | readers()


def per_cm3() -> float:
    """Genomes of tumor cells in 15 mL of blood of a person with one untreated milliliter of tumor outside the brain."""
    _, system = observed_system("breast", ())
    expanded = system.expanded()
    start = {state.name: state.initial for state in system.states}
    roots = substitute([expanded[tumor_dna_name(clone)] for clone in CLONES], start)
    values = {p.name: np.asarray(p.value) for p in system.parameters}
    values |= {start_volume_name(slot.name): np.asarray(float(slot is SLOTS[0])) for slot in SLOTS}
    per_mL = float(sum(evaluate(substitute(roots, expanded), values)))
    living = float(sum(evaluate(substitute([start[name] for name in clone_states(SLOTS[0].name)], expanded), values)))
    return per_mL / living * BLOOD_ML * tumor_dna_numbers().value("plasma_share_of_blood")


def her2_loss(arm: ArmLaboratory) -> float:
    """Percent of patients HER2-positive by the first biopsy who are not by that at progression; NaN of nobody."""
    first, last = arm.biopsies[START], arm.biopsies[PROGRESSION]
    both = arm.biopsied[START].any(axis=1) & arm.biopsied[PROGRESSION].any(axis=1)
    pairs = both & (first.status == POSITIVE) & (last.status >= 0)
    return _percent(last.status[pairs] != POSITIVE)


def same_day(patients: int) -> float:
    """The same of two biopsies of the largest lesion on the day of randomization, second line: luck and readers."""
    plan = make_plan(load_record(SECOND_LINE), patients=patients, seed=SEED)
    typical = typical_in_force(plan, 0)
    entry = enter(plan, np.arange(patients, dtype=np.int64), typical, replicate=0)
    people, well = entry.cohort.patients, entry.status == 0
    clone_mL = np.stack(
        [np.stack([entry.start[name] for name in clone_states(slot.name)], axis=1) for slot in SLOTS], axis=1
    )
    untreated = her2_by_clone(people, typical)
    patch = np.broadcast_to(parameter_of(people, typical, "antigen_patch_um"), (patients,))
    lesion = largest_lesion(clone_mL)
    one, other = (
        take_biopsies(
            clone_mL, lesion, untreated, np.ones_like(untreated), patch, seed=SEED, patients=people.ids, purpose=purpose
        )
        for purpose in (START, "again")
    )
    pairs = well & (one.status == POSITIVE) & (other.status >= 0)
    return _percent(other.status[pairs] != POSITIVE)


def readers() -> dict[str, float]:
    """How often readers of biopsies of unselected breast cancers give the same class."""
    population = replace(load_specification("breast", "metastatic-2L"), rules={})
    people = sample_patients(population, load_parameters().quantities, seed=SEED, ids=range(BIOPSIES))
    her2 = 10.0 ** np.asarray(people["her2_log10_per_cell"], dtype=np.float64)
    errors = assay_numbers().value("ihc_reader_sd") * normals(SEED, people.ids, "laboratory/readers", READERS)
    one = np.ones((BIOPSIES, 1))
    classes = np.stack([ihc_class(stained_shares(one, her2[:, None], shift)) for shift in errors.T], axis=1)
    return {
        "readers_pair": _percent(classes[:, 0] == classes[:, 1]),
        "readers_all": _percent((classes == classes[:, :1]).all(axis=1)),
    }


def _arms(trial: str, patients: int) -> dict[str, ArmCourse]:
    plan = make_plan(load_record(trial), patients=patients, seed=SEED, laboratory=True)
    chunk = simulate_chunk(replace(plan, after_progression=False), 0, 0, patients)
    return {arm.arm: arm for arm in chunk.arms}


def _looked(arm: ArmCourse) -> ArmLaboratory:
    assert arm.laboratory is not None, "the plan asks for a laboratory"
    return arm.laboratory


def _blood(first: ArmLaboratory, second: ArmLaboratory) -> dict[str, float]:
    new, treated = ~np.isnan(first.day[:, 0]), ~np.isnan(second.day[:, 0])
    positive = new & (first.biopsies[START].status == POSITIVE)
    called = treated & second.reported.erbb2_amplified[:, 0] & (second.biopsies[START].status >= 0)
    return {
        "fraction_10": _percent(second.dna.tumor_fraction[treated, 0] >= 0.1),
        "erbb2_ratio": float(np.median(first.reported.erbb2_ratio[positive, 0])),
        "erbb2_called": _percent(first.reported.erbb2_amplified[positive, 0]),
        "erbb2_predictive": _percent(second.biopsies[START].status[called] == POSITIVE),
    }


def _falling(arm: ArmCourse) -> float:
    looked = _looked(arm)
    judged = arm.judged["INV"]
    responded = np.isin(judged.best.unconfirmed, [Response.CR, Response.PR])
    seen = responded & ~np.isnan(looked.day[:, 0]) & ~np.isnan(looked.day[:, 1])
    return _percent(looked.dna.tumor_per_mL[seen, 1] < looked.dna.tumor_per_mL[seen, 0])


def _percent(hits: NDArray[np.bool_]) -> float:
    return 100.0 * float(np.mean(hits)) if len(hits) else math.nan

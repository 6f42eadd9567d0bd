"""The patients of a trial: sampled for its baseline, with lesions at randomization."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from her2sim.core.quantity import Quantity
from her2sim.model.lesions import SLOTS, sphere_volume_mL
from her2sim.model.parameters import fitted_draws, load_parameters
from her2sim.model.patient_parameters import untreated_shares
from her2sim.population.geometry import initial_volumes_mL
from her2sim.population.patients import Patients
from her2sim.population.plan import SamplingPlan, disease_parameters, plan_sampling
from her2sim.population.sample import draw_patients
from her2sim.population.specification import load_specification
from her2sim.population.targets import eligibility_rules
from her2sim.population.uncertainty import draw_typical_values
from her2sim.record.types import TrialRecord
from her2sim.study.plan import TrialPlan
from her2sim.trial.lesion_organs import node_slots, occult_volume_mL
from her2sim.trial.selection import TumorAtBaseline
from her2sim.trial.treatment import Cohort

Floats = NDArray[np.float64]
MOST_SCAR = 0.9
"""A lesion is never scar alone."""
REPLICATE_STRIDE = 1 << 32
"""Candidate ids of different replicates are this far apart, so that replicates never share patients."""


def population_parameters(record: TrialRecord) -> dict[str, Quantity]:
    """All parameters, with the typical values of the trial's disease."""
    return disease_parameters(load_specification(record.disease, record.setting), load_parameters().quantities)


def typical_in_force(plan: TrialPlan, replicate: int) -> dict[str, float]:
    """Population-level parameters of one replicate: point values in replicate 0, then draws of their uncertainty.

    Calibrated numbers of replicate r come from posterior draw r together, since the posterior ties them; the others are
    drawn one by one.
    """
    drawn: dict[str, float] = dict(draw_typical_values(population_parameters(plan.record), plan.seed, replicate))
    draws = fitted_draws()
    if draws and replicate > 0:
        drawn |= calibrated(plan.record, draws[(replicate - 1) % len(draws)])
    return drawn | dict(plan.overrides)


def calibrated(record: TrialRecord, numbers: Mapping[str, float]) -> dict[str, float]:
    """Calibrated numbers as they apply to a trial: its disease keeps the typical values that are its own.

    The result may be given to ``make_plan`` as ``overrides``.

    Main arguments:
        numbers: one of ``fitted_draws()``, or ``fitted_values()``.
    """
    own = load_specification(record.disease, record.setting).typical_values
    return {name: value for name, value in numbers.items() if name not in own}


def sampling_plan(record: TrialRecord) -> SamplingPlan:
    """The population matched to the trial's baseline and eligibility; solved once per process and trial."""
    rules = record.eligibility
    return _sampling_plan(
        record.disease,
        record.setting,
        tuple(sorted((k, v) for k, v in record.baseline.items() if isinstance(v, int | float))),
        tuple(rules.her2),
        rules.hormone_receptor,
        rules.brain_metastases,
        rules.pdl1,
    )


@lru_cache(maxsize=32)
def _sampling_plan(
    disease: str,
    setting: str,
    baseline: tuple[tuple[str, float], ...],
    her2: tuple[str, ...],
    hormone_receptor: str,
    brain_metastases: str,
    pdl1: str,
) -> SamplingPlan:
    rules = eligibility_rules(
        her2=her2, hormone_receptor=hormone_receptor, brain_metastases=brain_metastases, pdl1=pdl1
    )
    return plan_sampling(
        load_specification(disease, setting), load_parameters().quantities, dict(baseline), rules=rules
    )


def sample_cohort(
    plan: TrialPlan, typical: Mapping[str, float], replicate: int, candidates: NDArray[np.int64]
) -> Cohort:
    """Candidates of a trial: covariates matched to its baseline, traits around the typical values in force.

    Mechanisms are removed after the draw, so that the patients of a study with a knock-out are those of the study
    without it in all else.
    """
    ids = candidates + replicate * REPLICATE_STRIDE
    drawn = draw_patients(sampling_plan(plan.record), seed=plan.seed, ids=ids, typical=typical)
    return without_mechanisms(Cohort(drawn.patients, plan.seed, typical, plan.rtol), plan.removed.values)


def without_mechanisms(cohort: Cohort, values: Mapping[str, float]) -> Cohort:
    """The same patients with these parameters at one value for all (``her2sim.study.knock_outs``)."""
    if not values:
        return cohort
    columns = dict(cohort.patients.columns)
    columns |= {name: np.full(len(cohort.patients), values[name]) for name in values if name in columns}
    return replace(
        cohort, patients=replace(cohort.patients, columns=columns), typical=dict(cohort.typical) | dict(values)
    )


def baseline_tumor(cohort: Cohort, disease: str) -> TumorAtBaseline:
    """Lesions at randomization: slot volumes, shares of clones before any therapy, share of dead tissue.

    The volumes are those of cells, living and dead: the scar that a lesion leaves is counted apart (``scar_mL``).
    """
    patients = cohort.patients
    values = {name: np.asarray(value) for name, value in cohort.typical.items()} | dict(patients.columns)
    shares, dead = untreated_shares(values, disease)
    sizes = _sizes_mL(patients, cohort.typical)
    cells = sizes * (1.0 - _scar_shares(patients, sizes, cohort.typical))
    volume = {slot.name: cells[:, i] for i, slot in enumerate(SLOTS)}
    return TumorAtBaseline(volume, shares, np.broadcast_to(dead, (len(patients),)))


def scar_mL(patients: Patients, parameters: Mapping[str, float]) -> Floats:
    """Tissue that stays when a lesion has died, (n_patients, n_slots): a scar; of a lymph node at least a healthy one.

    Main arguments:
        parameters: the values of ``data/parameters/organs.yaml``.
    """
    sizes = _sizes_mL(patients, parameters)
    return sizes * _scar_shares(patients, sizes, parameters)


def _sizes_mL(patients: Patients, parameters: Mapping[str, float]) -> Floats:
    """(n_patients, n_slots) volumes at the start, the occult lesion's as it is hidden in its organ."""
    sizes = initial_volumes_mL(patients)
    sizes["OC"] = occult_volume_mL(patients, sizes["OC"], parameters)
    return np.column_stack([sizes[slot.name] for slot in SLOTS])


def _scar_shares(patients: Patients, sizes: Floats, parameters: Mapping[str, float]) -> Floats:
    """(n_patients, n_slots) part of a lesion's volume at the start, of these ``sizes``, that is no tumor."""
    node = np.where(node_slots(patients), float(sphere_volume_mL(np.array(parameters["normal_node_mm"]))), 0.0)
    scar = np.clip(patients.get("stroma_share", 0.0), 0.0, MOST_SCAR)[:, None]
    return np.maximum(scar, np.clip(np.divide(node, sizes, out=np.zeros_like(node), where=sizes > 0.0), 0.0, MOST_SCAR))

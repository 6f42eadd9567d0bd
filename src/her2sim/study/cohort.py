"""The patients of a trial: sampled for its baseline, with lesions at randomization."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from her2sim.model.lesions import CLONES
from her2sim.model.parameters import load_parameters
from her2sim.population.composition import clone_fractions, initial_volumes_mL
from her2sim.population.sampling import sample_patients
from her2sim.population.specification import load_specification
from her2sim.population.uncertainty import draw_typical_values
from her2sim.study.plan import TrialPlan
from her2sim.trial.selection import TumorAtBaseline, dead_share
from her2sim.trial.treatment import Cohort

Floats = NDArray[np.float64]
REPLICATE_STRIDE = 1 << 32
"""Candidate ids of different replicates are this far apart, so that replicates never share patients."""


def typical_in_force(plan: TrialPlan, replicate: int) -> dict[str, float]:
    """Population-level parameters of one replicate: point values in replicate 0, then draws of their uncertainty."""
    quantities = load_parameters().quantities
    return dict(draw_typical_values(quantities, plan.seed, replicate)) | dict(plan.overrides)


def sample_cohort(
    plan: TrialPlan, typical: Mapping[str, float], replicate: int, candidates: NDArray[np.int64]
) -> Cohort:
    """Candidates of a trial: covariates matched to its baseline, traits around the typical values in force."""
    record = plan.record
    patients = sample_patients(
        load_specification(record.disease, record.setting),
        load_parameters().quantities,
        record.baseline,
        seed=plan.seed,
        ids=candidates + replicate * REPLICATE_STRIDE,
        disease=record.disease,
        eligibility=eligibility_terms(plan),
        typical=typical,
    )
    return Cohort(patients, plan.seed, typical)


def eligibility_terms(plan: TrialPlan) -> dict[str, Any]:
    """Eligibility in the words of the population room."""
    rules = plan.record.eligibility
    return {
        "her2": rules.her2,
        "hormone_receptor": rules.hormone_receptor,
        "brain_metastases": rules.brain_metastases,
        "pdl1": rules.pdl1,
    }


def baseline_tumor(cohort: Cohort, disease: str) -> TumorAtBaseline:
    """Lesions at randomization: slot volumes, shares of clones before any therapy, share of dead tissue."""
    raise NotImplementedError

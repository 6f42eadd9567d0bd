"""How patients of a plan come to randomization: drawn, and taken through the plan's earlier lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from her2sim.endpoints.rules import recist_rules
from her2sim.study.cohort import baseline_tumor, sample_cohort
from her2sim.study.plan import TrialPlan
from her2sim.trial.selection import EarlierLines, Entry, admit
from her2sim.trial.treatment import Cohort
from her2sim.trial.true_progression import ProgressionRule

Ints = NDArray[np.int64]


def enter(
    plan: TrialPlan,
    numbers: Ints,
    typical: Mapping[str, float],
    *,
    replicate: int = 0,
    sample: Callable[[Ints], Cohort] | None = None,
) -> Entry:
    """The patients of these numbers as they come to the trial; no arm is simulated.

    Main arguments:
        plan: the trial, its population and its earlier lines.
        numbers: (n,) patient numbers.
        typical: population-level values in force.

    Other arguments:
        replicate: of the study.
        sample: candidate ids -> their traits, if they are not drawn from the plan's population.

    Raises:
        SimulationError: a patient number has no candidate who comes to the trial.
    """
    earlier, disease = plan.earlier, plan.record.disease
    manner = EarlierLines(
        float(earlier["scan_every_days"]),
        float(earlier["horizon_days"]),
        float(earlier["adjuvant_days"]),
        progression_rule(typical),
    )
    return admit(
        numbers,
        sample or (lambda ids: sample_cohort(plan, typical, replicate, ids)),
        lambda cohort: baseline_tumor(cohort, disease),
        disease,
        plan.prior,
        manner=manner,
    )


def progression_rule(typical: Mapping[str, float]) -> ProgressionRule:
    """What ends the lines before and after the trial: RECIST's thresholds, and what is found outside of trials."""
    recist = recist_rules()
    detection = {"OC": typical["detection_new_mm"], "CNS": typical["detection_cns_symptom_mm"]}
    return ProgressionRule(recist.progression_ratio, recist.progression_min_mm, detection)

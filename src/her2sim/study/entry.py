"""How patients of a plan come to randomization: drawn, and taken through the plan's earlier lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from her2sim.endpoints.rules import recist_rules
from her2sim.record.types import TrialRecord
from her2sim.study.cohort import baseline_tumor, sample_cohort
from her2sim.study.plan import TrialPlan
from her2sim.trial.brain_before_trial import BrainAtEntry, bring_brain_to_entry
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

    Earlier lines come first, then what was done to the brain before the trial.

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
    entry = admit(
        numbers,
        sample or (lambda ids: sample_cohort(plan, typical, replicate, ids)),
        lambda cohort: baseline_tumor(cohort, disease),
        disease,
        plan.prior,
        manner=manner,
    )
    return bring_brain_to_entry(entry, disease, manner.rule, brain_at_entry(plan.record))


def brain_at_entry(record: TrialRecord) -> BrainAtEntry:
    """What a record says of brain metastases treated before the trial.

    Protocols say how long ago (``eligibility.brain_therapy_days``), baseline tables who is active and who of them was
    never treated (``brain_mets_active_pct`` and ``brain_mets_untreated_pct`` of all patients).

    >>> from her2sim.evidence.base import load_record
    >>> round(brain_at_entry(load_record("HER2CLIMB")).active_irradiated_share, 2)
    0.62
    """
    active, untreated = (record.baseline.get(f"brain_mets_{name}_pct") for name in ("active", "untreated"))
    share = None if not active or untreated is None else max(0.0, 1.0 - float(untreated) / float(active))
    days = record.eligibility.extra.get("brain_therapy_days")
    return BrainAtEntry(None if days is None else float(days), share)


def progression_rule(typical: Mapping[str, float]) -> ProgressionRule:
    """What ends the lines before and after the trial: RECIST's thresholds, and what is found outside of trials."""
    recist = recist_rules()
    brain_mm = typical["detection_cns_symptom_mm"]
    detection = {"OC": typical["detection_new_mm"], "CNS": brain_mm, "OB": brain_mm}
    return ProgressionRule(recist.progression_ratio, recist.progression_min_mm, detection)

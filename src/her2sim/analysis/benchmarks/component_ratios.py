"""Hazard ratios predicted by the additive component model, and how wrong it is when a trial is left out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from her2sim.analysis.benchmarks.prediction import Prediction
from her2sim.analysis.meta.comparisons import Comparison
from her2sim.analysis.meta.components import Composition, component_network
from her2sim.analysis.meta.pairwise import pool
from her2sim.analysis.meta.trial_effects import TrialEffects


@dataclass(frozen=True)
class RatioTrial:
    """A published comparison and what was predicted of it from the other trials; logs of ratios.

    Main arguments:
        trial, treatment, reference: the comparison.
        observed, std_error: published.
        predicted: by the additive model, None where the other trials do not tell it.
        average: the mean effect of the other trials' experimental arms, whatever they got.
    """

    trial: str
    treatment: str
    reference: str
    observed: float
    std_error: float
    predicted: Prediction | None
    average: Prediction | None


def predicted_ratio(
    known: Sequence[Comparison],
    compositions: Mapping[str, Composition],
    treatment: Composition,
    reference: Composition,
) -> Prediction | None:
    """Log ratio of one composition against another from the comparisons that may be known; None where they do not tell.

    Main arguments:
        known: comparisons.
        compositions: of their treatments.
        treatment, reference: component to its share of patients.
    """
    if not known:
        return None
    found = component_network(known, compositions)
    model = found.random
    parts = {name for side in (treatment, reference) for name, share in side.items() if share}
    differing = {name for name in parts if treatment.get(name, 0.0) != reference.get(name, 0.0)}
    if not differing:
        return Prediction(0.0, math.sqrt(found.tau2), "the same components")
    if not differing <= set(model.names):
        return None
    effect = model.of(
        {name: treatment.get(name, 0.0) for name in differing}, {name: reference.get(name, 0.0) for name in differing}
    )
    if effect is None:
        return None
    return Prediction(
        effect.value, math.sqrt(effect.std_error**2 + found.tau2), f"components {', '.join(sorted(differing))}"
    )


def leave_one_trial_out_ratios(effects: TrialEffects) -> tuple[RatioTrial, ...]:
    """Predict the comparisons of each trial from all the others.

    Comparisons that were worked out rather than published are not judged.

    Main arguments:
        effects: comparisons of one outcome.
    """
    rows: list[RatioTrial] = []
    studies = dict.fromkeys(each.study for each in effects.comparisons)
    compositions = effects.compositions
    for study in studies:
        known = [each for each in effects.comparisons if each.study != study]
        average = mean_ratio(known)
        for each in effects.comparisons:
            if each.study != study or each.derived:
                continue
            one, other = compositions[each.treatment], compositions[each.reference]
            predicted = predicted_ratio(known, compositions, one, other)
            rows.append(
                RatioTrial(study, each.treatment, each.reference, each.effect, each.std_error, predicted, average)
            )
    return tuple(rows)


def mean_ratio(known: Sequence[Comparison]) -> Prediction | None:
    """Mean log ratio of the experimental arm against the reference over published comparisons; None if under two."""
    published = [each for each in known if not each.derived]
    if len(published) < 2:
        return None
    pooled = pool([each.effect for each in published], [each.std_error for each in published])
    assert pooled.random.value is not None
    error = math.sqrt(pooled.tau2 + pooled.random_error**2)
    return Prediction(pooled.random.value, error, f"{len(published)} published comparisons")

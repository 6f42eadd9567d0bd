"""Hazard ratios predicted by the additive component model, and how wrong it is when a trial is left out."""

from __future__ import annotations

import math
from collections.abc import Sequence
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
        average: the mean effect of the other trials, signed so that the richer arm is the treatment.
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
    compositions: dict[str, Composition],
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
    compositions = {name: dict(parts) for name, parts in effects.compositions.items()}
    for study in studies:
        known = [each for each in effects.comparisons if each.study != study]
        mean = _average(known, compositions)
        for each in effects.comparisons:
            if each.study != study or each.derived:
                continue
            one, other = compositions[each.treatment], compositions[each.reference]
            predicted = predicted_ratio(known, {name: dict(parts) for name, parts in compositions.items()}, one, other)
            sign = _direction(one, other)
            average = None if mean is None else Prediction(sign * mean.value, mean.error if sign else 0.0, mean.basis)
            rows.append(
                RatioTrial(study, each.treatment, each.reference, each.effect, each.std_error, predicted, average)
            )
    return tuple(rows)


def _direction(one: Composition, other: Composition) -> float:
    """1 where the treatment has more components than the reference, -1 where fewer, 0 where as many."""
    difference = sum(one.values()) - sum(other.values())
    return 0.0 if abs(difference) < 1e-9 else math.copysign(1.0, difference)


def _average(known: Sequence[Comparison], compositions: dict[str, dict[str, float]]) -> Prediction | None:
    signed = [
        (sign * each.effect, each.std_error)
        for each in known
        if (sign := _direction(compositions[each.treatment], compositions[each.reference]))
    ]
    if len(signed) < 2:
        return None
    pooled = pool([value for value, _ in signed], [error for _, error in signed])
    assert pooled.random.value is not None
    error = math.sqrt(pooled.tau2 + pooled.random_error**2)
    return Prediction(pooled.random.value, error, f"{len(signed)} comparisons of more against less")

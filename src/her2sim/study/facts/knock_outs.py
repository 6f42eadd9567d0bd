"""Facts against knock-outs: which facts fall, or move, when a mechanism is removed from the whole model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from her2sim.study.facts.checking import Ints, judge
from her2sim.study.facts.cohorts import CohortOutcome
from her2sim.study.facts.fact import UNITS, Check, Fact, Figure
from her2sim.study.facts.figures import value_of

Floats = NDArray[np.float64]
Effect = Literal["falls", "part", "moves", "none", "failed", "absent"]
LARGEST = 1.0e4
"""A time that is not reached counts as this, months."""
LEAST_MOVE = 0.1
"""A figure moves if it changes by this share (hazard ratio, median) or by ten points, beyond Monte Carlo error."""


@dataclass(frozen=True)
class Removed:
    """What the removal of one mechanism does to one fact.

    Main arguments:
        mechanism: its name.
        fact: number of the fact.
        effect: ``falls``, the essence of the fact (its first check) fails, beyond Monte Carlo error; ``part``,
            another check that held does so;
            ``moves``, all hold but the figure of the essence moves; ``none``; ``failed``, the essence fails in the
            whole model already (and does not move); ``absent``, no regimen of the fact contains the mechanism.
        whole, without: the figure of the essence in the whole model and without the mechanism.
    """

    mechanism: str
    fact: int
    effect: Effect
    whole: float
    without: float


def compare(
    mechanism: str,
    fact: Fact,
    whole: Mapping[str, CohortOutcome],
    without: Mapping[str, CohortOutcome],
    samples: list[Ints],
    readings: Mapping[str, float],
) -> Removed:
    """Judge a fact in the whole model and without a mechanism, on the same patients and resamples.

    Main arguments:
        whole, without: cohort -> outcome in either model.
        samples, readings: as in ``judge``.
    """
    first, second = judge(fact, whole, samples[:1], readings), judge(fact, without, samples[:1], readings)
    here, there = first.checked[0].value, second.checked[0].value

    def result(effect: Effect) -> Removed:
        return Removed(mechanism, fact.id, effect, here, there)

    if all(whole[name] is without[name] for name in fact.cohorts()):
        return result("absent")
    fallen = [
        before.holds and not after.holds and _beyond_error(_changes(before.check, whole, without, samples, readings))
        for before, after in zip(first.checked, second.checked, strict=True)
    ]
    if fallen[0]:
        return result("falls")
    if any(fallen):
        return result("part")
    figure = fact.checks[0].figure
    alone = Check("between", figure, 0.0, "", False)
    changes = _changes(alone, whole, without, samples, readings)
    if abs(changes[0]) >= LEAST_MOVE and _beyond_error(changes):
        return result("moves")
    return result("none" if first.checked[0].holds else "failed")


def _changes(
    check: Check,
    whole: Mapping[str, CohortOutcome],
    without: Mapping[str, CohortOutcome],
    samples: list[Ints],
    readings: Mapping[str, float],
) -> Floats:
    """(n_samples,) change of what a check looks at when the mechanism is removed, in the same patients.

    Ratios and times change by their logarithm, shares by hundredths; a comparison of two figures by the change of their
    difference on that scale.
    """

    def level(figure: Figure, outcomes: Mapping[str, CohortOutcome]) -> Floats:
        found = np.array([value_of(figure, outcomes[figure.cohort], rows, readings) for rows in samples])
        if figure.quantity in UNITS:
            return np.log(np.clip(found, 1.0 / LARGEST, LARGEST))
        return found / 100.0

    change = level(check.figure, without) - level(check.figure, whole)
    if isinstance(check.than, Figure):
        change = change - (level(check.than, without) - level(check.than, whole))
    return change


def _beyond_error(changes: Floats) -> bool:
    """Whether the interval of a change over resamples (95 %) leaves out 0; without resamples, whether it is not 0."""
    low, high = np.percentile(changes[1:], [2.5, 97.5]) if len(changes) > 1 else (changes[0], changes[0])
    return bool(low > 0.0 or high < 0.0)

"""Independent drug action as a benchmark: which published arms are the partners of a combination.

A combination is divided into parts that the base holds as treatments of their own, single drugs where it can be. The
parts' figures are averaged over trials of the same disease, those of the same line first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from her2sim.analysis.benchmarks.arm_figures import ArmFigure, natural, outcome_rule, transformed_figure
from her2sim.analysis.benchmarks.independent_action import TimeCurve, combined_median, combined_response
from her2sim.analysis.benchmarks.prediction import Prediction
from her2sim.analysis.meta.treatments import choices, parts_of

Parts = tuple[str, ...]
_MOST_PARTS = 5


@dataclass(frozen=True)
class Partner:
    """A part of a combination as published: its figure, and the arms it comes from."""

    parts: Parts
    value: float
    arms: int
    n: int


@dataclass(frozen=True)
class IndependentAction:
    """Predicts an outcome of combinations from those of their parts.

    Main arguments:
        outcome: ``ORR`` or ``PFS median``.
        correlation: Spearman's, between the partners.
        shapes: arm (trial, name) to the Weibull shape of its curve, where landmarks are published.
    """

    outcome: str
    correlation: float
    shapes: dict[tuple[str, str], float]

    def __call__(self, known: Sequence[ArmFigure], wanted: Sequence[ArmFigure], /) -> list[Prediction | None]:
        """Predict each arm whose regimen divides into two or more parts that ``known`` holds."""
        return [self._of(known, arm) for arm in wanted]

    def _of(self, known: Sequence[ArmFigure], arm: ArmFigure) -> Prediction | None:
        rule = outcome_rule(self.outcome)
        whole = parts_of(arm.groups)
        if not 2 <= len(whole) <= _MOST_PARTS:
            return None
        near = [each for each in known if each.disease == arm.disease]
        found = best_division(whole, lambda parts: self._partner(near, parts, arm.setting))
        if found is None:
            return None
        if rule.scale == "logit":
            rate = combined_response([each.value / 100.0 for each in found], self.correlation)
            value = transformed_figure(100.0 * rate, sum(each.n for each in found), rule)[0]
        else:
            curves = [TimeCurve(each.value, self._shape(near, each.parts)) for each in found]
            value = math.log(combined_median(curves, self.correlation))
        words = " and ".join(f"{'+'.join(each.parts)} ({each.arms})" for each in found)
        return Prediction(value, math.nan, words)

    def _partner(self, known: Sequence[ArmFigure], parts: Parts, setting: str) -> Partner | None:
        rule = outcome_rule(self.outcome)
        like = [each for each in known if parts_of(each.groups) == parts]
        like = [each for each in like if each.setting == setting] or like
        if not like:
            return None
        n = sum(each.n for each in like)
        mean = sum(each.n * each.transformed for each in like) / n
        return Partner(parts, natural(mean, rule), len(like), n)

    def _shape(self, known: Sequence[ArmFigure], parts: Parts) -> float:
        shapes = [
            self.shapes[each.trial, each.arm]
            for each in known
            if parts_of(each.groups) == parts and (each.trial, each.arm) in self.shapes
        ]
        return sum(shapes) / len(shapes) if shapes else 1.0


def best_division(whole: Parts, partner: Callable[[Parts], Partner | None]) -> tuple[Partner, ...] | None:
    """The division of a combination into the most parts that are all published, the better studied among equals.

    Main arguments:
        whole: components of the combination.
        partner: gives the published figure of a part, or None.
    """
    best: tuple[tuple[int, int], tuple[Partner, ...]] | None = None
    for division in divisions(whole):
        if len(division) < 2:
            continue
        found = [partner(parts) for parts in division]
        if any(each is None for each in found):
            continue
        partners = tuple(each for each in found if each is not None)
        rank = len(partners), sum(each.n for each in partners)
        if best is None or rank > best[0]:
            best = rank, partners
    return None if best is None else best[1]


def divisions(whole: Parts) -> Iterator[tuple[Parts, ...]]:
    """All ways to divide some names into groups.

    >>> list(divisions(("a", "b")))
    [(('a', 'b'),), (('a',), ('b',))]
    """
    if not whole:
        yield ()
        return
    first, rest = whole[0], whole[1:]
    for division in divisions(rest):
        for place, group in enumerate(division):
            yield (*division[:place], tuple(sorted((first, *group))), *division[place + 1 :])
        yield ((first,), *division)


def usual_correlation() -> float:
    """The correlation of ``data/meta/treatments.yaml``."""
    return choices().response_correlation

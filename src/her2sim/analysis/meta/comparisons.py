"""The grain of every meta-analysis here: one study's effect of one treatment against another, with its error.

Effects are differences on a scale where they add up: log hazard ratios, log odds ratios, mean differences.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import NormalDist

from her2sim.core.errors import InputError

ZERO_CELL_INCREMENT = 0.5
"""Added to every cell of a study with an empty cell; the usual continuity correction (Cox, Gart)."""


@dataclass(frozen=True)
class Comparison:
    """Effect of ``treatment`` less that of ``reference`` in one study.

    Main arguments:
        study: label; the comparisons of one multi-arm study share it.
        treatment, reference: what was compared.
        effect: difference on an additive scale (log hazard ratio, log odds ratio, mean difference).
        std_error: of ``effect``; above 0.

    Other arguments:
        derived: True where the effect or its error was worked out from others rather than published.
    """

    study: str
    treatment: str
    reference: str
    effect: float
    std_error: float
    derived: bool = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.effect) and math.isfinite(self.std_error) and self.std_error > 0.0):
            raise InputError(
                f"effect {self.effect} with standard error {self.std_error} cannot be pooled.", where=self.study
            )
        if self.treatment == self.reference:
            raise InputError(f"{self.treatment!r} is compared with itself.", where=self.study)


def log_ratio_error(low: float, high: float, level: float = 0.95) -> float:
    """Standard error of a log ratio from its confidence interval.

    Main arguments:
        low, high: bounds of the ratio, above 0.

    Other arguments:
        level: of the interval.

    >>> round(log_ratio_error(0.549, 0.771), 4)
    0.0866
    """
    if not 0.0 < low < high:
        raise InputError(f"{low} to {high} is not an interval of a ratio.")
    return math.log(high / low) / (2.0 * NormalDist().inv_cdf(0.5 + level / 2.0))


def log_odds_ratios(study: str, arms: Mapping[str, tuple[int, int]]) -> tuple[Comparison, ...]:
    """All pairwise log odds ratios of a study from the counts of its arms.

    A study with an empty cell gets 0.5 added to every cell of every arm. Pairs of arms without any event, or with
    events only, say nothing of the odds ratio and are left out.

    Main arguments:
        study: label.
        arms: treatment to (patients with the event, patients).

    >>> found = log_odds_ratios("BAATAF", {"VKA": (3, 212), "placebo": (13, 208)})[0]
    >>> round(found.effect, 7), round(found.std_error, 7)
    (-1.5356718, 0.6482047)
    """
    for name, (events, n) in arms.items():
        if not 0 <= events <= n or n == 0:
            raise InputError(f"{events} of {n} patients of arm {name!r} is not a proportion.", where=study)
    empty = any(events in (0, n) for events, n in arms.values())
    extra = ZERO_CELL_INCREMENT if empty else 0.0
    found: list[Comparison] = []
    for (first, (a, n)), (second, (b, m)) in combinations(arms.items(), 2):
        if a + b in (0, n + m):
            continue
        cells = a + extra, n - a + extra, b + extra, m - b + extra
        effect = math.log(cells[0] / cells[1]) - math.log(cells[2] / cells[3])
        found.append(Comparison(study, first, second, effect, math.sqrt(sum(1.0 / cell for cell in cells))))
    return tuple(found)


def mean_differences(study: str, arms: Mapping[str, tuple[float, float, int]]) -> tuple[Comparison, ...]:
    """All pairwise mean differences of a study from (mean, standard deviation, patients) of its arms.

    >>> found = mean_differences("LARGO", {"COMTI": (-1.2, 2.21, 218), "placebo": (-0.4, 2.21, 218)})[0]
    >>> round(found.effect, 2), round(found.std_error, 7)
    (-0.8, 0.2116796)
    """
    return tuple(
        Comparison(study, first, second, mean - other, math.sqrt(spread**2 / n + other_spread**2 / m))
        for (first, (mean, spread, n)), (second, (other, other_spread, m)) in combinations(arms.items(), 2)
    )


def by_study(comparisons: Iterable[Comparison]) -> dict[str, tuple[Comparison, ...]]:
    """The comparisons of each study, in order of appearance."""
    found: dict[str, list[Comparison]] = {}
    for each in comparisons:
        found.setdefault(each.study, []).append(each)
    return {study: tuple(items) for study, items in found.items()}


def treatments_of(comparisons: Iterable[Comparison]) -> tuple[str, ...]:
    """All treatments, sorted by name."""
    return tuple(sorted({name for each in comparisons for name in (each.treatment, each.reference)}))


def completed(comparisons: Sequence[Comparison], sizes: Mapping[str, int]) -> tuple[Comparison, ...]:
    """The comparisons of one multi-arm study with the pairs that its report left out.

    Reports of trials with three arms often compare two of them with the third only. The missing effect is the
    difference of the published two. Its variance needs that of the shared arm, which is not published: the variance
    of each published comparison is divided between its arms in inverse proportion to their sizes.

    Main arguments:
        comparisons: of one study, each pair at most once.
        sizes: treatment to patients; arms of unknown size may be left out and then count as equally large.

    Raises:
        InputError: a pair is given twice, or the published comparisons do not connect all arms.

    >>> pair = [Comparison("S", "A", "C", -0.5, 0.2), Comparison("S", "B", "C", -0.2, 0.2)]
    >>> new = completed(pair, {"A": 100, "B": 100, "C": 100})[-1]
    >>> new.treatment, new.reference, round(new.effect, 2), round(new.std_error, 2)
    ('A', 'B', -0.3, 0.2)
    """
    names = treatments_of(comparisons)
    study = comparisons[0].study
    known = {frozenset((each.treatment, each.reference)): each for each in comparisons}
    if len(known) < len(comparisons):
        raise InputError("a pair of treatments is compared twice.", where=study)
    share = _arm_variances(comparisons, sizes)
    found = list(comparisons)
    while len(known) < len(names) * (len(names) - 1) // 2:
        before = len(known)
        for first, second in combinations(names, 2):
            if frozenset((first, second)) in known:
                continue
            for middle in names:
                one, two = known.get(frozenset((first, middle))), known.get(frozenset((middle, second)))
                if one is None or two is None:
                    continue
                effect = _toward(one, first) + _toward(two, middle)
                new = Comparison(study, first, second, effect, math.sqrt(share[first] + share[second]), derived=True)
                known[frozenset((first, second))] = new
                found.append(new)
                break
        if len(known) == before:
            raise InputError("the comparisons of this study do not connect its arms.", where=study)
    return tuple(found)


def _toward(comparison: Comparison, treatment: str) -> float:
    return comparison.effect if comparison.treatment == treatment else -comparison.effect


def _arm_variances(comparisons: Sequence[Comparison], sizes: Mapping[str, int]) -> dict[str, float]:
    """Variance of each arm: the mean over its published comparisons of its part of their variance."""
    usual = sum(sizes.values()) / len(sizes) if sizes else 1.0
    parts: dict[str, list[float]] = {}
    for each in comparisons:
        one, two = (1.0 / sizes.get(name, usual) for name in (each.treatment, each.reference))
        parts.setdefault(each.treatment, []).append(each.std_error**2 * one / (one + two))
        parts.setdefault(each.reference, []).append(each.std_error**2 * two / (one + two))
    return {name: sum(values) / len(values) for name, values in parts.items()}

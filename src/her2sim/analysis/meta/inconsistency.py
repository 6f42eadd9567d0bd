"""Where direct and indirect evidence disagree: Q within and between designs, and node-splitting.

Sources: Krahn U, Binder H, König J. BMC Med Res Methodol 2013;13:35, doi:10.1186/1471-2288-13-35 (designs); Higgins JPT
et al. Res Synth Methods 2012;3:98, doi:10.1002/jrsm.1044 (design-by-treatment interaction); Dias S et al. Stat Med
2010;29:932, doi:10.1002/sim.3767, and König J, Krahn U, Binder H. Stat Med 2013;32:5414, doi:10.1002/sim.6001
(separating indirect from direct evidence by back-calculation).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from her2sim.analysis.meta.comparisons import Comparison
from her2sim.analysis.meta.edges import edges, moment_variance, solve, weights
from her2sim.analysis.meta.network import Effect, Model, Network, effect_of
from her2sim.analysis.meta.network_geometry import geometry
from her2sim.analysis.meta.pairwise import chi2_tail

_ALL_DIRECT = 1.0 - 5e-4
"""Above this share of direct evidence there is no indirect evidence to speak of (netmeta's tolerance)."""


@dataclass(frozen=True)
class QTest:
    """One part of Cochran's Q. ``name`` is empty but for single designs; ``p_value`` is None without df."""

    q: float
    df: int
    p_value: float | None
    name: str = ""


@dataclass(frozen=True)
class Decomposition:
    """Cochran's Q divided into heterogeneity within designs and inconsistency between them.

    Main arguments:
        total, within, between: of the whole network.
        designs: heterogeneity of each design with more than one study.
        detached: inconsistency left after a single design is let go its own way; small where that design caused it.
            Only designs without which the network still connects the same treatments.
        interaction: inconsistency when effects may also vary between studies of a design (full design-by-treatment
            interaction model with random effects), with ``tau2_within`` estimated within designs.
    """

    total: QTest
    within: QTest
    between: QTest
    designs: tuple[QTest, ...]
    detached: tuple[QTest, ...]
    interaction: QTest
    tau2_within: float


@dataclass(frozen=True)
class Split:
    """Direct and indirect evidence on one pair of treatments.

    Main arguments:
        treatment, reference: the pair.
        studies: number of studies with direct evidence.
        direct_share: share of the direct evidence in the network's estimate, 0 to 1.
        network, direct, indirect: estimates; None where there is no such evidence.
        difference: direct less indirect; None where one is missing.
    """

    treatment: str
    reference: str
    studies: int
    direct_share: float
    network: Effect
    direct: Effect | None
    indirect: Effect | None
    difference: Effect | None


def decomposition(found: Network) -> Decomposition:
    """Divide a network's Q into heterogeneity and inconsistency."""
    comparisons = found.comparisons
    shape = found.geometry
    separate = _separated(comparisons)
    total = _q(comparisons)
    inside = _q(separate)
    parts: list[QTest] = []
    detached: list[QTest] = []
    for names, studies in shape.designs.items():
        label = ":".join(names)
        own = [each for each in comparisons if each.study in studies]
        if len(studies) > 1:
            parts.append(_test(*_q(own), label))
        rest = [each for each in comparisons if each.study not in studies]
        left = geometry(rest).subnetworks if rest else ()
        if len(left) == 1 and left[0] == shape.treatments:
            remaining = _difference(_q(rest), _q(_separated(rest)))
            detached.append(_test(*remaining, label))
    data = edges(separate)
    tau2 = moment_variance(solve(data, data.incidence, weights(data)), inside[1])
    return Decomposition(
        total=_test(*total),
        within=_test(*inside),
        between=_test(*_difference(total, inside)),
        designs=tuple(parts),
        detached=tuple(detached),
        interaction=_test(*_difference(_q(comparisons, tau2), _q(separate, tau2))),
        tau2_within=tau2,
    )


def splits(found: Network, *, model: Model = "random") -> tuple[Split, ...]:
    """Direct and indirect evidence on every pair of treatments, by name.

    The direct estimate pools the studies of the pair with the network's variance between studies; the indirect one is
    what the network's estimate leaves after the direct one is taken out.

    Main arguments:
        found: a network.

    Other arguments:
        model: ``random`` or ``fixed``.
    """
    effects = found.effects(model)
    names = effects.names
    rows: list[Split] = []
    for number, first in enumerate(names):
        for second in names[number + 1 :]:
            rows.append(_split(found.comparisons, effects.of(first, second), effects.tau2, effects.level))
    return tuple(rows)


def _split(comparisons: Sequence[Comparison], pooled: Effect, tau2: float, level: float) -> Split:
    pair = pooled.treatment, pooled.reference
    own = [each for each in comparisons if {each.treatment, each.reference} == set(pair)]
    if not own:
        return Split(*pair, 0, 0.0, pooled, None, pooled, None)
    weight = np.array([1.0 / (each.std_error**2 + tau2) for each in own])
    values = np.array([each.effect if each.treatment == pair[0] else -each.effect for each in own])
    direct = effect_of(*pair, float(np.average(values, weights=weight)), float(weight.sum() ** -0.5), level)
    share = min(1.0, (pooled.std_error / direct.std_error) ** 2)
    if share > _ALL_DIRECT:
        return Split(*pair, len(own), share, pooled, direct, None, None)
    value = (pooled.value - share * direct.value) / (1.0 - share)
    indirect = effect_of(*pair, value, pooled.std_error / math.sqrt(1.0 - share), level)
    difference = effect_of(
        *pair, direct.value - indirect.value, math.hypot(direct.std_error, indirect.std_error), level
    )
    return Split(*pair, len(own), share, pooled, direct, indirect, difference)


def _separated(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """The same comparisons with the treatments of each design as treatments of their own: no consistency assumed."""
    design = geometry(comparisons).studies
    return [
        replace(
            each,
            treatment=f"{each.treatment} in {'|'.join(design[each.study])}",
            reference=f"{each.reference} in {'|'.join(design[each.study])}",
        )
        for each in comparisons
    ]


def _q(comparisons: Sequence[Comparison], tau2: float = 0.0) -> tuple[float, int]:
    data = edges(comparisons)
    solved = solve(data, data.incidence, weights(data, tau2))
    return solved.q, data.observed - solved.rank


def _difference(one: tuple[float, int], other: tuple[float, int]) -> tuple[float, int]:
    return max(0.0, one[0] - other[0]), one[1] - other[1]


def _test(q: float, df: int, name: str = "") -> QTest:
    return QTest(q, df, chi2_tail(q, df), name)
